//! The pod network where pods are real processes with real addresses: plain sockets. Must not listen for them.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::net::{TcpStream, UdpSocket};

use super::table::{Caller, Protocol, Route, ServiceTable};
use crate::base::net::{BoxStream, Datagrams, NetListener, PodNet};

/// How long a connect may take; the kernel's own limit is over two minutes.
const CONNECT: Duration = Duration::from_secs(10);
/// Largest datagram.
const DATAGRAM: usize = 64 * 1024;

/// The network that the engine made; services are resolved here, as the host does not route ClusterIPs.
#[derive(Clone, Default)]
pub struct HostNetwork {
    services: ServiceTable,
}

impl HostNetwork {
    /// The engine's network under a table of services.
    #[must_use]
    pub fn new(services: ServiceTable) -> Self {
        Self { services }
    }

    fn route(&self, from: Option<IpAddr>, to: SocketAddr, protocol: Protocol) -> io::Result<SocketAddr> {
        let node = from.and_then(|from| self.services.node_of(from));
        match self.services.route(Caller { client: from, node: node.as_deref() }, to, protocol) {
            Route::Straight => Ok(to),
            Route::To(endpoint) => Ok(endpoint),
            Route::Refused => Err(ErrorKind::ConnectionRefused.into()),
            Route::Dropped => Err(ErrorKind::TimedOut.into()),
        }
    }
}

#[async_trait]
impl PodNet for HostNetwork {
    fn listen(&self, _at: SocketAddr) -> io::Result<NetListener> {
        Err(ErrorKind::Unsupported.into())
    }

    async fn dial(&self, from: Option<IpAddr>, to: SocketAddr) -> io::Result<BoxStream> {
        let to = self.route(from, to, Protocol::Tcp)?;
        let connect = tokio::time::timeout(CONNECT, TcpStream::connect(to)).await;
        let stream = connect.map_err(|_| io::Error::from(ErrorKind::TimedOut))??;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }

    fn bind(&self, _at: Option<SocketAddr>) -> io::Result<Arc<dyn Datagrams>> {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        Ok(Arc::new(Socket { socket: UdpSocket::from_std(socket)?, address, net: self.clone() }))
    }
}

/// A socket of this machine.
struct Socket {
    socket: UdpSocket,
    address: SocketAddr,
    net: HostNetwork,
}

#[async_trait]
impl Datagrams for Socket {
    fn address(&self) -> SocketAddr {
        self.address
    }

    async fn send(&self, data: Bytes, to: SocketAddr) -> io::Result<()> {
        let to = self.net.route(None, to, Protocol::Udp)?;
        self.socket.send_to(&data, to).await.map(drop)
    }

    async fn receive(&self) -> io::Result<(Bytes, SocketAddr)> {
        let mut space = vec![0; DATAGRAM];
        let (length, from) = self.socket.recv_from(&mut space).await?;
        space.truncate(length);
        Ok((space.into(), from))
    }
}
