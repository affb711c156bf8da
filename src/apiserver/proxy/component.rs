//! What other components of the control plane answer themselves, as the scheduler its decisions.

use axum::extract::Request;
use axum::response::Response;

use super::super::errors::{ApiError, ApiResult};
use super::super::server::ApiServer;
use super::exchange::exchange;
use crate::base::pipe::Identity;

/// Who asks them.
const USER: &str = "system:apiserver";

/// Passes a request on to a component, under the same path.
pub(in crate::apiserver) async fn component(server: &ApiServer, name: &str, http: Request) -> ApiResult<Response> {
    let unreachable = || ApiError::unavailable(format!("error dialing backend: {name} does not answer"));
    let dialer = server.peers.get(name).ok_or_else(unreachable)?;
    let stream = dialer.dial(Identity::new(USER, &["system:masters"])).map_err(|_| unreachable())?;
    let path = http.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    exchange(server, stream, http, &path).await
}
