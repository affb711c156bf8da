//! Host ports: real sockets of this machine that lead to a pod in memory. Must not choose the pod.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::PodNetwork;
use crate::base::net::PodNet;

/// Wait when there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(50);
/// Largest datagram.
const DATAGRAM: usize = 64 * 1024;

/// Opens a port until the guard is dropped.
pub(super) fn open(net: &PodNetwork, at: SocketAddr, to: SocketAddr, udp: bool) -> io::Result<DropGuard> {
    let (token, net) = (CancellationToken::new(), net.clone());
    let (until, tasks) = (token.clone(), net.tasks.clone());
    if udp {
        let socket = std::net::UdpSocket::bind(at)?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        tasks.spawn(async move { until.run_until_cancelled(datagrams(socket, net, to)).await.unwrap_or_default() });
    } else {
        let listener = std::net::TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        tasks.spawn(async move { until.run_until_cancelled(connections(listener, net, to)).await.unwrap_or_default() });
    }
    Ok(token.drop_guard())
}

async fn connections(listener: TcpListener, net: PodNetwork, to: SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                let own = net.clone();
                net.tasks.spawn(async move { carry(client, &own, to).await.unwrap_or_default() });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn carry(mut client: TcpStream, net: &PodNetwork, to: SocketAddr) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut pod = net.dial(None, to).await?;
    tokio::io::copy_bidirectional(&mut client, &mut pod).await.map(drop)
}

/// One socket of the pod network stands for whoever asked last: a host port is for one client at a time here.
async fn datagrams(door: UdpSocket, net: PodNetwork, to: SocketAddr) {
    let Ok(inner) = net.bind(None) else { return };
    let (door, mut space, mut client) = (Arc::new(door), vec![0; DATAGRAM], None);
    loop {
        tokio::select! {
            asked = door.recv_from(&mut space) => {
                let Ok((length, peer)) = asked else { continue };
                client = Some(peer);
                // Lost, as datagrams are.
                let _ = inner.send(Bytes::copy_from_slice(&space[..length]), to).await;
            }
            answered = inner.receive() => {
                let Ok((data, _)) = answered else { return };
                if let Some(client) = client {
                    let _ = door.send_to(&data, client).await;
                }
            }
        }
    }
}
