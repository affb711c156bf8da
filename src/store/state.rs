//! The index of current records with its history and watchers. Must do no IO and decide no compare-and-swap.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::audience::{Audience, Wants};
use super::backend::Snapshot;
use super::history::History;
use super::types::{Event, Limits, Page, Record, Revision, TooOld};
use super::value::Packer;

/// What readers see, behind one short lock.
#[derive(Debug)]
pub(super) struct State<M> {
    revision: Revision,
    records: BTreeMap<Arc<str>, Record<M>>,
    bytes: usize,
    history: History<M>,
    /// By the prefix that they watch, so that a write is only held against those prefixes.
    watchers: BTreeMap<Arc<str>, Audience<M>>,
    watch_events: usize,
}

/// What a watcher starts with: the events that it missed and those to come.
pub(super) type Subscription<M> = (Vec<Arc<Event<M>>>, mpsc::Receiver<Arc<Event<M>>>);

impl<M> State<M> {
    pub(super) fn empty(limits: &Limits) -> Self {
        Self {
            revision: 0,
            records: BTreeMap::new(),
            bytes: 0,
            history: History::new(0, limits),
            watchers: BTreeMap::new(),
            watch_events: limits.watch_events.max(1),
        }
    }

    pub(super) fn load(snapshot: Snapshot, decode: fn(&str, &[u8]) -> M, limits: &Limits) -> Self {
        let mut packer = Packer::default();
        let records: BTreeMap<_, _> = snapshot
            .records
            .into_iter()
            .map(|(key, saved)| {
                let meta = Arc::new(decode(&key, &saved.value));
                let (created, modified) = (saved.created, saved.modified);
                let record = Record { key: Arc::clone(&key), value: saved.value.into(), meta, created, modified };
                (key, packer.at_rest(record))
            })
            .collect();
        Self {
            revision: snapshot.revision,
            bytes: records.values().map(|record| record.value.len()).sum(),
            records,
            history: History::new(snapshot.revision, limits),
            ..Self::empty(limits)
        }
    }

    pub(super) fn revision(&self) -> Revision {
        self.revision
    }

    pub(super) fn oldest(&self) -> Revision {
        self.history.floor()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Record<M>> {
        self.records.get(key)
    }

    pub(super) fn count(&self, prefix: &str) -> usize {
        self.range(prefix, None).count()
    }

    pub(super) fn list(&self, prefix: &str, after: Option<&str>, limit: Option<usize>) -> Page<M> {
        page(self.range(prefix, after), limit, self.revision)
    }

    /// The list as it was: the present with the later events undone.
    pub(super) fn list_at(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: Option<usize>,
        at: Revision,
    ) -> Result<Page<M>, TooOld> {
        if at >= self.revision {
            return Ok(self.list(prefix, after, limit));
        }
        let wanted = |key: &str| key.starts_with(prefix) && after.is_none_or(|after| key > after);
        let mut then: BTreeMap<&str, &Record<M>> =
            self.range(prefix, after).map(|record| (&*record.key, record)).collect();
        for event in self.history.after(at)?.rev().filter(|event| wanted(&event.record.key)) {
            match &event.previous {
                Some(previous) => then.insert(&previous.key, previous),
                None => then.remove(&*event.record.key),
            };
        }
        Ok(page(then.into_values(), limit, at))
    }

    fn range<'a>(&'a self, prefix: &'a str, after: Option<&'a str>) -> impl Iterator<Item = &'a Record<M>> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let following = self.records.range::<str, _>((start, Bound::Unbounded));
        following.map(|(_, record)| record).take_while(move |record| record.key.starts_with(prefix))
    }

    pub(super) fn compact(&mut self, before: Revision) {
        self.history.compact(before.min(self.revision));
    }

    pub(super) fn history_after(&self, revision: Revision) -> Result<Vec<Arc<Event<M>>>, TooOld> {
        Ok(self.history.after(revision)?.cloned().collect())
    }

    /// Subscribes to a prefix: the past after a revision and all that follows, with nothing in between lost.
    pub(super) fn subscribe(
        &mut self,
        prefix: &Arc<str>,
        after: Revision,
        wants: Option<&Wants<M>>,
    ) -> Result<Subscription<M>, TooOld> {
        let missed = self.history.after(after)?.filter(|event| event.record.key.starts_with(&**prefix));
        let missed = missed.cloned().collect();
        let (events, receiver) = mpsc::channel(self.watch_events);
        if !self.watchers.contains_key(prefix) {
            // Whoever watched what nobody writes any more has not been noticed to be gone.
            self.watchers.retain(|_, audience| audience.is_there());
        }
        self.watchers.entry(Arc::clone(prefix)).or_default().admit(wants.cloned(), events);
        Ok((missed, receiver))
    }

    /// Makes a committed group visible to readers and watchers at once; `resting` is the same, as it is kept.
    pub(super) fn publish(&mut self, events: &[Arc<Event<M>>], resting: Vec<Arc<Event<M>>>) {
        for event in resting {
            self.apply(&event);
            self.history.push(event);
        }
        for (prefix, audience) in &mut self.watchers {
            let own: Vec<_> = events.iter().filter(|event| event.record.key.starts_with(&**prefix)).collect();
            audience.tell(&own);
        }
        self.watchers.retain(|_, audience| !audience.is_empty());
    }

    /// Holds these records and nothing else from now on; nobody can watch from before.
    pub(super) fn replace(&mut self, records: BTreeMap<Arc<str>, Record<M>>, revision: Revision) {
        self.revision = revision;
        self.bytes = records.values().map(|record| record.value.len()).sum();
        self.records = records;
        self.history.compact(revision);
        self.watchers.clear();
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Arc<str>> {
        self.records.keys()
    }

    fn apply(&mut self, event: &Event<M>) {
        let (key, value) = (&event.record.key, &event.record.value);
        self.revision = event.revision;
        let before = if event.deleted {
            self.records.remove(key)
        } else {
            self.bytes += value.len();
            self.records.insert(Arc::clone(key), event.record.clone())
        };
        self.bytes -= before.map_or(0, |record| record.value.len());
    }
}

fn page<'a, M: 'a>(
    mut records: impl Iterator<Item = &'a Record<M>>,
    limit: Option<usize>,
    revision: Revision,
) -> Page<M> {
    let records_now = records.by_ref().take(limit.unwrap_or(usize::MAX)).cloned().collect();
    Page { records: records_now, revision, remaining: records.count() }
}
