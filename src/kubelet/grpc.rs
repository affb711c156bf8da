//! gRPC's health protocol (`grpc.health.v1`), the part that a probe needs: a client for the kubelet, a server for the
//! programs that are probed. Must not know who is asked or why.

use std::convert::Infallible;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2 as client;
use hyper::server::conn::http2 as server;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::base::net::BoxStream;

const PATH: &str = "/grpc.health.v1.Health/Check";
const STATUS: &str = "grpc-status";
const UNIMPLEMENTED: &str = "12";
/// The first bytes of a message: not compressed, and its length.
const PREFIX: usize = 5;
const SERVING: u8 = 1;

/// Asks for a service's health; an error is the kubelet's message (`pkg/probe/grpc`).
pub(crate) async fn check(stream: BoxStream, at: &str, service: &str) -> Result<(), String> {
    let failed = |cause: &dyn std::fmt::Display| format!("error: health rpc probe failed: {cause}");
    let shaken = client::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) =
        shaken.map_err(|error| format!("error: failed to connect service at \"{at}\": {error}"))?;
    let request = Request::post(format!("http://{at}{PATH}"))
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers")
        .header(header::USER_AGENT, "kube-probe/1.36")
        .body(Full::new(question(service)))
        .map_err(|error| failed(&error))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
        let early = response.headers().get(STATUS).cloned();
        let body = response.into_body().collect().await.map_err(|error| failed(&error))?;
        let late = body.trailers().and_then(|trailers| trailers.get(STATUS)).cloned();
        verdict(early.or(late).as_ref(), &body.to_bytes())
    };
    tokio::select! {
        verdict = exchange => verdict,
        ended = connection => Err(failed(&ended.err().map_or_else(|| "EOF".to_owned(), |error| error.to_string()))),
    }
}

fn verdict(status: Option<&HeaderValue>, body: &[u8]) -> Result<(), String> {
    match status.and_then(|status| status.to_str().ok()) {
        None | Some("0") => {}
        Some(UNIMPLEMENTED) => {
            return Err(
                "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ".into()
            );
        }
        Some(code) => return Err(format!("error: health rpc probe failed: rpc error: code = {code}")),
    }
    // `HealthCheckResponse`: field 1 is the status; absent, it is UNKNOWN.
    let answered = match body.get(PREFIX..PREFIX + 2) {
        Some([0x08, SERVING]) => return Ok(()),
        Some([0x08, 2]) => "NOT_SERVING",
        Some([0x08, 3]) => "SERVICE_UNKNOWN",
        _ => "UNKNOWN",
    };
    Err(format!("service unhealthy (responded with \"{answered}\")"))
}

/// `HealthCheckRequest`: field 1 is the service's name.
fn question(service: &str) -> Bytes {
    let name = &service.as_bytes()[..service.len().min(127)];
    let mut message = BytesMut::new();
    if !name.is_empty() {
        message.put_u8(0x0a);
        message.put_u8(u8::try_from(name.len()).unwrap_or_default());
        message.put_slice(name);
    }
    framed(&message)
}

fn framed(message: &[u8]) -> Bytes {
    let mut whole = BytesMut::with_capacity(PREFIX + message.len());
    whole.put_u8(0);
    whole.put_u32(u32::try_from(message.len()).unwrap_or_default());
    whole.put_slice(message);
    whole.freeze()
}

/// Answers the questions of one connection with how the program is at that moment.
pub(crate) async fn converse(stream: BoxStream, healthy: impl Fn() -> bool + Send + Sync) {
    let service = service_fn(|request: Request<Incoming>| {
        let answer = answer(request.uri().path(), healthy());
        async move { Ok::<_, Infallible>(answer) }
    });
    // A prober that goes away is its own business.
    let _ = server::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

type Answered = Response<StreamBody<futures::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>>;

fn answer(path: &str, healthy: bool) -> Answered {
    let known = path == PATH;
    let mut trailers = HeaderMap::new();
    trailers.insert(STATUS, HeaderValue::from_static(if known { "0" } else { UNIMPLEMENTED }));
    let data = Frame::data(framed(&[0x08, if healthy { SERVING } else { 2 }]));
    let frames = known.then_some(data).into_iter().chain([Frame::trailers(trailers)]).map(Ok).collect::<Vec<_>>();
    let mut response = Response::new(StreamBody::new(futures::stream::iter(frames)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(path_known: bool, healthy: bool) -> Result<(), String> {
        let (ours, theirs) = tokio::io::duplex(4096);
        let serve = converse(Box::new(theirs), move || healthy && path_known);
        tokio::select! {
            verdict = check(Box::new(ours), "10.244.1.2:50051", "demo") => verdict,
            () = serve => Err("the server ended".into()),
        }
    }

    #[tokio::test]
    async fn health_is_asked_and_answered() {
        assert_eq!(asked(true, true).await, Ok(()));
        assert_eq!(asked(true, false).await.unwrap_err(), "service unhealthy (responded with \"NOT_SERVING\")");
        let refused = verdict(Some(&HeaderValue::from_static("12")), &[]).unwrap_err();
        assert!(refused.contains("does not implement the grpc health protocol"), "{refused}");
        let (ours, theirs) = tokio::io::duplex(64);
        drop(theirs);
        assert!(check(Box::new(ours), "10.244.1.2:1", "").await.is_err());
    }
}
