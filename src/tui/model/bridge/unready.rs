//! Pods that run and get no traffic: what their readiness probe says, as the kubelet told it in an Event. Pure.

use std::collections::BTreeMap;

use crate::tui::model::cluster::Cluster;
use crate::tui::model::facts::{Key, Pod};

/// How the kubelet's message begins.
const FAILED: &str = "Readiness probe failed";

/// Namespace and name of a pod → what its probe said last.
pub type Probes<'a> = BTreeMap<(&'a str, &'a str), &'a str>;

/// What the readiness probes of all pods said last.
pub fn probes(cluster: &Cluster) -> Probes<'_> {
    let mut told: Vec<_> = cluster.events.values().filter(|event| event.reason == "Unhealthy").collect();
    told.sort_by_key(|event| event.at);
    let each = told.into_iter().filter_map(|event| {
        let says = event.message.strip_prefix(FAILED)?.trim_start_matches([':', ' ']);
        Some(((event.key.namespace.as_str(), event.object.as_str()), says))
    });
    each.collect()
}

/// Why a pod that runs is not ready, where its probe told.
pub fn why(pod: &Pod, probes: &Probes) -> Option<String> {
    let Key { namespace, name } = &pod.key;
    let runs = pod.status == "Running" && !pod.serving;
    let says = probes.get(&(namespace.as_str(), name.as_str())).filter(|_| runs)?;
    let says = says.lines().next().unwrap_or_default();
    let colon = if says.is_empty() { "" } else { ": " };
    Some(format!("sin tráfico, su readinessProbe falla{colon}{says}"))
}
