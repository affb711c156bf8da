//! Moves a Deployment's pods from one template to another through `ReplicaSets`. Must not touch pods.

mod hash;
mod plan;
mod rolling;
mod scale;
mod sets;
mod status;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::adoption::claim_children;
use super::informers::{OWNER, candidates};
use super::pod_control::said;
use super::{Manager, Outcome, unless_gone};
use crate::base::selector::Selector;
use crate::client::object::{Key, controller_of, uid_of};
use crate::client::pod::Pod;
use crate::client::pods::is_terminal;
use crate::client::queue::{Next, Queue};
use crate::client::recorder::Recorder;
pub(super) use hash::pod_template_hash;
use plan::{Action, Plan, plan};

/// Reconciles at once (`--concurrent-deployment-syncs`).
const WORKERS: usize = 5;

struct Controller {
    manager: Arc<Manager>,
    recorder: Recorder,
}

pub(super) async fn run(manager: Arc<Manager>) {
    let recorder = manager.recorder("deployment-controller");
    let controller = Arc::new(Controller { manager: manager.clone(), recorder });
    let queue = manager.queue();
    manager.informers.deployments.wait_synced().await;
    manager.informers.replica_sets.wait_synced().await;
    manager.informers.pods.wait_synced().await;
    controller.subscribe(&queue);
    queue.run(WORKERS, |key| controller.reconcile(key)).await;
}

impl Controller {
    fn subscribe(self: &Arc<Self>, queue: &Queue<Key>) {
        let informers = &self.manager.informers;
        let keys = queue.clone();
        informers.deployments.on_change(move |change| keys.add(Key::of(&**change.object())));
        let (controller, keys) = (self.clone(), queue.clone());
        informers.replica_sets.on_change(move |change| {
            let sets = change.before().into_iter().chain(change.after());
            sets.flat_map(|set| controller.owners_of(set)).for_each(|key| keys.add(key));
        });
        let (controller, keys) = (self.clone(), queue.clone());
        informers.pods.on_change(move |change| {
            // Only Recreate waits for pods, and only for their end.
            if change.after().is_none_or(|pod| is_terminal(pod)) {
                controller.recreate_of(change.object()).into_iter().for_each(|key| keys.add(key));
            }
        });
    }

    /// The deployment that manages a set, or those that might adopt it.
    fn owners_of(&self, set: &ReplicaSet) -> Vec<Key> {
        let namespace = set.metadata.namespace.as_deref().unwrap_or_default();
        if let Some(owner) = controller_of(&set.metadata) {
            let ours = owner.kind == "Deployment";
            return ours.then(|| Key::new(namespace, owner.name.clone())).into_iter().collect();
        }
        let all = self.manager.informers.deployments.in_namespace(namespace);
        let wants = |it: &Arc<Deployment>| selector_of(it).is_some_and(|selector| selector.matches(set.labels()));
        all.iter().filter(|it| wants(it)).map(|it| Key::of(&**it)).collect()
    }

    fn recreate_of(&self, pod: &Pod) -> Option<Key> {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let owner = controller_of(&pod.metadata).filter(|owner| owner.kind == "ReplicaSet")?;
        let set = self.manager.informers.replica_sets.get(&Key::new(namespace, owner.name.clone()))?;
        let key = self.owners_of(&set).into_iter().next()?;
        let deployment = self.manager.informers.deployments.get(&key)?;
        plan::recreates(&deployment).then_some(key)
    }

    async fn reconcile(&self, key: Key) -> Outcome {
        let informers = &self.manager.informers;
        let Some(deployment) = informers.deployments.get(&key) else { return Ok(Next::Done) };
        let Some(selector) = selector_of(&deployment) else {
            let message = "This deployment is selecting all pods. A non-empty selector is required.";
            self.recorder.warning(&*deployment, "SelectingAll", message);
            return Ok(Next::Done);
        };
        let candidates = candidates(&informers.replica_sets, &*deployment);
        let sets = claim_children(&self.manager.client, &*deployment, &selector, candidates, |_| false).await?;
        let runs = |set: &ReplicaSet| {
            informers.pods.by_index(OWNER, uid_of(&set.metadata)).iter().any(|pod| !is_terminal(pod))
        };
        let Plan { actions, next } = plan(&deployment, &sets, &runs, self.manager.clock.now());
        let mut current = (*deployment).clone();
        for action in actions {
            self.execute(&mut current, action).await?;
        }
        Ok(next)
    }

    /// Does one write; `current` keeps up with the server's version of the Deployment.
    async fn execute(&self, current: &mut Deployment, action: Action) -> kube::Result<()> {
        let namespace = current.namespace().unwrap_or_default();
        let sets: Api<ReplicaSet> = Api::namespaced(self.manager.client.clone(), &namespace);
        match action {
            Action::Create(set) => self.create(current, &sets, &set).await,
            Action::Update(set) => sets.replace(&set.name_any(), &PostParams::default(), &set).await.map(drop),
            Action::Scale { set, from, to } => {
                sets.replace(&set.name_any(), &PostParams::default(), &set).await?;
                self.tell_scaling(current, &set, from, to);
                Ok(())
            }
            Action::Delete(set) => delete(&sets, &set).await,
            Action::Revision(revision) => self.annotate(current, &revision).await,
            Action::Status(status) => {
                current.status = Some(*status);
                self.write_status(current).await
            }
        }
    }

    fn tell_scaling(&self, deployment: &Deployment, set: &ReplicaSet, from: i32, to: i32) {
        let way = match to.cmp(&from) {
            std::cmp::Ordering::Greater => "up",
            std::cmp::Ordering::Less => "down",
            std::cmp::Ordering::Equal => return,
        };
        let message = format!("Scaled {way} replica set {} from {from} to {to}", set.name_any());
        self.recorder.normal(deployment, "ScalingReplicaSet", message);
    }

    async fn create(&self, deployment: &Deployment, sets: &Api<ReplicaSet>, set: &ReplicaSet) -> kube::Result<()> {
        match sets.create(&PostParams::default(), set).await {
            Ok(set) => {
                self.tell_scaling(deployment, &set, 0, sets::replicas(&set));
                Ok(())
            }
            Err(kube::Error::Api(refused)) if refused.is_already_exists() => {
                let there = sets.get(&set.name_any()).await?;
                let ours =
                    controller_of(&there.metadata).is_some_and(|owner| owner.uid == uid_of(&deployment.metadata));
                if !(ours && sets::same_template(&there, set)) {
                    self.write_status(&status::with_collision(deployment)).await?;
                }
                // Either way the next look, with a fresher cache or another hash, decides.
                Err(kube::Error::Api(refused))
            }
            Err(error) => self.creation_failed(deployment, set, error).await,
        }
    }

    async fn creation_failed(&self, deployment: &Deployment, set: &ReplicaSet, error: kube::Error) -> kube::Result<()> {
        let message = format!("Failed to create new replica set \"{}\": {}", set.name_any(), said(&error));
        let failed = status::with_creation_failure(deployment, &message, self.manager.clock.now());
        self.write_status(&failed).await?;
        self.recorder.warning(deployment, "ReplicaSetCreateError", message);
        Err(error)
    }

    /// Through the status, as Kubernetes does: its manager then owns nothing but the status.
    async fn annotate(&self, current: &mut Deployment, revision: &str) -> kube::Result<()> {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {(sets::REVISION): revision}}}));
        let patched = self.api(current).patch_status(&current.name_any(), &PatchParams::default(), &patch).await;
        if let Some(patched) = unless_gone(patched)? {
            current.metadata = patched.metadata;
        }
        Ok(())
    }

    async fn write_status(&self, updated: &Deployment) -> kube::Result<()> {
        let name = updated.name_any();
        unless_gone(self.api(updated).replace_status(&name, &PostParams::default(), updated).await).map(drop)
    }

    fn api(&self, deployment: &Deployment) -> Api<Deployment> {
        Api::namespaced(self.manager.client.clone(), &deployment.namespace().unwrap_or_default())
    }
}

async fn delete(sets: &Api<ReplicaSet>, set: &ReplicaSet) -> kube::Result<()> {
    let preconditions = Preconditions { uid: set.uid(), resource_version: set.resource_version() };
    let propagation_policy = Some(PropagationPolicy::Background);
    let params = DeleteParams { propagation_policy, preconditions: Some(preconditions), ..DeleteParams::default() };
    unless_gone(sets.delete(&set.name_any(), &params).await).map(drop)
}

fn selector_of(deployment: &Deployment) -> Option<Selector> {
    Selector::from_label_selector(&deployment.spec.as_ref()?.selector).ok().filter(|selector| !selector.is_empty())
}
