//! Files that are never half written, and secrets that only their owner reads. Must not know what they hold.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readable {
    /// Its owner only: mode 0600.
    Owner,
    /// Everybody, as the process' umask allows.
    All,
}

/// Replaces a file at once: readers see the old content or the new one, also after a crash.
///
/// # Errors
/// As the system answers; the old content is then still there.
pub fn write_atomic(path: &Path, content: &[u8], readable: Readable) -> io::Result<()> {
    let part = beside(path);
    let written = write_new(&part, content, readable).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

/// Creates a directory and its parents when missing; those created are the owner's only: mode 0700.
///
/// # Errors
/// As the system answers.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The content of a file, `None` when it does not exist.
///
/// # Errors
/// As the system answers for a file that exists.
pub fn read_if_exists(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

fn write_new(part: &Path, content: &[u8], readable: Readable) -> io::Result<()> {
    // Whatever an earlier process of the same number left would keep its own mode.
    let _ = fs::remove_file(part);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readable == Readable::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = readable;
    let mut file = options.open(part)?;
    file.write_all(content)?;
    file.sync_all()
}
