//! What a network between pods offers: listen, dial and datagrams by address. Must not know who implements it.
//!
//! Embedded pods speak over memory, Docker pods over real sockets; both look the same from here. An address says who
//! one is: a pod's, a node's (from which the node itself speaks), or none for the machine outside.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::channel::mpsc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::DropGuard;

/// The workers that have an address of their own on this machine.
const WITH_ADDRESS: u32 = 32;

/// A worker's address on this machine, where its NodePorts and host ports are: 127.0.1.N for worker N, whose own address
/// ends in 0.N in memory and in 255.N in an engine's network.
#[must_use]
pub fn door_of(node: IpAddr) -> Option<IpAddr> {
    let IpAddr::V4(node) = node else { return None };
    let [_, _, block, number] = node.octets();
    let has_one = matches!(block, 0 | 255) && (1..=WITH_ADDRESS).contains(&number.into());
    has_one.then(|| Ipv4Addr::new(127, 0, 1, number).into())
}

/// A two-way stream of bytes.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Any stream of bytes.
pub type BoxStream = Box<dyn Stream>;

/// A datagram socket, bound until its last holder drops it.
#[async_trait]
pub trait Datagrams: Send + Sync {
    /// Its own address.
    fn address(&self) -> SocketAddr;

    /// Sends; what nobody hears is lost, as in life.
    ///
    /// # Errors
    /// `HostUnreachable` when there is no way there.
    async fn send(&self, data: Bytes, to: SocketAddr) -> io::Result<()>;

    /// The next datagram and who sent it.
    ///
    /// # Errors
    /// `NotConnected` when the socket's address is gone.
    async fn receive(&self) -> io::Result<(Bytes, SocketAddr)>;
}

/// The pod network as its users see it.
#[async_trait]
pub trait PodNet: Send + Sync {
    /// Listens on a pod's address until the listener is dropped.
    ///
    /// # Errors
    /// `AddrInUse` when a container of the same pod already listens there; `Unsupported` where pods are real
    /// processes that listen by themselves.
    fn listen(&self, at: SocketAddr) -> io::Result<NetListener>;

    /// Connects to a pod or service address; `from` is the dialler's own address, `None` for the machine outside.
    ///
    /// # Errors
    /// As a TCP connect: `ConnectionRefused`, `TimedOut`, `HostUnreachable`.
    async fn dial(&self, from: Option<IpAddr>, to: SocketAddr) -> io::Result<BoxStream>;

    /// Binds a datagram socket at a pod's address (port 0 takes a free one), or at the machine's own for `None`.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`; `Unsupported` where there are no datagrams.
    fn bind(&self, _at: Option<SocketAddr>) -> io::Result<Arc<dyn Datagrams>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Opens a port of this machine that leads to a pod, until the guard is dropped.
    ///
    /// # Errors
    /// As a bind: `AddrInUse`, `PermissionDenied`; `Unsupported` where the engine opens ports by itself.
    fn publish(&self, _at: SocketAddr, _to: SocketAddr, _udp: bool) -> io::Result<DropGuard> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// One ICMP echo from an address to another; answers when the reply is back.
    ///
    /// # Errors
    /// `HostUnreachable` when nobody has that address; `Unsupported` where pods ping by themselves. A lost echo never
    /// answers.
    async fn ping(&self, _from: IpAddr, _to: IpAddr) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// A pod, or a node itself, with this address exists on a node now; nothing to do where the engine connects pods.
    fn attach(&self, _address: IpAddr, _node: &str) {}

    /// It is gone: its listeners end and its address is unreachable.
    fn detach(&self, _address: IpAddr) {}
}

/// Connections to an address, with who dialled. Over futures' channel: every container listens, and tokio's keeps a block
/// of room for each.
#[derive(Debug)]
pub struct NetListener {
    incoming: mpsc::Receiver<Box<Incoming>>,
    _on_drop: Option<DropGuard>,
}

/// A connection and who dialled. Boxed where it waits.
pub type Incoming = (BoxedIo, SocketAddr);

/// A stream that can be moved through channels.
pub struct BoxedIo(pub BoxStream);

impl std::fmt::Debug for BoxedIo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BoxedIo")
    }
}

impl NetListener {
    /// A listener fed by a channel; the guard, if any, is released with it.
    #[must_use]
    pub fn new(incoming: mpsc::Receiver<Box<Incoming>>, on_drop: Option<DropGuard>) -> Self {
        Self { incoming, _on_drop: on_drop }
    }

    /// The next connection; `None` when the network is gone.
    pub async fn accept(&mut self) -> Option<(BoxStream, SocketAddr)> {
        self.incoming.next().await.map(|incoming| (incoming.0.0, incoming.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_workers_have_a_door_each_on_this_machine() {
        let table = [
            ([192, 168, 0, 1], Some([127, 0, 1, 1])),
            ([10, 127, 255, 32], Some([127, 0, 1, 32])),
            ([192, 168, 0, 33], None),
            ([192, 168, 1, 1], None),
        ];
        for (node, door) in table {
            assert_eq!(door_of(node.into()), door.map(IpAddr::from), "{node:?}");
        }
    }
}
