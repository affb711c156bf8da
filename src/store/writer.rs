//! The one writer: takes whatever is queued, commits it as a group, publishes it, answers. Must be the only one to commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::mpsc;

use super::Meta;
use super::backend::{Backend, BackendError, Batch, Saved};
use super::group::{Group, Job, Operation, Restore};
use super::state::State;
use super::types::{Record, Revision};
use super::value::Packer;
use crate::base::tasks::Tasks;

pub(super) struct Writer<M> {
    /// `None` only if a commit died with the backend inside it.
    backend: Option<Box<dyn Backend>>,
    state: Arc<RwLock<State<M>>>,
    queue: mpsc::Receiver<Job<M>>,
    group: usize,
    /// The last revision given out, also to a group that failed: a number is never used twice.
    revision: Revision,
    /// Keys of failed groups: what the backend holds of them is unknown until they are written again.
    doubtful: BTreeSet<Arc<str>>,
    packer: Packer,
}

impl<M: Meta> Writer<M> {
    pub(super) fn new(
        backend: Box<dyn Backend>,
        state: Arc<RwLock<State<M>>>,
        queue: mpsc::Receiver<Job<M>>,
        group: usize,
    ) -> Self {
        let revision = state.read().revision();
        Self {
            backend: Some(backend),
            state,
            queue,
            group: group.max(1),
            revision,
            doubtful: BTreeSet::new(),
            packer: Packer::default(),
        }
    }

    /// Runs until the last handle of the store is gone.
    pub(super) async fn run(mut self) {
        let mut queued = Vec::new();
        while self.queue.recv_many(&mut queued, self.group).await > 0 {
            let mut writes = Vec::new();
            for job in queued.drain(..) {
                match job {
                    Job::Write(operation) => writes.push(operation),
                    Job::Restore(restore) => {
                        self.write(std::mem::take(&mut writes)).await;
                        self.restore(restore).await;
                    }
                }
            }
            self.write(writes).await;
        }
    }

    /// All or nothing, as a group; what was given out before is below every new revision.
    async fn restore(&mut self, Restore { records, answer }: Restore<M>) {
        self.revision += 1;
        let mut restored = BTreeMap::new();
        for (key, created, encode) in records {
            self.revision += 1;
            let (value, meta) = encode(self.revision);
            let value = value.into();
            let record = Record { key: key.clone(), value, meta: Arc::new(meta), created, modified: self.revision };
            restored.insert(key, record);
        }
        let batch = self.replacement(&restored);
        let keys: Vec<_> = batch.writes.iter().map(|(key, _)| key.clone()).collect();
        let outcome = self.commit(batch).await;
        match &outcome {
            Ok(()) => {
                let resting = restored.into_iter().map(|(key, record)| (key, self.packer.at_rest(record))).collect();
                self.state.write().replace(resting, self.revision);
            }
            Err(_) => self.doubtful.extend(keys),
        }
        // Who left is not missed.
        let _ = answer.send(outcome.map(|()| self.revision));
    }

    /// What makes the backend hold these records and nothing else.
    fn replacement(&self, records: &BTreeMap<Arc<str>, Record<M>>) -> Batch {
        let state = self.state.read();
        let gone: BTreeSet<_> = state.keys().chain(&self.doubtful).filter(|key| !records.contains_key(*key)).collect();
        let saved = |record: &Record<M>| Saved {
            value: record.value.bytes(),
            created: record.created,
            modified: record.modified,
        };
        let kept = records.iter().map(|(key, record)| (key.clone(), Some(saved(record))));
        let writes = kept.chain(gone.into_iter().map(|key| (key.clone(), None))).collect();
        Batch { revision: self.revision, count: records.len(), writes }
    }

    async fn write(&mut self, operations: Vec<Operation<M>>) {
        if operations.is_empty() {
            return;
        }
        let (group, batch) = {
            let state = self.state.read();
            let group = Group::plan(&state, self.revision, operations);
            let batch = group.batch(&state, &self.doubtful);
            (group, batch)
        };
        let outcome = if group.events().is_empty() { Ok(()) } else { self.commit(batch).await };
        self.revision = group.revision();
        match outcome {
            Ok(()) => {
                let resting = group.events().iter().map(|event| self.packer.rest(event)).collect();
                self.state.write().publish(group.events(), resting);
            }
            Err(_) => self.doubtful.extend(group.keys()),
        }
        group.answer(&outcome);
    }

    async fn commit(&mut self, batch: Batch) -> Result<(), BackendError> {
        let mut backend = self.backend.take().ok_or(BackendError::Closed)?;
        let (backend, outcome) = if backend.blocks() {
            let committing = move || {
                let outcome = backend.commit(&batch);
                (backend, outcome)
            };
            Tasks::blocking(committing).await
        } else {
            let outcome = backend.commit(&batch);
            (backend, outcome)
        };
        self.backend = Some(backend);
        if outcome.is_ok() {
            self.doubtful.clear();
        }
        outcome
    }
}
