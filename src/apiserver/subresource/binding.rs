//! `pods/binding`: gives a pod its node, once. Must not choose the node.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::body::{self, Expected};
use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::object;
use super::super::respond::{self, Payload, Reply};
use super::super::verbs;
use super::Scope;
use crate::kinds;
use crate::kinds::validate::FieldError;

/// The type of the body.
const BINDING: Expected<'static> =
    Expected { group: "", version: "v1", kind: "Binding", schema: "io.k8s.api.core.v1.Binding" };

/// Answers `POST …/bindings`, the old way: the body names the pod.
pub(in super::super) async fn bind(call: &Call, bytes: &[u8]) -> ApiResult<Response> {
    let binding = body::decode(&call.headers, bytes, BINDING, call.field_validation()?)?.value;
    let mut of_pod = call.clone();
    of_pod.kind = kinds::find("", "v1", "pods").ok_or_else(ApiError::no_such_path)?;
    of_pod.request.name = object::name(&binding).into();
    create(&of_pod, bytes).await
}

/// Answers the creation of a binding.
pub(super) async fn create(call: &Call, bytes: &[u8]) -> ApiResult<Response> {
    let binding = body::decode(&call.headers, bytes, BINDING, call.field_validation()?)?.value;
    let node = object::text(&binding, &["target", "name"]).to_owned();
    if node.is_empty() {
        let error = FieldError::required("target.name", "");
        return Err(ApiError::invalid_causes("Binding", "", &call.request.name, &[error]));
    }
    let now = object::time(call.server.clock.now());
    verbs::modify(call, Scope::Bound, |mut pod| {
        refuse(call, &binding, &pod)?;
        assign(&mut pod, &binding, &node, &now);
        Ok(pod)
    })
    .await?;
    Ok(Reply::created(Payload::Made(respond::done(StatusCode::CREATED))).render_as_json())
}

fn refuse(call: &Call, binding: &Value, pod: &Value) -> ApiResult<()> {
    let name = &call.request.name;
    let conflict = |why: String| Err(ApiError::conflict_resource("", "pods/binding", name, &why));
    let uid = object::meta(binding, "uid");
    if !uid.is_empty() && uid != object::meta(pod, "uid") {
        let found = object::meta(pod, "uid");
        return conflict(format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {found}"));
    }
    if object::deleting(pod) {
        return conflict(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    let node = object::text(pod, &["spec", "nodeName"]);
    if !node.is_empty() {
        return conflict(format!("pod {name} is already assigned to node {node:?}"));
    }
    let gated = pod["spec"]["schedulingGates"].as_array().is_some_and(|gates| !gates.is_empty());
    if gated {
        return conflict(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    Ok(())
}

/// As `assignPod` does: the node, the binding's annotations, the condition.
fn assign(pod: &mut Value, binding: &Value, node: &str, now: &str) {
    let Some(map) = pod.as_object_mut() else { return };
    if let Some(spec) = object::child_mut(map, "spec") {
        spec.insert("nodeName".into(), node.into());
    }
    if let Some(metadata) = object::child_mut(map, "metadata") {
        for field in ["annotations", "labels"] {
            let added = binding["metadata"][field].as_object().into_iter().flatten();
            let added: Map<String, Value> = added.map(|(key, value)| (key.clone(), value.clone())).collect();
            if added.is_empty() {
                continue;
            }
            if let Some(own) = object::child_mut(metadata, field) {
                own.extend(added);
            }
        }
    }
    if let Some(status) = object::child_mut(map, "status") {
        let scheduled = json!({
            "type": "PodScheduled", "status": "True", "lastTransitionTime": now,
        });
        let conditions = status.entry("conditions").or_insert_with(|| json!([]));
        if let Some(list) = conditions.as_array_mut() {
            list.retain(|one| one["type"] != "PodScheduled");
            list.push(scheduled);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_without_labels_leaves_a_pod_without_labels() {
        let mut pod = json!({ "metadata": { "name": "uno" }, "spec": {} });
        assign(&mut pod, &json!({ "metadata": { "name": "uno" } }), "worker-1", "2026-01-01T00:00:00Z");
        assert_eq!(pod["metadata"], json!({ "name": "uno" }));
        assert_eq!(pod["spec"]["nodeName"], "worker-1");
        let binding = json!({ "metadata": { "annotations": { "a": "1" } } });
        assign(&mut pod, &binding, "worker-1", "2026-01-01T00:00:00Z");
        assert_eq!(pod["metadata"]["annotations"], json!({ "a": "1" }));
    }
}
