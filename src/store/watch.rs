//! One watcher's end. Must never hold up the writer.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::mpsc;

use super::audience::Wants;
use super::state::State;
use super::types::{Event, Revision, TooOld};

/// Events under a prefix, in order, none missing.
///
/// One that reads slower than events come catches up from the history; when that has moved on too, the watch ends.
pub struct Watch<M> {
    state: Arc<RwLock<State<M>>>,
    prefix: Arc<str>,
    wants: Option<Wants<M>>,
    after: Revision,
    missed: VecDeque<Arc<Event<M>>>,
    coming: mpsc::Receiver<Arc<Event<M>>>,
}

impl<M> std::fmt::Debug for Watch<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { prefix, after, .. } = self;
        f.debug_struct("Watch").field("prefix", prefix).field("after", after).finish_non_exhaustive()
    }
}

impl<M> Watch<M> {
    pub(super) fn start(
        state: Arc<RwLock<State<M>>>,
        prefix: Arc<str>,
        after: Revision,
        wants: Option<Wants<M>>,
    ) -> Result<Self, TooOld> {
        let (missed, coming) = state.write().subscribe(&prefix, after, wants.as_ref())?;
        Ok(Self { state, prefix, wants, after, missed: missed.into(), coming })
    }

    /// The next event that is already there; `None` when there is none.
    ///
    /// # Errors
    /// [`TooOld`] when the watch fell behind the history.
    pub fn try_next(&mut self) -> Result<Option<Arc<Event<M>>>, TooOld> {
        loop {
            let event = match self.missed.pop_front() {
                Some(event) => event,
                None => match self.coming.try_recv() {
                    Ok(event) => event,
                    Err(mpsc::error::TryRecvError::Empty) => return Ok(None),
                    Err(mpsc::error::TryRecvError::Disconnected) => {
                        self.catch_up()?;
                        continue;
                    }
                },
            };
            if event.revision > self.after {
                self.after = event.revision;
                return Ok(Some(event));
            }
        }
    }

    /// The next event; `None` when the watch fell behind the history, which the API answers with 410 Gone.
    pub async fn next(&mut self) -> Option<Arc<Event<M>>> {
        loop {
            let event = match self.missed.pop_front() {
                Some(event) => event,
                None => {
                    let Some(event) = self.coming.recv().await else {
                        self.catch_up().ok()?;
                        continue;
                    };
                    event
                }
            };
            if event.revision > self.after {
                self.after = event.revision;
                return Some(event);
            }
        }
    }

    /// A revision up to which every event has been handed out, for bookmarks; `None` while some wait.
    #[must_use]
    pub fn progress(&self) -> Option<Revision> {
        // The revision first: whatever was published up to it is already in the channel.
        let revision = self.state.read().revision();
        let all_seen = self.missed.is_empty() && self.coming.is_empty() && !self.coming.is_closed();
        all_seen.then_some(revision.max(self.after))
    }

    fn catch_up(&mut self) -> Result<(), TooOld> {
        let (missed, coming) = self.state.write().subscribe(&self.prefix, self.after, self.wants.as_ref())?;
        (self.missed, self.coming) = (missed.into(), coming);
        Ok(())
    }
}
