//! The way to kubelets and pods. Must not interpret what passes.

mod backend;
mod component;
mod exchange;
mod kubelet;

use axum::extract::Request;
use axum::response::Response;

pub(super) use kubelet::to_node;

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use crate::kinds::Subresource;
pub(super) use component::component;

/// Answers a request whose answer is somebody else's.
pub(super) async fn serve(call: &Call, http: Request) -> ApiResult<Response> {
    match call.subresource {
        Some(Subresource::Log) => kubelet::logs(call, http).await,
        Some(Subresource::Exec) => kubelet::stream(call, http, "exec").await,
        Some(Subresource::Attach) => kubelet::stream(call, http, "attach").await,
        Some(Subresource::PortForward) => kubelet::port_forward(call, http).await,
        Some(Subresource::Proxy) => backend::serve(call, http).await,
        _ => Err(ApiError::method_not_allowed(Some(call.kind))),
    }
}
