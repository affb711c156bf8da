//! What hangs under an object: views that are read and written, and actions that are created. One file each.

mod binding;
mod eviction;
mod scope;
mod token;

use axum::response::Response;

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use crate::kinds::{Kind, Subresource};

pub(super) use scope::Scope;

pub(super) use binding::bind;

/// The subresource that a path names.
pub(super) fn find(kind: &Kind, path: &str) -> Option<Subresource> {
    kind.subresources.iter().copied().find(|one| super::discovery::facts(kind, *one).path == path)
}

/// Answers the creation of a subresource.
pub(super) async fn create(call: &Call, subresource: Subresource, body: &[u8]) -> ApiResult<Response> {
    match subresource {
        Subresource::Binding => binding::create(call, body).await,
        Subresource::Eviction => eviction::create(call, body).await,
        Subresource::Token => token::create(call, body),
        _ => Err(ApiError::method_not_allowed(Some(call.kind))),
    }
}
