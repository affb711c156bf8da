//! Serves a router over the in-memory pipe and over TLS, each request with who sent it. Must not know what it serves.
//!
//! A request carries its [`Identity`] as an extension; over TLS it is absent when the client gave no certificate.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::gate::{self, HangUp, SwitchedOff};
use super::pki;
use crate::base::pipe::{Accepted, Asked, Identity, Listener};
use crate::base::tasks::Tasks;

/// Bytes that wait for a client that does not read, and the longest head of a request: a thousand watchers that sleep
/// must not hold half a gigabyte.
const BUFFER: usize = 32 * 1024;
/// Open TLS connections; more of them wait in the system's queue.
const MAX_CONNECTIONS: usize = 1024;
/// A client that does not finish its handshake in this time is dropped.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// As Go's server: how long a connection may idle or dawdle over its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(90);
/// When the system has no more files to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves our own components until the tasks stop.
pub fn serve_pipe(mut listener: Listener, router: Router, tasks: &Tasks) {
    let connections = tasks.clone();
    tasks.spawn(async move {
        while let Some(accepted) = listener.accept().await {
            match accepted {
                // No time-outs: the other end is ours, and virtual time may leap by hours.
                Accepted::Connection(stream, identity) => {
                    connections.spawn(connection(http1::Builder::new(), stream, Some(identity), router.clone()));
                }
                Accepted::Request(asked) => {
                    connections.spawn(answer(*asked, router.clone(), connections.token()));
                }
            }
        }
    });
}

/// Answers a request that came without a connection, unless its caller goes away before.
async fn answer(asked: Asked, mut router: Router, stopped: CancellationToken) {
    let Asked { request, answer: mut caller } = asked;
    tokio::select! {
        biased;
        () = caller.closed() => {}
        Ok(response) = router.call(request.map(Body::new)) => {
            if response.extensions().get::<HangUp>().is_none() {
                // Who does not wait any more does not miss it.
                let _gone = caller.send(gate::until(stopped, response).map(|body| body.map_err(Into::into).boxed_unsync()));
            }
        }
    }
}

/// Serves everybody else until the tasks stop.
pub fn serve_tls(listener: TcpListener, config: Arc<ServerConfig>, router: Router, tasks: &Tasks) {
    let connections = tasks.clone();
    let acceptor = TlsAcceptor::from(config);
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    tasks.spawn(async move {
        while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
            let stream = accept(&listener).await;
            let (acceptor, router) = (acceptor.clone(), router.clone());
            connections.spawn(async move {
                secured(&acceptor, stream, router).await;
                drop(slot);
            });
        }
    });
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn secured(acceptor: &TlsAcceptor, stream: TcpStream, router: Router) {
    // Small answers at once; where it cannot be set they are merely later.
    let _ = stream.set_nodelay(true);
    match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let certificates = stream.get_ref().1.peer_certificates();
            let identity = certificates.and_then(|chain| chain.first()).and_then(pki::identity);
            let mut http = http1::Builder::new();
            http.max_buf_size(BUFFER);
            http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
            connection(http, stream, identity, router).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake timed out"),
    }
}

async fn connection<S>(http: http1::Builder, stream: S, identity: Option<Identity>, router: Router)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = hyper::service::service_fn(move |mut request: http::Request<Incoming>| {
        if let Some(identity) = &identity {
            request.extensions_mut().insert(identity.clone());
        }
        let answer = router.clone().call(request.map(Body::new));
        async move {
            let Ok(response) = answer.await;
            match response.extensions().get::<HangUp>() {
                Some(_) => Err(SwitchedOff),
                None => Ok(response),
            }
        }
    });
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await {
        tracing::debug!(%error, "connection ended");
    }
}
