//! The pod network from inside a real pod: the container's own sockets. Must not know services: the engine's network and
//! the proxy do.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::SinkExt;
use futures::channel::mpsc;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_util::sync::CancellationToken;

use crate::base::net::{BoxStream, BoxedIo, Datagrams, Incoming, NetListener, PodNet};
use crate::base::tasks::Tasks;

/// Connections that may wait to be accepted, and the largest datagram.
const BACKLOG: usize = 16;
const DATAGRAM: usize = 64 * 1024;
/// An ICMP echo request with 56 bytes; the kernel fills in its number and its sum.
const ECHO: [u8; 64] = {
    let mut echo = [0; 64];
    echo[0] = 8;
    echo
};

/// The sockets of this process.
pub(super) struct Sockets {
    tasks: Tasks,
}

impl Sockets {
    pub fn new(tasks: &Tasks) -> Self {
        Self { tasks: tasks.clone() }
    }
}

/// A pod's program listens at every address of the pod, its own 127.0.0.1 too.
fn everywhere(port: u16) -> SocketAddr {
    (Ipv4Addr::UNSPECIFIED, port).into()
}

#[async_trait]
impl PodNet for Sockets {
    fn listen(&self, at: SocketAddr) -> io::Result<NetListener> {
        let listener = std::net::TcpListener::bind(everywhere(at.port()))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let (sender, incoming) = mpsc::channel(BACKLOG);
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        self.tasks.spawn(async move {
            ended.run_until_cancelled(accept(listener, sender)).await;
        });
        Ok(NetListener::new(incoming, Some(guard)))
    }

    async fn dial(&self, _from: Option<IpAddr>, to: SocketAddr) -> io::Result<BoxStream> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }

    fn bind(&self, at: Option<SocketAddr>) -> io::Result<Arc<dyn Datagrams>> {
        let socket = std::net::UdpSocket::bind(everywhere(at.map_or(0, |at| at.port())))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        Ok(Arc::new(Bound { socket: UdpSocket::from_std(socket)?, address }))
    }

    /// Without privileges, as far as the system lets this user (`net.ipv4.ping_group_range`).
    async fn ping(&self, _from: IpAddr, to: IpAddr) -> io::Result<()> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4))?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket.into())?;
        socket.connect((to, 0)).await?;
        socket.send(&ECHO).await?;
        socket.recv(&mut [0; ECHO.len()]).await.map(drop)
    }
}

async fn accept(listener: TcpListener, mut sender: mpsc::Sender<Box<Incoming>>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                if sender.send(Box::new((BoxedIo(Box::new(stream)), peer))).await.is_err() {
                    return;
                }
            }
            // Out of descriptors, or a client that left the queue: the next one may do better.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
}

/// A datagram socket.
struct Bound {
    socket: UdpSocket,
    address: SocketAddr,
}

#[async_trait]
impl Datagrams for Bound {
    fn address(&self) -> SocketAddr {
        self.address
    }

    async fn send(&self, data: Bytes, to: SocketAddr) -> io::Result<()> {
        match self.socket.send_to(&data, to).await {
            // An earlier one was not heard: so are datagrams.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
            sent => sent.map(drop),
        }
    }

    async fn receive(&self) -> io::Result<(Bytes, SocketAddr)> {
        let mut space = vec![0; DATAGRAM];
        let (length, from) = self.socket.recv_from(&mut space).await?;
        space.truncate(length);
        Ok((space.into(), from))
    }
}
