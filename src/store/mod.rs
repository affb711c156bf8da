//! Revisions, compare-and-swap, list, watch and compaction over opaque bytes. Must know no kind and no JSON.
//!
//! One increasing revision orders everything, as in etcd. Current records live in memory beside whatever the caller
//! parses from them (`M`); a single writer task groups the queued writes, and a write is visible and answered only
//! after its group is durable.
//!
//! | file | what it is for |
//! |---|---|
//! | `types` | records, events, pages, limits and errors |
//! | `state` | the index of current records with its watchers: pure |
//! | `audience` | the watchers of a prefix, by what they want: pure |
//! | `history` | the window of past events, bounded by revisions and bytes: pure |
//! | `group` | compare-and-swap of a group of queued writes: pure |
//! | `writer` | the task that commits groups and publishes them |
//! | `watch` | one watcher's end |
//! | `backend` | what a durable backend must offer |
//! | `memory`, `sled_backend` | the backends |
//! | `folder` | a durable store's directory: format, lock, never overwritten when damaged |

mod audience;
mod backend;
mod folder;
mod group;
mod history;
mod memory;
mod sled_backend;
mod state;
mod types;
mod value;
mod watch;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot};

pub use audience::{Place, Wants};
pub use backend::{Backend, BackendError, Batch, OpenError, Saved, Snapshot, Write};
pub use memory::MemoryBackend;
pub use sled_backend::SledBackend;
pub use types::{Event, Expect, Limits, Page, Record, Revision, TooOld, WriteError};
pub use value::Value;
pub use watch::Watch;

use crate::base::tasks::Tasks;
use group::{Change, Encode, Job, Operation, Restore};
use state::State;
use writer::Writer;

/// What the caller parses beside a record's bytes.
pub trait Meta: Send + Sync + 'static {}
impl<T: Send + Sync + 'static> Meta for T {}

/// The store. Clones share it.
#[derive(Debug)]
pub struct Store<M> {
    state: Arc<RwLock<State<M>>>,
    writes: mpsc::Sender<Job<M>>,
}

impl<M> Clone for Store<M> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), writes: self.writes.clone() }
    }
}

impl<M: Meta> Store<M> {
    /// Loads what the backend holds and starts the writer; `decode` parses a stored record (key, bytes).
    ///
    /// History is not kept across a restart: the revision goes on, and watches from older revisions are too old.
    ///
    /// # Errors
    /// When the backend cannot be read; nothing is changed or deleted then.
    pub async fn open(
        backend: Box<dyn Backend>,
        decode: fn(&str, &[u8]) -> M,
        limits: Limits,
        tasks: &Tasks,
    ) -> Result<Self, OpenError> {
        let (backend, snapshot) = load(backend).await?;
        Ok(Self::over(backend, State::load(snapshot, decode, &limits), limits, tasks))
    }

    fn over(backend: Box<dyn Backend>, state: State<M>, limits: Limits, tasks: &Tasks) -> Self {
        let state = Arc::new(RwLock::new(state));
        let (writes, queue) = mpsc::channel(limits.queue.max(1));
        tasks.spawn(Writer::new(backend, Arc::clone(&state), queue, limits.group).run());
        Self { state, writes }
    }

    /// An empty store that is forgotten at the end.
    #[must_use]
    pub fn in_memory(limits: Limits, tasks: &Tasks) -> Self {
        Self::over(Box::new(MemoryBackend), State::empty(&limits), limits, tasks)
    }

    /// The revision of the last visible write.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.state.read().revision()
    }

    /// The current record of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Record<M>> {
        self.state.read().get(key).cloned()
    }

    /// Current records under a prefix in key order: those after the key `after`, at most `limit`.
    #[must_use]
    pub fn list(&self, prefix: &str, after: Option<&str>, limit: Option<usize>) -> Page<M> {
        self.state.read().list(prefix, after, limit)
    }

    /// As [`Store::list`], but as things stood at a past revision: what later pages of one list need.
    ///
    /// # Errors
    /// [`TooOld`] when the history no longer reaches back to it.
    pub fn list_at(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: Option<usize>,
        at: Revision,
    ) -> Result<Page<M>, TooOld> {
        self.state.read().list_at(prefix, after, limit, at)
    }

    /// How many records a prefix holds.
    #[must_use]
    pub fn count(&self, prefix: &str) -> usize {
        self.state.read().count(prefix)
    }

    /// Bytes of all current values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.state.read().bytes()
    }

    /// Writes a key; `encode` is told the revision that the write gets, and makes its bytes.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when the key is not as expected, [`WriteError::Backend`] when it could not be made durable.
    pub async fn put(
        &self,
        key: &str,
        expect: Expect,
        encode: impl FnOnce(Revision) -> (Bytes, M) + Send + 'static,
    ) -> Result<Record<M>, WriteError<M>> {
        self.write(key, expect, Change::Put, Box::new(encode)).await
    }

    /// Deletes a key; `encode` makes the final state that watchers see, at the deletion's revision.
    ///
    /// # Errors
    /// As [`Store::put`]; a missing key is a conflict with no current record.
    pub async fn delete(
        &self,
        key: &str,
        expect: Expect,
        encode: impl FnOnce(Revision) -> (Bytes, M) + Send + 'static,
    ) -> Result<Record<M>, WriteError<M>> {
        self.write(key, expect, Change::Delete, Box::new(encode)).await
    }

    async fn write(
        &self,
        key: &str,
        expect: Expect,
        change: Change,
        encode: Encode<M>,
    ) -> Result<Record<M>, WriteError<M>> {
        let (answer, answered) = oneshot::channel();
        let operation = Operation { key: key.into(), expect, change, encode, answer };
        self.writes.send(Job::Write(operation)).await.map_err(|_| BackendError::Closed)?;
        answered.await.map_err(|_| BackendError::Closed)?
    }

    /// Makes the store hold what it once held, and nothing else: `encode` is told each record's new revision, above any
    /// that was ever given out, and makes its bytes. The history is forgotten, so that every watch ends as too old.
    ///
    /// # Errors
    /// When it could not be made durable; nothing is changed then.
    pub async fn restore<E>(&self, records: Vec<(Record<M>, E)>) -> Result<Revision, BackendError>
    where
        E: FnOnce(Revision) -> (Bytes, M) + Send + 'static,
    {
        let boxed = |(record, encode): (Record<M>, E)| (record.key, record.created, Box::new(encode) as Encode<M>);
        let (answer, answered) = oneshot::channel();
        let restore = Restore { records: records.into_iter().map(boxed).collect(), answer };
        self.writes.send(Job::Restore(restore)).await.map_err(|_| BackendError::Closed)?;
        answered.await.map_err(|_| BackendError::Closed)?
    }

    /// Every event under a prefix after a revision, from now on; one at a revision to come starts there.
    ///
    /// # Errors
    /// [`TooOld`] when events after that revision are already forgotten.
    pub fn watch(&self, prefix: &str, after: Revision) -> Result<Watch<M>, TooOld> {
        Watch::start(Arc::clone(&self.state), prefix.into(), after, None)
    }

    /// As [`Store::watch`], of the events that somebody wants; of those before now it may also hand out others.
    ///
    /// A thousand watchers that each want a few events cost a look at an event each, and not a place in their queue.
    ///
    /// # Errors
    /// [`TooOld`] when events after that revision are already forgotten.
    pub fn watch_some(&self, prefix: &str, after: Revision, wants: Wants<M>) -> Result<Watch<M>, TooOld> {
        Watch::start(Arc::clone(&self.state), prefix.into(), after, Some(wants))
    }

    /// Forgets the events up to and including a revision.
    pub fn compact(&self, before: Revision) {
        self.state.write().compact(before);
    }

    /// The revision after which every event is kept.
    #[must_use]
    pub fn oldest(&self) -> Revision {
        self.state.read().oldest()
    }

    /// Every event kept after a revision, oldest first.
    ///
    /// # Errors
    /// [`TooOld`] when events after that revision are already forgotten.
    pub fn history(&self, after: Revision) -> Result<Vec<Arc<Event<M>>>, TooOld> {
        self.state.read().history_after(after)
    }
}

async fn load(mut backend: Box<dyn Backend>) -> Result<(Box<dyn Backend>, Snapshot), OpenError> {
    if !backend.blocks() {
        let snapshot = backend.load()?;
        return Ok((backend, snapshot));
    }
    Tasks::blocking(move || backend.load().map(|snapshot| (backend, snapshot))).await
}
