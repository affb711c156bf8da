//! Whether a node's part of the cluster may have one more pod of a kind: `PodTopologySpread`.

use std::collections::HashMap;

use super::{Cycle, Reasons, matches_affinity, tolerates_all};
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::facts::{PodFacts, Spread};

/// How many pods a rule counts in each part of the cluster.
#[derive(Debug, Default)]
pub(in crate::scheduler) struct Domains {
    pub counts: HashMap<String, i64>,
}

impl Domains {
    fn least(&self, rule: &Spread) -> i64 {
        let known = i64::try_from(self.counts.len()).unwrap_or(i64::MAX);
        if known < rule.min_domains { 0 } else { self.counts.values().copied().min().unwrap_or(0) }
    }
}

/// The counts of each rule of the pod, hard and soft.
pub(super) fn domains(pod: &PodFacts, nodes: &[&NodeInfo]) -> Vec<Domains> {
    let counted = |rule: &Spread| {
        let mut domains = Domains::default();
        for node in nodes.iter().filter(|node| is_counted(pod, rule, node)) {
            let Some(value) = node.label(&rule.topology_key) else { continue };
            let pods = node.pods.values().filter(|other| rule.counts(other, &pod.key.namespace)).count();
            *domains.counts.entry(value.into()).or_default() += i64::try_from(pods).unwrap_or(i64::MAX);
        }
        domains
    };
    pod.spreads.iter().map(counted).collect()
}

fn is_counted(pod: &PodFacts, rule: &Spread, node: &NodeInfo) -> bool {
    let same = pod.spreads.iter().filter(|other| other.hard == rule.hard);
    let mut keys = same.map(|other| node.label(&other.topology_key));
    keys.all(|value| value.is_some())
        && (!rule.honor_affinity || matches_affinity(pod, node))
        && (!rule.honor_taints || tolerates_all(pod, node))
}

pub(super) fn check(cycle: &Cycle, node: &NodeInfo) -> Result<(), Reasons> {
    let pod = cycle.pod;
    for (rule, domains) in pod.spreads.iter().zip(&cycle.domains).filter(|(rule, _)| rule.hard) {
        let Some(value) = node.label(&rule.topology_key) else {
            return Err(Reasons::never(
                "node(s) didn't match pod topology spread constraints (missing required label)",
            ));
        };
        let own = i64::from(rule.counts(pod, &pod.key.namespace));
        let skew = domains.counts.get(value).copied().unwrap_or(0) + own - domains.least(rule);
        if skew > rule.max_skew {
            return Err(Reasons::now("node(s) didn't match pod topology spread constraints"));
        }
    }
    Ok(())
}
