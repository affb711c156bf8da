//! Removes the pods that nobody else can: of nodes that are gone, and those told to go before they had a node.
//! Must not remove pods that a kubelet still answers for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::{Manager, unless_gone};
use crate::client::object::is_deleting;
use crate::client::pod::Pod;
use crate::client::pods::{is_terminal, node_name};

/// How often it looks (`gcCheckPeriod`).
const PERIOD: Duration = Duration::from_secs(20);
/// How long a node must be missing (`quarantineTime`).
const QUARANTINE: Duration = Duration::from_secs(40);
/// Ended pods that are kept (`--terminated-pod-gc-threshold`).
const KEPT: usize = 12_500;

pub(super) async fn run(manager: Arc<Manager>) {
    manager.informers.pods.wait_synced().await;
    manager.informers.nodes.wait_synced().await;
    let mut missing = HashMap::new();
    loop {
        let known: HashSet<String> = manager.informers.nodes.list().iter().map(|node| node.name_any()).collect();
        let pods = manager.informers.pods.list();
        let gone =
            quarantined(&pods, &known, &mut missing, manager.clock.elapsed(), manager.clock.timing.scale(QUARANTINE));
        for (pod, why) in garbage(&pods, &gone, KEPT) {
            if let Err(error) = collect(&manager, &pod, why).await {
                tracing::debug!(%error, "pod not collected");
            }
        }
        manager.clock.sleep_scaled(PERIOD).await;
    }
}

/// Why a pod is garbage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    NodeGone,
    NeverScheduled,
    TooManyEnded,
}

/// The nodes that pods name and that have been missing for the whole quarantine; `missing` remembers since when.
fn quarantined(
    pods: &[Arc<Pod>],
    known: &HashSet<String>,
    missing: &mut HashMap<String, Duration>,
    now: Duration,
    quarantine: Duration,
) -> HashSet<String> {
    let named: HashSet<&str> = pods.iter().filter_map(|pod| node_name(pod)).collect();
    missing.retain(|node, _| named.contains(node.as_str()) && !known.contains(node));
    for node in named.into_iter().filter(|node| !known.contains(*node)) {
        missing.entry(node.into()).or_insert(now);
    }
    missing
        .iter()
        .filter(|(_, since)| now.saturating_sub(**since) >= quarantine)
        .map(|(node, _)| node.clone())
        .collect()
}

fn garbage(pods: &[Arc<Pod>], gone: &HashSet<String>, kept: usize) -> Vec<(Arc<Pod>, Why)> {
    let mut found = Vec::new();
    let mut ended = Vec::new();
    for pod in pods {
        match node_name(pod) {
            Some(node) if gone.contains(node) => found.push((pod.clone(), Why::NodeGone)),
            None if is_deleting(&pod.metadata) => found.push((pod.clone(), Why::NeverScheduled)),
            _ if is_terminal(pod) => ended.push(pod.clone()),
            _ => {}
        }
    }
    let surplus = ended.len().saturating_sub(kept);
    ended.sort_by_key(|pod| pod.metadata.creation_timestamp.clone());
    found.extend(ended.into_iter().take(surplus).map(|pod| (pod, Why::TooManyEnded)));
    found
}

async fn collect(manager: &Manager, pod: &Pod, why: Why) -> kube::Result<()> {
    if why == Why::NodeGone {
        let nodes: Api<Node> = Api::all(manager.client.clone());
        let there = nodes.get_opt(node_name(pod).unwrap_or_default()).await?;
        if there.is_some() {
            return Ok(());
        }
    }
    let api: Api<Pod> = Api::namespaced(manager.client.clone(), &pod.namespace().unwrap_or_default());
    if !is_terminal(pod) {
        let patch = json!({"metadata": {"uid": pod.metadata.uid}, "status": failed(manager, why)});
        unless_gone(api.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Strategic(patch)).await)?;
    }
    let preconditions = Some(Preconditions { uid: pod.uid(), resource_version: None });
    let params = DeleteParams { preconditions, ..DeleteParams::default() }.grace_period(0);
    unless_gone(api.delete(&pod.name_any(), &params).await).map(drop)
}

fn failed(manager: &Manager, why: Why) -> serde_json::Value {
    let disrupted = json!({
        "type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC",
        "message": "PodGC: node no longer exists", "lastTransitionTime": super::time(manager),
    });
    match why {
        Why::NodeGone => json!({"phase": "Failed", "conditions": [disrupted]}),
        Why::NeverScheduled | Why::TooManyEnded => json!({"phase": "Failed"}),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{PodSpec, PodStatus};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn pod(node: Option<&str>, phase: &str) -> Pod {
        Pod {
            spec: Some(PodSpec { node_name: node.map(Into::into), ..PodSpec::default() }.into()),
            status: Some(PodStatus { phase: Some(phase.into()), ..PodStatus::default() }),
            ..Pod::default()
        }
    }

    #[test]
    fn a_node_must_be_missing_for_the_whole_quarantine() {
        let pods = [Arc::new(pod(Some("gone"), "Running")), Arc::new(pod(Some("here"), "Running"))];
        let (known, mut missing) = (HashSet::from(["here".to_string()]), HashMap::new());
        let mut at = |seconds| {
            let now = Duration::from_secs(seconds);
            quarantined(&pods, &known, &mut missing, now, QUARANTINE).into_iter().collect::<Vec<_>>()
        };
        assert!(at(100).is_empty());
        assert!(at(120).is_empty());
        assert_eq!(at(140), ["gone"]);
    }

    #[test]
    fn finds_what_nobody_else_removes() {
        let mut unscheduled = pod(None, "Pending");
        unscheduled.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
        let pods = [pod(Some("gone"), "Running"), unscheduled, pod(Some("here"), "Succeeded"), pod(None, "Pending")];
        let found = garbage(&pods.map(Arc::new), &HashSet::from(["gone".to_string()]), 0);
        let reasons: Vec<_> = found.into_iter().map(|(_, why)| why).collect();
        assert_eq!(reasons, [Why::NodeGone, Why::NeverScheduled, Why::TooManyEnded]);
    }
}
