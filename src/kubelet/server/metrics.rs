//! What the node's containers use: `/stats/summary` and `/metrics/resource`. Must not measure: the runtime does.

use std::collections::HashMap;
use std::fmt::Write;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Server, failed};
use crate::kubelet::pod::spec;
use crate::kubelet::runtime::Usage;

/// Namespace, pod and container name by runtime id.
fn names(server: &Server) -> HashMap<String, (String, String, String)> {
    let pods = server.registry.pods.list();
    let all = pods.iter().flat_map(|pod| {
        let id = spec::id(pod);
        let statuses = pod.status.as_ref().and_then(|status| status.container_statuses.clone()).unwrap_or_default();
        statuses.into_iter().filter_map(move |status| {
            let runtime_id = status.container_id?.split_once("://")?.1.to_owned();
            Some((runtime_id, (id.namespace.clone(), id.name.clone(), status.name)))
        })
    });
    all.collect()
}

pub(super) async fn summary(State(server): State<Server>) -> Response {
    let usage = match server.context.runtime.stats(&server.context.node).await {
        Ok(usage) => usage,
        Err(error) => return failed(&error),
    };
    let names = names(&server);
    let mut pods: HashMap<String, (Value, Vec<Value>)> = HashMap::new();
    for used in &usage {
        let Some((namespace, pod, container)) = names.get(&used.id) else { continue };
        let reference = json!({ "name": pod, "namespace": namespace, "uid": used.pod_uid });
        let entry = pods.entry(used.pod_uid.clone()).or_insert((reference, Vec::new()));
        entry.1.push(json!({
            "name": container,
            "cpu": { "time": used.at, "usageCoreNanoSeconds": used.cpu_nanos },
            "memory": { "time": used.at, "workingSetBytes": used.memory },
        }));
    }
    let pods: Vec<Value> = pods.into_values().map(|(pod, all)| json!({ "podRef": pod, "containers": all })).collect();
    let (cpu, memory) = total(&usage);
    let node = json!({
        "nodeName": server.context.node,
        "cpu": { "usageCoreNanoSeconds": cpu },
        "memory": { "workingSetBytes": memory },
    });
    let body = json!({ "node": node, "pods": pods }).to_string();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

pub(super) async fn resource(State(server): State<Server>) -> Response {
    let usage = match server.context.runtime.stats(&server.context.node).await {
        Ok(usage) => usage,
        Err(error) => return failed(&error),
    };
    let (names, mut text) = (names(&server), String::new());
    for used in &usage {
        let Some((namespace, pod, container)) = names.get(&used.id) else { continue };
        let labels = format!("{{container=\"{container}\",namespace=\"{namespace}\",pod=\"{pod}\"}}");
        let _ = writeln!(text, "container_cpu_usage_seconds_total{labels} {}", seconds(used.cpu_nanos));
        let _ = writeln!(text, "container_memory_working_set_bytes{labels} {}", used.memory);
    }
    let (cpu, memory) = total(&usage);
    let _ = writeln!(text, "node_cpu_usage_seconds_total {}\nnode_memory_working_set_bytes {memory}", seconds(cpu));
    text.into_response()
}

fn total(usage: &[Usage]) -> (u64, u64) {
    usage.iter().fold((0, 0), |(cpu, memory), used| (cpu + used.cpu_nanos, memory + used.memory))
}

fn seconds(nanos: u64) -> String {
    format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}
