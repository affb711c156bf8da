//! On which nodes a DaemonSet belongs, and the pod that it makes for one. Must not do IO.

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{
    Affinity, Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, PodTemplateSpec, Taint,
    Toleration,
};
use kube::ResourceExt;

use super::super::history::POD_REVISION;
use super::super::pod_control::from_template;
use crate::client::node_affinity::matches_affinity;
use crate::client::pod::Pod;
use crate::client::taints::tolerates;

/// The field by which a pod is pinned to its node.
const NAME_FIELD: &str = "metadata.name";
/// The annotation and label of a template's generation, which old clients read.
const GENERATION: (&str, &str) = ("deprecated.daemonset.template.generation", "pod-template-generation");

/// What its pods tolerate besides what their template says (`AddOrUpdateDaemonPodTolerations`).
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];
/// And with the node's own network.
const TOLERATED_ON_HOST: (&str, &str) = ("node.kubernetes.io/network-unavailable", "NoSchedule");

/// Whether a node should have a pod, and whether one that is there may stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fitness {
    pub should_run: bool,
    pub may_stay: bool,
}

pub(super) fn fitness(set: &DaemonSet, node: &Node) -> Fitness {
    let mut spec = template(set).and_then(|template| template.spec.clone()).unwrap_or_default();
    let named = spec.node_name.as_deref().is_none_or(|name| name.is_empty() || name == node.name_any());
    if !named || !matches_affinity(&spec, &node.name_any(), node.metadata.labels.as_ref()) {
        return Fitness { should_run: false, may_stay: false };
    }
    tolerate(&mut spec);
    let bears = |taint: &&Taint| spec.tolerations.iter().flatten().any(|toleration| tolerates(toleration, taint));
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let unbearable: Vec<_> = taints.iter().filter(|taint| !bears(taint)).collect();
    let fits = !unbearable.iter().any(|taint| taint.effect != "PreferNoSchedule");
    Fitness { should_run: fits, may_stay: !unbearable.iter().any(|taint| taint.effect == "NoExecute") }
}

fn template(set: &DaemonSet) -> Option<&PodTemplateSpec> {
    set.spec.as_ref().map(|spec| &spec.template)
}

fn tolerate(spec: &mut PodSpec) {
    let on_host = (spec.host_network == Some(true)).then_some(TOLERATED_ON_HOST);
    let tolerations = spec.tolerations.get_or_insert_default();
    for (key, effect) in TOLERATED.into_iter().chain(on_host) {
        let toleration = Toleration {
            key: Some(key.into()),
            operator: Some("Exists".into()),
            effect: Some(effect.into()),
            ..Toleration::default()
        };
        let same = |old: &Toleration| {
            (&old.key, &old.effect, &old.operator) == (&toleration.key, &toleration.effect, &toleration.operator)
        };
        match tolerations.iter_mut().find(|old| same(old)) {
            Some(old) => *old = toleration,
            None => tolerations.push(toleration),
        }
    }
}

/// The pod for a node: its template, pinned there, with the hash of the revision.
pub(super) fn new_pod(set: &DaemonSet, node: &str, hash: &str) -> Pod {
    let mut template = template(set).cloned().unwrap_or_default();
    let generation = set.annotations().get(GENERATION.0).cloned();
    let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
    labels.insert(POD_REVISION.into(), hash.into());
    if let Some(generation) = generation {
        labels.insert(GENERATION.1.into(), generation);
    }
    let spec = template.spec.get_or_insert_default();
    tolerate(spec);
    pin(spec.affinity.get_or_insert_default(), node);
    from_template(set, &template)
}

/// Replaces every required term by the one that names the node (`ReplaceDaemonSetPodNodeNameNodeAffinity`).
fn pin(affinity: &mut Affinity, node: &str) {
    let field =
        NodeSelectorRequirement { key: NAME_FIELD.into(), operator: "In".into(), values: Some(vec![node.into()]) };
    let term = NodeSelectorTerm { match_fields: Some(vec![field]), match_expressions: None };
    let required =
        &mut affinity.node_affinity.get_or_insert_default().required_during_scheduling_ignored_during_execution;
    *required = Some(NodeSelector { node_selector_terms: vec![term] });
}

/// The node that a pod runs on or is pinned to (`GetTargetNodeName`).
pub(super) fn target(pod: &Pod) -> Option<&str> {
    let spec = pod.spec.as_ref()?;
    if let Some(name) = spec.node_name.as_deref().filter(|name| !name.is_empty()) {
        return Some(name);
    }
    let required = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let terms = &required.required_during_scheduling_ignored_during_execution.as_ref()?.node_selector_terms;
    let fields = terms.iter().flat_map(|term| term.match_fields.iter().flatten());
    let pinned = fields.filter(|field| field.key == NAME_FIELD && field.operator == "In");
    pinned.filter_map(|field| field.values.as_ref()?.first()).map(String::as_str).next()
}
