//! The taints that a node's conditions and cordon ask for. Must not do IO, nor touch taints that people put.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Taint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Condition, its value, and the key of the taint that it brings (`nodeConditionToTaintKeyStatusMap`).
const BY_CONDITION: [(&str, &str, &str); 6] = [
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
];

/// The node's taints as they should be; `None` when they are.
pub(super) fn wanted(node: &Node, now: Timestamp) -> Option<Vec<Taint>> {
    let have = node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
    let asked = asked_for(node);
    let is_asked = |taint: &Taint| asked.iter().any(|(key, effect)| taint.key == *key && taint.effect == *effect);
    let mut wanted: Vec<Taint> = have.iter().filter(|taint| !is_ours(taint) || is_asked(taint)).cloned().collect();
    for (key, effect) in &asked {
        if !wanted.iter().any(|taint| taint.key == *key && taint.effect == *effect) {
            wanted.push(taint(key, effect, now));
        }
    }
    (wanted != have).then_some(wanted)
}

/// The taints that this controller alone puts and takes away.
fn is_ours(taint: &Taint) -> bool {
    let no_schedule = BY_CONDITION.iter().any(|(_, _, key)| taint.key == *key) || taint.key == UNSCHEDULABLE;
    match taint.effect.as_str() {
        "NoSchedule" => no_schedule,
        "NoExecute" => [NOT_READY, UNREACHABLE].contains(&taint.key.as_str()),
        _ => false,
    }
}

fn asked_for(node: &Node) -> Vec<(&'static str, &'static str)> {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let holds = |kind: &str, status: &str| conditions.iter().any(|it| it.type_ == kind && it.status == status);
    let mut asked = Vec::new();
    for (kind, status, key) in BY_CONDITION {
        if holds(kind, status) {
            asked.push((key, "NoSchedule"));
            if kind == "Ready" {
                asked.push((key, "NoExecute"));
            }
        }
    }
    if node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true) {
        asked.push((UNSCHEDULABLE, "NoSchedule"));
    }
    asked
}

fn taint(key: &str, effect: &str, now: Timestamp) -> Taint {
    Taint { key: key.into(), effect: effect.into(), time_added: Some(Time(now)), value: None }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{NodeCondition, NodeSpec, NodeStatus};

    use super::*;

    fn node(ready: &str, unschedulable: bool, taints: Vec<Taint>) -> Node {
        let ready = NodeCondition { type_: "Ready".into(), status: ready.into(), ..NodeCondition::default() };
        Node {
            spec: Some(NodeSpec {
                unschedulable: unschedulable.then_some(true),
                taints: (!taints.is_empty()).then_some(taints),
                ..NodeSpec::default()
            }),
            status: Some(NodeStatus { conditions: Some(vec![ready]), ..NodeStatus::default() }),
            ..Node::default()
        }
    }

    fn keys(node: &Node) -> Option<Vec<String>> {
        let wanted = wanted(node, Timestamp::UNIX_EPOCH)?;
        Some(wanted.iter().map(|taint| format!("{}:{}", taint.key, taint.effect)).collect())
    }

    #[test]
    fn a_lost_node_is_tainted_and_a_found_one_is_not() {
        let own = taint("dedicado", "NoSchedule", Timestamp::UNIX_EPOCH);
        let lost = node("Unknown", false, vec![own.clone()]);
        let (no_schedule, no_execute) = (format!("{UNREACHABLE}:NoSchedule"), format!("{UNREACHABLE}:NoExecute"));
        assert_eq!(keys(&lost), Some(vec!["dedicado:NoSchedule".into(), no_schedule, no_execute]));
        let found = node("True", false, wanted(&lost, Timestamp::UNIX_EPOCH).unwrap());
        assert_eq!(keys(&found), Some(vec!["dedicado:NoSchedule".into()]));
        assert_eq!(keys(&node("True", false, vec![own])), None);
    }

    #[test]
    fn a_cordon_is_a_taint_too() {
        let cordoned = node("True", true, vec![]);
        assert_eq!(keys(&cordoned), Some(vec![format!("{UNSCHEDULABLE}:NoSchedule")]));
        let uncordoned = node("True", false, wanted(&cordoned, Timestamp::UNIX_EPOCH).unwrap());
        assert_eq!(keys(&uncordoned), Some(vec![]));
    }
}
