//! What the watches have told, kept for a while, so that the cluster can be seen as it was. Pure; bounded: the oldest
//! changes become part of the base that all others are applied to.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::cluster::{Change, Cluster, Feed, Source};
use super::facts::{Fact, Key};

/// Changes kept; a long list of addresses counts for several.
const KEPT: usize = 20_000;
/// Addresses that weigh as much as one change.
const ADDRESSES: usize = 8;

/// One change and when it was heard of.
#[derive(Clone, Debug)]
struct Moment {
    at: Timestamp,
    change: Change,
}

/// The recording. Places count changes since the recording began: at place `n` the first `n` have happened.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    base: Cluster,
    since: Option<Timestamp>,
    /// Changes that are already part of the base.
    gone: usize,
    kept: VecDeque<Moment>,
    /// What the kept ones weigh.
    weight: usize,
}

impl Timeline {
    /// Takes in a change that is about to happen to a cluster.
    pub fn record(&mut self, at: Timestamp, before: &Cluster, change: &Change) {
        self.since.get_or_insert(at);
        match change {
            Change::Lost(..) => {}
            Change::Replace(source, facts) if before.feed(*source) == &Feed::Starting => {
                self.base.apply(Change::Replace(*source, facts.clone()));
            }
            Change::Replace(source, facts) => {
                difference(before, *source, facts).into_iter().for_each(|change| self.keep(at, change));
            }
            Change::Revision(revision) if *revision <= before.revision => {}
            // What the first lists led to belongs to the beginning.
            Change::Revision(revision) if self.kept.is_empty() => self.base.apply(Change::Revision(*revision)),
            other => self.keep(at, other.clone()),
        }
    }

    fn keep(&mut self, at: Timestamp, change: Change) {
        self.weight += weight(&change);
        self.kept.push_back(Moment { at, change });
        while self.weight > KEPT {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.weight -= weight(&oldest.change);
            self.since = Some(oldest.at);
            self.base.apply(oldest.change);
            self.gone += 1;
        }
    }

    /// The first place that can still be seen.
    pub fn first(&self) -> usize {
        self.gone
    }

    /// The place of now.
    pub fn last(&self) -> usize {
        self.gone + self.kept.len()
    }

    /// When the last change before a place happened.
    pub fn at(&self, place: usize) -> Option<Timestamp> {
        match place.checked_sub(self.gone + 1) {
            Some(index) => self.kept.get(index).map(|moment| moment.at),
            None => self.since,
        }
    }

    /// The change that leads to a place.
    fn change(&self, place: usize) -> Option<&Change> {
        self.kept.get(place.checked_sub(self.gone + 1)?).map(|moment| &moment.change)
    }

    /// The cluster at a place.
    pub fn cluster(&self, place: usize) -> Cluster {
        let mut cluster = self.base.clone();
        let count = place.saturating_sub(self.gone);
        self.kept.iter().take(count).for_each(|moment| cluster.apply(moment.change.clone()));
        cluster
    }

    /// The next place forwards or backwards where something a person would look at happened; the end when there is none.
    pub fn step(&self, place: usize, forwards: bool) -> usize {
        let place = if forwards { place } else { self.settled(place) };
        self.seek(place, forwards, |change| !change.calm())
    }

    /// The place before this one that looks the same: calm changes show nothing.
    fn settled(&self, place: usize) -> usize {
        match self.change(place).is_some_and(Change::calm) {
            true => self.seek(place, false, |change| !change.calm()),
            false => place,
        }
    }

    /// The place so many of these steps away.
    pub fn leap(&self, place: usize, forwards: bool, steps: usize) -> usize {
        (0..steps).fold(place, |place, _| self.step(place, forwards))
    }

    /// How many changes that a person would look at lead to a place.
    pub fn steps(&self, place: usize) -> usize {
        let before = self.kept.iter().take(place.saturating_sub(self.gone));
        before.filter(|moment| !moment.change.calm()).count()
    }

    /// The next place where an Event was told.
    pub fn event(&self, place: usize, forwards: bool) -> usize {
        self.seek(place, forwards, |change| matches!(change, Change::Put(Fact::Event(_))))
    }

    /// Tells every change that is kept, in order: the place that it leads to, when it happened, the cluster before it.
    pub fn replay(&self, mut hear: impl FnMut(usize, Timestamp, &Cluster, &Change)) {
        let mut cluster = self.base.clone();
        for (place, moment) in (self.gone + 1..).zip(&self.kept) {
            hear(place, moment.at, &cluster, &moment.change);
            cluster.apply(moment.change.clone());
        }
    }

    fn seek(&self, place: usize, forwards: bool, wanted: impl Fn(&Change) -> bool) -> usize {
        let (first, last) = (self.first(), self.last());
        let mut at = place.clamp(first, last);
        loop {
            match forwards {
                true if at < last => at += 1,
                false if at > first => at -= 1,
                _ => return at,
            }
            if at == first || self.change(at).is_some_and(&wanted) {
                return at;
            }
        }
    }

    /// What a person would look at that happened last before a place, in a line.
    pub fn told(&self, place: usize) -> String {
        let place = self.settled(place);
        let before = place.checked_sub(1).map(|place| self.cluster(place));
        match (self.change(place), before) {
            (Some(change), Some(before)) => told(change, &before),
            _ => "aquí empieza lo que se recuerda".into(),
        }
    }
}

/// How much room a change takes, in simple changes.
fn weight(change: &Change) -> usize {
    if let Change::Put(Fact::Slice(slice)) = change { 1 + slice.endpoints.len() / ADDRESSES } else { 1 }
}

/// A list anew, as the changes that lead to it.
fn difference(before: &Cluster, source: Source, facts: &[Fact]) -> Vec<Change> {
    let shelf = before.shelf(source);
    let (old, new) = (by_key(&shelf), by_key(facts));
    let gone = old.keys().filter(|key| !new.contains_key(*key)).map(|key| Change::Remove(source, (*key).clone()));
    let changed = facts.iter().filter(|fact| old.get(fact.key()) != Some(fact));
    changed.map(|fact| Change::Put(fact.clone())).chain(gone).collect()
}

fn by_key(facts: &[Fact]) -> BTreeMap<&Key, &Fact> {
    facts.iter().map(|fact| (fact.key(), fact)).collect()
}

fn told(change: &Change, before: &Cluster) -> String {
    match change {
        Change::Put(Fact::Event(event)) => {
            format!("{}/{}  {}: {}", event.kind, event.object, event.reason, event.message)
        }
        Change::Put(Fact::Pod(pod)) => match before.pods.get(&pod.key) {
            None => format!("pod {}: aparece ({})", pod.key.name, pod.status),
            Some(old) if old.node.is_empty() && !pod.node.is_empty() => {
                format!("pod {}: va a {}", pod.key.name, pod.node)
            }
            Some(old) if old.status != pod.status => format!("pod {}: {} → {}", pod.key.name, old.status, pod.status),
            Some(old) if old.serving != pod.serving => {
                format!("pod {}: {}", pod.key.name, if pod.serving { "listo" } else { "ya no está listo" })
            }
            Some(_) => format!("pod {}: cambia", pod.key.name),
        },
        Change::Put(Fact::Deployment(work) | Fact::ReplicaSet(work)) => {
            format!("{}: {} de {} réplicas listas", work.key.name, work.ready, work.desired)
        }
        Change::Put(Fact::Node(node)) => format!("worker {}: Ready {}", node.key.name, node.ready),
        Change::Put(fact) => format!("{}: cambia", fact.key().name),
        Change::Remove(source, key) => format!("{} {}: se va", singular(*source), key.name),
        Change::Replace(..) | Change::Lost(..) | Change::Revision(_) => String::new(),
    }
}

/// One of a source's objects, in a word.
pub(super) fn singular(source: Source) -> &'static str {
    source.plural().trim_end_matches('s')
}

/// A difference between two moments: how it stands now compared with then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `+` it came since, `-` it went, `~` it changed.
    pub sign: char,
    /// What, and how.
    pub says: String,
}

/// What is different now from then, pods last: they are many.
pub fn compare(then: &Cluster, now: &Cluster) -> Vec<Difference> {
    let sources =
        [Source::Nodes, Source::Services, Source::Deployments, Source::ReplicaSets, Source::Components, Source::Pods];
    sources.into_iter().flat_map(|source| compare_shelf(source, &then.shelf(source), &now.shelf(source))).collect()
}

fn compare_shelf(source: Source, then: &[Fact], now: &[Fact]) -> Vec<Difference> {
    let kind = singular(source);
    let (old, new) = (by_key(then), by_key(now));
    let mut out = Vec::new();
    for fact in now {
        match old.get(fact.key()).map(|fact| state(fact)) {
            None => out.push(Difference { sign: '+', says: format!("{kind} {}  {}", fact.key().name, state(fact)) }),
            Some(old) if old != state(fact) => {
                let says = format!("{kind} {}  {old} → {}", fact.key().name, state(fact));
                out.push(Difference { sign: '~', says });
            }
            Some(_) => {}
        }
    }
    let gone = then.iter().filter(|fact| !new.contains_key(fact.key()));
    out.extend(gone.map(|fact| Difference { sign: '-', says: format!("{kind} {}  {}", fact.key().name, state(fact)) }));
    out
}

/// What is compared of an object.
fn state(fact: &Fact) -> String {
    match fact {
        Fact::Pod(pod) => {
            format!("{} en {}", pod.status, if pod.node.is_empty() { "ningún worker" } else { &pod.node })
        }
        Fact::Node(node) => format!("Ready {}", node.ready),
        Fact::Deployment(work) | Fact::ReplicaSet(work) => format!("{}/{}", work.ready, work.desired),
        Fact::Service(service) => format!("{} {}", service.kind, service.ports),
        Fact::Component(part) => super::parts::word(part).into(),
        Fact::Slice(_) | Fact::Lease(_) | Fact::Event(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::tests::fixture::{changes, now, pod};

    fn played(more: Vec<Change>) -> (Timeline, Cluster) {
        let (mut timeline, mut cluster) = (Timeline::default(), Cluster::default());
        for change in changes(vec![pod("web-1", "web", "worker-1", "10.0.0.1")]).into_iter().chain(more) {
            timeline.record(now(), &cluster, &change);
            cluster.apply(change);
        }
        (timeline, cluster)
    }

    #[test]
    fn every_place_is_seen_as_it_was() {
        let second = Fact::Pod(pod("web-2", "web", "worker-2", "10.0.0.2").into());
        let gone = Change::Remove(Source::Pods, Key::new("default", "web-1"));
        let (timeline, cluster) = played(vec![Change::Put(second), Change::Revision(9), gone]);
        assert_eq!((timeline.first(), timeline.last()), (0, 3));
        let names = |place| timeline.cluster(place).pods.keys().map(|key| key.name.clone()).collect::<Vec<_>>();
        assert_eq!([names(0), names(1), names(3)], [vec!["web-1"], vec!["web-1", "web-2"], vec!["web-2"]]);
        assert_eq!(timeline.cluster(3).pods, cluster.pods);
        assert_eq!((timeline.step(3, false), timeline.step(1, false), timeline.step(0, true)), (1, 0, 1));
        assert_eq!(timeline.told(3), "pod web-1: se va");
        let told: Vec<String> =
            compare(&timeline.cluster(0), &cluster).into_iter().map(|it| format!("{}{}", it.sign, it.says)).collect();
        assert_eq!(told, ["+pod web-2  Running en worker-2", "-pod web-1  Running en worker-1"]);
    }

    #[test]
    fn a_list_anew_is_only_what_changed_and_the_oldest_becomes_the_base() {
        let again = Change::Replace(Source::Pods, vec![Fact::Pod(pod("web-1", "web", "worker-1", "10.0.0.1").into())]);
        let (mut timeline, cluster) = played(vec![again]);
        assert_eq!(timeline.last(), 0);
        for number in 0..KEPT + 5 {
            let pod = pod(&format!("p-{}", number % 7), "web", "worker-1", &format!("10.0.{}.1", number % 200));
            timeline.record(now(), &cluster, &Change::Put(Fact::Pod(pod.into())));
        }
        assert_eq!((timeline.first(), timeline.last()), (5, KEPT + 5));
        assert_eq!(timeline.cluster(5).pods.len(), 6);
    }
}
