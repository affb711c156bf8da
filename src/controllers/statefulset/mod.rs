//! Pods with a name, an order and claims of their own. Must not remove claims: it only says whose they are.

mod history;
mod identity;
mod plan;
mod retention;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetStatus};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::{Api, ResourceExt};

use super::adoption::claim_children;
use super::informers::candidates;
use super::owners::Owners;
use super::pod_control::said;
use super::{Manager, Outcome, unless_gone};
use crate::base::selector::Selector;
use crate::client::object::Key;
use crate::client::pod::Pod;
use crate::client::queue::{Next, Queue};
use crate::client::recorder::Recorder;
use plan::{Action, Look};

/// Reconciles at once (`--concurrent-statefulset-syncs`).
const WORKERS: usize = 5;

struct Controller {
    manager: Arc<Manager>,
    recorder: Recorder,
}

pub(super) async fn run(manager: Arc<Manager>) {
    let recorder = manager.recorder("statefulset-controller");
    let controller = Controller { manager: manager.clone(), recorder };
    let informers = &manager.informers;
    informers.stateful_sets.wait_synced().await;
    informers.revisions.wait_synced().await;
    informers.claims.wait_synced().await;
    informers.pods.wait_synced().await;
    let queue = manager.queue();
    subscribe(&manager, &queue);
    queue.run(WORKERS, |key| controller.reconcile(key)).await;
}

fn subscribe(manager: &Manager, queue: &Queue<Key>) {
    let informers = &manager.informers;
    let owners = Owners::new(&informers.stateful_sets, selector_of);
    let keys = queue.clone();
    informers.pods.on_change(move |change| keys.add_all(owners.concerned(change)));
    let owners = Owners::new(&informers.stateful_sets, selector_of);
    let keys = queue.clone();
    informers.revisions.on_change(move |change| keys.add_all(owners.concerned(change)));
    let keys = queue.clone();
    informers.stateful_sets.on_change(move |change| keys.add(Key::of(&**change.object())));
}

fn selector_of(set: &StatefulSet) -> Option<Selector> {
    Selector::from_label_selector(&set.spec.as_ref()?.selector).ok().filter(|selector| !selector.is_empty())
}

impl Controller {
    async fn reconcile(&self, key: Key) -> Outcome {
        let informers = &self.manager.informers;
        let Some(set) = informers.stateful_sets.get(&key) else { return Ok(Next::Done) };
        let Some(selector) = selector_of(&set) else { return Ok(Next::Done) };
        let mut candidates = candidates(&informers.pods, &*set);
        // A pod that is called otherwise is not of this set, whatever its labels say.
        candidates.retain(|pod| identity::ordinal(&set, pod).is_some());
        let pods = claim_children(&self.manager.client, &*set, &selector, candidates, |_| false).await?;
        let history = self.history(&set, &selector).await?;
        let claim = |name: &str| informers.claims.get(&Key::new(key.namespace.clone(), name));
        let look = Look {
            set: &set,
            pods: &pods,
            current: &history.current,
            update: &history.update,
            claim: &claim,
            now: self.manager.clock.now(),
        };
        let actions = look.plan();
        let status = look.status(&actions, history.collisions);
        let done = self.execute(&set, actions).await;
        if done.is_ok() {
            let waits = self.waits(&set, &status);
            self.write_status(&set, status).await?;
            self.truncate_history(&set, &history, &pods).await?;
            return Ok(waits.map_or(Next::Done, Next::After));
        }
        self.truncate_history(&set, &history, &pods).await?;
        done.map(|()| Next::Done)
    }

    /// When a ready pod may have become available.
    fn waits(&self, set: &StatefulSet, status: &StatefulSetStatus) -> Option<Duration> {
        let seconds = set.spec.as_ref()?.min_ready_seconds.filter(|seconds| *seconds > 0)?;
        let waits = status.available_replicas.unwrap_or(0) != identity::replicas(set);
        waits.then(|| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    fn pods(&self, set: &StatefulSet) -> Api<Pod> {
        Api::namespaced(self.manager.client.clone(), &set.namespace().unwrap_or_default())
    }

    fn claims(&self, set: &StatefulSet) -> Api<PersistentVolumeClaim> {
        Api::namespaced(self.manager.client.clone(), &set.namespace().unwrap_or_default())
    }

    async fn execute(&self, set: &StatefulSet, actions: Vec<Action>) -> kube::Result<()> {
        let mut result = Ok(());
        for action in actions {
            // In order there is at most one pod to act on; at once, one failure does not stop the others.
            result = result.and(self.act(set, action).await);
        }
        result
    }

    async fn act(&self, set: &StatefulSet, action: Action) -> kube::Result<()> {
        match action {
            Action::Claims(ordinal) => self.make_claims(set, ordinal).await.map(drop),
            Action::Create(ordinal, pod) => self.create(set, ordinal, &pod).await,
            Action::Delete(pod) => {
                let preconditions = Some(Preconditions { uid: pod.uid(), resource_version: None });
                let params = DeleteParams { preconditions, ..DeleteParams::default() };
                let deleted = self.pods(set).delete(&pod.name_any(), &params).await;
                if is_another(&deleted) {
                    return Ok(());
                }
                self.tell_pod(set, "delete", &pod, unless_gone(deleted).map(drop))
            }
            Action::Identify(ordinal, pod) => {
                // The whole of it: what controllers keep of pods has no environment, no mounts.
                let Some(mut updated) = self.pods(set).get_opt(&pod.name_any()).await? else { return Ok(()) };
                identity::identify(set, ordinal, &mut updated);
                self.make_claims(set, ordinal).await?;
                let replaced = self.pods(set).replace(&pod.name_any(), &PostParams::default(), &updated).await;
                self.tell_pod(set, "update", &pod, replaced.map(drop))
            }
            Action::Own(claim) => {
                let replaced = self.claims(set).replace(&claim.name_any(), &PostParams::default(), &claim).await;
                unless_gone(replaced).map(drop)
            }
        }
    }

    async fn create(&self, set: &StatefulSet, ordinal: i32, pod: &Pod) -> kube::Result<()> {
        let claims = match self.make_claims(set, ordinal).await {
            Ok(claims) => claims,
            Err(error) => return self.tell_pod(set, "create", pod, Err(error)),
        };
        match self.pods(set).create(&PostParams::default(), pod).await {
            // The cache is behind, or another's pod has the name: nothing to tell.
            Err(kube::Error::Api(refused)) if refused.is_already_exists() => Err(kube::Error::Api(refused)),
            Err(error) => self.tell_pod(set, "create", pod, Err(error)),
            Ok(created) => {
                // At once: a pod that never becomes ready must not leave them without their owner.
                if let Err(error) = self.own_claims(set, ordinal, &created, &claims).await {
                    return self.tell_pod(set, "update", pod, Err(error));
                }
                self.tell_pod(set, "create", pod, Ok(()))
            }
        }
    }

    /// Gives the claims of a pod the owners of the retention policy.
    async fn own_claims(
        &self,
        set: &StatefulSet,
        ordinal: i32,
        pod: &Pod,
        claims: &[Arc<PersistentVolumeClaim>],
    ) -> kube::Result<()> {
        for claim in claims.iter().filter_map(|claim| retention::corrected(set, ordinal, pod, claim)) {
            let replaced = self.claims(set).replace(&claim.name_any(), &PostParams::default(), &claim).await;
            unless_gone(replaced)?;
        }
        Ok(())
    }

    /// Makes the claims of an ordinal that are missing; answers those that it knows.
    async fn make_claims(&self, set: &StatefulSet, ordinal: i32) -> kube::Result<Vec<Arc<PersistentVolumeClaim>>> {
        let mut known = Vec::new();
        for claim in identity::claims(set, ordinal) {
            let key = Key::of(&claim);
            if let Some(there) = self.manager.informers.claims.get(&key) {
                known.push(there);
                continue;
            }
            match self.claims(set).create(&PostParams::default(), &claim).await {
                Ok(made) => {
                    known.push(Arc::new(made));
                    self.tell_claim(set, &key.name, ordinal, Ok(()))?;
                }
                Err(kube::Error::Api(refused)) if refused.is_already_exists() => {}
                Err(error) => self.tell_claim(set, &key.name, ordinal, Err(error))?,
            }
        }
        Ok(known)
    }

    fn tell_claim(&self, set: &StatefulSet, claim: &str, ordinal: i32, made: kube::Result<()>) -> kube::Result<()> {
        let name = set.name_any();
        match &made {
            Ok(()) => {
                let message = format!("create Claim {claim} Pod {name}-{ordinal} in StatefulSet {name} success");
                self.recorder.normal(set, "SuccessfulCreate", message);
            }
            Err(error) => {
                let message = format!(
                    "create Claim {claim} for Pod {name}-{ordinal} in StatefulSet {name} failed error: {}",
                    said(error)
                );
                self.recorder.warning(set, "FailedCreate", message);
            }
        }
        made
    }

    fn tell_pod(&self, set: &StatefulSet, verb: &str, pod: &Pod, done: kube::Result<()>) -> kube::Result<()> {
        let title = match verb {
            "create" => "Create",
            "delete" => "Delete",
            _ => "Update",
        };
        let about = format!("{verb} Pod {} in StatefulSet {}", pod.name_any(), set.name_any());
        match &done {
            Ok(()) => self.recorder.normal(set, &format!("Successful{title}"), format!("{about} successful")),
            Err(error) => {
                let message = format!("{about} failed error: {}", said(error));
                self.recorder.warning(set, &format!("Failed{title}"), message);
            }
        }
        done
    }

    async fn write_status(&self, set: &StatefulSet, status: StatefulSetStatus) -> kube::Result<()> {
        if set.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let api: Api<StatefulSet> = Api::namespaced(self.manager.client.clone(), &set.namespace().unwrap_or_default());
        let updated = StatefulSet { status: Some(status), ..set.clone() };
        unless_gone(api.replace_status(&set.name_any(), &PostParams::default(), &updated).await).map(drop)
    }
}

/// Whether the pod that was to go is gone already, and another has its name.
fn is_another<T>(deleted: &kube::Result<T>) -> bool {
    matches!(deleted, Err(kube::Error::Api(status)) if status.is_conflict())
}
