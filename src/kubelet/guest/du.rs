//! `timonel guest du FOLDER`: a line `BYTES NAME` for each folder in it. Must not follow links out of there.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(args: &[String]) -> io::Result<ExitCode> {
    for folder in args {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            println!("{} {}", size(&entry.path()), entry.file_name().to_string_lossy());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Bytes of a file, or of all files in a folder; what vanishes meanwhile counts nothing.
fn size(path: &Path) -> u64 {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => {
            fs::read_dir(path).into_iter().flatten().flatten().map(|entry| size(&entry.path())).sum()
        }
        Ok(found) => found.len(),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_measured_with_all_that_is_in_them() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/c"), [0; 1000]).unwrap();
        fs::write(folder.path().join("a/d"), [0; 24]).unwrap();
        assert_eq!((size(&folder.path().join("a")), size(&folder.path().join("nada"))), (1024, 0));
    }
}
