//! Which pods a pod wants near and which not: `InterPodAffinity`.

use std::collections::HashMap;

use super::{Cycle, Reasons};
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::catalog::Catalog;
use crate::scheduler::facts::{PodFacts, Term};

/// How many pods match, by topology key and value.
type Counts = HashMap<(String, String), usize>;

/// What the placed pods mean for one pod.
#[derive(Debug, Default)]
pub(in crate::scheduler) struct Topology {
    /// Pods that match all its affinity terms.
    near: Counts,
    /// Pods that match any of its anti-affinity terms.
    far: Counts,
    /// Where placed pods do not want it.
    unwelcome: Counts,
}

fn count(counts: &mut Counts, term: &Term, node: &NodeInfo) {
    if let Some(value) = node.label(&term.topology_key) {
        *counts.entry((term.topology_key.clone(), value.into())).or_default() += 1;
    }
}

fn is_in(counts: &Counts, term: &Term, node: &NodeInfo) -> bool {
    node.label(&term.topology_key)
        .is_some_and(|value| counts.contains_key(&(term.topology_key.clone(), value.to_string())))
}

/// Reads the placed pods; free of cost where neither the pod nor any placed one has such terms.
pub(super) fn topology(pod: &PodFacts, catalog: &Catalog, nodes: &[&NodeInfo], repelling: bool) -> Topology {
    let mut topology = Topology::default();
    let selects = !(pod.affinity.is_empty() && pod.anti_affinity.is_empty());
    if !selects && !repelling {
        return topology;
    }
    for node in nodes {
        for other in node.pods.values() {
            if selects && !pod.affinity.is_empty() && pod.affinity.iter().all(|term| term.matches(other, catalog)) {
                pod.affinity.iter().for_each(|term| count(&mut topology.near, term, node));
            }
            for term in pod.anti_affinity.iter().filter(|term| term.matches(other, catalog)) {
                count(&mut topology.far, term, node);
            }
            for term in other.anti_affinity.iter().filter(|term| term.matches(pod, catalog)) {
                count(&mut topology.unwelcome, term, node);
            }
        }
    }
    topology
}

/// The pod's preferences about the placed pods, summed by topology key and value.
pub(super) fn liked(pod: &PodFacts, catalog: &Catalog, nodes: &[&NodeInfo]) -> HashMap<(String, String), i64> {
    let mut liked = HashMap::new();
    for (term, node) in pod.preferences.iter().flat_map(|term| nodes.iter().map(move |node| (term, node))) {
        let Some(value) = node.label(&term.topology_key) else { continue };
        let matching = node.pods.values().filter(|other| term.matches(other, catalog)).count();
        let weight = term.weight * i64::try_from(matching).unwrap_or(i64::MAX);
        *liked.entry((term.topology_key.clone(), value.into())).or_default() += weight;
    }
    liked
}

pub(super) fn check(cycle: &Cycle, node: &NodeInfo) -> Result<(), Reasons> {
    let Topology { near, far, unwelcome } = &cycle.topology;
    let pod = cycle.pod;
    // The first pod of a group that wants to be together may go anywhere that has the labels.
    let first = near.is_empty() && pod.affinity.iter().all(|term| term.matches(pod, cycle.catalog));
    let labelled = |term: &Term| node.label(&term.topology_key).is_some();
    if !pod.affinity.iter().all(|term| labelled(term) && (first || is_in(near, term, node))) {
        return Err(Reasons::never("node(s) didn't match pod affinity rules"));
    }
    if pod.anti_affinity.iter().any(|term| is_in(far, term, node)) {
        return Err(Reasons::now("node(s) didn't match pod anti-affinity rules"));
    }
    if unwelcome.keys().any(|(key, value)| node.label(key) == Some(value)) {
        return Err(Reasons::now("node(s) didn't satisfy existing pods anti-affinity rules"));
    }
    Ok(())
}
