//! The window of past events, bounded by count and bytes. Must not know who watches.

use std::collections::VecDeque;
use std::sync::Arc;

use super::types::{Event, Limits, Revision, TooOld};

/// The latest events, oldest first.
#[derive(Debug)]
pub(super) struct History<M> {
    events: VecDeque<Arc<Event<M>>>,
    bytes: usize,
    /// Every event after this revision is in the window.
    floor: Revision,
    max_events: usize,
    max_bytes: usize,
}

impl<M> History<M> {
    pub(super) fn new(floor: Revision, limits: &Limits) -> Self {
        let (max_events, max_bytes) = (limits.history_events, limits.history_bytes);
        Self { events: VecDeque::new(), bytes: 0, floor, max_events, max_bytes }
    }

    pub(super) fn push(&mut self, event: Arc<Event<M>>) {
        self.bytes += weight(&event);
        self.events.push_back(event);
        while self.events.len() > self.max_events || self.bytes > self.max_bytes {
            self.forget_oldest();
        }
    }

    /// Every event after this revision is kept.
    pub(super) fn floor(&self) -> Revision {
        self.floor
    }

    /// Forgets the events up to and including a revision.
    pub(super) fn compact(&mut self, before: Revision) {
        while self.events.front().is_some_and(|event| event.revision <= before) {
            self.forget_oldest();
        }
        self.floor = self.floor.max(before);
    }

    /// The events after a revision, oldest first.
    pub(super) fn after(&self, revision: Revision) -> Result<impl DoubleEndedIterator<Item = &Arc<Event<M>>>, TooOld> {
        if revision < self.floor {
            return Err(TooOld { oldest: self.floor });
        }
        let start = self.events.partition_point(|event| event.revision <= revision);
        Ok(self.events.range(start..))
    }

    fn forget_oldest(&mut self) {
        if let Some(event) = self.events.pop_front() {
            self.bytes -= weight(&event);
            self.floor = event.revision;
        }
    }
}

/// Bytes that the key and what was parsed take, more or less.
const META: usize = 400;

/// Bytes that an event keeps alive; its previous state mostly belongs to an earlier event.
fn weight<M>(event: &Event<M>) -> usize {
    event.record.value.room() + META + size_of::<Event<M>>()
}
