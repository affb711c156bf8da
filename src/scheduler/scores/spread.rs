//! Scores by crowding: soft spread rules, or by default the pods of the same owner or services (Kubernetes' own default
//! constraints).

use super::{Cycle, NodeInfo};

/// How many pods of its kind are already in the node's part of the cluster.
pub(super) fn crowd(cycle: &Cycle, node: &NodeInfo) -> i64 {
    let pod = cycle.pod;
    if pod.spreads.is_empty() {
        return siblings(cycle, node);
    }
    let soft = pod.spreads.iter().zip(&cycle.domains).filter(|(rule, _)| !rule.hard);
    soft.map(|(rule, domains)| {
        let here = node.label(&rule.topology_key).and_then(|value| domains.counts.get(value));
        // A node outside of every part is as bad as the most crowded one.
        here.or(domains.counts.values().max()).copied().unwrap_or(0)
    })
    .sum()
}

fn siblings(cycle: &Cycle, node: &NodeInfo) -> i64 {
    let pod = cycle.pod;
    let is_sibling = |other: &&std::sync::Arc<super::super::facts::PodFacts>| {
        // An owner is of its pods' namespace.
        let same_owner = pod.owner.is_some() && pod.owner == other.owner;
        let same_service = || {
            let mut services = cycle.services.iter().filter(|_| other.key.namespace == pod.key.namespace);
            services.any(|selector| selector.matches(&other.labels))
        };
        !other.deleting && (same_owner || same_service())
    };
    i64::try_from(node.pods.values().filter(is_sibling).count()).unwrap_or(i64::MAX)
}
