//! Watches the heartbeats of the nodes: a silent one becomes `Ready=Unknown` and tainted, its pods not ready.
//! Must not evict: that is the taint's work (`taint_eviction`).

mod health;
mod taints;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use parking_lot::Mutex;
use serde_json::json;

use super::informers::NODE;
use super::{Manager, Outcome, unless_gone};
use crate::client::object::{Key, reference_to};
use crate::client::pod::Pod;
use crate::client::pods::{condition, is_ready};
use crate::client::queue::Next;
use crate::client::recorder::Recorder;
use health::{Verdict, judge};

/// Reconciles at once.
const WORKERS: usize = 8;
/// How often each node is looked at (`--node-monitor-period`).
const PERIOD: Duration = Duration::from_secs(5);
/// Silence after which a node is unknown (`--node-monitor-grace-period`).
const GRACE: Duration = Duration::from_secs(40);
/// Silence that a node which never spoke is allowed (`--node-startup-grace-period`).
const STARTUP_GRACE: Duration = Duration::from_secs(60);

struct Controller {
    manager: Arc<Manager>,
    recorder: Recorder,
    /// When each node was last heard of, by our own clock: a node's clock is not trusted.
    heard: Mutex<HashMap<String, Heard>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Heard {
    /// What it said then: the Lease's renewal and the Ready condition's heartbeat.
    beat: (Option<Timestamp>, Option<Timestamp>),
    at: Timestamp,
}

pub(super) async fn run(manager: Arc<Manager>) {
    let recorder = manager.recorder("node-controller");
    let controller = Controller { manager: manager.clone(), recorder, heard: Mutex::default() };
    let queue = manager.queue();
    manager.informers.nodes.wait_synced().await;
    manager.informers.node_leases.wait_synced().await;
    manager.informers.pods.wait_synced().await;
    let keys = queue.clone();
    manager.informers.nodes.on_change(move |change| keys.add(Key::of(&**change.object())));
    let keys = queue.clone();
    manager.informers.node_leases.on_change(move |change| keys.add(Key::new("", Key::of(&**change.object()).name)));
    queue.run(WORKERS, |key| controller.reconcile(key)).await;
}

impl Controller {
    async fn reconcile(&self, key: Key) -> Outcome {
        let Some(node) = self.manager.informers.nodes.get(&key) else {
            self.heard.lock().remove(&key.name);
            return Ok(Next::Done);
        };
        let now = self.manager.clock.now();
        let lease = self.manager.informers.node_leases.get(&Key::new("kube-node-lease", key.name));
        let silence = self.silence_of(&node, lease.as_deref(), now);
        let allowed = self.allowed(&node, lease.as_deref());
        let verdict = judge(&node, silence >= allowed, now);
        let node = match verdict {
            Verdict::Silent(status) => self.mark_unknown(&node, *status).await?,
            Verdict::Fine => Some((*node).clone()),
        };
        if let Some(node) = node {
            self.sync_taints(&node).await?;
            self.sync_pods(&node).await?;
        }
        let left = Some(allowed.saturating_sub(silence)).filter(|left| !left.is_zero());
        Ok(Next::After(self.manager.clock.timing.scale(PERIOD).min(left.unwrap_or(PERIOD))))
    }

    /// How long a node may be silent. Where time is scaled, a kubelet that beats at its own pace must not be given up
    /// between two beats (it renews four times in the duration of its Lease).
    fn allowed(&self, node: &Node, lease: Option<&Lease>) -> Duration {
        let real = if health::ready(node).is_some() { GRACE } else { STARTUP_GRACE };
        let seconds = lease.and_then(|lease| lease.spec.as_ref()?.lease_duration_seconds).unwrap_or(0);
        let beat = Duration::from_secs(u64::try_from(seconds).unwrap_or(0)) / 4;
        self.manager.clock.timing.scale(real).max(beat * 3 / 2)
    }

    /// How long nothing new was heard from the node.
    fn silence_of(&self, node: &Node, lease: Option<&Lease>, now: Timestamp) -> Duration {
        let renewed = lease.and_then(|lease| lease.spec.as_ref()?.renew_time.as_ref().map(|time| time.0));
        let posted = health::ready(node).and_then(|ready| ready.last_heartbeat_time.as_ref().map(|time| time.0));
        let beat = (renewed, posted);
        let mut all = self.heard.lock();
        let heard = all.entry(node.name_any()).or_insert_with(|| Heard { beat, at: now });
        // What we wrote ourselves into a silent node's condition is no sign of life.
        if heard.beat.0 != beat.0 || (heard.beat.1 != beat.1 && !health::is_unknown(node)) {
            *heard = Heard { beat, at: now };
        }
        Duration::try_from(now.duration_since(heard.at)).unwrap_or_default()
    }

    async fn mark_unknown(
        &self,
        node: &Node,
        status: k8s_openapi::api::core::v1::NodeStatus,
    ) -> kube::Result<Option<Node>> {
        let api: Api<Node> = Api::all(self.manager.client.clone());
        let updated = Node { status: Some(status), ..node.clone() };
        let replaced = api.replace_status(&node.name_any(), &PostParams::default(), &updated).await;
        let replaced = unless_gone(replaced)?;
        self.tell(node, "NodeNotReady");
        Ok(replaced)
    }

    fn tell(&self, node: &Node, reason: &str) {
        // Events about nodes carry the node's name as uid, as `kubectl describe node` searches them.
        let about =
            k8s_openapi::api::core::v1::ObjectReference { uid: node.metadata.name.clone(), ..reference_to(node) };
        let message = format!("Node {} status is now: {reason}", node.name_any());
        self.recorder.about(about, false, reason, message);
    }

    async fn sync_taints(&self, node: &Node) -> kube::Result<()> {
        let Some(taints) = taints::wanted(node, self.manager.clock.now()) else { return Ok(()) };
        let api: Api<Node> = Api::all(self.manager.client.clone());
        let patch = json!({
            "metadata": {"resourceVersion": node.metadata.resource_version},
            "spec": {"taints": taints},
        });
        unless_gone(api.patch(&node.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await).map(drop)
    }

    /// A node that is not ready takes its pods out of the services (`MarkPodsNotReady`).
    async fn sync_pods(&self, node: &Node) -> kube::Result<()> {
        if health::ready(node).is_none_or(|ready| ready.status == "True") {
            return Ok(());
        }
        for pod in self.manager.informers.pods.by_index(NODE, &node.name_any()) {
            if is_ready(&pod) {
                self.mark_not_ready(&pod).await?;
            }
        }
        Ok(())
    }

    async fn mark_not_ready(&self, pod: &Pod) -> kube::Result<()> {
        let Some(mut ready) = condition(pod, "Ready").cloned() else { return Ok(()) };
        ready.status = "False".into();
        ready.last_transition_time =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(self.manager.clock.now()));
        let api: Api<Pod> = Api::namespaced(self.manager.client.clone(), &pod.namespace().unwrap_or_default());
        let patch = json!({"metadata": {"uid": pod.metadata.uid}, "status": {"conditions": [ready]}});
        let patched = api.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Strategic(patch)).await;
        if unless_gone(patched)?.is_some() {
            self.recorder.warning(pod, "NodeNotReady", "Node is not ready");
        }
        Ok(())
    }
}
