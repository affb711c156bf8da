//! The directory of a durable store around the engine's own files: format, lock, copy while opening. Must not know sled.
//!
//! | entry | what it is for |
//! |---|---|
//! | `format` | who wrote this, checked before anything is touched |
//! | `lock` | held while the store is open |
//! | `acknowledged` | the last revision answered for: an engine that silently drops a damaged tail is found out |
//! | `data/` | the engine's files |
//! | `untouched/` | `data/` as it was, only while opening: an engine that «repairs» what it cannot read is undone |

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::backend::OpenError;
use super::types::Revision;
use crate::base::files::create_private_dir;

/// The format that this program writes; another one is refused.
const FORMAT: &str = "timonel store 1";
/// A stopping process may hold the lock for a moment.
const LOCK_ATTEMPTS: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// A store's directory, locked.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    acknowledged: File,
    _lock: File,
}

impl Folder {
    /// Creates the directory when missing, checks who wrote it and locks it.
    pub(super) fn lock(path: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { path: path.into(), source };
        // It holds Secrets: only its owner may look.
        create_private_dir(path).map_err(io)?;
        check_format(path)?;
        let lock = file_in(path, "lock").map_err(io)?;
        take(&lock).map_err(io)?.ok_or_else(|| OpenError::Locked { path: path.into() })?;
        let acknowledged = file_in(path, "acknowledged").map_err(io)?;
        Ok(Self { path: path.into(), acknowledged, _lock: lock })
    }

    /// The engine's files.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// Keeps the engine's files aside before it opens them; whatever an interrupted opening left is undone first.
    pub(super) fn set_aside(&self) -> io::Result<()> {
        let (aside, copying) = (self.path.join("untouched"), self.path.join("untouched.part"));
        if aside.exists() {
            self.put_back()?;
        }
        remove_dir(&copying)?;
        if self.data().exists() {
            copy(&self.data(), &copying)?;
            fs::rename(copying, aside)?;
        }
        Ok(())
    }

    /// The engine could not read its files: they are as before again.
    pub(super) fn put_back(&self) -> io::Result<()> {
        remove_dir(&self.data())?;
        match fs::rename(self.path.join("untouched"), self.data()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The engine read its files: the copy is no longer needed.
    pub(super) fn forget_aside(&self) -> io::Result<()> {
        remove_dir(&self.path.join("untouched"))
    }

    /// The last revision that was answered for.
    pub(super) fn acknowledged(&self) -> io::Result<Revision> {
        let text = fs::read_to_string(self.path.join("acknowledged"))?;
        Ok(text.trim().parse().unwrap_or(0))
    }

    /// Notes a durable revision, without a flush: it must never be ahead of the data, and may be behind after a power cut.
    pub(super) fn acknowledge(&mut self, revision: Revision) -> io::Result<()> {
        io::Seek::rewind(&mut self.acknowledged)?;
        self.acknowledged.write_all(format!("{revision:020}").as_bytes())
    }
}

fn check_format(path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: path.into(), source };
    let foreign = |found: &str| OpenError::Format { path: path.into(), found: found.into(), expected: FORMAT.into() };
    match fs::read(path.join("format")) {
        Ok(found) if found.trim_ascii() == FORMAT.as_bytes() => Ok(()),
        Ok(found) => Err(foreign(String::from_utf8_lossy(&found[..found.len().min(80)]).trim())),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io(error)),
        Err(_) if path.join("data").exists() => Err(foreign("")),
        Err(_) => fs::write(path.join("format"), FORMAT).map_err(io),
    }
}

/// Takes the lock; `None` when another holder does not let go.
fn take(lock: &File) -> io::Result<Option<()>> {
    for _ in 1..LOCK_ATTEMPTS {
        match lock.try_lock() {
            Ok(()) => return Ok(Some(())),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

fn file_in(path: &Path, name: &str) -> io::Result<File> {
    File::options().write(true).create(true).truncate(false).open(path.join(name))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    create_private_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn remove_dir(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
