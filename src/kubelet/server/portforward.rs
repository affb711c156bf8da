//! `/portForward`: connections to a pod's ports, over WebSocket channels (kube-rs), over SPDY inside WebSocket
//! (kubectl since 1.31) or over SPDY alone (kubectl before). Must not choose the pod's network.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request, State, ws::WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::spdy::{self, Output, Stream};
use super::{Server, channels, tunnel};
use crate::base::net::{BoxStream, PodNet};
use crate::base::tasks::Tasks;
use crate::client::pod::Pod;
use crate::kubelet::pod::spec;

/// SPDY inside WebSocket.
const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";
/// Numbered channels inside WebSocket.
const CHANNELS: &str = "v4.channel.k8s.io";
/// SPDY alone.
const SPDY: &str = "SPDY/3.1";
/// What is spoken over SPDY (apimachinery `portforward.ProtocolV1Name`).
const PROTOCOL: &str = "portforward.k8s.io";
/// Most bytes of one piece.
pub(super) const CHUNK: usize = 16 * 1024;

/// The pod that is forwarded to.
#[derive(Clone)]
pub(super) struct Forward {
    net: Arc<dyn PodNet>,
    pod: String,
    uid: String,
    ip: Option<IpAddr>,
}

impl Forward {
    fn to(server: &Server, pod: &Pod) -> Self {
        let id = spec::id(pod);
        let ip = pod.status.as_ref().and_then(|status| status.pod_ip.as_ref()).and_then(|ip| ip.parse().ok());
        Self { net: Arc::clone(&server.context.net), pod: format!("{}_{}", id.name, id.namespace), uid: id.uid, ip }
    }

    /// A connection to a port, or what kubectl tells of one that cannot be.
    pub(super) async fn dial(&self, port: u16) -> Result<BoxStream, String> {
        let refused = |why: io::Error| {
            format!(
                "error forwarding port {port} to pod {}, uid {}: dial tcp 127.0.0.1:{port}: {why}",
                self.pod, self.uid
            )
        };
        let ip = self.ip.ok_or_else(|| refused(io::ErrorKind::HostUnreachable.into()))?;
        self.net.dial(None, SocketAddr::new(ip, port)).await.map_err(refused)
    }
}

pub(super) async fn port_forward(
    State(server): State<Server>,
    Path((namespace, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    let pod = match server.pod(&namespace, &name) {
        Ok(pod) => pod,
        Err(refusal) => return refusal.into_response(),
    };
    let (forward, tasks) = (Forward::to(&server, &pod), server.context.tasks.clone());
    if asks_for(request.headers(), header::UPGRADE, SPDY) {
        return over_spdy(request, forward, tasks);
    }
    let tunnelled = asks_for(request.headers(), header::SEC_WEBSOCKET_PROTOCOL, TUNNEL);
    let (mut parts, _) = request.into_parts();
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await else {
        return (StatusCode::BAD_REQUEST, "Upgrade request required\n").into_response();
    };
    if tunnelled {
        return upgrade.protocols([TUNNEL]).on_upgrade(move |socket| async move {
            let (io, carry) = tunnel::open(socket);
            tokio::join!(carry, serve(io, forward, tasks));
        });
    }
    match channels::ports(parts.uri.query().unwrap_or_default()) {
        Some(ports) => upgrade.protocols([CHANNELS]).on_upgrade(move |socket| channels::serve(socket, ports, forward)),
        None => (StatusCode::BAD_REQUEST, "query parameter \"port\" is required\n").into_response(),
    }
}

/// Whether a word is in the list of a header.
fn asks_for(headers: &HeaderMap, name: header::HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(wanted))
}

/// Answers that SPDY is spoken from here on, and speaks it.
fn over_spdy(mut request: Request, forward: Forward, tasks: Tasks) -> Response {
    let upgraded = hyper::upgrade::on(&mut request);
    let session = tasks.clone();
    tasks.spawn(async move {
        if let Ok(upgraded) = upgraded.await {
            serve(TokioIo::new(upgraded), forward, session).await;
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static(SPDY));
    headers.insert("x-stream-protocol-version", HeaderValue::from_static(PROTOCOL));
    response
}

/// Pairs the two streams of each connection by its number: one for errors, then one for data.
async fn serve(io: impl AsyncRead + AsyncWrite + Send + Unpin, forward: Forward, tasks: Tasks) {
    let tasks = tasks.child();
    let mut waiting: HashMap<String, Stream> = HashMap::new();
    let accept = |stream: Stream| {
        let request = stream.headers.get("requestid").cloned().unwrap_or_default();
        match (stream.headers.get("streamtype").map(String::as_str), waiting.remove(&request)) {
            (Some("data"), Some(errors)) => {
                let forward = forward.clone();
                tasks.spawn(connect(forward, errors.output, stream));
            }
            _ => {
                waiting.insert(request, stream);
            }
        }
    };
    if let Err(error) = spdy::serve(io, accept).await {
        tracing::debug!(%error, "a forwarded connection broke");
    }
    tasks.stop().await;
}

async fn connect(forward: Forward, errors: Output, data: Stream) {
    let port = data.headers.get("port").and_then(|port| port.parse().ok()).unwrap_or_default();
    match forward.dial(port).await {
        Ok(target) => copy(data, target).await,
        Err(why) => {
            errors.send(why.into()).await;
            data.output.close().await;
        }
    }
    errors.close().await;
}

/// Carries bytes both ways until the pod's side ends.
async fn copy(data: Stream, target: BoxStream) {
    let Stream { mut input, output, .. } = data;
    let (mut from, mut to) = tokio::io::split(target);
    let inward = async {
        while let Some(bytes) = input.recv().await {
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // The client says no more; what the pod still says is carried on.
        let _closed = to.shutdown().await;
    };
    let outward = async {
        let mut buffer = vec![0; CHUNK];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if !output.send(Bytes::copy_from_slice(&buffer[..length])).await {
                break;
            }
        }
        output.close().await;
    };
    tokio::select! {
        () = outward => {}
        () = async { inward.await; std::future::pending::<()>().await } => {}
    }
}
