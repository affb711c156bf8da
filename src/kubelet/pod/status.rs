//! The pod's status as the API shows it, from what is known. Must not write it.

use std::net::IpAddr;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, HostIP, PodIP, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Map, Value};

use super::conditions::{Facts, conditions};
use super::containers::View;
use super::plan;
use super::spec::{self, Restart};
use super::state::PodState;
use crate::base::clock::Timing;
use crate::client::pod::Pod;
use crate::client::pods;

/// A time as the API carries it: in whole seconds.
pub(crate) fn time(at: Timestamp) -> Time {
    Time(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

/// What a pod's status takes from its node.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// `status.hostIP`.
    pub ip: IpAddr,
    /// Prefix of container ids: the runtime's name.
    pub scheme: String,
}

/// The status that should be reported now.
pub(crate) fn status(pod: &Pod, state: &PodState, host: &Host, timing: Timing, now: Timestamp) -> PodStatus {
    if state.rejected {
        return rejection(pod, state);
    }
    let phase = phase(pod, state);
    let terminal = matches!(phase, "Succeeded" | "Failed");
    let ending = terminal || pod.metadata.deletion_timestamp.is_some();
    let view = View { pod, state, timing, now, scheme: &host.scheme, ending };
    let init_statuses = view.statuses(spec::init_containers(pod), true);
    let statuses = view.statuses(&spec::spec(pod).containers, false);
    let facts = Facts {
        pod,
        phase,
        sandbox: state.ip.is_some() && !state.stopped,
        initialized: plan::initialized(pod, state),
        init_statuses: init_statuses.as_deref().unwrap_or_default(),
        statuses: statuses.as_deref().unwrap_or_default(),
        evicted: state.verdict.as_ref().filter(|(reason, _)| *reason == plan::EVICTED).map(|(_, why)| &**why),
    };
    let conditions = conditions(&facts, now);
    let old = pod.status.clone().unwrap_or_default();
    let address = state.ip.map(|ip| ip.to_string()).or(if terminal { old.pod_ip.clone() } else { None });
    let (reason, message) = state.verdict.clone().map(|(reason, text)| (reason.to_owned(), text)).unzip();
    PodStatus {
        phase: Some(phase.into()),
        conditions: Some(conditions),
        host_ip: Some(host.ip.to_string()),
        host_ips: Some(vec![HostIP { ip: host.ip.to_string() }]),
        pod_ips: address.clone().map(|ip| vec![PodIP { ip }]),
        pod_ip: address,
        start_time: Some(time(state.accepted)),
        qos_class: old.qos_class.clone().or_else(|| Some(qos_class(pod).into())),
        init_container_statuses: init_statuses,
        container_statuses: statuses,
        observed_generation: pod.metadata.generation,
        reason: reason.or(if terminal { old.reason.clone() } else { None }),
        message: message.or(if terminal { old.message.clone() } else { None }),
        ..old
    }
}

/// What is told of a pod that the node did not take: why, and nothing of containers (kubelet `rejectPod`).
fn rejection(pod: &Pod, state: &PodState) -> PodStatus {
    let old = pod.status.clone().unwrap_or_default();
    let (reason, message) = state.verdict.clone().map(|(reason, text)| (reason.to_owned(), text)).unzip();
    PodStatus {
        phase: Some("Failed".into()),
        conditions: None,
        start_time: Some(time(state.accepted)),
        qos_class: old.qos_class.clone().or_else(|| Some(qos_class(pod).into())),
        observed_generation: pod.metadata.generation,
        reason: reason.or_else(|| old.reason.clone()),
        message: message.or_else(|| old.message.clone()),
        ..old
    }
}

/// The pod's phase, as the kubelet's `getPhase` counts it. One that the API knows as the last stays it: an evicted pod
/// does not begin anew after a restart.
pub(crate) fn phase(pod: &Pod, state: &PodState) -> &'static str {
    match pods::phase(pod) {
        "Succeeded" => return "Succeeded",
        "Failed" => return "Failed",
        _ => {}
    }
    if state.verdict.is_some() {
        return if state.any_running() { "Running" } else { "Failed" };
    }
    let current =
        |container: &Container| state.containers.get(&container.name).and_then(|known| known.current.as_ref());
    let finished = plan::finished(pod, state) && !state.any_running();
    let containers = &spec::spec(pod).containers;
    let failed =
        |container: &Container| current(container).and_then(|it| it.exit.as_ref()).is_some_and(|exit| exit.code != 0);
    if finished && !spec::init_containers(pod).iter().any(|it| failed(it) && spec::restart(pod) == Restart::Never) {
        return if containers.iter().any(failed) { "Failed" } else { "Succeeded" };
    }
    if finished {
        return "Failed";
    }
    let begun = plan::initialized(pod, state) && containers.iter().all(|container| current(container).is_some());
    if begun { "Running" } else { "Pending" }
}

/// Quality of service: `Guaranteed` when every container's limits equal its requests, `BestEffort` when none has any.
pub(crate) fn qos_class(pod: &Pod) -> &'static str {
    let mut best_effort = true;
    let mut guaranteed = true;
    for container in spec::all_containers(pod) {
        let resources = container.resources.clone().unwrap_or_default();
        let (requests, limits) = (resources.requests.unwrap_or_default(), resources.limits.unwrap_or_default());
        for resource in ["cpu", "memory"] {
            best_effort &= !requests.contains_key(resource) && !limits.contains_key(resource);
            let limit = limits.get(resource);
            guaranteed &= limit.is_some() && requests.get(resource).is_none_or(|request| Some(request) == limit);
        }
    }
    match (best_effort, guaranteed) {
        (true, _) => "BestEffort",
        (false, true) => "Guaranteed",
        (false, false) => "Burstable",
    }
}

/// The JSON merge patch that turns `old` into `new`; `None` when they agree.
pub(crate) fn merge_diff(old: &Value, new: &Value) -> Option<Value> {
    let (Value::Object(before), Value::Object(after)) = (old, new) else {
        return (old != new).then(|| new.clone());
    };
    let mut patch = Map::new();
    for (key, value) in after {
        match before.get(key) {
            Some(known) => patch.extend(merge_diff(known, value).map(|change| (key.clone(), change))),
            None => patch.extend([(key.clone(), value.clone())]),
        }
    }
    patch.extend(before.keys().filter(|key| !after.contains_key(*key)).map(|key| (key.clone(), Value::Null)));
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests;
