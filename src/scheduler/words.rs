//! What the scheduler says of a pod that found no node, exactly as Kubernetes does. Must not decide.

use std::collections::BTreeMap;

use super::decide::{Decision, ELSEWHERE};

/// What trying to make room says where no node was looked at at all: a plug-in that runs first has no state to read then.
const NO_STATE: &str = "not found";

/// The message of `FailedScheduling` and of the `PodScheduled` condition; `preemption` is what trying to make room brought.
pub(super) fn unschedulable(decision: &Decision, preemption: Option<&str>) -> String {
    if decision.nodes == 0 {
        return "no nodes available to schedule pods".into();
    }
    if let Some((_, words)) = &decision.barred {
        return format!("0/{} nodes are available: {words}. {NO_STATE}", decision.nodes);
    }
    let reasons = decision.refused.iter().flat_map(|(_, refusal)| refusal.reasons.iter().map(AsRef::as_ref));
    let elsewhere = std::iter::repeat_n(ELSEWHERE, decision.elsewhere);
    let available = not_available(decision.nodes, reasons.chain(elsewhere));
    match preemption {
        Some(text) => format!("{available} no new claims to deallocate, preemption: {text}"),
        None => available,
    }
}

/// `0/3 nodes are available: 2 reason, 1 other.`
pub(super) fn not_available<'a>(nodes: usize, reasons: impl IntoIterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason).or_default() += 1;
    }
    let mut parts: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    parts.sort_unstable();
    format!("0/{nodes} nodes are available: {}.", parts.join(", "))
}
