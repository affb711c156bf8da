//! Carries connections from a door to an endpoint. Must not retry: kube-proxy's rules do not either.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

use super::Way;
use crate::base::tasks::Tasks;
use crate::network::table::Route;

/// Bytes of a connection that are carried at once, each way.
const BUFFER: usize = 32 * 1024;
/// Wait when there are no file descriptors left: others must end first.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until the task is stopped; connections end by themselves.
pub(in crate::network) async fn serve(listener: TcpListener, way: Way, tasks: Tasks) {
    loop {
        match listener.accept().await {
            Ok((client, peer)) => drop(tasks.spawn(connection(client, peer, way.clone()))),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn connection(client: TcpStream, peer: SocketAddr, way: Way) {
    match way.route(peer) {
        // Either side may go away when it likes.
        Route::To(endpoint) => drop(carry(client, peer, &way, endpoint).await),
        Route::Dropped => wait_for_the_client_to_give_up(client).await,
        // The door is about to be shut.
        Route::Refused | Route::Straight => {}
    }
}

async fn carry(mut client: TcpStream, peer: SocketAddr, way: &Way, endpoint: SocketAddr) -> io::Result<()> {
    client.set_nodelay(true)?;
    let tunnel = way.tunnel(peer, endpoint);
    if let Some(tunnel) = &tunnel {
        tunnel.mended().await;
    }
    let mut pod = way.net.dial(way.from(), endpoint).await?;
    let copy = tokio::io::copy_bidirectional_with_sizes(&mut client, &mut pod, BUFFER, BUFFER);
    match tunnel {
        Some(tunnel) => tunnel.through(copy).await.map(drop),
        None => copy.await.map(drop),
    }
}

/// A listener cannot swallow a SYN; the next best is to say nothing.
async fn wait_for_the_client_to_give_up(mut client: TcpStream) {
    let mut space = [0; 1024];
    while matches!(client.read(&mut space).await, Ok(1..)) {}
}
