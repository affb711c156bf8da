//! Actions of probes and lifecycle hooks on a container: HTTP GET, TCP connect, exec. Must not count nor wait.

use std::net::{IpAddr, SocketAddr};

use futures::StreamExt;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{Container, ExecAction, GRPCAction, HTTPGetAction};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::io::AsyncReadExt;

use super::context::Context;
use super::runtime::{ExecRequest, RuntimeError};

/// Most bytes of a probe's output that are kept (kubelet `maxRespBodyLength`).
const OUTPUT: usize = 10 * 1024;

/// What an action is done to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) container: Container,
    pub(crate) id: String,
    pub(crate) ip: IpAddr,
}

/// GETs; an error is the kubelet's message.
pub(crate) async fn http_get(context: &Context, target: &Target, action: &HTTPGetAction) -> Result<(), String> {
    let at = address(target, action.host.as_deref(), &action.port)?;
    let path = action.path.as_deref().unwrap_or("/");
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let failed = |cause: &dyn std::fmt::Display| format!("Get \"http://{at}{path}\": {cause}");
    let stream = context.net.dial(Some(context.host.ip), at).await.map_err(|error| failed(&dial_error(at, &error)))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    let mut request =
        Request::get(&path).header(header::HOST, at.to_string()).header(header::USER_AGENT, "kube-probe/1.36");
    for pair in action.http_headers.iter().flatten() {
        request = request.header(&pair.name, &pair.value);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| failed(&error))?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        // The body is read so that the server is not cut off; what it says does not count.
        let mut body = response.into_body().into_data_stream();
        while body.next().await.transpose()?.is_some() {}
        Ok::<_, hyper::Error>(status)
    };
    tokio::pin!(connection);
    let status = tokio::select! {
        answered = exchange => answered.map_err(|error| failed(&error))?,
        _ = &mut connection => return Err(failed(&"EOF")),
    };
    match status.as_u16() {
        200..400 => Ok(()),
        code => Err(format!("HTTP probe failed with statuscode: {code}")),
    }
}

/// Asks for health over gRPC; an error is the kubelet's message.
pub(crate) async fn grpc(context: &Context, target: &Target, action: &GRPCAction) -> Result<(), String> {
    let at = address(target, None, &IntOrString::Int(action.port))?;
    let failed = |error| format!("error: failed to connect service at \"{at}\": {}", dial_error(at, &error));
    let stream = context.net.dial(Some(context.host.ip), at).await.map_err(failed)?;
    super::grpc::check(stream, &at.to_string(), action.service.as_deref().unwrap_or_default()).await
}

/// Connects; an error is the kubelet's message.
pub(crate) async fn tcp(
    context: &Context,
    target: &Target,
    host: Option<&str>,
    port: &IntOrString,
) -> Result<(), String> {
    let at = address(target, host, port)?;
    context.net.dial(Some(context.host.ip), at).await.map(drop).map_err(|error| dial_error(at, &error))
}

/// Runs a command; an error is its output, or why it could not be run.
pub(crate) async fn exec(context: &Context, target: &Target, action: &ExecAction) -> Result<(), String> {
    let request = ExecRequest { command: action.command.clone().unwrap_or_default(), ..ExecRequest::default() };
    match run(context, &target.id, request).await {
        Ok((0, _)) => Ok(()),
        Ok((_, output)) => Err(output),
        Err(error) => Err(error.to_string()),
    }
}

async fn run(context: &Context, id: &str, request: ExecRequest) -> Result<(i32, String), RuntimeError> {
    let process = context.runtime.exec(id, request).await?;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let stderr = async {
        if let Some(stderr) = process.stderr {
            let _ = stderr.take(OUTPUT as u64).read_to_end(&mut err).await;
        }
    };
    let mut stdout = process.stdout.take(OUTPUT as u64);
    let (_, (), code) = tokio::join!(stdout.read_to_end(&mut out), stderr, process.exit);
    out.append(&mut err);
    Ok((code?, String::from_utf8_lossy(&out).into_owned()))
}

fn address(target: &Target, host: Option<&str>, port: &IntOrString) -> Result<SocketAddr, String> {
    let ip = match host.filter(|host| !host.is_empty()) {
        Some(host) => host.parse().map_err(|_| format!("lookup {host}: no such host"))?,
        None => target.ip,
    };
    let number = match port {
        IntOrString::Int(number) => Some(*number),
        IntOrString::String(name) => {
            let named = target.container.ports.iter().flatten().find(|port| port.name.as_deref() == Some(name));
            named.map(|port| port.container_port)
        }
    };
    let number = number.and_then(|number| u16::try_from(number).ok());
    number.map(|port| SocketAddr::new(ip, port)).ok_or_else(|| format!("invalid port: {port:?}"))
}

/// A failed connect in Go's words.
fn dial_error(at: SocketAddr, error: &std::io::Error) -> String {
    let cause = match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connect: connection refused".to_owned(),
        std::io::ErrorKind::HostUnreachable => "connect: no route to host".to_owned(),
        std::io::ErrorKind::TimedOut => "i/o timeout".to_owned(),
        _ => error.to_string(),
    };
    format!("dial tcp {at}: {cause}")
}
