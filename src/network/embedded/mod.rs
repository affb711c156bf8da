//! The pod network in memory: real addresses and ports, connections that are pipes. Must not open sockets.

mod datagram;
mod host_port;
mod linked;
#[cfg(test)]
mod tests;
mod way;

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::SinkExt;
use futures::channel::mpsc;
use parking_lot::Mutex;
use tokio::io::DuplexStream;
use tokio_util::sync::DropGuard;

use self::datagram::{Flows, Inbox, Socket};
use self::linked::Linked;
use self::way::Way;
use super::links::{Link, Links};
use super::policy::Policies;
use super::table::{Caller, Protocol, Route, ServiceTable};
use crate::base::net::{BoxStream, BoxedIo, Datagrams, Incoming, NetListener, PodNet};
use crate::base::tasks::Tasks;

/// Connections that wait to be accepted (Linux' `somaxconn` is larger; more waits here as there).
const BACKLOG: usize = 32;
/// Bytes that either end of a connection may have in flight.
const BUFFER: usize = 16 * 1024;
/// First port that a dialler gets for itself (Linux' `ip_local_port_range`).
const FIRST_EPHEMERAL: u16 = 32_768;
/// How long a connect that nothing answers is tried (Linux' `tcp_syn_retries`: 1 + 2 + … + 64 s).
const SYN_TIMEOUT: Duration = Duration::from_secs(127);
/// Whom pods see when the machine outside speaks to them.
const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 255, 254));

type Backlog = mpsc::Sender<Box<Incoming>>;

/// Every embedded pod's addresses and listeners. Clones share the network.
#[derive(Clone, Default)]
pub struct PodNetwork {
    state: Arc<Mutex<State>>,
    services: ServiceTable,
    links: Links,
    policies: Policies,
    /// What carries host ports; each ends with its guard.
    tasks: Tasks,
}

#[derive(Default)]
struct State {
    /// The node of each address.
    hosts: HashMap<IpAddr, String>,
    listeners: HashMap<SocketAddr, Backlog>,
    sockets: HashMap<SocketAddr, Inbox>,
    flows: Flows,
    ephemeral: u16,
}

impl PodNetwork {
    /// An empty network over a table of services.
    #[must_use]
    pub fn new(services: ServiceTable) -> Self {
        Self { services, ..Self::default() }
    }

    /// The same network under some policies.
    #[must_use]
    pub fn under(self, policies: Policies) -> Self {
        Self { policies, ..self }
    }

    /// The tunnels between workers.
    #[must_use]
    pub fn links(&self) -> Links {
        self.links.clone()
    }

    /// Where a packet goes in the end, past services, and the tunnel on its way.
    fn way(&self, from: Option<IpAddr>, to: SocketAddr, protocol: Protocol) -> io::Result<Way> {
        let node = from.and_then(|from| self.state.lock().hosts.get(&from).cloned());
        let to = match from {
            Some(own) if to.ip().is_loopback() => SocketAddr::new(own, to.port()),
            _ => match self.services.route(Caller { client: from, node: node.as_deref() }, to, protocol) {
                Route::Straight => to,
                Route::To(endpoint) => endpoint,
                Route::Refused => return Err(ErrorKind::ConnectionRefused.into()),
                Route::Dropped => return Ok(Way::Nowhere),
            },
        };
        if !self.policies.allow(from, to, protocol) {
            return Ok(Way::Nowhere);
        }
        let target = self.state.lock().hosts.get(&to.ip()).cloned();
        let link = node.zip(target).and_then(|(one, other)| self.link(&one, &other));
        Ok(Way::To { to, link })
    }

    /// What belongs to no worker has no tunnel.
    fn link(&self, one: &str, other: &str) -> Option<Link> {
        if one.is_empty() || other.is_empty() { None } else { self.links.between(one, other) }
    }

    /// Who listens there, or the error of a TCP connect.
    fn backlog(&self, to: SocketAddr) -> io::Result<Backlog> {
        let state = self.state.lock();
        match state.listeners.get(&to).filter(|backlog| !backlog.is_closed()) {
            Some(backlog) => Ok(backlog.clone()),
            None if state.hosts.contains_key(&to.ip()) => Err(ErrorKind::ConnectionRefused.into()),
            None => Err(ErrorKind::HostUnreachable.into()),
        }
    }

    fn ephemeral(&self, from: Option<IpAddr>) -> SocketAddr {
        let mut state = self.state.lock();
        state.ephemeral = state.ephemeral.wrapping_add(1) % (u16::MAX - FIRST_EPHEMERAL);
        SocketAddr::new(from.unwrap_or(OUTSIDE), FIRST_EPHEMERAL + state.ephemeral)
    }
}

#[async_trait]
impl PodNet for PodNetwork {
    fn listen(&self, at: SocketAddr) -> io::Result<NetListener> {
        let mut state = self.state.lock();
        if !state.hosts.contains_key(&at.ip()) {
            return Err(ErrorKind::AddrNotAvailable.into());
        }
        if state.listeners.get(&at).is_some_and(|backlog| !backlog.is_closed()) {
            return Err(ErrorKind::AddrInUse.into());
        }
        let (sender, receiver) = mpsc::channel(BACKLOG);
        state.listeners.insert(at, sender);
        Ok(NetListener::new(receiver, None))
    }

    async fn dial(&self, from: Option<IpAddr>, to: SocketAddr) -> io::Result<BoxStream> {
        let (to, link) = self.way(from, to, Protocol::Tcp)?.connect().await?;
        let mut backlog = self.backlog(to)?;
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        let theirs = BoxedIo(through(theirs, link.as_ref()));
        backlog.send(Box::new((theirs, self.ephemeral(from)))).await.map_err(|_| ErrorKind::ConnectionRefused)?;
        Ok(through(ours, link.as_ref()))
    }

    fn bind(&self, at: Option<SocketAddr>) -> io::Result<Arc<dyn Datagrams>> {
        Ok(Arc::new(Socket::bind(self, at)?))
    }

    async fn ping(&self, from: IpAddr, to: IpAddr) -> io::Result<()> {
        // An address of a service answers no echo: only its ports lead anywhere.
        let Ok(Way::To { to, link }) = self.way(Some(from), (to, 0).into(), Protocol::Udp) else {
            return std::future::pending().await;
        };
        if !self.state.lock().hosts.contains_key(&to.ip()) {
            return Err(ErrorKind::HostUnreachable.into());
        }
        match way::cross(link.as_ref(), 2).await {
            Some(()) => Ok(()),
            None => std::future::pending().await,
        }
    }

    fn publish(&self, at: SocketAddr, to: SocketAddr, udp: bool) -> io::Result<DropGuard> {
        host_port::open(self, at, to, udp)
    }

    fn attach(&self, address: IpAddr, node: &str) {
        self.state.lock().hosts.insert(address, node.into());
    }

    fn detach(&self, address: IpAddr) {
        let mut state = self.state.lock();
        state.hosts.remove(&address);
        state.listeners.retain(|at, _| at.ip() != address);
        state.sockets.retain(|at, _| at.ip() != address);
    }
}

/// An end of a connection, behind the tunnel that it passes.
fn through(end: DuplexStream, link: Option<&Link>) -> BoxStream {
    match link {
        Some(link) => Box::new(Linked::new(end, link.clone())),
        None => Box::new(end),
    }
}
