//! Compare-and-swap of a group of queued writes against memory and each other. Must do no IO.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::backend::{BackendError, Batch, Saved, Write};
use super::state::State;
use super::types::{Event, Expect, Record, Revision, WriteError};

/// Makes a write's bytes once its revision is known.
pub(super) type Encode<M> = Box<dyn FnOnce(Revision) -> (Bytes, M) + Send>;

/// What a write's caller waits for.
pub(super) type Answer<M> = Result<Record<M>, WriteError<M>>;

/// A queued write.
pub(super) struct Operation<M> {
    pub(super) key: Arc<str>,
    pub(super) expect: Expect,
    pub(super) change: Change,
    pub(super) encode: Encode<M>,
    pub(super) answer: oneshot::Sender<Answer<M>>,
}

/// Something for the writer to do.
pub(super) enum Job<M> {
    Write(Operation<M>),
    Restore(Restore<M>),
}

/// The whole store as it was once: each key, the revision of its creation, and what makes its bytes.
pub(super) struct Restore<M> {
    pub(super) records: Vec<(Arc<str>, Revision, Encode<M>)>,
    pub(super) answer: oneshot::Sender<Result<Revision, BackendError>>,
}

/// What a write does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Put,
    Delete,
}

/// Writes that are committed together: their events, and the answers held back until they are durable.
pub(super) struct Group<M> {
    revision: Revision,
    events: Vec<Arc<Event<M>>>,
    overlay: BTreeMap<Arc<str>, Option<Record<M>>>,
    answers: Vec<(oneshot::Sender<Answer<M>>, Answer<M>)>,
}

impl<M> Group<M> {
    /// Checks and encodes the writes in order, from a revision that was never used.
    pub(super) fn plan(state: &State<M>, revision: Revision, operations: Vec<Operation<M>>) -> Self {
        let mut group = Self { revision, events: Vec::new(), overlay: BTreeMap::new(), answers: Vec::new() };
        for operation in operations {
            group.add(state, operation);
        }
        group
    }

    fn add(&mut self, state: &State<M>, operation: Operation<M>) {
        let Operation { key, expect, change, encode, answer } = operation;
        let current = match self.overlay.get(&key) {
            Some(planned) => planned.clone(),
            None => state.get(&key).cloned(),
        };
        if !holds(expect, change, current.as_ref()) {
            self.answers.push((answer, Err(WriteError::Conflict { current })));
            return;
        }
        self.revision += 1;
        let event = Arc::new(event(self.revision, key, change, encode, current));
        self.answers.push((answer, Ok(event.record.clone())));
        let after = (!event.deleted).then(|| event.record.clone());
        self.overlay.insert(Arc::clone(&event.record.key), after);
        self.events.push(event);
    }

    /// What to commit; `doubtful` keys of an earlier failed commit are written again as memory has them.
    pub(super) fn batch(&self, state: &State<M>, doubtful: &BTreeSet<Arc<str>>) -> Batch {
        let again = doubtful.iter().filter(|key| !self.overlay.contains_key(*key));
        let again = again.map(|key| write(key, state.get(key)));
        let planned = self.overlay.iter().map(|(key, record)| write(key, record.as_ref()));
        let created = self.overlay.iter().filter(|(key, record)| record.is_some() && state.get(key).is_none()).count();
        let deleted = self.overlay.iter().filter(|(key, record)| record.is_none() && state.get(key).is_some()).count();
        let count = state.len() + created - deleted;
        Batch { revision: self.revision, count, writes: planned.chain(again).collect() }
    }

    pub(super) fn events(&self) -> &[Arc<Event<M>>] {
        &self.events
    }

    pub(super) fn revision(&self) -> Revision {
        self.revision
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = Arc<str>> {
        self.overlay.keys().cloned()
    }

    /// Answers each caller; all with the error when the group is not durable. Who left is not missed.
    pub(super) fn answer(self, outcome: &Result<(), BackendError>) {
        for (waiting, answer) in self.answers {
            let answer = match outcome {
                Ok(()) => answer,
                Err(error) => Err(error.clone().into()),
            };
            let _ = waiting.send(answer);
        }
    }
}

fn holds<M>(expect: Expect, change: Change, current: Option<&Record<M>>) -> bool {
    match (expect, current) {
        (Expect::Absent, None) => change == Change::Put,
        (Expect::Exists, Some(_)) => true,
        (Expect::Revision(revision), Some(current)) => current.modified == revision,
        _ => false,
    }
}

fn event<M>(
    revision: Revision,
    key: Arc<str>,
    change: Change,
    encode: Encode<M>,
    previous: Option<Record<M>>,
) -> Event<M> {
    let (value, meta) = encode(revision);
    let created = previous.as_ref().map_or(revision, |record| record.created);
    let record = Record { key, value: value.into(), meta: Arc::new(meta), created, modified: revision };
    Event { revision, record, previous, deleted: change == Change::Delete }
}

fn write<M>(key: &Arc<str>, record: Option<&Record<M>>) -> Write {
    let saved =
        record.map(|record| Saved { value: record.value.bytes(), created: record.created, modified: record.modified });
    (Arc::clone(key), saved)
}
