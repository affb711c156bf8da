//! Carries datagrams from a door to an endpoint and the answers back. Must not keep a client that is silent.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::net::UdpSocket;

use super::Way;
use crate::base::net::Datagrams;
use crate::base::tasks::Tasks;
use crate::network::table::Route;

/// Largest datagram.
const DATAGRAM: usize = 64 * 1024;
/// How long a client without traffic keeps its socket (`nf_conntrack_udp_timeout_stream`).
const IDLE: Duration = Duration::from_secs(120);

type Sessions = Arc<Mutex<HashMap<SocketAddr, Session>>>;

/// A client's own socket to its endpoint.
#[derive(Clone)]
struct Session {
    socket: Arc<dyn Datagrams>,
    endpoint: SocketAddr,
}

/// Carries until the task is stopped.
pub(in crate::network) async fn serve(door: UdpSocket, way: Way, tasks: Tasks) {
    let (door, sessions) = (Arc::new(door), Sessions::default());
    let mut space = vec![0; DATAGRAM];
    loop {
        // An error here is an earlier datagram's: nobody took the answer.
        let Ok((length, client)) = door.recv_from(&mut space).await else { continue };
        let data = Bytes::copy_from_slice(&space[..length]);
        let known = sessions.lock().get(&client).cloned();
        let session = match known {
            Some(session) => Some(session),
            None => open(&door, &way, client, &sessions, &tasks),
        };
        if let Some(session) = session {
            // Lost, as datagrams are.
            let _ = session.socket.send(data, session.endpoint).await;
        }
    }
}

fn open(door: &Arc<UdpSocket>, way: &Way, client: SocketAddr, sessions: &Sessions, tasks: &Tasks) -> Option<Session> {
    let Route::To(endpoint) = way.route(client) else { return None };
    let socket = way.net.bind(way.from().map(|own| SocketAddr::new(own, 0))).ok()?;
    let session = Session { socket, endpoint };
    sessions.lock().insert(client, session.clone());
    let (door, sessions, socket) = (door.clone(), sessions.clone(), session.socket.clone());
    tasks.spawn(async move {
        let _ = answer(&door, &*socket, client).await;
        sessions.lock().remove(&client);
    });
    Some(session)
}

/// Carries answers back until there are none for long.
async fn answer(door: &UdpSocket, socket: &dyn Datagrams, client: SocketAddr) -> io::Result<()> {
    loop {
        let received = tokio::time::timeout(IDLE, socket.receive()).await;
        let (data, _) = received.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        door.send_to(&data, client).await?;
    }
}
