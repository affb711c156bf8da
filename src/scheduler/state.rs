//! The scheduler's picture of the cluster and its queue, moved by changes and decisions. Must not do IO.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Node;

use super::NAME;
use super::cache::Cache;
use super::catalog::Catalog;
use super::decide::{Decision, decide};
use super::facts::PodFacts;
use super::preempt::{Preemption, preempt};
use super::queue::{Hint, Pending, Queue};
use super::storage::Bindings;
use super::words;
use crate::base::names::Names;
use crate::client::informer::Change;
use crate::client::object::{Key, is_deleting, uid_of};
use crate::client::pod::Pod;
use crate::client::pods::{is_terminal, node_name};

/// What was decided about a pod.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It goes there, after its claims got their volumes.
    Bind { pending: Pending, node: String, bindings: Bindings },
    /// It goes nowhere for now: the message, and who must go to make room on which node.
    Refuse { pod: Arc<PodFacts>, message: String, room: Option<Room> },
}

/// A node on which room is being made, and who must go.
#[derive(Debug)]
pub(super) struct Room {
    pub node: String,
    pub victims: Vec<Arc<PodFacts>>,
}

/// A verdict and how it came about.
#[derive(Debug)]
pub(super) struct Step {
    pub verdict: Verdict,
    pub decision: Decision,
    pub attempt: u32,
}

/// Cache, queue, and the rooms that are being made.
#[derive(Debug, Default)]
pub(super) struct State {
    cache: Cache,
    catalog: Catalog,
    queue: Queue,
    /// Pods for which room is being made: where, and who still has to go.
    nominated: BTreeMap<String, (String, BTreeSet<String>)>,
    turn: usize,
}

impl State {
    pub(super) fn node_changed(&mut self, change: &Change<Node>, now: Duration) {
        match change.after() {
            None => self.cache.remove_node(change.object().metadata.name.as_deref().unwrap_or_default()),
            Some(node) => {
                let helps = change.before().is_none_or(|old| may_help(old, node));
                self.cache.put_node(node.clone());
                if helps {
                    self.queue.wake(Hint::Node, now);
                }
            }
        }
    }

    /// Something else than nodes and pods changed; whether that may let pods in that wait for storage.
    pub(super) fn catalog_changed(&mut self, change: impl FnOnce(&mut Catalog), storage: bool, now: Duration) {
        change(&mut self.catalog);
        if storage {
            self.queue.wake(Hint::Storage, now);
        }
    }

    pub(super) fn pod_changed(&mut self, change: &Change<Pod>, now: Duration) {
        let pod = change.object();
        let gone = change.after().is_none() || is_terminal(pod);
        match node_name(pod) {
            Some(_) if gone => self.left(uid_of(&pod.metadata), now),
            Some(node) => self.came(node, pod, now),
            None if gone || !is_ours(pod) => self.forget(uid_of(&pod.metadata)),
            None => {
                let same = change.before().is_some_and(|old| {
                    old.spec == pod.spec && old.metadata.labels == pod.metadata.labels && !Arc::ptr_eq(old, pod)
                });
                // What is assumed is not seen yet; and what only its status changed is not another pod.
                if !same && !self.is_assumed(uid_of(&pod.metadata)) {
                    self.queue.put(Arc::new(PodFacts::of(pod)));
                }
            }
        }
    }

    /// How many pods wait for a node.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    fn is_assumed(&self, uid: &str) -> bool {
        self.cache.is_placed(uid) && !self.nominated.contains_key(uid)
    }

    fn came(&mut self, node: &str, pod: &Pod, now: Duration) {
        let facts = Arc::new(PodFacts::placed(pod));
        self.queue.take(&facts.uid);
        self.nominated.remove(&facts.uid);
        let known = self.cache.is_placed(&facts.uid);
        self.cache.put_pod(node, facts);
        if !known {
            self.queue.wake(Hint::PodCame, now);
        }
    }

    fn left(&mut self, uid: &str, now: Duration) {
        self.queue.take(uid);
        for (_, victims) in self.nominated.values_mut() {
            victims.remove(uid);
        }
        if self.cache.remove_pod(uid) {
            self.queue.wake(Hint::PodLeft, now);
        }
    }

    fn forget(&mut self, uid: &str) {
        self.queue.take(uid);
        if self.nominated.remove(uid).is_some() {
            self.cache.remove_pod(uid);
        }
    }

    /// Decides about the next pod, or says when to ask again.
    pub(super) fn step(&mut self, names: &Names, now: Duration) -> Result<Step, Option<Duration>> {
        let pending = self.queue.pop(now)?;
        let (pod, attempt) = (pending.pod.clone(), pending.attempts);
        if self.nominated.contains_key(&pod.uid) {
            self.cache.remove_pod(&pod.uid);
        }
        self.turn = self.turn.wrapping_add(1);
        let decision = decide(&self.cache, &self.catalog, &pod, self.turn, names);
        let verdict = match decision.chosen.clone() {
            Some(node) => self.place(pending, node, &decision),
            None => self.refuse(pending, &decision, now),
        };
        Ok(Step { verdict, decision, attempt })
    }

    fn place(&mut self, pending: Pending, node: String, decision: &Decision) -> Verdict {
        self.nominated.remove(&pending.pod.uid);
        self.cache.put_pod(&node, pending.pod.clone());
        let bindings = decision.bindings.clone();
        self.catalog.assume(&bindings.given, &bindings.made, &node);
        Verdict::Bind { pending, node, bindings }
    }

    fn refuse(&mut self, pending: Pending, decision: &Decision, now: Duration) -> Verdict {
        let pod = pending.pod.clone();
        self.queue.refused(pending, refused_by(decision), now);
        let waiting = self.nominated.get(&pod.uid).filter(|(_, victims)| !victims.is_empty());
        if let Some(node) = waiting.map(|(node, _)| node.clone()) {
            // The room is not there yet: keep it, and ask nobody else to go.
            self.cache.put_pod(&node, pod.clone());
            let text = "not eligible due to a terminating pod on the nominated node.";
            return Verdict::Refuse { pod, message: words::unschedulable(decision, Some(text)), room: None };
        }
        self.nominated.remove(&pod.uid);
        if decision.nodes == 0 || decision.barred.is_some() {
            return Verdict::Refuse { pod, message: words::unschedulable(decision, None), room: None };
        }
        match preempt(&self.cache, &self.catalog, &pod, decision) {
            Preemption::Room { node, victims } => {
                let uids = victims.iter().map(|victim| victim.uid.clone()).collect();
                self.nominated.insert(pod.uid.clone(), (node.clone(), uids));
                self.cache.put_pod(&node, pod.clone());
                let message = words::unschedulable(decision, None);
                Verdict::Refuse { pod, message, room: Some(Room { node, victims }) }
            }
            Preemption::Nothing(text) => {
                let message = words::unschedulable(decision, Some(&text));
                Verdict::Refuse { pod, message, room: None }
            }
        }
    }

    /// The server did not take a decision: it is undone, and the pod tried again.
    pub(super) fn undo(&mut self, pending: Pending, bindings: &Bindings, retry: bool, now: Duration) {
        self.cache.remove_pod(&pending.pod.uid);
        self.catalog.forget(&bindings.given, &bindings.made);
        if retry {
            self.queue.failed(pending, now);
        }
        self.queue.wake(Hint::PodLeft, now);
    }

    pub(super) fn claim_uid(&self, claim: &Key) -> Option<String> {
        self.catalog.claim(claim)?.metadata.uid.clone()
    }

    /// Whether all of a pod's claims have their volumes for good; `None` when one is gone, or is to go elsewhere.
    pub(super) fn are_bound(&self, bindings: &Bindings, node: &str) -> Option<bool> {
        self.catalog.are_bound(bindings, node)
    }
}

/// The filters that only a change can make think otherwise.
fn refused_by(decision: &Decision) -> BTreeSet<&'static str> {
    if let Some((filter, _)) = decision.barred {
        return BTreeSet::from([filter]);
    }
    let mut by: BTreeSet<_> = decision.refused.iter().map(|(_, refusal)| refusal.filter).collect();
    // Without nodes, or where the named ones are missing, only a node can help.
    if decision.nodes == 0 || decision.elsewhere > 0 {
        by.insert("NodeAffinity");
    }
    by
}

/// Whether the pod is for this scheduler, now.
fn is_ours(pod: &Pod) -> bool {
    let Some(spec) = &pod.spec else { return false };
    let gated = spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
    spec.scheduler_name.as_deref().is_none_or(|name| name == NAME) && !gated && !is_deleting(&pod.metadata)
}

/// Whether a change of a node can let a pod in: heartbeats cannot.
fn may_help(old: &Node, new: &Node) -> bool {
    let allocatable = |node: &Node| node.status.as_ref().and_then(|status| status.allocatable.clone());
    old.spec != new.spec || old.metadata.labels != new.metadata.labels || allocatable(old) != allocatable(new)
}
