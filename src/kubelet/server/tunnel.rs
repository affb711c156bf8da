//! A stream of bytes inside the binary messages of a WebSocket (kubectl's «tunneling»). Must not know what it carries.

use super::stream::hang_up;
use axum::extract::ws::{Message, WebSocket};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes that either end may have in flight.
const BUFFER: usize = 64 * 1024;

/// The stream, and what carries it as long as it is awaited.
pub(super) fn open(socket: WebSocket) -> (impl AsyncRead + AsyncWrite + Send + Unpin, impl Future<Output = ()> + Send) {
    let (ours, theirs) = tokio::io::duplex(BUFFER);
    (ours, carry(socket, theirs))
}

async fn carry(socket: WebSocket, io: impl AsyncRead + AsyncWrite + Send) {
    let (mut sender, mut receiver) = socket.split();
    let (mut reader, mut writer) = tokio::io::split(io);
    let inward = async {
        while let Some(Ok(message)) = receiver.next().await {
            match message {
                Message::Binary(data) if writer.write_all(&data).await.is_err() => break,
                Message::Close(_) => break,
                _ => {}
            }
        }
        // Whoever reads sees the end.
        let _closed = writer.shutdown().await;
    };
    let outward = async {
        let mut buffer = vec![0; BUFFER];
        while let Ok(length @ 1..) = reader.read(&mut buffer).await {
            if sender.send(Message::Binary(buffer[..length].to_vec().into())).await.is_err() {
                return;
            }
        }
        hang_up(sender).await;
    };
    tokio::join!(inward, outward);
}
