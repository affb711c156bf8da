//! The remote command protocol over WebSocket (`v5.channel.k8s.io` and before): a byte of channel, then the data.
//! Must not know what runs.

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use bytes::Bytes;
use futures::{SinkExt, StreamExt, stream::SplitSink};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::kubelet::runtime::{Process, RuntimeError};

/// Subprotocols, the newest first (apimachinery `remotecommand`).
const PROTOCOLS: [&str; 5] =
    ["v5.channel.k8s.io", "v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];
/// Channels by number.
const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;
/// v5: the next byte names a channel that ends.
const CLOSE: u8 = 255;
/// Most bytes of a message.
const CHUNK: usize = 8 * 1024;

/// Speaks the protocol for a process, or tells why there is none.
pub(super) fn upgrade(upgrade: WebSocketUpgrade, process: Result<Process, RuntimeError>) -> Response {
    upgrade.protocols(PROTOCOLS).on_upgrade(move |socket| converse(socket, process))
}

async fn converse(socket: WebSocket, process: Result<Process, RuntimeError>) {
    let (mut sender, mut receiver) = socket.split();
    let process = match process {
        Ok(process) => process,
        Err(error) => {
            let _ = send(&mut sender, ERROR, internal_error(&error).to_string().as_bytes()).await;
            hang_up(sender).await;
            return;
        }
    };
    let Process { mut stdin, stdout, stderr, resize, exit } = process;
    let (out, mut outgoing) = mpsc::channel::<(u8, Bytes)>(16);
    let incoming = async {
        while let Some(Ok(message)) = receiver.next().await {
            let data = match message {
                Message::Binary(data) => data,
                Message::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
                Message::Close(_) => break,
                _ => continue,
            };
            take(&data, &mut stdin, &resize).await;
        }
        // Nobody types any more: what waits for input hears of it.
        if let Some(mut writer) = stdin.take() {
            let _gone = writer.shutdown().await;
        }
    };
    let outgoing_all = async {
        while let Some((channel, data)) = outgoing.recv().await {
            if send(&mut sender, channel, &data).await.is_err() {
                return None;
            }
        }
        Some(sender)
    };
    let produce = async {
        tokio::join!(pump(stdout, STDOUT, out.clone()), async {
            if let Some(stderr) = stderr {
                pump(stderr, STDERR, out.clone()).await;
            }
        });
        let status = match exit.await {
            Ok(0) => json!({ "metadata": {}, "status": "Success" }),
            Ok(code) => exit_status(code),
            Err(error) => internal_error(&error),
        };
        let _ = out.send((ERROR, status.to_string().into())).await;
        drop(out);
    };
    tokio::select! {
        ((), sender) = async { tokio::join!(produce, outgoing_all) } => {
            if let Some(sender) = sender {
                hang_up(sender).await;
            }
        }
        () = async { incoming.await; std::future::pending::<()>().await } => {}
    }
}

/// Ends the conversation well: without the code of a normal end, kubectl takes it for a broken one.
pub(super) async fn hang_up(mut sender: SplitSink<WebSocket, Message>) {
    let end = CloseFrame { code: close_code::NORMAL, reason: Utf8Bytes::default() };
    // A client that is gone needs no goodbye.
    let _gone = sender.send(Message::Close(Some(end))).await;
    let _gone = sender.close().await;
}

/// One message from the client.
async fn take(data: &Bytes, stdin: &mut Option<Box<dyn AsyncWrite + Send + Unpin>>, resize: &mpsc::Sender<(u16, u16)>) {
    match (data.first().copied(), stdin.as_mut()) {
        (Some(STDIN), Some(writer)) => {
            let written = writer.write_all(&data[1..]).await.and(writer.flush().await);
            if written.is_err() {
                *stdin = None;
            }
        }
        (Some(CLOSE), Some(_)) if data.get(1) == Some(&STDIN) => {
            if let Some(mut writer) = stdin.take() {
                let _ = writer.shutdown().await;
            }
        }
        (Some(RESIZE), _) => {
            let size: Value = serde_json::from_slice(&data[1..]).unwrap_or_default();
            let side = |name: &str| size[name].as_u64().and_then(|value| u16::try_from(value).ok());
            if let (Some(columns), Some(rows)) = (side("Width"), side("Height")) {
                let _ = resize.try_send((columns, rows));
            }
        }
        _ => {}
    }
}

async fn pump(mut reader: impl AsyncRead + Unpin, channel: u8, out: mpsc::Sender<(u8, Bytes)>) {
    let mut buffer = vec![0; CHUNK];
    while let Ok(length @ 1..) = reader.read(&mut buffer).await {
        if out.send((channel, Bytes::copy_from_slice(&buffer[..length]))).await.is_err() {
            return;
        }
    }
}

async fn send(sender: &mut SplitSink<WebSocket, Message>, channel: u8, data: &[u8]) -> Result<(), axum::Error> {
    let mut message = Vec::with_capacity(data.len() + 1);
    message.push(channel);
    message.extend_from_slice(data);
    sender.send(Message::Binary(message.into())).await
}

/// The Status of a command that ended with another code than 0, which kubectl turns into its own exit code.
fn exit_status(code: i32) -> Value {
    json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: exit status {code}"),
        "details": { "causes": [{ "reason": "ExitCode", "message": code.to_string() }] },
    })
}

fn internal_error(error: &RuntimeError) -> Value {
    json!({
        "metadata": {}, "status": "Failure", "reason": "InternalError", "code": 500,
        "message": format!("Internal error occurred: {error}"),
        "details": { "causes": [{ "message": error.to_string() }] },
    })
}
