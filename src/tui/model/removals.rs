//! Which deletions of the recording somebody asked for: what the controllers removed in consequence is not told. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::cluster::{Change, Cluster, Source};
use super::facts::{Fact, Key, Pod, named_after};
use super::timeline::Timeline;

/// Deletions that begin within this time of each other were asked for at once (`kubectl delete pods --all`).
const AT_ONCE: SignedDuration = SignedDuration::from_secs(1);

/// Something that was deleted, with what was deleted together with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The last place at which nothing of it had begun.
    pub place: usize,
    /// What went: `pod web-1 y 2 más`.
    pub says: String,
}

/// The latest deletion that had not begun at the place before this one.
pub fn before(line: &Timeline, place: usize) -> Option<Removal> {
    let mut found = Vec::new();
    let mut open = Open::default();
    line.replay(|at, time, cluster, change| found.extend(open.hear(at, time, cluster, change)));
    groups(found).into_iter().rev().find(|removal| removal.place < place)
}

/// One deletion that somebody asked for.
struct Asked {
    begun: usize,
    at: Timestamp,
    says: String,
}

/// The deletions that have begun and not ended.
#[derive(Default)]
struct Open {
    /// Where each began, and whether somebody asked for it.
    begun: BTreeMap<(Source, Key), (usize, Timestamp, bool)>,
    /// Deployments that are gone: the ReplicaSets that they leave are nobody's wish.
    deployments: BTreeSet<Key>,
}

impl Open {
    fn hear(&mut self, at: usize, time: Timestamp, cluster: &Cluster, change: &Change) -> Option<Asked> {
        match change {
            Change::Put(fact) => {
                let source = leaves(fact)?;
                let asked = self.is_asked(source, fact.key(), cluster);
                self.begun.entry((source, fact.key().clone())).or_insert((at, time, asked));
                None
            }
            Change::Remove(source, key) => {
                let begun = self.begun.remove(&(*source, key.clone()));
                let (begun, at, asked) = begun.unwrap_or_else(|| (at, time, self.is_asked(*source, key, cluster)));
                if *source == Source::Deployments {
                    self.deployments.insert(key.clone());
                }
                let says = || format!("{} {}", super::timeline::singular(*source), key.name);
                asked.then(|| Asked { begun, at, says: says() })
            }
            _ => None,
        }
    }

    /// Whether no controller's work explains that it goes, as things stood.
    fn is_asked(&self, source: Source, key: &Key, cluster: &Cluster) -> bool {
        match source {
            // They run out by themselves, or follow their Service.
            Source::Events | Source::Leases | Source::Slices | Source::Components => false,
            Source::ReplicaSets => !self.has_deployment(key, cluster),
            Source::Pods => cluster.pods.get(key).is_some_and(|pod| self.is_wanted(pod, cluster)),
            Source::Nodes | Source::Services | Source::Deployments => true,
        }
    }

    fn has_deployment(&self, set: &Key, cluster: &Cluster) -> bool {
        let Some(name) = named_after(&set.name) else { return false };
        let deployment = Key::new(&set.namespace, name);
        cluster.deployments.contains_key(&deployment) || self.deployments.contains(&deployment)
    }

    /// Whether its ReplicaSet, if it has one, still wanted as many pods as it had. What has ended goes with its Job.
    fn is_wanted(&self, pod: &Pod, cluster: &Cluster) -> bool {
        if pod.owner.starts_with("Job/") {
            return !pod.ended;
        }
        let Some(set) = pod.owner.strip_prefix("ReplicaSet/") else { return true };
        let set = Key::new(&pod.key.namespace, set);
        let Some(owner) = cluster.replica_sets.get(&set) else { return false };
        let own =
            cluster.pods.values().filter(|other| other.owner == pod.owner && other.key.namespace == set.namespace);
        let active = own.filter(|other| !other.ended && !is_leaving(other)).count();
        !owner.leaving && i32::try_from(active).is_ok_and(|active| active <= owner.desired)
    }
}

/// Where it stands, when it has been told to go.
fn leaves(fact: &Fact) -> Option<Source> {
    match fact {
        Fact::Pod(pod) => is_leaving(pod).then_some(Source::Pods),
        Fact::Deployment(work) => work.leaving.then_some(Source::Deployments),
        Fact::ReplicaSet(work) => work.leaving.then_some(Source::ReplicaSets),
        _ => None,
    }
}

fn is_leaving(pod: &Pod) -> bool {
    &*pod.status == "Terminating"
}

/// What was asked for at once is one deletion.
fn groups(mut found: Vec<Asked>) -> Vec<Removal> {
    found.sort_by_key(|asked| asked.begun);
    let groups = found.chunk_by(|one, next| next.at.duration_since(one.at) <= AT_ONCE);
    groups.filter_map(|group| Some((group.first()?, group.len() - 1))).map(removal).collect()
}

fn removal((first, more): (&Asked, usize)) -> Removal {
    let says = if more == 0 { first.says.clone() } else { format!("{} y {more} más", first.says) };
    Removal { place: first.begun - 1, says }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::model::facts::Workload;
    use crate::tui::tests::fixture::{now, pod};

    /// A recording of changes, each some seconds after the one before.
    fn line(told: Vec<(i64, Change)>) -> Timeline {
        let (mut line, mut cluster, mut at) = (Timeline::default(), Cluster::default(), now());
        for source in Source::ALL {
            cluster.apply(Change::Replace(source, Vec::new()));
        }
        for (seconds, change) in told {
            at += SignedDuration::from_secs(seconds);
            line.record(at, &cluster, &change);
            cluster.apply(change);
        }
        line
    }

    fn work(name: &str, desired: i32) -> Workload {
        Workload { key: Key::new("default", name), desired, ..Workload::default() }
    }

    fn own(name: &str, status: &str) -> Change {
        let base = pod(name, "web", "worker-1", "10.0.0.1");
        Change::Put(Fact::Pod(Pod { status: status.into(), owner: "ReplicaSet/web-6f7d9".into(), ..base }.into()))
    }

    fn gone(source: Source, name: &str) -> Change {
        Change::Remove(source, Key::new("default", name))
    }

    fn deployed() -> Vec<(i64, Change)> {
        let first = vec![
            Change::Put(Fact::Deployment(work("web", 2).into())),
            Change::Put(Fact::ReplicaSet(work("web-6f7d9", 2).into())),
            own("web-6f7d9-a", "Running"),
            own("web-6f7d9-b", "Running"),
        ];
        first.into_iter().map(|change| (5, change)).collect()
    }

    fn found(told: Vec<(i64, Change)>) -> Vec<String> {
        let line = line(told);
        let (mut place, mut says) = (line.last(), Vec::new());
        while let Some(removal) = before(&line, place) {
            says.push(format!("{} en {}", removal.says, removal.place));
            place = removal.place;
        }
        says
    }

    #[test]
    fn what_goes_with_its_deployment_is_not_told() {
        let mut told = deployed();
        told.push((5, gone(Source::Deployments, "web")));
        told.push((5, gone(Source::ReplicaSets, "web-6f7d9")));
        for name in ["web-6f7d9-a", "web-6f7d9-b"] {
            told.push((2, own(name, "Terminating")));
            told.push((2, gone(Source::Pods, name)));
        }
        assert_eq!(found(told), ["deployment web en 4"]);
    }

    #[test]
    fn a_pod_that_somebody_deletes_is_told_from_its_beginning_and_one_too_many_is_not() {
        let mut told = deployed();
        told.push((5, own("web-6f7d9-a", "Terminating")));
        told.push((1, own("web-6f7d9-c", "Running")));
        told.push((9, gone(Source::Pods, "web-6f7d9-a")));
        told.push((5, Change::Put(Fact::ReplicaSet(work("web-6f7d9", 1).into()))));
        told.push((1, own("web-6f7d9-b", "Terminating")));
        told.push((1, gone(Source::Pods, "web-6f7d9-b")));
        assert_eq!(found(told), ["pod web-6f7d9-a en 4"]);
    }

    #[test]
    fn what_is_deleted_at_once_is_one_deletion() {
        let bare = |name: &str| Change::Put(Fact::Pod(pod(name, "x", "worker-1", "10.0.0.2").into()));
        let mut told: Vec<(i64, Change)> = ["uno", "dos", "tres"].map(|name| (5, bare(name))).into();
        told.extend([(5, gone(Source::Pods, "uno")), (0, gone(Source::Pods, "dos")), (5, gone(Source::Pods, "tres"))]);
        assert_eq!(found(told), ["pod tres en 5", "pod uno y 1 más en 3"]);
    }
}
