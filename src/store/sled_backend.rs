//! The durable backend over sled. Must never delete nor overwrite a store that it cannot read.
//!
//! Each record carries a checksum, and a head record the revision and the number of records.

use std::hash::Hasher;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use fnv::FnvHasher;
use sled::{Db, IVec};

use super::backend::{Backend, BackendError, Batch, OpenError, Saved, Snapshot};
use super::folder::Folder;

/// Sorts before every key, as keys begin with `/`.
const HEAD: &[u8] = b"#head";
/// sled keeps this much of the file in memory; records live in ours anyway.
const CACHE_BYTES: u64 = 8 << 20;
/// Created, modified and checksum, eight bytes each, before the value.
const HEADER: usize = 24;

/// A store in a directory of its own.
#[derive(Debug)]
pub struct SledBackend {
    path: PathBuf,
    open: Option<Opened>,
}

/// The engine before its folder, so that it is closed before the lock is let go.
#[derive(Debug)]
struct Opened {
    db: Db,
    folder: Folder,
}

impl SledBackend {
    /// The store in a directory, which is created when missing.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), open: None }
    }

    fn failed(&self, failure: impl Into<Failure>) -> OpenError {
        let path = self.path.clone();
        match failure.into() {
            Failure::Sled(sled::Error::Io(source))
                if !matches!(source.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData) =>
            {
                OpenError::Io { path, source }
            }
            failure => OpenError::Corrupt { path, cause: failure.to_string() },
        }
    }
}

impl Backend for SledBackend {
    fn load(&mut self) -> Result<Snapshot, OpenError> {
        let folder = Folder::lock(&self.path)?;
        folder.set_aside().map_err(|error| self.failed(error))?;
        let read = folder.acknowledged().map_err(Failure::from).and_then(|revision| read(&folder.data(), revision));
        match read {
            Ok((db, snapshot)) => {
                folder.forget_aside().map_err(|error| self.failed(error))?;
                self.open = Some(Opened { db, folder });
                Ok(snapshot)
            }
            Err(failure) => {
                folder.put_back().map_err(|error| self.failed(error))?;
                Err(self.failed(failure))
            }
        }
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), BackendError> {
        let opened = self.open.as_mut().ok_or(BackendError::Closed)?;
        guarded(|| opened.commit(batch)).map_err(|failure| BackendError::Failed(failure.to_string().into()))
    }

    fn blocks(&self) -> bool {
        true
    }
}

impl Opened {
    fn commit(&mut self, batch: &Batch) -> Result<(), Failure> {
        let mut changes = sled::Batch::default();
        for (key, saved) in &batch.writes {
            match saved {
                Some(saved) => changes.insert(key.as_bytes(), seal(key.as_bytes(), saved)),
                None => changes.remove(key.as_bytes()),
            }
        }
        let head = Saved { value: Bytes::new(), created: batch.count as u64, modified: batch.revision };
        changes.insert(HEAD, seal(HEAD, &head));
        self.db.apply_batch(changes)?;
        self.db.flush()?;
        self.folder.acknowledge(batch.revision)?;
        Ok(())
    }
}

/// Why sled's files cannot be used.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Sled(#[from] sled::Error),
    /// As 0.34 does on some damaged files.
    #[error("sled panicked: {0}")]
    Panic(String),
    #[error("{0}")]
    Damaged(String),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Sled(error.into())
    }
}

fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(Failure::Panic(text.unwrap_or_default()))
    })
}

/// Opens sled and reads it whole, checking that it reaches up to the acknowledged revision.
fn read(data: &Path, acknowledged: u64) -> Result<(Db, Snapshot), Failure> {
    guarded(|| {
        let db = sled::Config::new().path(data).cache_capacity(CACHE_BYTES).flush_every_ms(None).open()?;
        let snapshot = snapshot(&db)?;
        if snapshot.revision < acknowledged {
            let cause = format!("it ends at revision {}, revision {acknowledged} was written", snapshot.revision);
            return Err(Failure::Damaged(cause));
        }
        Ok((db, snapshot))
    })
}

fn snapshot(db: &Db) -> Result<Snapshot, Failure> {
    let mut head = None;
    let mut records = Vec::new();
    for item in db.iter() {
        let (key, stored) = item?;
        let damaged = || Failure::Damaged(format!("record {}", String::from_utf8_lossy(&key)));
        let saved = unseal(&key, &stored).ok_or_else(damaged)?;
        if *key == *HEAD {
            head = Some(saved);
        } else {
            records.push((Arc::from(std::str::from_utf8(&key).map_err(|_| damaged())?), saved));
        }
    }
    // The head's fields are those of a record: modified is the revision, created the count.
    let (revision, count) = head.map_or((0, 0), |head| (head.modified, head.created));
    if count != records.len() as u64 {
        return Err(Failure::Damaged(format!("{} records of {count}", records.len())));
    }
    Ok(Snapshot { revision, records })
}

fn seal(key: &[u8], saved: &Saved) -> Vec<u8> {
    let mut stored = Vec::with_capacity(HEADER + saved.value.len());
    stored.extend(saved.created.to_be_bytes());
    stored.extend(saved.modified.to_be_bytes());
    stored.extend(checksum(key, saved).to_be_bytes());
    stored.extend(&saved.value);
    stored
}

fn unseal(key: &[u8], stored: &IVec) -> Option<Saved> {
    let (header, value) = stored.split_at_checked(HEADER)?;
    let number = |at: usize| header[at..at + 8].try_into().map(u64::from_be_bytes).ok();
    let saved = Saved { created: number(0)?, modified: number(8)?, value: Bytes::copy_from_slice(value) };
    (checksum(key, &saved) == number(16)?).then_some(saved)
}

fn checksum(key: &[u8], saved: &Saved) -> u64 {
    let mut hasher = FnvHasher::default();
    hasher.write(key);
    hasher.write(&saved.created.to_be_bytes());
    hasher.write(&saved.modified.to_be_bytes());
    hasher.write(&saved.value);
    hasher.finish()
}
