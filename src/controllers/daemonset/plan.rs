//! Which pods a DaemonSet makes and removes, and what its status says. Must not do IO.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetStatus};
use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;

use super::super::history::POD_REVISION;
use super::super::percent::{Round, resolve};
use super::nodes::{Fitness, fitness, target};
use crate::client::object::is_deleting;
use crate::client::pod::Pod;
use crate::client::pods::{available_at, is_ready, is_terminal, node_name, phase};

/// What to do about the pods.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Steps {
    /// Nodes that need a pod.
    pub create: Vec<String>,
    pub delete: Vec<Arc<Pod>>,
    /// Of those to delete, the ones that ended, with their node: a person is told.
    pub ended: Vec<(String, Arc<Pod>)>,
    /// When to look again at a node whose pods fail.
    pub again: Option<Duration>,
}

/// A DaemonSet, its nodes and its pods at one look.
pub(super) struct Look<'a> {
    pub set: &'a DaemonSet,
    pub nodes: &'a [Arc<Node>],
    /// By node, sorted: scheduled ones first, then by age.
    pub pods: BTreeMap<String, Vec<Arc<Pod>>>,
    /// The revision of the current template.
    pub hash: &'a str,
    pub now: Timestamp,
}

/// The new and the old pod of a node.
type Pair<'a> = (Option<&'a Arc<Pod>>, Option<&'a Arc<Pod>>);

impl<'a> Look<'a> {
    pub(super) fn new(
        set: &'a DaemonSet,
        nodes: &'a [Arc<Node>],
        pods: &[Arc<Pod>],
        hash: &'a str,
        now: Timestamp,
    ) -> Self {
        let mut by_node: BTreeMap<String, Vec<Arc<Pod>>> = BTreeMap::new();
        for pod in pods.iter().filter(|pod| !(is_terminal(pod) && is_deleting(&pod.metadata))) {
            if let Some(node) = target(pod) {
                by_node.entry(node.into()).or_default().push(pod.clone());
            }
        }
        by_node.values_mut().for_each(|pods| pods.sort_by_key(|pod| rank(pod)));
        Self { set, nodes, pods: by_node, hash, now }
    }

    fn on(&self, node: &str) -> &[Arc<Pod>] {
        self.pods.get(node).map(Vec::as_slice).unwrap_or_default()
    }

    fn is_current(&self, pod: &Pod) -> bool {
        pod.labels().get(POD_REVISION).is_some_and(|hash| hash == self.hash)
    }

    fn is_available(&self, pod: &Pod) -> bool {
        let seconds = self.set.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or(0);
        available_at(pod, seconds).is_some_and(|at| at <= self.now)
    }

    /// Pods to make where they are missing and to remove where there are too many (`manage`); `backoff` says how long
    /// a node's failing pods are left alone.
    pub(super) fn manage(&self, backoff: &dyn Fn(&str) -> Option<Duration>) -> Steps {
        let mut steps = Steps::default();
        for node in self.nodes {
            self.manage_node(&node.name_any(), fitness(self.set, node), backoff, &mut steps);
        }
        let known: BTreeSet<String> = self.nodes.iter().map(|node| node.name_any()).collect();
        let lost = self.pods.iter().filter(|(node, _)| !known.contains(*node)).flat_map(|(_, pods)| pods);
        steps.delete.extend(lost.filter(|pod| node_name(pod).is_none() && !is_deleting(&pod.metadata)).cloned());
        steps
    }

    fn manage_node(&self, node: &str, fitness: Fitness, backoff: &dyn Fn(&str) -> Option<Duration>, steps: &mut Steps) {
        let pods = self.on(node);
        if fitness.should_run && pods.is_empty() {
            steps.create.push(node.into());
        } else if fitness.may_stay {
            let running = self.remove_ended(node, backoff, steps);
            if running.is_empty() && fitness.should_run && self.surge() > 0 {
                steps.create.push(node.into());
            }
            steps.delete.extend(self.too_many(&running));
        } else {
            steps.delete.extend(pods.iter().filter(|pod| !is_deleting(&pod.metadata)).cloned());
        }
    }

    /// Removes the pods that ended; those that run.
    fn remove_ended(&self, node: &str, backoff: &dyn Fn(&str) -> Option<Duration>, steps: &mut Steps) -> Vec<Arc<Pod>> {
        let (mut running, mut waits) = (Vec::new(), backoff(node));
        for pod in self.on(node).iter().filter(|pod| !is_deleting(&pod.metadata)) {
            match phase(pod) {
                "Failed" if waits.is_some() => steps.again = steps.again.max(waits),
                "Failed" | "Succeeded" => {
                    // The next failed one of this node waits.
                    waits = waits.or((phase(pod) == "Failed").then_some(Duration::from_secs(1)));
                    steps.ended.push((node.into(), pod.clone()));
                    steps.delete.push(pod.clone());
                }
                _ => running.push(pod.clone()),
            }
        }
        running
    }

    /// The pods of a node beyond the one, or with a surge beyond an old one and the new one that takes over.
    fn too_many(&self, running: &[Arc<Pod>]) -> Vec<Arc<Pod>> {
        if self.surge() == 0 || running.len() < 2 {
            return running.iter().skip(1).cloned().collect();
        }
        let (new, old): (Vec<_>, Vec<_>) = running.iter().cloned().partition(|pod| self.is_current(pod));
        let mut gone: Vec<_> = new.iter().skip(1).chain(old.iter().skip(1)).cloned().collect();
        if let (Some(new), Some(old)) = (new.first(), old.first())
            && (!is_ready(old) || self.is_available(new))
        {
            gone.push(old.clone());
        }
        gone
    }

    fn wanted(&self) -> i32 {
        let wanted = self.nodes.iter().filter(|node| fitness(self.set, node).should_run).count();
        i32::try_from(wanted).unwrap_or(i32::MAX)
    }

    fn bound(&self, surge: bool) -> i32 {
        let strategy = self.set.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
        let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let value = rolling.and_then(|it| if surge { it.max_surge.as_ref() } else { it.max_unavailable.as_ref() });
        value.map_or(0, |value| resolve(value, self.wanted(), Round::Up))
    }

    /// How many nodes may have an old and a new pod at once.
    fn surge(&self) -> i32 {
        self.bound(true)
    }

    /// How many nodes may be without an available pod; one where neither bound says anything.
    fn unavailable(&self) -> i32 {
        let bound = self.bound(false);
        if bound == 0 && self.surge() == 0 && self.wanted() > 0 { 1 } else { bound }
    }

    /// Whether old pods are replaced without being asked.
    pub(super) fn rolls(&self) -> bool {
        let strategy = self.set.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
        strategy.and_then(|strategy| strategy.type_.as_deref()) != Some("OnDelete")
    }

    /// The next steps of a roll-out (`rollingUpdate`).
    pub(super) fn roll(&self) -> Steps {
        if self.surge() == 0 { self.replace() } else { self.surge_over() }
    }

    /// The nodes with pods and those that should have one.
    fn places(&self) -> BTreeSet<String> {
        let wanted = self.nodes.iter().filter(|node| fitness(self.set, node).should_run);
        self.pods.keys().cloned().chain(wanted.map(|node| node.name_any())).collect()
    }

    /// The new and the old pod of a node; `None` where there are more, which managing removes.
    fn pair(&self, node: &str) -> Option<Pair<'_>> {
        let staying = self.on(node).iter().filter(|pod| !is_deleting(&pod.metadata));
        let (new, old): (Vec<_>, Vec<_>) = staying.partition(|pod| self.is_current(pod));
        (new.len() < 2 && old.len() < 2).then(|| (new.first().copied(), old.first().copied()))
    }

    /// Without a surge: unavailable old pods go, and as many available ones as may be missed.
    fn replace(&self) -> Steps {
        let (mut missing, mut broken, mut candidates) = (0, Vec::new(), Vec::new());
        for node in self.places() {
            match self.pair(&node) {
                Some((Some(new), None)) => missing += i32::from(!self.is_available(new)),
                Some((None, Some(old))) if self.is_available(old) => candidates.push(old.clone()),
                Some((None, Some(old))) => {
                    broken.push(old.clone());
                    missing += 1;
                }
                _ => missing += 1,
            }
        }
        let spare = usize::try_from(self.unavailable() - missing).unwrap_or(0);
        let delete = broken.into_iter().chain(candidates.into_iter().take(spare)).collect();
        Steps { delete, ..Steps::default() }
    }

    /// With a surge: new pods beside old ones, which go when the new ones are available.
    fn surge_over(&self) -> Steps {
        let (mut surging, mut available) = (0, 0);
        let (mut steps, mut candidates, mut unwanted) = (Steps::default(), Vec::new(), Vec::new());
        for node in self.places() {
            let Some((new, old)) = self.pair(&node) else {
                surging += 1;
                continue;
            };
            available += i32::from(old.or(new).is_some_and(|pod| self.is_available(pod)));
            match (new, old) {
                (None, Some(old)) => match (self.should_run_on(&node), self.is_available(old)) {
                    (false, false) => steps.delete.push(old.clone()),
                    (false, true) => unwanted.push(old.clone()),
                    (true, false) => steps.create.push(node),
                    (true, true) => candidates.push(node),
                },
                (Some(new), Some(old)) if self.is_available(new) => steps.delete.push(old.clone()),
                (Some(_), Some(_)) => surging += 1,
                (_, None) => {}
            }
        }
        let enough = usize::try_from(available - self.wanted()).unwrap_or(0);
        steps.delete.extend(unwanted.into_iter().take(enough));
        steps.create.extend(candidates.into_iter().take(usize::try_from(self.surge() - surging).unwrap_or(0)));
        steps
    }

    fn should_run_on(&self, node: &str) -> bool {
        let node = self.nodes.iter().find(|other| other.name_any() == node);
        node.is_some_and(|node| fitness(self.set, node).should_run)
    }

    /// The status; the generation is only observed where the whole set was looked at.
    pub(super) fn status(&self, observed: bool) -> DaemonSetStatus {
        let before = self.set.status.clone().unwrap_or_default();
        let mut status = DaemonSetStatus {
            collision_count: before.collision_count,
            conditions: before.conditions,
            observed_generation: if observed { self.set.metadata.generation } else { before.observed_generation },
            ..DaemonSetStatus::default()
        };
        let (mut updated, mut available) = (0, 0);
        for node in self.nodes {
            let first = self.on(&node.name_any()).first();
            if !fitness(self.set, node).should_run {
                status.number_misscheduled += i32::from(first.is_some());
                continue;
            }
            status.desired_number_scheduled += 1;
            let Some(pod) = first else { continue };
            status.current_number_scheduled += 1;
            status.number_ready += i32::from(is_ready(pod));
            available += i32::from(is_ready(pod) && self.is_available(pod));
            updated += i32::from(self.is_current(pod));
        }
        let some = |count: i32| Some(count).filter(|count| *count > 0);
        status.updated_number_scheduled = some(updated);
        status.number_available = some(available);
        status.number_unavailable = some(status.desired_number_scheduled - available);
        status
    }

    /// When a ready pod becomes available.
    pub(super) fn next_look(&self, status: &DaemonSetStatus) -> Option<Duration> {
        let seconds = self.set.spec.as_ref()?.min_ready_seconds.filter(|seconds| *seconds > 0)?;
        let waits = status.number_ready != status.number_available.unwrap_or(0);
        waits.then(|| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }
}

/// Scheduled ones first, then the oldest.
fn rank(pod: &Pod) -> (bool, Option<Timestamp>, String) {
    (node_name(pod).is_none(), pod.creation_timestamp().map(|time| time.0), pod.name_any())
}
