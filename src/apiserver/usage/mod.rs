//! `metrics.k8s.io`: what nodes and pods use, asked of the kubelets when a client asks. Must not measure by itself.

mod samples;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use futures::future::join_all;
use http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::{self, Call};
use super::errors::{ApiError, ApiResult};
use super::request::Verb;
use super::respond::{Payload, Reply};
use super::select::Selection;
use super::{Meta, object, proxy, respond, verbs};
use crate::kinds;
use crate::store::Record;
use samples::{Rate, Sample};

pub(super) use samples::Samples;

/// Bytes of a kubelet's summary that are read.
const SUMMARY: usize = 16 * 1024 * 1024;

/// What one container uses.
struct Used {
    container: String,
    rate: Rate,
    memory: u64,
}

/// Answers a get or list of `NodeMetrics` or `PodMetrics`.
pub(super) async fn serve(call: &Call) -> ApiResult<Response> {
    let items = if call.kind.kind == "NodeMetrics" { nodes(call).await? } else { pods(call).await? };
    if call.verb == Verb::List {
        return verbs::list_of(call, items);
    }
    let Some(found) = items.into_iter().next() else {
        let name = [call.request.namespace.as_str(), &call.request.name].join("/");
        let resource = call.kind.kind.to_lowercase();
        return Err(ApiError::not_found_as(call.kind, &resource, name.trim_start_matches('/')));
    };
    Reply::ok(Payload::Made(found)).render(call)
}

/// What is asked for: one object by name, or those that the selectors cover.
fn records(call: &Call, plural: &str) -> ApiResult<Vec<Record<Meta>>> {
    let kind = kinds::find("", "v1", plural).ok_or_else(ApiError::no_such_path)?;
    let store = &call.server.store;
    if call.verb == Verb::Get {
        let found = store.get(&call::key(kind, &call.request.namespace, &call.request.name));
        return Ok(found.into_iter().collect());
    }
    let selection = Selection::from_params(&call.params, kind)?;
    let records = store.list(&call::prefix(kind, &call.request.namespace), None, None).records;
    Ok(records.into_iter().filter(|record| selection.matches(call, record)).collect())
}

/// A node uses what its pods use: nothing else runs on a virtual worker. One that does not answer has no metrics.
async fn nodes(call: &Call) -> ApiResult<Vec<Value>> {
    let records = records(call, "nodes")?;
    let summaries = join_all(records.iter().map(|record| summary(call, record.meta.name()))).await;
    let now = call.server.clock.now();
    let metrics = records.iter().zip(summaries).filter_map(|(record, summary)| {
        let summary = summary?;
        let pods = summary["pods"].as_array().into_iter().flatten();
        let used: Vec<Used> = pods.flat_map(|pod| containers(call, pod)).collect();
        let mut metrics = made(call, record, now, &window(&used));
        let nanocores = used.iter().map(|one| one.rate.nanocores).sum();
        metrics["usage"] = quantities(nanocores, used.iter().map(|one| one.memory).sum());
        Some(metrics)
    });
    Ok(metrics.collect())
}

/// A pod that nobody measures yet has no metrics.
async fn pods(call: &Call) -> ApiResult<Vec<Value>> {
    let records = records(call, "pods")?;
    let mut nodes: Vec<String> = Vec::new();
    for record in &records {
        let node = object::text(&respond::parse(&record.value.bytes())?, &["spec", "nodeName"]).to_owned();
        if !node.is_empty() && !nodes.contains(&node) {
            nodes.push(node);
        }
    }
    let summaries = join_all(nodes.iter().map(|node| summary(call, node))).await;
    let measured: Vec<&Value> =
        summaries.iter().flatten().flat_map(|one| one["pods"].as_array().into_iter().flatten()).collect();
    let now = call.server.clock.now();
    let metrics = records.iter().filter_map(|record| {
        let pod = measured.iter().find(|pod| pod["podRef"]["uid"] == record.meta.uid())?;
        let used = containers(call, pod);
        let mut metrics = made(call, record, now, &window(&used));
        let one =
            |used: &Used| json!({ "name": used.container, "usage": quantities(used.rate.nanocores, used.memory) });
        metrics["containers"] = used.iter().map(one).collect();
        Some(metrics)
    });
    Ok(metrics.collect())
}

async fn summary(call: &Call, node: &str) -> Option<Value> {
    let request = Request::get("/").body(Body::empty()).ok()?;
    let response = proxy::to_node(call, node, request, "/stats/summary").await.ok()?;
    serde_json::from_slice(&to_bytes(response.into_body(), SUMMARY).await.ok()?).ok()
}

fn containers(call: &Call, pod: &Value) -> Vec<Used> {
    let uid = pod["podRef"]["uid"].as_str().unwrap_or_default();
    let started = || pod_start(call, pod);
    let containers = pod["containers"].as_array().into_iter().flatten();
    containers.filter_map(|container| used(call, uid, started(), container)).collect()
}

/// When the pod began, for the first measure of its containers.
fn pod_start(call: &Call, pod: &Value) -> Option<Timestamp> {
    let kind = kinds::find("", "v1", "pods")?;
    let text = |field: &str| pod["podRef"][field].as_str().unwrap_or_default();
    let record = call.server.store.get(&call::key(kind, text("namespace"), text("name")))?;
    object::text(&respond::parse(&record.value.bytes()).ok()?, &["status", "startTime"]).parse().ok()
}

fn used(call: &Call, pod: &str, started: Option<Timestamp>, container: &Value) -> Option<Used> {
    let name = container["name"].as_str()?;
    let sample = Sample {
        at: container["cpu"]["time"].as_str()?.parse().ok()?,
        nanos: container["cpu"]["usageCoreNanoSeconds"].as_u64()?,
    };
    let rate = call.server.usage.rate(&format!("{pod}/{name}"), started.unwrap_or(sample.at), sample);
    Some(Used { container: name.into(), rate, memory: container["memory"]["workingSetBytes"].as_u64()? })
}

/// The longest time that was looked at.
fn window(used: &[Used]) -> String {
    used.iter().max_by_key(|one| one.rate.over).map_or_else(|| "0s".to_owned(), |one| one.rate.window())
}

fn quantities(nanocores: u64, memory: u64) -> Value {
    json!({ "cpu": format!("{nanocores}n"), "memory": format!("{}Ki", memory / 1024) })
}

fn made(call: &Call, record: &Record<Meta>, now: Timestamp, window: &str) -> Value {
    let mut metadata = json!({ "name": record.meta.name(), "creationTimestamp": object::time(now) });
    if !record.meta.namespace().is_empty() {
        metadata["namespace"] = record.meta.namespace().into();
    }
    for (key, label) in record.meta.labels() {
        metadata["labels"][key] = label.into();
    }
    json!({
        "kind": call.kind.kind, "apiVersion": call.kind.api_version(), "metadata": metadata,
        "timestamp": object::time(now), "window": window,
    })
}
