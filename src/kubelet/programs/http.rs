//! A web server over the pod network, for the programs that answer HTTP. Must not know what they answer.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use crate::base::net::BoxStream;
use crate::kubelet::programs::world::World;

/// What a program answers.
pub(super) type Answer = Response<Full<Bytes>>;

/// Serves a port until SIGTERM (exit code 0), or ends at once with 1 when the port is taken inside the pod.
pub(super) async fn serve<H, F>(world: &World, port: u16, handler: H) -> i32
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let at = SocketAddr::new(world.sandbox.ip, port);
    let mut listener = match world.net.listen(at) {
        Ok(listener) => listener,
        Err(error) => {
            world.complain(bind_error(at, &error));
            return 1;
        }
    };
    loop {
        tokio::select! {
            () = world.terminated() => return 0,
            accepted = listener.accept() => {
                let Some((stream, peer)) = accepted else { return 0 };
                world.tasks.spawn(connection(stream, peer, handler.clone()));
            }
        }
    }
}

async fn connection<H, F>(stream: BoxStream, peer: SocketAddr, handler: H)
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Send + Sync,
    F: Future<Output = Answer> + Send,
{
    let service = service_fn(|request| {
        let answer = handler(request, peer);
        async move { Ok::<_, std::convert::Infallible>(answer.await) }
    });
    // A peer that goes away is its own business.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}

fn bind_error(at: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => format!("bind() to {at} failed (98: Address already in use)"),
        _ => format!("bind() to {at} failed ({error})"),
    }
}

/// An answer of a content type.
pub(super) fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}
