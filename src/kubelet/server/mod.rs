//! The kubelet's HTTP server, on the paths of a real kubelet, over the in-memory pipe. Must not decide who may ask:
//! the API server does.

mod channels;
mod logs;
mod metrics;
mod portforward;
mod process;
mod spdy;
mod stream;
mod tunnel;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use k8s_openapi::api::core::v1::PodStatus;

use super::context::Context;
use super::pod::spec;
use super::sync::Registry;
use crate::base::pipe::Listener;
use crate::client::pod::Pod;

/// What every handler asks.
#[derive(Clone)]
struct Server {
    context: Arc<Context>,
    registry: Registry,
}

/// An answer that is a plain text, as the kubelet's errors are.
type Refusal = (StatusCode, String);

/// Answers until the tasks stop.
pub(crate) async fn serve(mut listener: Listener, context: Arc<Context>, registry: Registry) {
    let tasks = context.tasks.clone();
    let server = Server { context, registry };
    while let Some(stream) = listener.accept_connection().await {
        // Made for each: a thousand kubelets that nobody asks need no table of paths.
        let service = TowerToHyperService::new(router(server.clone()));
        tasks.spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            // A caller that goes away is its own business.
            let _ = connection.await;
        });
    }
}

fn router(server: Server) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/containerLogs/{namespace}/{pod}/{container}", get(logs::container_logs))
        .route("/exec/{namespace}/{pod}/{container}", any(process::exec))
        .route("/attach/{namespace}/{pod}/{container}", any(process::attach))
        .route("/portForward/{namespace}/{pod}", any(portforward::port_forward))
        .route("/stats/summary", get(metrics::summary))
        .route("/metrics/resource", get(metrics::resource))
        .fallback(|| async { (StatusCode::NOT_FOUND, "404 page not found\n") })
        .with_state(server)
}

impl Server {
    fn pod(&self, namespace: &str, name: &str) -> Result<Arc<Pod>, Refusal> {
        let found = self.registry.pod(namespace, name);
        found.ok_or_else(|| (StatusCode::NOT_FOUND, format!("pod \"{name}\" does not exist\n")))
    }

    /// A pod's status as it was last reported, though the API server's word of it is still on its way here.
    fn status(&self, pod: &Pod) -> PodStatus {
        let reported = self.context.reported.lock().get(&spec::id(pod).uid).cloned();
        reported.map(|it| *it).or_else(|| pod.status.clone()).unwrap_or_default()
    }

    /// A container's runtime id: of its running instance, or of the one that is asked for.
    fn container_id(&self, pod: &Pod, container: &str, previous: bool) -> Result<String, Refusal> {
        let (id, status) = (spec::id(pod), self.status(pod));
        let statuses = status.init_container_statuses.into_iter().chain(status.container_statuses).flatten();
        let Some(status) = statuses.into_iter().find(|status| status.name == container) else {
            let message = format!("container \"{container}\" in pod \"{}\" is not available\n", id.name);
            return Err((StatusCode::BAD_REQUEST, message));
        };
        let (state, last) = (status.state.unwrap_or_default(), status.last_state.unwrap_or_default());
        let dead = last.terminated.as_ref().and_then(|ended| ended.container_id.clone());
        let found = match (previous, &state.waiting) {
            (true, _) if dead.is_none() => {
                let message =
                    format!("previous terminated container \"{container}\" in pod \"{}\" not found\n", id.name);
                return Err((StatusCode::BAD_REQUEST, message));
            }
            (false, Some(waiting)) if dead.is_none() => {
                let reason = waiting.reason.as_deref().unwrap_or_default();
                return Err((StatusCode::BAD_REQUEST, not_started(container, &id.name, reason)));
            }
            (true, _) | (false, Some(_)) => dead,
            (false, None) => status.container_id,
        };
        let found = found.unwrap_or_default();
        Ok(found.split_once("://").map_or(found.clone(), |(_, id)| id.to_owned()))
    }
}

/// What `kubectl logs` says of a container that never ran (kubelet `validateContainerLogStatus`).
fn not_started(container: &str, pod: &str, reason: &str) -> String {
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull" | "InvalidImageName" | "ImageInspectError" => {
            let problem =
                if reason == "ImagePullBackOff" { "trying and failing to pull image" } else { "image can't be pulled" };
            format!("container \"{container}\" in pod \"{pod}\" is waiting to start: {problem}\n")
        }
        reason => format!("container \"{container}\" in pod \"{pod}\" is waiting to start: {reason}\n"),
    }
}

/// A runtime's failure as an HTTP answer.
fn failed(error: &super::runtime::RuntimeError) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
}
