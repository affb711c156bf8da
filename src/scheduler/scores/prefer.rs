//! Scores by preferences: soft taints, preferred node affinity, preferred pod (anti-)affinity.

use super::{Cycle, NodeInfo};
use crate::client::taints::tolerates;
use crate::scheduler::filters::matches_term;

/// How many soft taints the pod does not tolerate.
pub(super) fn avoided_taints(cycle: &Cycle, node: &NodeInfo) -> i64 {
    let taints = node.node.iter().filter_map(|node| node.spec.as_ref()?.taints.as_ref()).flatten();
    let soft = taints.filter(|taint| taint.effect == "PreferNoSchedule");
    let avoided = soft.filter(|taint| !cycle.pod.tolerations.iter().any(|toleration| tolerates(toleration, taint)));
    i64::try_from(avoided.count()).unwrap_or(i64::MAX)
}

/// The weights of the preferred terms that the node matches.
pub(super) fn node_affinity(cycle: &Cycle, node: &NodeInfo) -> i64 {
    let rules = cycle.pod.spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let terms = rules.and_then(|rules| rules.preferred_during_scheduling_ignored_during_execution.as_ref());
    let matching = terms.into_iter().flatten().filter(|term| matches_term(&term.preference, node));
    matching.map(|term| i64::from(term.weight)).sum()
}

/// The weights of the pods that the pod likes, less those that it dislikes, in the node's part of the cluster.
pub(super) fn pod_affinity(cycle: &Cycle, node: &NodeInfo) -> i64 {
    let here = |(key, value): &(String, String)| node.label(key) == Some(value);
    cycle.liked.iter().filter(|(place, _)| here(place)).map(|(_, weight)| weight).sum()
}
