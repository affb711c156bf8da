//! The watchers of a prefix, found by what they want. Must not keep events: whoever cannot take one is let go.
//!
//! A thousand kubelets watch the pods of a node each. To hold each pod against a thousand selections would cost more
//! than all else, so watchers that name a place are kept by it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::types::Event;

/// Reads from a record where it stands, as a pod's node.
type Reading<M> = Arc<dyn Fn(&M) -> &str + Send + Sync>;

/// Whether an event is wanted.
type Picking<M> = Arc<dyn Fn(&Event<M>) -> bool + Send + Sync>;

/// Which events a watcher wants, where it does not want all.
pub struct Wants<M> {
    /// Whether it wants an event.
    pub picks: Picking<M>,
    /// The one place whose records it wants, if it is so.
    pub place: Option<Place<M>>,
}

/// A place of records that a watcher wants, and how it is read from them.
pub struct Place<M> {
    /// What the reading is called; the same name must mean the same reading.
    pub by: Arc<str>,
    /// Reads the place of a record.
    pub of: Reading<M>,
    /// The wanted place.
    pub name: Arc<str>,
}

impl<M> Clone for Wants<M> {
    fn clone(&self) -> Self {
        Self { picks: Arc::clone(&self.picks), place: self.place.clone() }
    }
}

impl<M> Clone for Place<M> {
    fn clone(&self) -> Self {
        Self { by: Arc::clone(&self.by), of: Arc::clone(&self.of), name: Arc::clone(&self.name) }
    }
}

/// The sending end of one watch.
struct Watcher<M> {
    wants: Option<Wants<M>>,
    events: mpsc::Sender<Arc<Event<M>>>,
}

/// The watchers of one prefix.
pub(super) struct Audience<M> {
    everywhere: Vec<Watcher<M>>,
    placed: BTreeMap<Arc<str>, Placed<M>>,
}

/// Those who want the records of one place, by that place.
struct Placed<M> {
    of: Reading<M>,
    watchers: HashMap<Arc<str>, Vec<Watcher<M>>>,
}

impl<M> Default for Audience<M> {
    fn default() -> Self {
        Self { everywhere: Vec::new(), placed: BTreeMap::new() }
    }
}

impl<M> std::fmt::Debug for Audience<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audience").field("everywhere", &self.everywhere.len()).finish_non_exhaustive()
    }
}

impl<M> Audience<M> {
    pub(super) fn admit(&mut self, wants: Option<Wants<M>>, events: mpsc::Sender<Arc<Event<M>>>) {
        let place = wants.as_ref().and_then(|wants| wants.place.clone());
        let watcher = Watcher { wants, events };
        match place {
            Some(Place { by, of, name }) => {
                let placed = self.placed.entry(by).or_insert_with(|| Placed { of, watchers: HashMap::new() });
                placed.watchers.entry(name).or_default().push(watcher);
            }
            None => self.everywhere.push(watcher),
        }
    }

    /// Hands events over; whoever is gone or full leaves, and so must catch up from the history.
    pub(super) fn tell(&mut self, events: &[&Arc<Event<M>>]) {
        if events.is_empty() {
            return;
        }
        self.everywhere.retain(|watcher| watcher.takes(events));
        for placed in self.placed.values_mut() {
            for event in events {
                placed.tell(event);
            }
        }
    }

    /// Whether somebody still listens.
    pub(super) fn is_there(&self) -> bool {
        let placed = self.placed.values().flat_map(|placed| placed.watchers.values().flatten());
        self.everywhere.iter().chain(placed).any(|watcher| !watcher.events.is_closed())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.everywhere.is_empty() && self.placed.values().all(|placed| placed.watchers.is_empty())
    }
}

impl<M> Placed<M> {
    /// Where the record stood and where it stands.
    fn tell(&mut self, event: &Arc<Event<M>>) {
        let now = (self.of)(&event.record.meta);
        let before = event.previous.as_ref().map(|previous| (self.of)(&previous.meta)).filter(|before| *before != now);
        for place in [Some(now), before].into_iter().flatten() {
            let Some(watchers) = self.watchers.get_mut(place) else { continue };
            watchers.retain(|watcher| watcher.takes(&[event]));
            if watchers.is_empty() {
                self.watchers.remove(place);
            }
        }
    }
}

impl<M> Watcher<M> {
    fn takes(&self, events: &[&Arc<Event<M>>]) -> bool {
        !self.events.is_closed() && events.iter().all(|event| self.offer(event))
    }

    fn offer(&self, event: &Arc<Event<M>>) -> bool {
        let wanted = self.wants.as_ref().is_none_or(|wants| (wants.picks)(event));
        !wanted || self.events.try_send(Arc::clone(event)).is_ok()
    }
}
