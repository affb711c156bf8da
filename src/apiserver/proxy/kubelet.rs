//! `log`, `exec`, `attach` and `portforward`: answered by the kubelet of the pod's node.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use serde_json::Value;

use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::{object, respond};
use super::exchange::exchange;
use crate::base::pipe::Identity;

/// Who asks kubelets.
const USER: &str = "kube-apiserver-kubelet-client";
/// Bytes of a kubelet's refusal that are passed on.
const REFUSAL: usize = 64 * 1024;

/// Answers `pods/NAME/log`.
pub(super) async fn logs(call: &Call, http: Request) -> ApiResult<Response> {
    let pod = pod(call)?;
    let container = container(call, &pod)?;
    if object::text(&pod, &["spec", "nodeName"]).is_empty() {
        // Nothing has run yet: an empty log, as in Kubernetes.
        return Ok(respond::finish(StatusCode::OK, "text/plain", bytes::Bytes::new(), &[]));
    }
    let path = path(call, "containerLogs", Some(&container), http.uri().query());
    let response = ask(call, &pod, http, &path).await?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let bytes = to_bytes(response.into_body(), REFUSAL).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
    Err(match status {
        StatusCode::BAD_REQUEST => ApiError::bad_request(text),
        StatusCode::NOT_FOUND => ApiError::not_found_behind(call.kind, &call.request.name, &text),
        _ => ApiError::internal(text),
    })
}

/// Answers `pods/NAME/exec` and `attach`: the upgrade goes through to the kubelet.
pub(super) async fn stream(call: &Call, http: Request, verb: &str) -> ApiResult<Response> {
    let pod = pod(call)?;
    let container = container(call, &pod)?;
    let path = path(call, verb, Some(&container), http.uri().query());
    ask(call, &pod, http, &path).await
}

/// Answers `pods/NAME/portforward`.
pub(super) async fn port_forward(call: &Call, http: Request) -> ApiResult<Response> {
    let pod = pod(call)?;
    let path = path(call, "portForward", None, http.uri().query());
    ask(call, &pod, http, &path).await
}

fn pod(call: &Call) -> ApiResult<Value> {
    let name = &call.request.name;
    let record = call.server.store.get(&call.key(name)).ok_or_else(|| ApiError::not_found(call.kind, name))?;
    respond::parse(&record.value.bytes())
}

/// The container asked for, or the only one.
fn container(call: &Call, pod: &Value) -> ApiResult<String> {
    let name = &call.request.name;
    let names = |list: &str| -> Vec<String> {
        let containers = pod["spec"][list].as_array().into_iter().flatten();
        containers.filter_map(|one| one["name"].as_str().map(Into::into)).collect()
    };
    let (main, init, extra) = (names("containers"), names("initContainers"), names("ephemeralContainers"));
    match call.params.get("container") {
        Some(asked) if [&main, &init, &extra].into_iter().flatten().any(|one| one == asked) => Ok(asked.into()),
        Some(asked) => Err(ApiError::bad_request(format!("container {asked} is not valid for pod {name}"))),
        None => match main.as_slice() {
            [only] => Ok(only.clone()),
            several => {
                let mut text = format!(
                    "a container name must be specified for pod {name}, choose one of: [{}]",
                    several.join(" ")
                );
                if !init.is_empty() {
                    text = format!("{text} or one of the init containers: [{}]", init.join(" "));
                }
                Err(ApiError::bad_request(text))
            }
        },
    }
}

/// The kubelet's path with the client's own parameters, but for the container's name, which is in the path.
fn path(call: &Call, verb: &str, container: Option<&str>, query: Option<&str>) -> String {
    let (namespace, pod) = (&call.request.namespace, &call.request.name);
    let place = container.map(|container| format!("/{container}")).unwrap_or_default();
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.starts_with("container=") && !pair.is_empty());
    let query = pairs.collect::<Vec<_>>().join("&");
    let mark = if query.is_empty() { "" } else { "?" };
    format!("/{verb}/{namespace}/{pod}{place}{mark}{query}")
}

async fn ask(call: &Call, pod: &Value, http: Request, path: &str) -> ApiResult<Response> {
    let node = object::text(pod, &["spec", "nodeName"]);
    if node.is_empty() {
        let name = &call.request.name;
        return Err(ApiError::bad_request(format!("pod {name} does not have a host assigned")));
    }
    to_node(call, node, http.map(Body::new), path).await
}

/// Asks a node's kubelet.
pub(in super::super) async fn to_node(call: &Call, node: &str, http: Request, path: &str) -> ApiResult<Response> {
    let unreachable =
        || ApiError::internal(format!("error dialing backend: the kubelet of node {node:?} does not answer"));
    let dialer = call.server.nodes.get(node).ok_or_else(unreachable)?;
    let stream = dialer.dial(Identity::new(USER, &["system:masters"])).map_err(|_| unreachable())?;
    exchange(&call.server, stream, http, path).await
}
