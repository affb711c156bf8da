//! What a StatefulSet does at one look: in order and one at a time, or all at once (`updateStatefulSet`). Must not do IO.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet, StatefulSetStatus};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::ResourceExt;

use super::super::history::template;
use super::super::percent::{Round, resolve};
use super::identity::{
    claim_names, has_identity, has_storage, new_pod, ordinal, ordinals, replicas, revision_of, spec,
};
use super::retention::{corrected, is_stale};
use crate::client::object::is_deleting;
use crate::client::pod::Pod;
use crate::client::pods::{available_at, is_ready, phase};

/// One write.
#[derive(Debug, PartialEq)]
pub(super) enum Action {
    /// Makes the claims of an ordinal that are missing.
    Claims(i32),
    /// Makes a pod, its claims first.
    Create(i32, Box<Pod>),
    Delete(Arc<Pod>),
    /// Gives a pod its labels and claims again.
    Identify(i32, Arc<Pod>),
    /// Gives a claim the owners of the retention policy.
    Own(Box<PersistentVolumeClaim>),
}

/// A StatefulSet, its pods, its two revisions and its claims at one look.
pub(super) struct Look<'a> {
    pub set: &'a StatefulSet,
    pub pods: &'a [Arc<Pod>],
    pub current: &'a ControllerRevision,
    pub update: &'a ControllerRevision,
    pub claim: &'a (dyn Fn(&str) -> Option<Arc<PersistentVolumeClaim>> + Sync),
    pub now: Timestamp,
}

/// A place in the set: a pod that is there, or one that is to be made.
#[derive(Clone)]
enum Replica {
    There(Arc<Pod>),
    Missing(Box<Pod>),
}

/// Nothing more can be done at this look.
struct Stop;

impl Look<'_> {
    fn is_ordered(&self) -> bool {
        spec(self.set).and_then(|spec| spec.pod_management_policy.as_deref()) != Some("Parallel")
    }

    fn is_ready(&self, pod: &Pod) -> bool {
        phase(pod) == "Running" && is_ready(pod)
    }

    fn is_available(&self, pod: &Pod) -> bool {
        let seconds = spec(self.set).and_then(|spec| spec.min_ready_seconds).unwrap_or(0);
        self.is_ready(pod) && available_at(pod, seconds).is_some_and(|at| at <= self.now)
    }

    fn is_healthy(&self, pod: &Pod) -> bool {
        self.is_ready(pod) && !is_deleting(&pod.metadata)
    }

    /// The pods by ordinal: those of the set's range, and those that a scaling down condemned.
    fn by_ordinal(&self) -> (BTreeMap<i32, Replica>, BTreeMap<i32, Arc<Pod>>) {
        let range = ordinals(self.set);
        let known = self.pods.iter().filter_map(|pod| Some((ordinal(self.set, pod)?, pod.clone())));
        let (own, condemned): (BTreeMap<_, _>, BTreeMap<_, _>) =
            known.partition(|(ordinal, _)| range.contains(ordinal));
        let replica = |ordinal: i32| match own.get(&ordinal) {
            Some(pod) => Replica::There(pod.clone()),
            None => Replica::Missing(Box::new(self.versioned(ordinal))),
        };
        (range.map(|ordinal| (ordinal, replica(ordinal))).collect(), condemned)
    }

    /// A new pod of the revision that its ordinal has during a roll-out (`newVersionedStatefulSetPod`).
    fn versioned(&self, ordinal: i32) -> Pod {
        let revision = if self.stays_current(ordinal) { self.current } else { self.update };
        let template = template(revision).unwrap_or_default();
        new_pod(self.set, ordinal, &template, &revision.name_any())
    }

    fn stays_current(&self, ordinal: i32) -> bool {
        let strategy = spec(self.set).and_then(|spec| spec.update_strategy.as_ref());
        let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let rolls = strategy.and_then(|strategy| strategy.type_.as_deref()).is_none_or(|kind| kind == "RollingUpdate");
        let kept = match rolling {
            Some(rolling) => rolling.partition.unwrap_or(0),
            None if rolls => self.set.status.as_ref().and_then(|status| status.current_replicas).unwrap_or(0),
            None => return false,
        };
        ordinal < ordinals(self.set).start + kept
    }

    /// The writes of this look, in order.
    pub(super) fn plan(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        if is_deleting(&self.set.metadata) {
            return actions;
        }
        let (own, condemned) = self.by_ordinal();
        // Stopping is how a look ends early.
        let _ = self.steps(&own, &condemned, &mut actions);
        actions
    }

    fn steps(
        &self,
        own: &BTreeMap<i32, Replica>,
        condemned: &BTreeMap<i32, Arc<Pod>>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Stop> {
        for (ordinal, replica) in own {
            self.tend(*ordinal, replica, actions).or_else(|stop| if self.is_ordered() { Err(stop) } else { Ok(()) })?;
        }
        for (ordinal, pod) in condemned {
            self.own_claims(*ordinal, pod, actions);
        }
        let unhealthy = self.first_unhealthy(own, condemned);
        for pod in condemned.values().rev() {
            self.condemn(pod, unhealthy.as_deref(), actions)
                .or_else(|stop| if self.is_ordered() { Err(stop) } else { Ok(()) })?;
        }
        self.roll(own, actions);
        Ok(())
    }

    /// The healthiness of the rest waits for the first of the own pods that is not, or else of the condemned.
    fn first_unhealthy(&self, own: &BTreeMap<i32, Replica>, condemned: &BTreeMap<i32, Arc<Pod>>) -> Option<Arc<Pod>> {
        let there = own.values().map(|replica| match replica {
            Replica::There(pod) => (Some(pod.clone()), self.is_healthy(pod)),
            Replica::Missing(_) => (None, false),
        });
        let rest = condemned.values().map(|pod| (Some(pod.clone()), self.is_healthy(pod)));
        there.chain(rest).find(|(_, healthy)| !healthy)?.0
    }

    /// What one place of the set needs (`processReplica`).
    fn tend(&self, ordinal: i32, replica: &Replica, actions: &mut Vec<Action>) -> Result<(), Stop> {
        let pod = match replica {
            Replica::There(pod) => pod,
            Replica::Missing(pod) => {
                if !self.has_stale_claim(ordinal, pod) {
                    actions.push(Action::Create(ordinal, pod.clone()));
                }
                return Err(Stop);
            }
        };
        if matches!(phase(pod), "Failed" | "Succeeded") {
            // Its place is taken again once it is gone.
            if !is_deleting(&pod.metadata) {
                actions.push(Action::Delete(pod.clone()));
            }
            return Err(Stop);
        }
        if phase(pod) == "Pending" && claim_names(self.set, ordinal).iter().any(|name| (self.claim)(name).is_none()) {
            actions.push(Action::Claims(ordinal));
        }
        if self.is_ordered() && (is_deleting(&pod.metadata) || !self.is_available(pod)) {
            return Err(Stop);
        }
        self.own_claims(ordinal, pod, actions);
        if !(has_identity(pod) && has_storage(self.set, ordinal, pod)) {
            actions.push(Action::Identify(ordinal, pod.clone()));
        }
        Ok(())
    }

    fn has_stale_claim(&self, ordinal: i32, pod: &Pod) -> bool {
        let claims = claim_names(self.set, ordinal);
        claims.iter().filter_map(|name| (self.claim)(name)).any(|claim| is_stale(&claim, pod))
    }

    fn own_claims(&self, ordinal: i32, pod: &Pod, actions: &mut Vec<Action>) {
        let claims = claim_names(self.set, ordinal);
        let found = claims.iter().filter_map(|name| (self.claim)(name));
        let corrected = found.filter_map(|claim| corrected(self.set, ordinal, pod, &claim));
        actions.extend(corrected.map(|claim| Action::Own(Box::new(claim))));
    }

    /// Removes a pod beyond the range, the last one first (`processCondemned`).
    fn condemn(&self, pod: &Arc<Pod>, unhealthy: Option<&Pod>, actions: &mut Vec<Action>) -> Result<(), Stop> {
        if is_deleting(&pod.metadata) {
            return Err(Stop);
        }
        let is_first = unhealthy.is_some_and(|unhealthy| unhealthy.metadata.uid == pod.metadata.uid);
        if self.is_ordered() && !self.is_available(pod) && !is_first {
            return Err(Stop);
        }
        actions.push(Action::Delete(pod.clone()));
        Err(Stop)
    }

    /// Removes pods of the old revision, the last one first, as far as the bounds allow.
    fn roll(&self, own: &BTreeMap<i32, Replica>, actions: &mut Vec<Action>) {
        let strategy = spec(self.set).and_then(|spec| spec.update_strategy.clone()).unwrap_or_default();
        if strategy.type_.as_deref() == Some("OnDelete") {
            return;
        }
        let rolling = strategy.rolling_update.unwrap_or_default();
        let first = ordinals(self.set).start + rolling.partition.unwrap_or(0);
        let most = rolling.max_unavailable.map_or(1, |value| resolve(&value, replicas(self.set), Round::Up).max(1));
        let (mut unavailable, mut broken, mut good) = (0, Vec::new(), Vec::new());
        for (ordinal, replica) in own.iter().rev() {
            let Replica::There(pod) = replica else {
                unavailable += 1;
                continue;
            };
            let fine = self.is_available(pod) && !is_deleting(&pod.metadata);
            unavailable += i32::from(!fine);
            let old = *ordinal >= first && revision_of(pod) != self.update.name_any() && !is_deleting(&pod.metadata);
            match (old, fine) {
                (true, true) => good.push(pod.clone()),
                (true, false) => broken.push(pod.clone()),
                _ => {}
            }
        }
        // In order, nothing is broken here: the look has stopped before.
        actions.extend(broken.into_iter().map(Action::Delete));
        let spare = usize::try_from(most - unavailable).unwrap_or(0);
        actions.extend(good.into_iter().take(spare).map(Action::Delete));
    }

    /// The status that the pods make, as they will be after the writes.
    pub(super) fn status(&self, actions: &[Action], collisions: i32) -> StatefulSetStatus {
        let created: Vec<&Pod> = actions
            .iter()
            .filter_map(|action| if let Action::Create(_, pod) = action { Some(&**pod) } else { None })
            .collect();
        let deleted = |pod: &Pod| {
            let is_it =
                |action: &Action| matches!(action, Action::Delete(gone) if gone.metadata.uid == pod.metadata.uid);
            actions.iter().any(is_it)
        };
        let stays = |pod: &&Arc<Pod>| !is_deleting(&pod.metadata) && !deleted(pod);
        let of = |revision: &str| {
            let there = self.pods.iter().filter(stays).filter(|pod| revision_of(pod) == revision).count();
            number(there + created.iter().filter(|pod| revision_of(pod) == revision).count())
        };
        let count = |holds: &dyn Fn(&Pod) -> bool| number(self.pods.iter().filter(|pod| holds(pod)).count());
        let some = |count: i32| Some(count).filter(|count| *count > 0);
        let (current, update) = (self.current.name_any(), self.update.name_any());
        let mut status = StatefulSetStatus {
            observed_generation: self.set.metadata.generation,
            replicas: number(self.pods.len() + created.len()),
            ready_replicas: some(count(&|pod| self.is_ready(pod))),
            available_replicas: Some(count(&|pod| self.is_available(pod))),
            current_replicas: some(of(&current)),
            updated_replicas: some(of(&update)),
            current_revision: Some(current),
            update_revision: Some(update),
            collision_count: Some(collisions),
            conditions: self.set.status.as_ref().and_then(|status| status.conditions.clone()),
        };
        self.complete(&mut status);
        status
    }

    /// When all is of the new revision, it becomes the current one (`completeRollingUpdate`).
    fn complete(&self, status: &mut StatefulSetStatus) {
        let strategy = spec(self.set).and_then(|spec| spec.update_strategy.as_ref());
        let rolls = strategy.and_then(|strategy| strategy.type_.as_deref()).is_none_or(|kind| kind == "RollingUpdate");
        let all = |count: Option<i32>| count.unwrap_or(0) == replicas(self.set);
        if rolls && all(status.updated_replicas) && all(status.ready_replicas) && all(Some(status.replicas)) {
            status.current_replicas = status.updated_replicas;
            status.current_revision.clone_from(&status.update_revision);
        }
    }
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
