//! Port forwarding over numbered channels: two a port, for data and for errors, each begun by its port's number
//! (kubelet `portforward/websocket.go`). Must not dial by itself.

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use futures::future::join_all;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::portforward::{CHUNK, Forward};
use super::stream::hang_up;

/// Pieces that wait for a port or for the socket.
const QUEUE: usize = 16;

/// The ports of a query such as `ports=80%2C8080`; `None` when there is none, or one is no port.
pub(super) fn ports(query: &str) -> Option<Vec<u16>> {
    let values = query.split('&').filter_map(|pair| pair.strip_prefix("ports="));
    let values: Vec<String> = values.map(|value| value.replace("%2C", ",").replace("%2c", ",")).collect();
    let ports: Option<Vec<u16>> =
        values.iter().flat_map(|value| value.split(',')).map(|port| port.parse().ok()).collect();
    // A channel's number is one byte.
    ports.filter(|ports| !ports.is_empty() && ports.len() <= 127 && !ports.contains(&0))
}

/// Carries every port until the client hangs up or all of them end.
pub(super) async fn serve(socket: WebSocket, ports: Vec<u16>, forward: Forward) {
    let (mut sender, mut receiver) = socket.split();
    let (out, mut outgoing) = mpsc::channel::<(u8, Bytes)>(QUEUE);
    let (mut inputs, mut running) = (Vec::new(), Vec::new());
    for (index, port) in ports.into_iter().enumerate() {
        let channel = u8::try_from(index * 2).unwrap_or_default();
        let (input, incoming) = mpsc::channel(QUEUE);
        inputs.push(input);
        running.push(one(channel, port, forward.clone(), incoming, out.clone()));
    }
    drop(out);
    let write = async {
        while let Some((channel, data)) = outgoing.recv().await {
            let message = [&[channel], &data[..]].concat();
            if sender.send(Message::Binary(message.into())).await.is_err() {
                return;
            }
        }
        hang_up(sender).await;
    };
    let read = async {
        while let Some(Ok(message)) = receiver.next().await {
            match message {
                Message::Binary(data) => give(&inputs, &data).await,
                Message::Close(_) => return,
                _ => {}
            }
        }
    };
    tokio::select! {
        _ = async { tokio::join!(join_all(running), write) } => {}
        () = read => {}
    }
}

/// Only data channels, the even ones, take anything.
async fn give(inputs: &[mpsc::Sender<Bytes>], message: &Bytes) {
    let Some((channel, data)) = message.split_first() else { return };
    if let Some(input) = inputs.get(usize::from(channel / 2)).filter(|_| channel % 2 == 0) {
        // A port that has ended takes no more.
        let _gone = input.send(Bytes::copy_from_slice(data)).await;
    }
}

async fn one(
    channel: u8,
    port: u16,
    forward: Forward,
    mut input: mpsc::Receiver<Bytes>,
    out: mpsc::Sender<(u8, Bytes)>,
) {
    let number = Bytes::copy_from_slice(&port.to_le_bytes());
    for channel in [channel, channel + 1] {
        if out.send((channel, number.clone())).await.is_err() {
            return;
        }
    }
    let target = match forward.dial(port).await {
        Ok(target) => target,
        Err(why) => {
            // A client that is gone does not hear why.
            let _gone = out.send((channel + 1, why.into())).await;
            return;
        }
    };
    let (mut from, mut to) = tokio::io::split(target);
    let inward = async {
        while let Some(bytes) = input.recv().await {
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let outward = async {
        let mut buffer = vec![0; CHUNK];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if out.send((channel, Bytes::copy_from_slice(&buffer[..length]))).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = outward => {}
        () = inward => {}
    }
}

#[cfg(test)]
mod tests {
    use super::ports;

    #[test]
    fn ports_are_read_from_the_query() {
        assert_eq!(ports("ports=80%2C1234"), Some(vec![80, 1234]));
        assert_eq!(ports("a=b&ports=80&ports=81"), Some(vec![80, 81]));
        assert_eq!((ports(""), ports("ports=x"), ports("ports=0")), (None, None, None));
    }
}
