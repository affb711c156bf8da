//! The pod's conditions that the kubelet owns. Must not touch the others' (scheduler, readiness gates, disruption).

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, PodCondition};

use super::spec;
use super::status::time;
use crate::client::pod::Pod;

/// Truth, reason and message of a condition.
type Verdict = (bool, Option<&'static str>, Option<String>);

/// What the conditions follow from.
pub(crate) struct Facts<'a> {
    pub pod: &'a Pod,
    pub phase: &'a str,
    pub sandbox: bool,
    pub initialized: bool,
    pub init_statuses: &'a [ContainerStatus],
    pub statuses: &'a [ContainerStatus],
    /// Why the kubelet itself makes the pod go, if it does.
    pub evicted: Option<&'a str>,
}

/// The conditions in the kubelet's order, followed by those of others; a transition time moves only with its status.
pub(crate) fn conditions(facts: &Facts, now: Timestamp) -> Vec<PodCondition> {
    let old = facts.pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let containers = containers_ready(facts);
    let own = [
        ("PodReadyToStartContainers", (facts.sandbox, None, None)),
        ("Initialized", initialized(facts)),
        ("Ready", ready(facts, &containers, old)),
        ("ContainersReady", containers.clone()),
    ];
    let mut conditions: Vec<_> =
        own.into_iter().map(|(name, verdict)| condition(facts, name, verdict, old, now)).collect();
    match old.iter().find(|condition| condition.type_ == "PodScheduled") {
        Some(scheduled) => conditions.push(scheduled.clone()),
        None => conditions.push(condition(facts, "PodScheduled", (true, None, None), old, now)),
    }
    if let Some(why) = facts.evicted {
        let verdict = (true, Some("TerminationByKubelet"), Some(why.to_owned()));
        conditions.push(condition(facts, "DisruptionTarget", verdict, old, now));
    }
    let foreign = |condition: &&PodCondition| !conditions.iter().any(|ours| ours.type_ == condition.type_);
    let others: Vec<_> = old.iter().filter(foreign).cloned().collect();
    conditions.extend(others);
    conditions
}

fn condition(facts: &Facts, name: &str, verdict: Verdict, old: &[PodCondition], now: Timestamp) -> PodCondition {
    let (truth, reason, message) = verdict;
    let status = if truth { "True" } else { "False" };
    let before = old.iter().find(|condition| condition.type_ == name && condition.status == status);
    PodCondition {
        type_: name.into(),
        status: status.into(),
        reason: reason.map(Into::into),
        message,
        last_transition_time: before.and_then(|it| it.last_transition_time.clone()).or(Some(time(now))),
        observed_generation: facts.pod.metadata.generation,
        ..PodCondition::default()
    }
}

fn initialized(facts: &Facts) -> Verdict {
    if facts.phase == "Succeeded" {
        return (true, Some("PodCompleted"), None);
    }
    if facts.initialized {
        return (true, None, None);
    }
    let pending = |status: &&ContainerStatus| !status.ready;
    let names = name_list(facts.init_statuses.iter().filter(pending).map(|status| status.name.as_str()));
    (false, Some("ContainersNotInitialized"), Some(format!("containers with incomplete status: {names}")))
}

fn containers_ready(facts: &Facts) -> Verdict {
    match facts.phase {
        "Succeeded" => return (false, Some("PodCompleted"), None),
        "Failed" => return (false, Some("PodFailed"), None),
        _ => {}
    }
    let is_sidecar = |status: &&ContainerStatus| {
        spec::init_containers(facts.pod).iter().any(|it: &Container| it.name == status.name && spec::is_sidecar(it))
    };
    let counted = facts.init_statuses.iter().filter(is_sidecar).chain(facts.statuses);
    let unready: Vec<&str> = counted.filter(|status| !status.ready).map(|status| status.name.as_str()).collect();
    if unready.is_empty() {
        return (true, None, None);
    }
    let message = format!("containers with unready status: {}", name_list(unready.into_iter()));
    (false, Some("ContainersNotReady"), Some(message))
}

/// Ready is ContainersReady and every readiness gate.
fn ready(facts: &Facts, containers: &Verdict, old: &[PodCondition]) -> Verdict {
    let gates = spec::spec(facts.pod).readiness_gates.as_deref().unwrap_or_default();
    for gate in gates.iter().filter(|_| containers.0) {
        let found = old.iter().find(|condition| condition.type_ == gate.condition_type);
        let complaint = match found.map(|condition| condition.status.as_str()) {
            Some("True") => continue,
            Some(_) => {
                format!("the status of pod readiness gate \"{}\" is not \"True\", but False", gate.condition_type)
            }
            None => {
                format!("corresponding condition of pod readiness gate \"{}\" does not exist.", gate.condition_type)
            }
        };
        return (false, Some("ReadinessGatesNotReady"), Some(complaint));
    }
    containers.clone()
}

/// Names as Go prints a list: `[a b]`.
fn name_list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", names.collect::<Vec<_>>().join(" "))
}
