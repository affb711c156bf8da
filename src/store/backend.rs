//! What a durable backend must offer. Must not know about watchers nor compare-and-swap.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::types::Revision;

/// Where records outlive the process. Called by one thread at a time.
pub trait Backend: Send + 'static {
    /// Everything that is stored. Called once, before any commit.
    ///
    /// # Errors
    /// When it cannot be read whole; nothing may be changed then.
    fn load(&mut self) -> Result<Snapshot, OpenError>;

    /// Makes a group of writes durable, all or nothing.
    ///
    /// # Errors
    /// When it may not be durable; the store then writes the same keys again with the next group.
    fn commit(&mut self, batch: &Batch) -> Result<(), BackendError>;

    /// Whether `commit` waits for a disk, and so must leave the async threads.
    fn blocks(&self) -> bool;
}

/// All that a backend holds.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The revision of the last commit; 0 for a new store.
    pub revision: Revision,
    /// The records in any order.
    pub records: Vec<(Arc<str>, Saved)>,
}

/// A record as a backend keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The value.
    pub value: Bytes,
    /// The revision of its creation.
    pub created: Revision,
    /// The revision of its last write.
    pub modified: Revision,
}

/// A group of writes with distinct keys.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The revision after the group.
    pub revision: Revision,
    /// How many records there are after the group.
    pub count: usize,
    /// The writes.
    pub writes: Vec<Write>,
}

/// A key and its new record, or `None` when it is deleted.
pub type Write = (Arc<str>, Option<Saved>);

/// Why a group could not be made durable.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BackendError {
    /// The store is stopping.
    #[error("the store is closed")]
    Closed,
    /// The disk or the backend refused.
    #[error("the store could not write: {0}")]
    Failed(Arc<str>),
}

/// Why a store could not be opened. Nothing was deleted.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its bytes are not what was written.
    #[error("the store at {path} is damaged: {cause}")]
    Corrupt {
        /// The store's directory.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// Another process has it open.
    #[error("the store at {path} is in use by another process")]
    Locked {
        /// The store's directory.
        path: PathBuf,
    },
    /// A later or another program wrote it.
    #[error("the store at {path} has format {found:?}, this program reads {expected:?}")]
    Format {
        /// The store's directory.
        path: PathBuf,
        /// The format that it declares.
        found: String,
        /// The format that this program reads and writes.
        expected: String,
    },
    /// The directory cannot be read or written.
    #[error("the store at {path} cannot be opened: {source}")]
    Io {
        /// The store's directory.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
}
