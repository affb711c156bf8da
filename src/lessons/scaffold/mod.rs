//! A new lesson to begin with: small, whole, and good for the check as it is. Must not overwrite anything.

use std::io;
use std::path::{Path, PathBuf};

const LESSON: &str = include_str!("leccion.yaml");
const OBJECTS: &str = include_str!("inicio.yaml");

/// Writes a new lesson `NNN-nombre` into a folder. Where it is.
///
/// # Errors
/// When the name has no number, the lesson is there already, or the system refuses.
pub fn write(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let number =
        name.split('-').next().filter(|number| number.len() == 3).and_then(|number| number.parse::<u32>().ok());
    let number = number.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("«{name}» debe ser NNN-nombre: 103-alta-disponibilidad es la 1.3"),
        )
    })?;
    let (module, lesson) = (number / 100, number % 100);
    let place = folder.join(name);
    std::fs::create_dir_all(folder)?;
    std::fs::create_dir(&place)?;
    let text = LESSON.replace("9.9", &format!("{module}.{lesson}")).replace("9-9", &format!("{module}-{lesson}"));
    std::fs::write(place.join("leccion.yaml"), text)?;
    std::fs::write(place.join("inicio.yaml"), OBJECTS)?;
    Ok(place)
}
