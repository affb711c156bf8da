//! The store's vocabulary: records, events, pages, limits, errors. Must hold no behaviour.

use std::sync::Arc;

use super::backend::BackendError;
use super::value::Value;

/// One number for the whole store, raised by each write: Kubernetes' `resourceVersion`.
pub type Revision = u64;

/// A key's value with what was parsed from it.
#[derive(Debug)]
pub struct Record<M> {
    /// The whole key, such as `/registry/pods/default/web`.
    pub key: Arc<str>,
    /// The value as stored.
    pub value: Value,
    /// What the caller parsed from the value.
    pub meta: Arc<M>,
    /// The revision of its creation.
    pub created: Revision,
    /// The revision of its last write.
    pub modified: Revision,
}

impl<M> Clone for Record<M> {
    fn clone(&self) -> Self {
        Self { key: Arc::clone(&self.key), value: self.value.clone(), meta: Arc::clone(&self.meta), ..*self }
    }
}

/// What must be true of a key for a write to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The key does not exist.
    Absent,
    /// The key exists, at whatever revision.
    Exists,
    /// The key exists and was last written at this revision.
    Revision(Revision),
}

/// One write, as watchers see it.
#[derive(Debug)]
pub struct Event<M> {
    /// The write's revision.
    pub revision: Revision,
    /// The record after the write; for a deletion its final state.
    pub record: Record<M>,
    /// The record before the write.
    pub previous: Option<Record<M>>,
    /// Whether the key is gone.
    pub deleted: bool,
}

/// Part of a list.
#[derive(Debug)]
pub struct Page<M> {
    /// The records, in key order.
    pub records: Vec<Record<M>>,
    /// The revision that the list shows.
    pub revision: Revision,
    /// How many records follow.
    pub remaining: usize,
}

/// What bounds the store's memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Events kept for watches and time travel.
    pub history_events: usize,
    /// Bytes of values that those events may hold.
    pub history_bytes: usize,
    /// Events that wait for one watcher before it must catch up from the history.
    pub watch_events: usize,
    /// Writes that may be queued; more of them wait.
    pub queue: usize,
    /// Writes that share one flush.
    pub group: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { history_events: 20_000, history_bytes: 16 << 20, watch_events: 256, queue: 1024, group: 256 }
    }
}

/// A revision whose later events are already forgotten: Kubernetes' 410 Gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the oldest revision available is {oldest}")]
pub struct TooOld {
    /// The oldest revision from which one may still watch.
    pub oldest: Revision,
}

/// Why a write did not happen.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<M> {
    /// The key is not as expected.
    #[error("the record is not as expected")]
    Conflict {
        /// The record that is there instead, if any.
        current: Option<Record<M>>,
    },
    /// It could not be made durable.
    #[error(transparent)]
    Backend(#[from] BackendError),
}
