//! What a Deployment does next: objects in, actions out, in the order of Kubernetes' own `syncDeployment`. Must not do IO.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus, ReplicaSet};

use super::sets::{self, DESIRED, annotation, by_age, replicas, revision, wanted};
use super::status;
use crate::client::object::is_deleting;
use crate::client::queue::Next;

/// One write.
#[derive(Debug, PartialEq)]
pub(super) enum Action {
    Create(Box<ReplicaSet>),
    Update(Box<ReplicaSet>),
    /// The set as it shall be, and the change of its replicas for the event.
    Scale {
        set: Box<ReplicaSet>,
        from: i32,
        to: i32,
    },
    Delete(Box<ReplicaSet>),
    /// The Deployment's revision annotation.
    Revision(String),
    Status(Box<DeploymentStatus>),
}

/// The writes in order, and when to look again.
#[derive(Debug)]
pub(super) struct Plan {
    pub actions: Vec<Action>,
    pub next: Next,
}

/// A roll-out while it is being planned: copies that move with the planned writes.
pub(super) struct Rollout {
    pub deployment: Deployment,
    pub new: Option<ReplicaSet>,
    pub old: Vec<ReplicaSet>,
    pub now: Timestamp,
    pub actions: Vec<Action>,
}

/// Whether the Deployment stops all old pods before it starts new ones.
pub(super) fn recreates(deployment: &Deployment) -> bool {
    let strategy = sets::spec(deployment).and_then(|spec| spec.strategy.as_ref());
    strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate")
}

fn is_paused(deployment: &Deployment) -> bool {
    sets::spec(deployment).and_then(|spec| spec.paused) == Some(true)
}

/// The next writes of a Deployment that manages `sets`; `runs` says whether a set still has pods that have not ended.
pub(super) fn plan(
    deployment: &Deployment,
    sets: &[Arc<ReplicaSet>],
    runs: &dyn Fn(&ReplicaSet) -> bool,
    now: Timestamp,
) -> Plan {
    let (new, old) = sets::split(deployment, sets.iter().map(|set| (**set).clone()).collect());
    let mut rollout = Rollout { deployment: deployment.clone(), new, old, now, actions: Vec::new() };
    let status = rollout.run(runs);
    let next = status::next_look(&rollout.deployment, &status, now);
    if deployment.status.as_ref() != Some(&status) {
        rollout.actions.push(Action::Status(Box::new(status)));
    }
    Plan { actions: rollout.actions, next }
}

impl Rollout {
    fn run(&mut self, runs: &dyn Fn(&ReplicaSet) -> bool) -> DeploymentStatus {
        if is_deleting(&self.deployment.metadata) {
            return status::counted(self);
        }
        status::note_pause(&mut self.deployment, self.now);
        let paused = is_paused(&self.deployment);
        if paused || self.is_scaling() {
            self.sync_revision();
            self.scale();
            if paused {
                self.clean_up();
            }
            return status::counted(self);
        }
        if recreates(&self.deployment) { self.recreate(runs) } else { self.roll() }
    }

    /// The new set, when there is one, and the old ones.
    pub(super) fn all(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.new.iter().chain(&self.old)
    }

    /// Whether the wanted number changed since the sets were last scaled.
    fn is_scaling(&self) -> bool {
        let desired = |set: &ReplicaSet| annotation::<i32>(&set.metadata, DESIRED);
        let differs = |set: &&ReplicaSet| desired(set).is_some_and(|desired| desired != wanted(&self.deployment));
        self.all().filter(|set| replicas(set) > 0).any(|set| differs(&set))
    }

    fn roll(&mut self) -> DeploymentStatus {
        self.sync_revision();
        self.ensure_new();
        if !self.scale_new() && !self.scale_down_old() && status::is_complete(&self.deployment) {
            self.clean_up();
        }
        status::progressed(self)
    }

    fn recreate(&mut self, runs: &dyn Fn(&ReplicaSet) -> bool) -> DeploymentStatus {
        self.sync_revision();
        let active: Vec<usize> = (0..self.old.len()).filter(|&at| replicas(&self.old[at]) > 0).collect();
        let scaled_down = !active.is_empty();
        for at in active {
            self.scale_old(at, 0);
        }
        if !scaled_down && !self.old.iter().any(runs) {
            self.ensure_new();
            if !self.scale_new() && status::is_complete(&self.deployment) {
                self.clean_up();
            }
        }
        status::progressed(self)
    }

    /// One more than the highest revision of the old sets.
    fn next_revision(&self) -> i64 {
        self.old.iter().map(|set| revision(&set.metadata)).max().unwrap_or(0) + 1
    }

    /// Brings an existing new set to the front: its revision, the Deployment's annotations, `minReadySeconds`.
    fn sync_revision(&mut self) {
        let next = self.next_revision();
        let Some(set) = &mut self.new else { return };
        let mut changed = sets::sync_annotations(&self.deployment, set, next, true);
        let min_ready = sets::spec(&self.deployment).and_then(|spec| spec.min_ready_seconds);
        if let Some(spec) = set.spec.as_mut().filter(|spec| spec.min_ready_seconds != min_ready) {
            spec.min_ready_seconds = min_ready;
            changed = true;
        }
        let name = set.metadata.name.clone().unwrap_or_default();
        let revision = revision(&set.metadata).to_string();
        if changed {
            self.actions.push(Action::Update(Box::new(set.clone())));
        }
        self.note_revision(revision);
        status::note_found(&mut self.deployment, &name, self.now);
    }

    fn note_revision(&mut self, revision: String) {
        if sets::annotate(&mut self.deployment.metadata, [(sets::REVISION, revision.clone())]) {
            self.actions.push(Action::Revision(revision));
        }
    }

    /// Makes the set of the Deployment's template when there is none.
    fn ensure_new(&mut self) {
        if self.new.is_some() {
            return;
        }
        let mut set = sets::build(&self.deployment);
        let revision = self.next_revision();
        sets::sync_annotations(&self.deployment, &mut set, revision, false);
        sets::note_replicas(&self.deployment, &mut set);
        let size = self.new_size(&set);
        if let Some(spec) = &mut set.spec {
            spec.replicas = Some(size);
        }
        self.actions.push(Action::Create(Box::new(set.clone())));
        status::note_created(&mut self.deployment, set.metadata.name.as_deref().unwrap_or_default(), self.now);
        self.new = Some(set);
        self.note_revision(revision.to_string());
    }

    /// Removes the oldest sets beyond `revisionHistoryLimit`; none that still has pods or was not looked at yet.
    fn clean_up(&mut self) {
        let Some(limit) = sets::spec(&self.deployment).and_then(|spec| spec.revision_history_limit) else { return };
        let mut old: Vec<_> = self.old.iter().filter(|set| !is_deleting(&set.metadata)).collect();
        let surplus = old.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        old.sort_by(|a, b| revision(&a.metadata).cmp(&revision(&b.metadata)).then_with(|| by_age(a, b)));
        let goes = |set: &&&ReplicaSet| {
            let status = set.status.clone().unwrap_or_default();
            status.replicas == 0 && replicas(set) == 0 && set.metadata.generation <= status.observed_generation
        };
        let gone = old.iter().take(surplus).filter(goes).map(|set| Action::Delete(Box::new((**set).clone())));
        self.actions.extend(gone.collect::<Vec<_>>());
    }
}
