//! Where a pod may not go, and why, in Kubernetes' words. A filter is one function and one line of the table; it must
//! not do IO nor remember anything.

mod node;
mod pods;
mod resources;
mod spread;
mod volumes;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::cache::NodeInfo;
use super::catalog::Catalog;
use super::facts::PodFacts;
use super::storage::Needs;
use crate::base::selector::Selector;
pub(super) use node::{matches_affinity, matches_term, tolerates_all};
use pods::{Topology, liked, topology};
use spread::{Domains, domains};

/// Why a filter refuses a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The filter's name (Kubernetes' plug-in).
    pub filter: &'static str,
    /// One or more reasons, as they are counted in the message.
    pub reasons: Vec<Cow<'static, str>>,
    /// Whether the node could take the pod if others left it.
    pub preemptible: bool,
}

/// What is read from the whole cluster once for a pod, before nodes are looked at.
pub(super) struct Cycle<'a> {
    pub pod: &'a PodFacts,
    pub topology: Topology,
    pub domains: Vec<Domains>,
    /// The pod's preferences about other pods, summed by topology key and value.
    pub liked: HashMap<(String, String), i64>,
    pub catalog: &'a Catalog,
    /// The selectors of the services that it stands behind.
    pub services: Vec<Selector>,
    /// The volumes that it needs.
    pub needs: &'a Needs,
    /// Pods that use a claim of its own which only one may use.
    claims_in_use: usize,
}

impl<'a> Cycle<'a> {
    /// Reads the cluster for a pod; `repelling` says whether any placed pod keeps others away.
    pub(super) fn new(
        pod: &'a PodFacts,
        catalog: &'a Catalog,
        needs: &'a Needs,
        nodes: &[&NodeInfo],
        repelling: bool,
    ) -> Self {
        Self {
            pod,
            topology: topology(pod, catalog, nodes, repelling),
            domains: domains(pod, nodes),
            liked: liked(pod, catalog, nodes),
            catalog,
            services: catalog.services_of(pod),
            needs,
            claims_in_use: claims_in_use(needs, nodes),
        }
    }
}

fn claims_in_use(needs: &Needs, nodes: &[&NodeInfo]) -> usize {
    if needs.exclusive.is_empty() {
        return 0;
    }
    let uses = |pod: &&Arc<PodFacts>| pod.claims.iter().any(|claim| needs.exclusive.contains(&claim.key));
    nodes.iter().flat_map(|node| node.pods.values()).filter(uses).count()
}

type Check = fn(&Cycle, &NodeInfo) -> Result<(), Reasons>;

/// The reasons of a check, and whether preemption could help.
pub(super) struct Reasons(Vec<Cow<'static, str>>, bool);

impl Reasons {
    /// No pod's departure would help.
    fn never(reason: &'static str) -> Self {
        Self(vec![reason.into()], false)
    }

    /// It might fit if others left.
    fn now(reason: &'static str) -> Self {
        Self(vec![reason.into()], true)
    }
}

/// The filters in Kubernetes' order; the first that refuses names the reason.
static FILTERS: &[(&str, Check)] = &[
    ("NodeUnschedulable", node::unschedulable),
    ("NodeName", node::name),
    ("TaintToleration", node::taints),
    ("NodeAffinity", node::affinity),
    ("NodePorts", node::ports),
    ("NodeResourcesFit", resources::fit),
    ("VolumeRestrictions", volumes::restrictions),
    ("VolumeBinding", volumes::binding),
    ("VolumeZone", volumes::zone),
    ("PodTopologySpread", spread::check),
    ("InterPodAffinity", pods::check),
];

/// The filters' names, in their order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FILTERS.iter().map(|(name, _)| *name)
}

/// Whether the node may take the pod.
pub(super) fn run(cycle: &Cycle, node: &NodeInfo) -> Result<(), Refusal> {
    for (filter, check) in FILTERS {
        check(cycle, node).map_err(|Reasons(reasons, preemptible)| Refusal { filter, reasons, preemptible })?;
    }
    Ok(())
}
