//! The doors of the controller: HTTP and HTTPS on this machine, HTTP for pods. Must not look at requests.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::forward::{Arrival, Gate};
use crate::base::net::NetListener;

/// A client that does not finish its handshake in this time is dropped.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Wait when there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(50);

/// Listens at the wanted address; where that is taken or not allowed, at the port 8000 above, or any.
pub(super) fn listen(wanted: SocketAddr) -> io::Result<TcpListener> {
    let above = wanted.port().checked_add(8_000).unwrap_or(0);
    let ports = if wanted.port() == 0 { vec![0] } else { vec![wanted.port(), above, 0] };
    let mut outcome = Err(io::ErrorKind::AddrNotAvailable.into());
    for port in ports {
        outcome = StdListener::bind(SocketAddr::new(wanted.ip(), port));
        if outcome.is_ok() {
            break;
        }
    }
    let listener = outcome?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Answers at a door until the tasks stop.
pub(super) async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, gate: Arc<Gate>) {
    let port = listener.local_addr().map_or(0, |at| at.port());
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Small answers at once; where it cannot be set they are merely later.
        let _ = stream.set_nodelay(true);
        let arrival = Arrival { peer, port, secure: tls.is_some() };
        let own = gate.clone();
        match tls.clone() {
            None => drop(gate.tasks.spawn(connection(stream, own, arrival))),
            Some(tls) => drop(gate.tasks.spawn(async move {
                if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                    connection(stream, own, arrival).await;
                }
            })),
        }
    }
}

/// Answers pods until the tasks stop; the door is shut with the listener.
pub(super) async fn serve_inside(mut listener: NetListener, gate: Arc<Gate>) {
    while let Some((stream, peer)) = listener.accept().await {
        let arrival = Arrival { peer, port: super::INSIDE.port(), secure: false };
        gate.tasks.spawn(connection(stream, gate.clone(), arrival));
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, gate: Arc<Gate>, arrival: Arrival) {
    let service = service_fn(|request| {
        let gate = gate.clone();
        async move { Ok::<_, Infallible>(gate.answer(request, arrival).await) }
    });
    // A client that goes away is its own business.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}
