//! `pods/eviction`: deletes a pod if its disruption budgets allow it. Must not compute budgets: a controller does.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::super::body::{self, Expected};
use super::super::call::{self, Call};
use super::super::errors::{ApiError, ApiResult, StatusCause};
use super::super::respond::{self, Payload, Reply};
use super::super::verbs::{self, DeleteOptions};
use super::super::{Meta, object};
use super::Scope;
use crate::base::selector::Selector;
use crate::kinds::{self, Kind};
use crate::store::Record;

/// The type of the body.
const EVICTION: Expected<'static> =
    Expected { group: "policy", version: "v1", kind: "Eviction", schema: "io.k8s.api.policy.v1.Eviction" };

/// Answers the creation of an eviction.
pub(super) async fn create(call: &Call, bytes: &[u8]) -> ApiResult<Response> {
    let eviction = body::decode(&call.headers, bytes, EVICTION, call.field_validation()?)?.value;
    let options = DeleteOptions::from_value(&eviction["deleteOptions"])?;
    let name = &call.request.name;
    let key = call.key(name);
    let record = call.server.store.get(&key).ok_or_else(|| ApiError::not_found(call.kind, name))?;
    let pod = respond::parse(&record.value.bytes())?;
    if !is_free(&pod) {
        spend(call, &record).await?;
    }
    let options = disrupt(call, options).await?;
    verbs::remove(call, name, &options).await?;
    Ok(Reply::created(Payload::Made(respond::done(StatusCode::CREATED))).render_as_json())
}

/// Says in the pod's conditions why it goes (`addConditionAndDeletePod`).
async fn disrupt(call: &Call, options: DeleteOptions) -> ApiResult<DeleteOptions> {
    if options.dry_run() {
        return Ok(options);
    }
    let now = object::time(call.server.clock.now());
    let wanted = options.clone();
    verbs::modify(call, Scope::Status, move |mut pod| {
        wanted.check(call, &pod)?;
        mark(&mut pod, &now);
        Ok(pod)
    })
    .await?;
    Ok(options.whatever_version())
}

fn mark(pod: &mut Value, now: &str) {
    let disrupted = json!({
        "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting", "lastTransitionTime": now,
    });
    match pod["status"]["conditions"].as_array_mut() {
        Some(conditions) => match conditions.iter_mut().find(|one| one["type"] == "DisruptionTarget") {
            Some(before) => *before = disrupted,
            None => conditions.push(disrupted),
        },
        None => pod["status"]["conditions"] = json!([disrupted]),
    }
}

/// Pods that no budget protects: ended, pending or already going (`canIgnorePDB`).
fn is_free(pod: &Value) -> bool {
    matches!(object::text(pod, &["status", "phase"]), "Succeeded" | "Failed" | "Pending") || object::deleting(pod)
}

/// Takes one disruption from the budget that covers the pod.
async fn spend(call: &Call, pod: &Record<Meta>) -> ApiResult<()> {
    let Some(kind) = kinds::find("policy", "v1", "poddisruptionbudgets") else { return Ok(()) };
    let budgets = budgets(call, kind, pod);
    let Some(budget) = budgets.first() else { return Ok(()) };
    if budgets.len() > 1 {
        return Err(ApiError::internal(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
        ));
    }
    let mut inner = call.clone();
    inner.kind = kind;
    inner.request.name = object::name(budget).into();
    let (name, now) = (pod.meta.name().to_owned(), object::time(call.server.clock.now()));
    verbs::modify(&inner, Scope::Status, move |mut budget| {
        refuse(&budget)?;
        let status = &mut budget["status"];
        status["disruptionsAllowed"] = json!(status["disruptionsAllowed"].as_i64().unwrap_or_default() - 1);
        if !status["disruptedPods"].is_object() {
            status["disruptedPods"] = json!({});
        }
        status["disruptedPods"][&name] = now.as_str().into();
        Ok(budget)
    })
    .await
    .map(|_| ())
}

fn budgets(call: &Call, kind: &Kind, pod: &Record<Meta>) -> Vec<Value> {
    let page = call.server.store.list(&call::prefix(kind, &call.request.namespace), None, None);
    let budgets = page.records.iter().filter_map(|record| respond::parse(&record.value.bytes()).ok());
    budgets.filter(|budget| selects(budget, pod)).collect()
}

fn selects(budget: &Value, pod: &Record<Meta>) -> bool {
    let Some(selector) = budget["spec"].get("selector") else { return false };
    let parsed =
        serde_json::from_value(selector.clone()).ok().and_then(|parsed| Selector::from_label_selector(&parsed).ok());
    parsed.is_some_and(|selector| pod.meta.matches(&selector))
}

/// The words of `checkAndDecrement`.
fn refuse(budget: &Value) -> ApiResult<()> {
    let number = |field: &str| budget["status"][field].as_i64().unwrap_or_default();
    let name = object::name(budget);
    let text = "Cannot evict pod as it would violate the pod's disruption budget.";
    if number("observedGeneration") < budget["metadata"]["generation"].as_i64().unwrap_or_default() {
        let message = format!("The disruption budget {name} is still being processed by the server.");
        return Err(ApiError::too_many_requests(text, 10).caused_by(vec![cause(message)]));
    }
    if number("disruptionsAllowed") > 0 {
        return Ok(());
    }
    let (desired, current) = (number("desiredHealthy"), number("currentHealthy"));
    let message = format!("The disruption budget {name} needs {desired} healthy pods and has {current} currently");
    Err(ApiError::too_many_requests(text, 0).caused_by(vec![cause(message)]))
}

fn cause(message: String) -> StatusCause {
    StatusCause { reason: "DisruptionBudget".into(), message, field: String::new() }
}
