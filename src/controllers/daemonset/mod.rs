//! One pod on each node that fits. Must not choose among nodes: it pins each pod to its own, and the scheduler binds it.

mod history;
mod nodes;
mod plan;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetStatus};
use k8s_openapi::api::core::v1::Node;
use kube::api::PostParams;
use kube::{Api, ResourceExt};
use parking_lot::Mutex;

use super::adoption::claim_children;
use super::expectations::Expectations;
use super::informers::candidates;
use super::owners::Owners;
use super::pod_control::{BURST, PodControl};
use super::{Manager, Outcome, unless_gone};
use crate::base::selector::Selector;
use crate::client::informer::Change;
use crate::client::object::{Key, is_deleting, uid_of};
use crate::client::pods::phase;
use crate::client::queue::{Next, Queue};
use plan::{Look, Steps};

/// Reconciles at once (`--concurrent-daemonset-syncs`).
const WORKERS: usize = 2;
/// First and longest wait before a node's failed pod is removed again (`failedPodsBackoff`).
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15 * 60));

struct Controller {
    manager: Arc<Manager>,
    owners: Owners<DaemonSet>,
    pods: PodControl,
    failures: Mutex<Failures>,
}

/// By set and node: how long its failed pods are left alone, since when.
type Failures = BTreeMap<(String, String), (Duration, Timestamp)>;

pub(super) async fn run(manager: Arc<Manager>) {
    let informers = &manager.informers;
    let pods = PodControl {
        client: manager.client.clone(),
        recorder: manager.recorder("daemonset-controller"),
        expectations: Expectations::new(manager.clock),
    };
    informers.daemon_sets.wait_synced().await;
    informers.revisions.wait_synced().await;
    informers.nodes.wait_synced().await;
    informers.pods.wait_synced().await;
    let owners = Owners::new(&informers.daemon_sets, selector_of);
    let controller = Arc::new(Controller { manager: manager.clone(), owners, pods, failures: Mutex::default() });
    let queue = manager.queue();
    controller.subscribe(&queue);
    queue.run(WORKERS, |key| controller.reconcile(key)).await;
}

fn selector_of(set: &DaemonSet) -> Option<Selector> {
    Selector::from_label_selector(&set.spec.as_ref()?.selector).ok().filter(|selector| !selector.is_empty())
}

impl Controller {
    fn subscribe(self: &Arc<Self>, queue: &Queue<Key>) {
        let informers = &self.manager.informers;
        let (controller, keys) = (self.clone(), queue.clone());
        informers.pods.on_change(move |change| {
            keys.add_all(controller.owners.observed(change, &controller.pods.expectations));
        });
        let (controller, keys) = (self.clone(), queue.clone());
        informers.daemon_sets.on_change(move |change| {
            if let Change::Deleted(gone) = change {
                controller.forget(gone);
            }
            keys.add(Key::of(&**change.object()));
        });
        let owners = Owners::new(&informers.daemon_sets, selector_of);
        let keys = queue.clone();
        informers.revisions.on_change(move |change| keys.add_all(owners.concerned(change)));
        let (controller, keys) = (self.clone(), queue.clone());
        informers.nodes.on_change(move |change| {
            if matters(change) {
                keys.add_all(controller.manager.informers.daemon_sets.list().iter().map(|set| Key::of(&**set)));
            }
        });
    }

    fn forget(&self, set: &DaemonSet) {
        self.pods.expectations.forget(&Key::of(set));
        self.failures.lock().retain(|(uid, _), _| uid != uid_of(&set.metadata));
    }

    async fn reconcile(&self, key: Key) -> Outcome {
        let Some(set) = self.manager.informers.daemon_sets.get(&key) else { return Ok(Next::Done) };
        let Some(selector) = selector_of(&set) else {
            let message = "This daemon set is selecting all pods. A non-empty selector is required.";
            self.pods.recorder.warning(&*set, "SelectingAll", message);
            return Ok(Next::Done);
        };
        if is_deleting(&set.metadata) {
            return Ok(Next::Done);
        }
        let settled = self.pods.expectations.satisfied(&key);
        let candidates = candidates(&self.manager.informers.pods, &*set);
        let pods = claim_children(&self.manager.client, &*set, &selector, candidates, |_| false).await?;
        let history = self.history(&set, &selector, &pods).await?;
        let nodes = self.manager.informers.nodes.list();
        let look = Look::new(&set, &nodes, &pods, history.hash(), self.manager.clock.now());
        let (mut again, mut done) = (None, Ok(()));
        if settled {
            (again, done) = self.manage(&set, &look).await;
            if done.is_ok() {
                self.clean_history(&set, &history, &pods).await?;
            }
        }
        let status = look.status(settled);
        let later = look.next_look(&status);
        self.write_status(&set, status).await?;
        done?;
        Ok([again, later].into_iter().flatten().min().map_or(Next::Done, Next::After))
    }

    /// Fills and empties nodes, or where that is done goes on with a roll-out; when to look again.
    async fn manage(&self, set: &DaemonSet, look: &Look<'_>) -> (Option<Duration>, kube::Result<()>) {
        let uid = uid_of(&set.metadata);
        let mut steps = look.manage(&|node| self.backoff(uid, node, look.now));
        if steps.create.is_empty() && steps.delete.is_empty() && look.rolls() {
            steps = Steps { again: steps.again, ..look.roll() };
        }
        self.tell_ended(set, &steps, look.now);
        (steps.again, self.execute(set, look, steps).await)
    }

    fn tell_ended(&self, set: &DaemonSet, steps: &Steps, now: Timestamp) {
        for (node, pod) in &steps.ended {
            let shown = format!("{}/{} on node {node}", pod.namespace().unwrap_or_default(), pod.name_any());
            if phase(pod) == "Failed" {
                self.note_failure(uid_of(&set.metadata), node, now);
                let message = format!("Found failed daemon pod {shown}, will try to kill it");
                self.pods.recorder.warning(set, "FailedDaemonPod", message);
            } else {
                let message = format!("Found succeeded daemon pod {shown}, will try to delete it");
                self.pods.recorder.normal(set, "SucceededDaemonPod", message);
            }
        }
    }

    async fn execute(&self, set: &DaemonSet, look: &Look<'_>, mut steps: Steps) -> kube::Result<()> {
        steps.create.truncate(BURST);
        steps.delete.truncate(BURST);
        if steps.create.is_empty() && steps.delete.is_empty() {
            return Ok(());
        }
        let key = Key::of(set);
        let going = steps.delete.iter().map(|pod| uid_of(&pod.metadata).to_string());
        self.pods.expectations.expect_both(&key, steps.create.len(), going);
        let new = |at: usize| Cow::Owned(nodes::new_pod(set, &steps.create[at], look.hash));
        let (_, made) = self.pods.create_each(set, steps.create.len(), new).await;
        let deleted = join_all(steps.delete.iter().map(|pod| self.pods.delete(set, &key, pod))).await;
        made?;
        deleted.into_iter().collect()
    }

    /// How long the failed pods of a node are left alone still.
    fn backoff(&self, uid: &str, node: &str, now: Timestamp) -> Option<Duration> {
        let failures = self.failures.lock();
        let (wait, since) = failures.get(&(uid.into(), node.into()))?;
        let passed = Duration::try_from(now.duration_since(*since)).unwrap_or_default();
        wait.checked_sub(passed).filter(|left| !left.is_zero())
    }

    fn note_failure(&self, uid: &str, node: &str, now: Timestamp) {
        let mut failures = self.failures.lock();
        let entry = failures.entry((uid.into(), node.into())).or_insert((Duration::ZERO, now));
        let passed = Duration::try_from(now.duration_since(entry.1)).unwrap_or_default();
        // What was quiet for long begins anew.
        let wait = if entry.0.is_zero() || passed > BACKOFF.1 * 2 { BACKOFF.0 } else { entry.0 * 2 };
        *entry = (wait.min(BACKOFF.1), now);
    }

    async fn write_status(&self, set: &DaemonSet, status: DaemonSetStatus) -> kube::Result<()> {
        if set.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let api: Api<DaemonSet> = Api::namespaced(self.manager.client.clone(), &set.namespace().unwrap_or_default());
        let updated = DaemonSet { status: Some(status), ..set.clone() };
        unless_gone(api.replace_status(&set.name_any(), &PostParams::default(), &updated).await).map(drop)
    }
}

/// Whether a change of a node can change where pods belong: heartbeats cannot.
fn matters(change: &Change<Node>) -> bool {
    let Change::Updated { old, new } = change else { return true };
    let facts = |node: &Node| (node.metadata.labels.clone(), node.spec.as_ref().and_then(|spec| spec.taints.clone()));
    facts(old) != facts(new)
}
