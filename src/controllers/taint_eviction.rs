//! Deletes the pods that do not tolerate their node's `NoExecute` taints, at once or after their `tolerationSeconds`.
//! Must not taint.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Node, Taint};
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::informers::NODE;
use super::{Manager, Outcome, unless_gone};
use crate::base::clock::Timing;
use crate::client::informer::Change;
use crate::client::object::{Key, is_deleting};
use crate::client::pod::Pod;
use crate::client::pods::node_name;
use crate::client::queue::Next;
use crate::client::recorder::Recorder;
use crate::client::taints::tolerates;

/// Reconciles at once (`UpdateWorkerSize`).
const WORKERS: usize = 8;

pub(super) async fn run(manager: Arc<Manager>) {
    let recorder = manager.recorder("taint-eviction-controller");
    let queue = manager.queue();
    manager.informers.nodes.wait_synced().await;
    manager.informers.pods.wait_synced().await;
    let keys = queue.clone();
    manager.informers.pods.on_change(move |change| {
        if node_name(change.object()).is_some() {
            keys.add(Key::of(&**change.object()));
        }
    });
    let (keys, watched) = (queue.clone(), manager.clone());
    manager.informers.nodes.on_change(move |change| {
        if taints_changed(change) {
            let pods = watched.informers.pods.by_index(NODE, &change.object().name_any());
            keys.add_all(pods.iter().map(|pod| Key::of(&**pod)));
        }
    });
    queue.run(WORKERS, |key| reconcile(&manager, &recorder, key)).await;
}

fn taints_changed(change: &Change<Node>) -> bool {
    let taints = |node: Option<&Arc<Node>>| node.map(|node| no_execute(node)).unwrap_or_default();
    taints(change.before()) != taints(change.after())
}

fn no_execute(node: &Node) -> Vec<Taint> {
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    taints.filter(|taint| taint.effect == "NoExecute").cloned().collect()
}

async fn reconcile(manager: &Manager, recorder: &Recorder, key: Key) -> Outcome {
    let Some(pod) = manager.informers.pods.get(&key) else { return Ok(Next::Done) };
    let node = node_name(&pod).and_then(|name| manager.informers.nodes.get(&Key::new("", name)));
    let Some(node) = node.filter(|_| !is_deleting(&pod.metadata)) else { return Ok(Next::Done) };
    let now = manager.clock.now();
    match eviction(&pod, &no_execute(&node), manager.clock.timing, now) {
        None => Ok(Next::Done),
        Some(at) if at > now => Ok(Next::After(Duration::try_from(at.duration_since(now)).unwrap_or_default())),
        Some(_) => evict(manager, recorder, &pod).await,
    }
}

/// When the taints drive the pod out: at the first end of a toleration, at once where there is none, never when all last.
fn eviction(pod: &Pod, taints: &[Taint], timing: Timing, now: Timestamp) -> Option<Timestamp> {
    let tolerations = pod.spec.as_ref().and_then(|spec| spec.tolerations.as_deref()).unwrap_or_default();
    let ends = taints.iter().filter_map(|taint| {
        let since = taint.time_added.as_ref().map_or(now, |time| time.0);
        let mut matching = tolerations.iter().filter(|toleration| tolerates(toleration, taint)).peekable();
        if matching.peek().is_none() {
            return Some(now);
        }
        let seconds = matching.filter_map(|toleration| toleration.toleration_seconds).min()?;
        let wait = timing.scale(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
        Some(since + SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX))
    });
    ends.min()
}

async fn evict(manager: &Manager, recorder: &Recorder, pod: &Pod) -> Outcome {
    let key = Key::of(pod);
    let api: Api<Pod> = Api::namespaced(manager.client.clone(), &key.namespace);
    recorder.normal(pod, "TaintManagerEviction", format!("Marking for deletion Pod {key}"));
    let disrupted = json!({
        "type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint", "lastTransitionTime": super::time(manager),
    });
    let patch = json!({"metadata": {"uid": pod.metadata.uid}, "status": {"conditions": [disrupted]}});
    unless_gone(api.patch_status(&key.name, &PatchParams::default(), &Patch::Strategic(patch)).await)?;
    let preconditions = Some(Preconditions { uid: pod.uid(), resource_version: None });
    unless_gone(api.delete(&key.name, &DeleteParams { preconditions, ..DeleteParams::default() }).await)?;
    Ok(Next::Done)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{PodSpec, Toleration};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    /// A pod that tolerates the loss of its node for so long each: for ever without a number.
    fn pod(tolerated: &[Option<i64>]) -> Pod {
        let toleration = |toleration_seconds| Toleration {
            key: Some("node.kubernetes.io/unreachable".into()),
            operator: Some("Exists".into()),
            effect: Some("NoExecute".into()),
            toleration_seconds,
            ..Toleration::default()
        };
        let tolerations = Some(tolerated.iter().copied().map(toleration).collect());
        Pod { spec: Some(PodSpec { tolerations, ..PodSpec::default() }.into()), ..Pod::default() }
    }

    fn seconds_left(pod: &Pod, timing: Timing) -> Option<i64> {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let taint = Taint {
            key: "node.kubernetes.io/unreachable".into(),
            effect: "NoExecute".into(),
            time_added: Some(Time(now - SignedDuration::from_secs(10))),
            value: None,
        };
        eviction(pod, &[taint], timing, now).map(|at| at.duration_since(now).as_secs())
    }

    #[test]
    fn tolerations_delay_or_prevent_eviction() {
        assert_eq!(seconds_left(&pod(&[]), Timing::Real), Some(0));
        assert_eq!(seconds_left(&pod(&[Some(300)]), Timing::Real), Some(290));
        assert_eq!(seconds_left(&pod(&[Some(300)]), Timing::Clase), Some(20));
        assert_eq!(seconds_left(&pod(&[None]), Timing::Real), None);
    }
}
