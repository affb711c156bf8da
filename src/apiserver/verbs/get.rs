//! Get: one object as stored, or a view of it. Must not change anything.

use axum::response::Response;

use super::super::Meta;
use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::respond::{Payload, Reply};
use super::super::subresource::Scope;
use crate::store::Record;

/// Answers a get of an object or of one of its views.
pub(in super::super) fn get(call: &Call, scope: Scope) -> ApiResult<Response> {
    let record = record(call, &call.request.name)?;
    let payload = if scope.is_whole_view() && call.shows_stored() {
        Payload::Stored(record.value.bytes())
    } else {
        Payload::Made(scope.view(call.read(&record.value.bytes())?))
    };
    Reply::ok(payload).render(call)
}

/// The stored record of a name, or `NotFound`.
pub(super) fn record(call: &Call, name: &str) -> ApiResult<Record<Meta>> {
    call.store().get(&call.key(name)).ok_or_else(|| ApiError::not_found(call.kind, name))
}
