//! `NamespaceLifecycle`: nothing is created in a namespace that is missing or ending; some namespaces cannot be deleted.

use serde_json::Value;

use super::super::call::{self, Call};
use super::super::errors::{ApiError, ApiResult, StatusCause};
use super::super::object;
use super::Plugin;
use crate::kinds;

/// Everything of this rule is done on arrival and on leaving.
pub(super) const PLUGIN: Plugin = Plugin::NONE;

/// Namespaces that stay (`lifecycle.NewLifecycle`).
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

pub(super) fn arrive(call: &Call, value: &Value) -> ApiResult<()> {
    if !call.kind.namespaced || !call.kind.is_stored() {
        return Ok(());
    }
    let Some(namespaces) = kinds::find("", "v1", "namespaces") else { return Ok(()) };
    let namespace = call.request.namespace.as_str();
    let Some(record) = call.server.store.get(&call::key(namespaces, "", namespace)) else {
        return Err(ApiError::not_found(namespaces, namespace));
    };
    if !record.meta.deleting {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let cause = StatusCause {
        reason: "NamespaceTerminating".into(),
        message: format!("namespace {namespace} is being terminated"),
        field: "metadata.namespace".into(),
    };
    let shown = if object::name(value).is_empty() { object::meta(value, "generateName") } else { object::name(value) };
    Err(ApiError::forbidden(call.kind, shown, &why).caused_by(vec![cause]))
}

pub(super) fn leave(call: &Call, name: &str) -> ApiResult<()> {
    if call.kind.kind == "Namespace" && IMMORTAL.contains(&name) {
        return Err(ApiError::forbidden(call.kind, name, "this namespace may not be deleted"));
    }
    Ok(())
}
