//! The two ways that queries come: a datagram each, or one after the other over a connection. Must not read them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use super::responder::{OVER_TCP, Responder};
use crate::base::net::{BoxStream, Datagrams, NetListener};
use crate::base::tasks::Tasks;

/// Wait when there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers datagrams until the socket's address is gone.
pub(crate) async fn datagrams(socket: Arc<dyn Datagrams>, responder: Arc<Responder>, tasks: Tasks) {
    loop {
        let (query, client) = match socket.receive().await {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::NotConnected => return,
            // An earlier answer that nobody took.
            Err(_) => continue,
        };
        let (socket, responder) = (socket.clone(), responder.clone());
        tasks.spawn(async move {
            if let Some(answer) = responder.answer(&query, None).await {
                // The client has gone away: nothing is lost.
                let _ = socket.send(answer, client).await;
            }
        });
    }
}

/// Answers datagrams of real sockets until the task is stopped.
pub(super) async fn host_datagrams(socket: UdpSocket, responder: Arc<Responder>, tasks: Tasks) {
    let (socket, mut space) = (Arc::new(socket), vec![0; OVER_TCP]);
    loop {
        // An error here is an earlier answer's, which nobody took.
        let Ok((length, client)) = socket.recv_from(&mut space).await else { continue };
        let (query, socket, responder) = (space[..length].to_vec(), socket.clone(), responder.clone());
        tasks.spawn(async move {
            if let Some(answer) = responder.answer(&query, None).await {
                // The client has gone away: nothing is lost.
                let _ = socket.send_to(&answer, client).await;
            }
        });
    }
}

/// Answers real connections until the task is stopped.
pub(super) async fn host_connections(listener: TcpListener, responder: Arc<Responder>, tasks: Tasks) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let responder = responder.clone();
        tasks.spawn(async move { conversation(Box::new(stream), &responder).await.unwrap_or_default() });
    }
}

/// Answers connections until the listener's address is gone.
pub(super) async fn connections(mut listener: NetListener, responder: Arc<Responder>, tasks: Tasks) {
    while let Some((stream, _)) = listener.accept().await {
        let responder = responder.clone();
        tasks.spawn(async move { conversation(stream, &responder).await.unwrap_or_default() });
    }
}

/// Answers the queries of one connection, each with its length before it (RFC 1035, 4.2.2).
pub(crate) async fn conversation(mut stream: BoxStream, responder: &Responder) -> io::Result<()> {
    while let Ok(length) = stream.read_u16().await {
        let mut query = vec![0; length.into()];
        stream.read_exact(&mut query).await?;
        let Some(answer) = responder.answer(&query, Some(OVER_TCP)).await else { return Ok(()) };
        stream.write_u16(u16::try_from(answer.len()).unwrap_or(u16::MAX)).await?;
        stream.write_all(&answer).await?;
    }
    Ok(())
}
