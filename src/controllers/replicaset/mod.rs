//! Keeps as many pods of a template as its `ReplicaSet` says. Must not update pods: it only creates and deletes them.

mod plan;
mod rank;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetStatus};
use kube::api::PostParams;
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::adoption::claim_children;
use super::expectations::Expectations;
use super::informers::{Informers, OWNER, candidates};
use super::owners::Owners;
use super::pod_control::{PodControl, said};
use super::{Manager, Outcome, unless_gone};
use crate::base::selector::Selector;
use crate::client::informer::{Change, Informer};
use crate::client::object::{Key, controller_of, is_deleting, uid_of};
use crate::client::pod::Pod;
use crate::client::pods::{is_active, is_ready, is_terminal, ready_since};
use crate::client::queue::{Next, Queue};
use plan::{Need, need, next_look, status_of};
pub(super) use rank::less_useful;

/// Reconciles at once (`--concurrent-replicaset-syncs`).
const WORKERS: usize = 5;

/// So many pods are looked at in about a millisecond.
const PODS_A_MILLISECOND: i32 = 200;

/// What keeps a number of pods running. A `ReplicationController` is kept by the same logic, as in Kubernetes.
pub(super) trait Replicated:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
    /// The name under which the controller tells what it did.
    const COMPONENT: &'static str;

    /// Where they are kept.
    fn informer(informers: &Informers) -> &Informer<Self>;

    /// The same as a set.
    fn as_set(&self) -> Cow<'_, ReplicaSet>;

    /// The object with that status; `None` when it has it already.
    fn with_status(&self, status: ReplicaSetStatus) -> Option<Self>;
}

impl Replicated for ReplicaSet {
    const COMPONENT: &'static str = "replicaset-controller";

    fn informer(informers: &Informers) -> &Informer<Self> {
        &informers.replica_sets
    }

    fn as_set(&self) -> Cow<'_, ReplicaSet> {
        Cow::Borrowed(self)
    }

    fn with_status(&self, status: ReplicaSetStatus) -> Option<Self> {
        (self.status.as_ref() != Some(&status)).then(|| Self { status: Some(status), ..self.clone() })
    }
}

struct Controller<O> {
    manager: Arc<Manager>,
    owners: Owners<O>,
    pods: PodControl,
}

pub(super) async fn run<O: Replicated>(manager: Arc<Manager>) {
    let informer = O::informer(&manager.informers);
    let pods = PodControl {
        client: manager.client.clone(),
        recorder: manager.recorder(O::COMPONENT),
        expectations: Expectations::new(manager.clock),
    };
    let owners = Owners::new(informer, selector_of::<O>);
    informer.wait_synced().await;
    manager.informers.pods.wait_synced().await;
    let controller = Arc::new(Controller { manager: manager.clone(), owners, pods });
    let queue = manager.queue();
    controller.subscribe(&queue);
    queue.run(WORKERS, |key| controller.reconcile(key)).await;
}

impl<O: Replicated> Controller<O> {
    fn subscribe(self: &Arc<Self>, queue: &Queue<Key>) {
        let (controller, keys) = (self.clone(), queue.clone());
        self.manager.informers.pods.on_change(move |change| {
            let concerned = controller.owners.observed(change, &controller.pods.expectations);
            for key in concerned.into_iter().filter(|_| !counts_alike(change)) {
                let wait = controller.breath(&key);
                keys.add_after(key, wait);
            }
        });
        let (controller, keys) = (self.clone(), queue.clone());
        O::informer(&self.manager.informers).on_change(move |change| {
            if let Change::Deleted(gone) = change {
                controller.pods.expectations.forget(&Key::of(&**gone));
            }
            keys.add(Key::of(&**change.object()));
        });
    }

    /// How long a set's changes are gathered: one look at a thousand pods costs as much as a thousand at one.
    fn breath(&self, key: &Key) -> Duration {
        let owner = O::informer(&self.manager.informers).get(key);
        let wanted = owner.and_then(|owner| owner.as_set().spec.as_ref()?.replicas).unwrap_or(0);
        Duration::from_millis(u64::try_from(wanted / PODS_A_MILLISECOND).unwrap_or(0))
    }

    async fn reconcile(&self, key: Key) -> Outcome {
        let Some(owner) = O::informer(&self.manager.informers).get(&key) else {
            self.pods.expectations.forget(&key);
            return Ok(Next::Done);
        };
        let Some(selector) = selector_of(&*owner) else { return Ok(Next::Done) };
        let settled = self.pods.expectations.satisfied(&key);
        let candidates = candidates(&self.manager.informers.pods, &*owner);
        let pods = claim_children(&self.manager.client, &*owner, &selector, candidates, is_terminal).await?;
        let set = owner.as_set();
        let managed = if settled && !is_deleting(&set.metadata) { self.manage(&owner, &pods).await } else { Ok(()) };
        let now = self.manager.clock.now();
        let status = status_of(&set, &pods, managed.as_ref().err().map(said), now);
        self.write_status(&owner, status).await?;
        managed?;
        Ok(next_look(&set, &pods, now).map_or(Next::Done, |wait| Next::After(wait.max(Duration::from_millis(1)))))
    }

    async fn manage(&self, owner: &O, pods: &[Arc<Pod>]) -> kube::Result<()> {
        let set = owner.as_set();
        let active: Vec<_> = pods.iter().filter(|pod| is_active(pod)).cloned().collect();
        let wanted = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        // Only who removes pods asks where others are.
        let removes = active.len() > usize::try_from(wanted).unwrap_or(0);
        let related = if removes { self.related(&set) } else { Vec::new() };
        match need(&set, &active, &related, self.manager.clock.now()) {
            Need::Nothing => Ok(()),
            Need::Create(count) => {
                let template = set.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
                self.pods.create_many(owner, &template, count).await
            }
            Need::Delete(pods) => self.pods.delete_many(owner, &pods).await,
        }
    }

    /// The active pods of every set of the same owner: where they crowd a node, that node's pods go first.
    fn related(&self, set: &ReplicaSet) -> Vec<Arc<Pod>> {
        let informers = &self.manager.informers;
        let Some(owner) = controller_of(&set.metadata) else {
            return informers.pods.by_index(OWNER, uid_of(&set.metadata));
        };
        let siblings = informers.replica_sets.by_index(OWNER, &owner.uid);
        siblings.iter().flat_map(|sibling| informers.pods.by_index(OWNER, uid_of(&sibling.metadata))).collect()
    }

    async fn write_status(&self, owner: &O, status: ReplicaSetStatus) -> kube::Result<()> {
        let Some(updated) = owner.with_status(status) else { return Ok(()) };
        let api: Api<O> = Api::namespaced(self.manager.client.clone(), &owner.namespace().unwrap_or_default());
        unless_gone(api.replace_status(&owner.name_any(), &PostParams::default(), &updated).await).map(drop)
    }
}

/// Whether a pod counts before and after a change for the same: nothing that a set asks of its pods is another, nor who owns
/// it. A set of ten thousand would look at all of them for an annotation of one.
fn counts_alike(change: &Change<Pod>) -> bool {
    let Change::Updated { old, new } = change else { return false };
    let state =
        |pod: &Pod| (is_active(pod), is_terminal(pod), is_deleting(&pod.metadata), is_ready(pod), ready_since(pod));
    let (before, after) = (&old.metadata, &new.metadata);
    before.labels == after.labels && before.owner_references == after.owner_references && state(old) == state(new)
}

fn selector_of<O: Replicated>(owner: &O) -> Option<Selector> {
    let set = owner.as_set();
    Selector::from_label_selector(&set.spec.as_ref()?.selector).ok().filter(|selector| !selector.is_empty())
}
