//! A Pod of the API → the dashboard's pod, with the STATUS that kubectl prints. Pure.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, PodStatus, ResourceRequirements};

use super::amount;
use super::extract::text;
use super::facts::{self, Fact, Key};
use super::light::Light;
use crate::client::pod::Pod;

/// A pod.
pub fn pod(pod: &Pod) -> Fact {
    let spec = pod.spec.as_ref();
    let empty = PodStatus::default();
    let status = pod.status.as_ref().unwrap_or(&empty);
    let containers = status.container_statuses.as_deref().unwrap_or_default();
    let word = word(pod, status);
    let requests = || spec.iter().flat_map(|spec| &spec.containers).map(|container| container.resources.as_ref());
    let serving = condition(status, "Ready") == Some("True");
    let light = light(pod, status, &word, serving);
    Fact::Pod(
        facts::Pod {
            key: Key { namespace: text(pod.metadata.namespace.as_ref()), name: text(pod.metadata.name.as_ref()) },
            uid: text(pod.metadata.uid.as_ref()),
            node: text(spec.and_then(|spec| spec.node_name.as_ref())),
            light,
            trouble: trouble(pod, light).into(),
            ready: containers.iter().filter(|container| container.ready).count(),
            total: spec.map_or(0, |spec| spec.containers.len()),
            serving,
            ended: matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")),
            ip: text(status.pod_ip.as_ref()),
            restarts: containers.iter().map(|container| container.restart_count).sum(),
            cpu: requests().map(|resources| request(resources, "cpu", amount::milli)).sum(),
            memory: requests().map(|resources| request(resources, "memory", amount::whole)).sum(),
            unscheduled: unscheduled(status).into(),
            labels: pod.metadata.labels.clone().unwrap_or_default().into(),
            owner: owner(pod).into(),
            status: word.into(),
        }
        .into(),
    )
}

/// The status as it is told: a pod that runs and is not ready says so.
pub fn told(pod: &facts::Pod) -> String {
    if pod.light == Light::Busy && pod.status == "Running" {
        "Running, no listo".into()
    } else {
        String::from(&pod.status)
    }
}

/// Why it fails: looked for only where something does, since it is read again at each change.
fn trouble(pod: &Pod, light: Light) -> String {
    let object = (light == Light::Bad).then(|| serde_json::to_value(pod).ok()).flatten();
    object.and_then(|object| super::why::brief(&object)).unwrap_or_default()
}

fn owner(pod: &Pod) -> String {
    let mut owners = pod.metadata.owner_references.iter().flatten();
    let controller = owners.find(|owner| owner.controller == Some(true));
    controller.map(|owner| format!("{}/{}", owner.kind, owner.name)).unwrap_or_default()
}

fn request(resources: Option<&ResourceRequirements>, name: &str, read: fn(&str) -> i64) -> i64 {
    let requests = resources.and_then(|resources| resources.requests.as_ref());
    requests.and_then(|requests| requests.get(name)).map_or(0, |quantity| read(&quantity.0))
}

fn condition<'a>(status: &'a PodStatus, name: &str) -> Option<&'a str> {
    let mut conditions = status.conditions.iter().flatten();
    conditions.find(|condition| condition.type_ == name).map(|condition| condition.status.as_str())
}

fn unscheduled(status: &PodStatus) -> String {
    let mut conditions = status.conditions.iter().flatten();
    let refused = conditions.find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    refused.and_then(|condition| condition.message.clone()).unwrap_or_default()
}

/// STATUS of `kubectl get pods` (Kubernetes `printers/internalversion` `printPod`, without its rarest branches).
fn word(pod: &Pod, status: &PodStatus) -> String {
    let phase = status.reason.clone().or_else(|| status.phase.clone()).unwrap_or_else(|| "Unknown".into());
    let mut word = phase;
    if let Some(reason) = initializing(pod, status) {
        word = reason;
    } else {
        for container in status.container_statuses.iter().flatten().rev() {
            if let Some(reason) = container.state.as_ref().and_then(stopped) {
                word = reason;
            }
        }
        if word == "Completed" && status.container_statuses.iter().flatten().any(|container| container.ready) {
            word = if condition(status, "Ready") == Some("True") { "Running".into() } else { "NotReady".into() };
        }
    }
    match (&pod.metadata.deletion_timestamp, status.reason.as_deref()) {
        (Some(_), Some("NodeLost")) => "Unknown".into(),
        (Some(_), _) => "Terminating".into(),
        (None, _) => word,
    }
}

fn stopped(state: &ContainerState) -> Option<String> {
    if let Some(waiting) = &state.waiting {
        return waiting.reason.clone().filter(|reason| !reason.is_empty());
    }
    let terminated = state.terminated.as_ref()?;
    let reason = terminated.reason.clone().filter(|reason| !reason.is_empty());
    Some(reason.unwrap_or_else(|| match terminated.signal {
        Some(signal) if signal != 0 => format!("Signal:{signal}"),
        _ => format!("ExitCode:{}", terminated.exit_code),
    }))
}

fn initializing(pod: &Pod, status: &PodStatus) -> Option<String> {
    let total = pod.spec.as_ref()?.init_containers.as_ref()?.len();
    let statuses = status.init_container_statuses.as_deref().unwrap_or_default();
    let (index, pending) = statuses.iter().enumerate().find(|(_, container)| !finished(container))?;
    let reason = pending.state.as_ref().and_then(stopped).filter(|reason| reason != "PodInitializing");
    Some(reason.map_or_else(|| format!("Init:{index}/{total}"), |reason| format!("Init:{reason}")))
}

fn finished(container: &ContainerStatus) -> bool {
    let terminated = container.state.as_ref().and_then(|state| state.terminated.as_ref());
    terminated.is_some_and(|terminated| terminated.exit_code == 0) || container.started == Some(true)
}

fn light(pod: &Pod, status: &PodStatus, word: &str, serving: bool) -> Light {
    const ON_THE_WAY: &[&str] = &["Pending", "ContainerCreating", "PodInitializing", "Running", "NotReady"];
    let bound = pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some());
    match (status.phase.as_deref(), word) {
        (_, "Terminating") => Light::Leaving,
        (_, "Unknown") => Light::Unknown,
        (Some("Succeeded"), _) => Light::Done,
        (Some("Failed"), _) => Light::Bad,
        (Some("Pending"), _) if !bound => Light::Waiting,
        (_, "Running") if serving => Light::Good,
        (_, word) if ON_THE_WAY.contains(&word) || word.trim_start_matches("Init:").contains('/') => Light::Busy,
        _ => Light::Bad,
    }
}
