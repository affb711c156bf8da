//! Update (PUT): the client's whole view replaces the stored one. Must not merge.

use axum::response::Response;
use serde_json::Value;

use super::super::body;
use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::object;
use super::super::respond::Reply;
use super::super::subresource::Scope;
use super::modify;

/// Answers an update of an object or of one of its views.
pub(in super::super) async fn update(call: &Call, scope: Scope, bytes: &[u8]) -> ApiResult<Response> {
    let decoded = body::decode(&call.headers, bytes, scope.expected(call.kind), call.field_validation()?)?;
    let written = decoded.value;
    same_place(call, &written)?;
    let mut warnings = decoded.warnings;
    if scope == Scope::Whole {
        warnings.extend(call.kind.rules.warnings(&written));
    }
    let payload = modify(call, scope, |old| {
        same_uid(call, &written, &old)?;
        Ok(written.clone())
    });
    let payload = payload.await.map_err(|error| error.warn(&warnings))?;
    Reply::ok(payload).warn(warnings).render(call)
}

/// The body must be the object that the URL names.
fn same_place(call: &Call, written: &Value) -> ApiResult<()> {
    let (name, wanted) = (object::name(written), call.request.name.as_str());
    if name.is_empty() {
        return Err(ApiError::bad_request("name must be provided"));
    }
    if name != wanted {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({wanted})"
        )));
    }
    same_namespace(call, written)
}

/// A namespace in the body must be that of the URL.
pub(super) fn same_namespace(call: &Call, written: &Value) -> ApiResult<()> {
    let namespace = object::meta(written, "namespace");
    if call.kind.namespaced && !namespace.is_empty() && namespace != call.request.namespace {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

fn same_uid(call: &Call, written: &Value, old: &Value) -> ApiResult<()> {
    let (wanted, found) = (object::meta(written, "uid"), object::meta(old, "uid"));
    if wanted.is_empty() || wanted == found {
        return Ok(());
    }
    let key = call.key(&call.request.name);
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, \
         AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
    );
    Err(ApiError::conflict(call.kind, &call.request.name, &why))
}
