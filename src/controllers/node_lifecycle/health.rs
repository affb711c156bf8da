//! What a node's silence means for its conditions. Must not do IO.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, NodeCondition, NodeStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// The conditions that a silent node loses (`tryUpdateNodeHealth`).
const CONDITIONS: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// What to do about a node.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    Fine,
    /// Silent for too long: this is its status now.
    Silent(Box<NodeStatus>),
}

/// The node's Ready condition, if it ever had one.
pub(super) fn ready(node: &Node) -> Option<&NodeCondition> {
    node.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| condition.type_ == "Ready")
}

/// Whether we declared the node unknown.
pub(super) fn is_unknown(node: &Node) -> bool {
    ready(node).is_some_and(|ready| ready.status == "Unknown")
}

/// A silent node's conditions become Unknown, once.
pub(super) fn judge(node: &Node, silent: bool, now: Timestamp) -> Verdict {
    if !silent || is_unknown(node) {
        return Verdict::Fine;
    }
    let mut status = node.status.clone().unwrap_or_default();
    let conditions = status.conditions.get_or_insert_default();
    for kind in CONDITIONS {
        match conditions.iter_mut().find(|condition| condition.type_ == kind) {
            Some(known) => *known = silenced(known.clone(), now),
            None => conditions.push(never_heard(kind, node, now)),
        }
    }
    Verdict::Silent(Box::new(status))
}

fn silenced(before: NodeCondition, now: Timestamp) -> NodeCondition {
    NodeCondition {
        status: "Unknown".into(),
        reason: Some("NodeStatusUnknown".into()),
        message: Some("Kubelet stopped posting node status.".into()),
        last_transition_time: Some(Time(now)),
        ..before
    }
}

fn never_heard(kind: &str, node: &Node, now: Timestamp) -> NodeCondition {
    NodeCondition {
        type_: kind.into(),
        status: "Unknown".into(),
        reason: Some("NodeStatusNeverUpdated".into()),
        message: Some("Kubelet never posted node status.".into()),
        last_heartbeat_time: node.metadata.creation_timestamp.clone(),
        last_transition_time: Some(Time(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(status: &str) -> Node {
        let ready = NodeCondition { type_: "Ready".into(), status: status.into(), ..NodeCondition::default() };
        Node { status: Some(NodeStatus { conditions: Some(vec![ready]), ..NodeStatus::default() }), ..Node::default() }
    }

    #[test]
    fn silence_makes_every_condition_unknown_once() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(judge(&node("True"), false, now), Verdict::Fine);
        assert_eq!(judge(&node("Unknown"), true, now), Verdict::Fine);
        let Verdict::Silent(status) = judge(&node("True"), true, now) else { panic!("not silent") };
        let conditions = status.conditions.unwrap();
        let reasons: Vec<_> = conditions.iter().map(|it| (it.status.as_str(), it.reason.as_deref().unwrap())).collect();
        assert_eq!(reasons[0], ("Unknown", "NodeStatusUnknown"));
        assert_eq!(reasons[1..], [("Unknown", "NodeStatusNeverUpdated"); 3]);
    }
}
