//! The pods that wait for a node: those to try now, those in back-off, those that only a change can help.
//! Must not do IO.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::facts::PodFacts;

/// First and longest back-off (`podInitialBackoffSeconds`, `podMaxBackoffSeconds`).
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// When a pod is tried again though nothing changed (`podMaxInUnschedulablePodsDuration`).
const ANYWAY: Duration = Duration::from_secs(5 * 60);

/// Something that may let a waiting pod in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// A node came or is another now.
    Node,
    /// A pod came to a node.
    PodCame,
    /// A pod left a node.
    PodLeft,
    /// A claim, a volume or a class came or is another now.
    Storage,
}

impl Hint {
    /// Whether it can help a pod that this filter refused (`EventsToRegister`).
    fn helps(self, filter: &str) -> bool {
        match self {
            Self::Node => filter != "VolumeRestrictions",
            Self::PodCame => ["InterPodAffinity", "PodTopologySpread"].contains(&filter),
            Self::PodLeft => {
                let freed = ["NodeResourcesFit", "NodePorts", "VolumeRestrictions"];
                freed.contains(&filter) || Self::PodCame.helps(filter)
            }
            Self::Storage => ["VolumeRestrictions", "VolumeBinding", "VolumeZone"].contains(&filter),
        }
    }
}

/// A pod that waits.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub pod: Arc<PodFacts>,
    pub attempts: u32,
    order: u64,
}

#[derive(Debug)]
enum Place {
    Active,
    Backoff(Duration),
    Unschedulable(Refused),
}

/// A pod that only a change can help.
#[derive(Debug)]
struct Refused {
    by: BTreeSet<&'static str>,
    /// When it may be tried at the earliest.
    until: Duration,
    since: Duration,
}

/// The queue; times are those of the component's clock.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pods: HashMap<String, (Pending, Place)>,
    active: BTreeMap<(Reverse<i32>, u64), String>,
    backoff: BTreeSet<(Duration, String)>,
    /// The refused, by since when they wait.
    unschedulable: BTreeSet<(Duration, String)>,
    sequence: u64,
}

impl Queue {
    /// How many pods wait.
    pub(super) fn len(&self) -> usize {
        self.pods.len()
    }

    /// A pod without a node came, or is another now.
    pub(super) fn put(&mut self, pod: Arc<PodFacts>) {
        let old = self.take(&pod.uid);
        self.sequence += 1;
        let (attempts, order) = old.map_or((0, self.sequence), |old| (old.attempts, old.order));
        self.place(Pending { pod, attempts, order }, Place::Active);
    }

    /// A pod waits no longer.
    pub(super) fn take(&mut self, uid: &str) -> Option<Pending> {
        let (pending, place) = self.pods.remove(uid)?;
        match place {
            Place::Active => drop(self.active.remove(&(Reverse(pending.pod.priority), pending.order))),
            Place::Backoff(until) => drop(self.backoff.remove(&(until, uid.into()))),
            Place::Unschedulable(refused) => drop(self.unschedulable.remove(&(refused.since, uid.into()))),
        }
        Some(pending)
    }

    fn place(&mut self, pending: Pending, place: Place) {
        let uid = pending.pod.uid.clone();
        match &place {
            Place::Active => drop(self.active.insert((Reverse(pending.pod.priority), pending.order), uid.clone())),
            Place::Backoff(until) => drop(self.backoff.insert((*until, uid.clone()))),
            Place::Unschedulable(refused) => drop(self.unschedulable.insert((refused.since, uid.clone()))),
        }
        self.pods.insert(uid, (pending, place));
    }

    /// The most important pod to try now, or when to ask again.
    pub(super) fn pop(&mut self, now: Duration) -> Result<Pending, Option<Duration>> {
        self.wake_due(now);
        let first = self.active.first_key_value().map(|(_, uid)| uid.clone());
        let pending = first.and_then(|uid| self.take(&uid));
        pending.map(|pending| Pending { attempts: pending.attempts + 1, ..pending }).ok_or_else(|| self.next_due())
    }

    fn wake_due(&mut self, now: Duration) {
        while let Some((_, uid)) = self.backoff.first().filter(|(until, _)| *until <= now).cloned() {
            self.activate(&uid);
        }
        while let Some((_, uid)) = self.unschedulable.first().filter(|(since, _)| *since + ANYWAY <= now).cloned() {
            self.activate(&uid);
        }
    }

    fn activate(&mut self, uid: &str) {
        if let Some(pending) = self.take(uid) {
            self.place(pending, Place::Active);
        }
    }

    fn next_due(&self) -> Option<Duration> {
        let backoff = self.backoff.first().map(|(until, _)| *until);
        let anyway = self.unschedulable.first().map(|(since, _)| *since + ANYWAY);
        backoff.into_iter().chain(anyway).min()
    }

    fn backoff_of(attempts: u32) -> Duration {
        BACKOFF.0.saturating_mul(1 << attempts.saturating_sub(1).min(10)).min(BACKOFF.1)
    }

    /// No node took the pod: it waits for a change that can help.
    pub(super) fn refused(&mut self, pending: Pending, by: BTreeSet<&'static str>, now: Duration) {
        let until = now + Self::backoff_of(pending.attempts);
        self.place(pending, Place::Unschedulable(Refused { by, until, since: now }));
    }

    /// Something went wrong that is not the cluster's shape: it is tried again after its back-off.
    pub(super) fn failed(&mut self, pending: Pending, now: Duration) {
        let until = now + Self::backoff_of(pending.attempts);
        self.place(pending, Place::Backoff(until));
    }

    /// Something changed: the pods that it can help are tried again, at the end of their back-off.
    pub(super) fn wake(&mut self, hint: Hint, now: Duration) {
        let helped = self.unschedulable.iter().filter_map(|(_, uid)| match &self.pods.get(uid)?.1 {
            Place::Unschedulable(refused) if refused.by.iter().any(|filter| hint.helps(filter)) => {
                Some((uid.clone(), refused.until))
            }
            _ => None,
        });
        for (uid, until) in helped.collect::<Vec<_>>() {
            if let Some(pending) = self.take(&uid) {
                self.place(pending, if until > now { Place::Backoff(until) } else { Place::Active });
            }
        }
    }
}
