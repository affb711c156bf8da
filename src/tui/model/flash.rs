//! What has just acted: the bridge lights it up for a moment, so that one sees who does what. Read from what changed. Pure.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::cluster::{Change, Cluster, Source};
use super::facts::{Fact, Key, Pod, Workload};

/// How long what acted stays lit.
const LIT: SignedDuration = SignedDuration::from_millis(400);
/// Actors remembered at once: thousands of pods that come together need not all be lit.
const MOST: usize = 200;

/// Who does something in a cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// Every change passes through it.
    ApiServer,
    /// Every change is kept in it.
    Etcd,
    /// It chose a worker.
    Scheduler,
    /// One of its loops did something.
    Controllers,
    /// Its kubelet did something, by its node's name.
    Worker(Key),
    /// What it was done to.
    Pod(Key),
}

/// Who is lit, and since when.
#[derive(Debug, Default)]
pub struct Flashes(BTreeMap<Actor, Timestamp>);

impl Flashes {
    /// Hears of a change that is about to be taken in.
    pub fn hear(&mut self, at: Timestamp, before: &Cluster, change: &Change) {
        self.0.retain(|_, since| at.duration_since(*since) < LIT);
        let Some(mut acted) = actors(before, change) else { return };
        acted.extend([Actor::ApiServer, Actor::Etcd]);
        for actor in acted {
            if self.0.len() < MOST || self.0.contains_key(&actor) {
                self.0.insert(actor, at);
            }
        }
    }

    /// Whether it acted just now.
    pub fn lit(&self, actor: &Actor, now: Timestamp) -> bool {
        self.0.get(actor).is_some_and(|since| now.duration_since(*since) < LIT)
    }

    /// When the next of those that are lit goes out.
    pub fn next(&self, now: Timestamp) -> Option<SignedDuration> {
        let left = self.0.values().map(|since| LIT - now.duration_since(*since));
        left.filter(SignedDuration::is_positive).min()
    }
}

/// Who did it, apart from those through which everything goes, where something was done.
fn actors(before: &Cluster, change: &Change) -> Option<Vec<Actor>> {
    Some(match change {
        Change::Put(Fact::Pod(new)) => of_pod(before.pods.get(&new.key).map(AsRef::as_ref), new),
        Change::Remove(Source::Pods, key) => before.pods.get(key).map(|pod| worker(pod)).into_iter().collect(),
        Change::Put(Fact::ReplicaSet(new)) => of_work(before.replica_sets.get(&new.key).map(AsRef::as_ref), new),
        Change::Put(Fact::Deployment(new)) => of_work(before.deployments.get(&new.key).map(AsRef::as_ref), new),
        Change::Put(Fact::Slice(_)) | Change::Remove(Source::ReplicaSets | Source::Slices, _) => {
            vec![Actor::Controllers]
        }
        Change::Put(Fact::Node(new)) if new.ready == "Unknown" => vec![Actor::Controllers],
        Change::Put(Fact::Node(new)) => vec![Actor::Worker(new.key.clone())],
        Change::Put(Fact::Service(_)) => Vec::new(),
        Change::Remove(source, _) if *source != Source::Events && !change.calm() => Vec::new(),
        _ => return None,
    })
}

/// A pod that comes is a controller's or somebody's, one that has got a node is the scheduler's, the rest the kubelet's.
fn of_pod(old: Option<&Pod>, new: &Pod) -> Vec<Actor> {
    let itself = Actor::Pod(new.key.clone());
    match old {
        None if new.node.is_empty() && new.owner.is_empty() => vec![itself],
        None if new.node.is_empty() => vec![itself, Actor::Controllers],
        Some(old) if !old.node.is_empty() => vec![itself, worker(new)],
        _ if new.node.is_empty() => vec![itself],
        _ => vec![itself, Actor::Scheduler],
    }
}

fn worker(pod: &Pod) -> Actor {
    Actor::Worker(Key::new("", &pod.node))
}

/// What is wanted of it is somebody's; how far it is, its controller's.
fn of_work(old: Option<&Workload>, new: &Workload) -> Vec<Actor> {
    let wished = old.is_some_and(|old| old.desired != new.desired);
    if wished { Vec::new() } else { vec![Actor::Controllers] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::tests::fixture::{now, pod};

    #[test]
    fn who_chose_who_runs_and_when_it_goes_out() {
        let (mut cluster, mut flashes) = (Cluster::default(), Flashes::default());
        let mut tell = |cluster: &mut Cluster, node: &str, at: i64| {
            let change =
                Change::Put(Fact::Pod(Pod { owner: "ReplicaSet/web".into(), ..pod("a", "web", node, "") }.into()));
            let at = now() + SignedDuration::from_millis(at);
            flashes.hear(at, cluster, &change);
            cluster.apply(change);
            let lit = |actor: &Actor| flashes.lit(actor, at);
            let parts =
                [Actor::ApiServer, Actor::Controllers, Actor::Scheduler, Actor::Worker(Key::new("", "worker-1"))];
            (parts.map(|actor| lit(&actor)), flashes.next(at).map(|left| left.as_millis()))
        };
        assert_eq!(tell(&mut cluster, "", 0), ([true, true, false, false], Some(400)));
        assert_eq!(tell(&mut cluster, "worker-1", 100), ([true, true, true, false], Some(300)));
        assert_eq!(tell(&mut cluster, "worker-1", 450), ([true, false, true, true], Some(50)));
        assert_eq!(flashes.next(now() + SignedDuration::from_secs(2)), None);
    }
}
