//! `componentstatuses`: the health of the control plane as it is when somebody asks. Must not switch anything.

use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::{self, Call};
use super::errors::{ApiError, ApiResult};
use super::request::Verb;
use super::respond::{Payload, Reply};
use super::{object, respond, verbs};
use crate::kinds;

/// Parts with a lease in `kube-system`, and where Kubernetes would ask for their health.
const LEASED: [(&str, &str, u16); 2] =
    [("controller-manager", "kube-controller-manager", 10257), ("scheduler", "kube-scheduler", 10259)];

/// Answers a get or list.
pub(super) fn serve(call: &Call) -> ApiResult<Response> {
    let now = call.server.clock.now();
    let mut parts: Vec<Value> =
        LEASED.iter().map(|(name, lease, port)| status(name, leased(call, lease, *port, now))).collect();
    parts.insert(1, status("etcd-0", if call.server.gate.has_etcd() { Ok(()) } else { refused("health", 2379) }));
    if call.verb == Verb::List {
        return verbs::list_of(call, parts);
    }
    let name = call.request.name.as_str();
    let found = parts.into_iter().find(|part| object::name(part) == name);
    Reply::ok(Payload::Made(found.ok_or_else(|| ApiError::not_found(call.kind, name))?)).render(call)
}

fn status(name: &str, health: Result<(), String>) -> Value {
    let mut condition = match health {
        Ok(()) => json!({ "status": "True", "message": "ok" }),
        Err(message) => json!({ "status": "False", "message": message }),
    };
    condition["type"] = "Healthy".into();
    json!({
        "apiVersion": "v1", "kind": "ComponentStatus",
        "metadata": { "name": name, "creationTimestamp": null }, "conditions": [condition],
    })
}

/// What is said of a part that does not answer.
fn refused(path: &str, port: u16) -> Result<(), String> {
    Err(format!("Get \"https://127.0.0.1:{port}/{path}\": dial tcp 127.0.0.1:{port}: connect: connection refused"))
}

/// A part that has let its lease run out does not answer.
fn leased(call: &Call, name: &str, port: u16, now: Timestamp) -> Result<(), String> {
    let refused = || refused("healthz", port);
    let Some(kind) = kinds::find("coordination.k8s.io", "v1", "leases") else { return refused() };
    let record = call.server.store.get(&call::key(kind, "kube-system", name));
    let lease = record.and_then(|record| respond::parse(&record.value.bytes()).ok()).unwrap_or_default();
    let seconds = lease["spec"]["leaseDurationSeconds"].as_i64().unwrap_or_default();
    let renewed = object::text(&lease, &["spec", "renewTime"]).parse::<Timestamp>();
    match renewed {
        Ok(renewed) if now.duration_since(renewed).as_secs() <= seconds => Ok(()),
        _ => refused(),
    }
}
