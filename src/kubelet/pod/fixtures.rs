//! Pods and states for the tables of tests.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::spec;
use super::state::{Instance, PodState};
use crate::client::pod::Pod;
use crate::kubelet::runtime::Exit;

/// Seconds after an arbitrary beginning.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

/// A pod from its spec.
pub(super) fn pod(spec: Value) -> Pod {
    serde_json::from_value(json!({ "metadata": { "name": "p", "namespace": "ns", "uid": "u" }, "spec": spec })).unwrap()
}

/// A pod of containers `names` with a restart policy.
pub(super) fn simple(policy: &str, names: &[&str]) -> Pod {
    let containers: Vec<Value> = names.iter().map(|name| json!({ "name": name, "image": "i" })).collect();
    pod(json!({ "restartPolicy": policy, "containers": containers }))
}

/// The pod, asked to go with this grace.
pub(super) fn deleted(mut pod: Pod, grace: i64) -> Pod {
    pod.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at(grace)));
    pod.metadata.deletion_grace_period_seconds = Some(grace);
    pod
}

/// A state whose sandbox is up, with containers as `name` → exit code, or running.
pub(super) fn state(pod: &Pod, containers: &[(&str, Option<i32>)]) -> PodState {
    let mut state = PodState { ip: Some([10, 244, 1, 2].into()), accepted: at(0), ..PodState::default() };
    for (name, code) in containers {
        let exit = code.map(|code| Exit { code, at: at(5), ..Exit::default() });
        let hash = spec::container(pod, name).map(spec::hash).unwrap_or_default();
        let (id, started_at) = (format!("id-{name}"), at(1));
        state.container(name).current =
            Some(Instance { id, hash, started_at, exit, started: true, ready: true, ..Instance::default() });
    }
    state
}
