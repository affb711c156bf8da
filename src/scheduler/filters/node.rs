//! Filters that look at the node alone: cordon, name, taints, affinity, host ports.

use k8s_openapi::api::core::v1::{NodeSelectorTerm, Taint};

use super::{Cycle, Reasons};
use crate::client::node_affinity;
use crate::client::taints::tolerates;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::facts::PodFacts;

fn taints_of(node: &NodeInfo) -> &[Taint] {
    node.node.as_ref().and_then(|node| node.spec.as_ref()?.taints.as_deref()).unwrap_or_default()
}

pub(super) fn unschedulable(cycle: &Cycle, node: &NodeInfo) -> Result<(), Reasons> {
    let cordoned = node.node.as_ref().and_then(|node| node.spec.as_ref()?.unschedulable) == Some(true);
    let taint =
        Taint { key: "node.kubernetes.io/unschedulable".into(), effect: "NoSchedule".into(), ..Taint::default() };
    if cordoned && !cycle.pod.tolerations.iter().any(|toleration| tolerates(toleration, &taint)) {
        return Err(Reasons::never("node(s) were unschedulable"));
    }
    Ok(())
}

pub(super) fn name(cycle: &Cycle, node: &NodeInfo) -> Result<(), Reasons> {
    match cycle.pod.spec.node_name.as_deref() {
        Some(name) if !name.is_empty() && name != node.name => {
            Err(Reasons::never("node(s) didn't match the requested node name"))
        }
        _ => Ok(()),
    }
}

pub(super) fn taints(cycle: &Cycle, node: &NodeInfo) -> Result<(), Reasons> {
    if tolerates_all(cycle.pod, node) { Ok(()) } else { Err(Reasons::never("node(s) had untolerated taint(s)")) }
}

/// Whether the pod tolerates every taint of the node that keeps pods away.
pub(in crate::scheduler) fn tolerates_all(pod: &PodFacts, node: &NodeInfo) -> bool {
    let mut hard = taints_of(node).iter().filter(|taint| taint.effect != "PreferNoSchedule");
    hard.all(|taint| pod.tolerations.iter().any(|toleration| tolerates(toleration, taint)))
}

pub(super) fn affinity(cycle: &Cycle, node: &NodeInfo) -> Result<(), Reasons> {
    if matches_affinity(cycle.pod, node) {
        return Ok(());
    }
    Err(Reasons::never("node(s) didn't match Pod's node affinity/selector"))
}

/// Whether the node has what the pod's `nodeSelector` and required node affinity ask for.
pub(in crate::scheduler) fn matches_affinity(pod: &PodFacts, node: &NodeInfo) -> bool {
    node_affinity::matches_affinity(&pod.spec, &node.name, node.labels())
}

/// Whether a node has all that a term asks for; an empty term matches nothing.
pub(in crate::scheduler) fn matches_term(term: &NodeSelectorTerm, node: &NodeInfo) -> bool {
    node_affinity::matches_term(term, &node.name, node.labels())
}

pub(super) fn ports(cycle: &Cycle, node: &NodeInfo) -> Result<(), Reasons> {
    let mut taken = node.pods.values().flat_map(|pod| &pod.ports);
    if cycle.pod.ports.is_empty() || !taken.any(|port| cycle.pod.ports.iter().any(|other| port.clashes(other))) {
        return Ok(());
    }
    Err(Reasons::now("node(s) didn't have free ports for the requested pod ports"))
}
