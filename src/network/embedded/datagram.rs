//! Datagrams between pods, and the memory of which endpoint a client's datagrams to a service go to (conntrack).
//! Must not deliver twice nor block a sender on a slow receiver.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Mutex, mpsc};

use super::way::{self, Way};
use super::{PodNetwork, Protocol, State};
use crate::base::net::Datagrams;

/// Datagrams that may wait in a socket; more are lost, as when a real one's buffer is full.
const WAITING: usize = 256;
/// How long a flow without traffic is remembered (`nf_conntrack_udp_timeout_stream`).
const REMEMBERED: Duration = Duration::from_secs(120);
/// Flows before old ones are forgotten.
const MOST_FLOWS: usize = 4096;

/// The way into a socket.
pub(super) type Inbox = mpsc::Sender<(Bytes, SocketAddr)>;

/// Which endpoint answers a client for a service, and until when that is remembered.
#[derive(Default)]
pub(super) struct Flows(HashMap<(SocketAddr, SocketAddr), (SocketAddr, Duration)>);

impl Flows {
    /// The endpoint of a client's flow to a service.
    fn endpoint(&self, client: SocketAddr, service: SocketAddr, now: Duration) -> Option<SocketAddr> {
        self.0.get(&(client, service)).filter(|(_, until)| *until > now).map(|(endpoint, _)| *endpoint)
    }

    fn remember(&mut self, client: SocketAddr, service: SocketAddr, endpoint: SocketAddr, now: Duration) {
        if self.0.len() >= MOST_FLOWS {
            self.0.retain(|_, (_, until)| *until > now);
        }
        self.0.insert((client, service), (endpoint, now + REMEMBERED));
    }

    /// What a client calls the endpoint that answers it: the service that it asked.
    fn asked(&self, client: SocketAddr, endpoint: SocketAddr) -> Option<SocketAddr> {
        let mut flows = self.0.iter();
        flows.find(|((of, _), (to, _))| *of == client && *to == endpoint).map(|((_, service), _)| *service)
    }
}

/// A bound socket.
pub(super) struct Socket {
    net: PodNetwork,
    at: SocketAddr,
    inbox: Mutex<mpsc::Receiver<(Bytes, SocketAddr)>>,
}

impl Socket {
    pub(super) fn bind(net: &PodNetwork, at: Option<SocketAddr>) -> io::Result<Self> {
        let at = match at {
            Some(at) if at.port() > 0 => at,
            other => net.ephemeral(other.map(|at| at.ip())),
        };
        let (sender, receiver) = mpsc::channel(WAITING);
        net.state.lock().open(at, sender)?;
        Ok(Self { net: net.clone(), at, inbox: Mutex::new(receiver) })
    }

    fn way(&self, to: SocketAddr, now: Duration) -> io::Result<Way> {
        let from = (self.at.ip() != super::OUTSIDE).then_some(self.at.ip());
        let known = {
            let state = self.net.state.lock();
            state.flows.endpoint(self.at, to, now).filter(|endpoint| state.sockets.contains_key(endpoint))
        };
        let way = self.net.way(from, known.unwrap_or(to), Protocol::Udp)?;
        if let Way::To { to: endpoint, .. } = &way
            && *endpoint != to
        {
            self.net.state.lock().flows.remember(self.at, to, *endpoint, now);
        }
        Ok(way)
    }
}

impl State {
    fn open(&mut self, at: SocketAddr, inbox: Inbox) -> io::Result<()> {
        if at.ip() != super::OUTSIDE && !self.hosts.contains_key(&at.ip()) {
            return Err(ErrorKind::AddrNotAvailable.into());
        }
        if self.sockets.contains_key(&at) {
            return Err(ErrorKind::AddrInUse.into());
        }
        self.sockets.insert(at, inbox);
        Ok(())
    }

    /// The socket at an address, and what it shall take the sender for.
    fn receiver(&self, from: SocketAddr, to: SocketAddr) -> io::Result<(Inbox, SocketAddr)> {
        match self.sockets.get(&to) {
            Some(inbox) => Ok((inbox.clone(), self.flows.asked(to, from).unwrap_or(from))),
            None if self.hosts.contains_key(&to.ip()) => Err(ErrorKind::ConnectionRefused.into()),
            None => Err(ErrorKind::HostUnreachable.into()),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.inbox.get_mut().close();
        let mut state = self.net.state.lock();
        // After a detach somebody else may be bound there.
        if state.sockets.get(&self.at).is_some_and(Inbox::is_closed) {
            state.sockets.remove(&self.at);
        }
    }
}

#[async_trait]
impl Datagrams for Socket {
    fn address(&self) -> SocketAddr {
        self.at
    }

    async fn send(&self, data: Bytes, to: SocketAddr) -> io::Result<()> {
        let Way::To { to, link } = self.way(to, self.net.services.now())? else { return Ok(()) };
        let (inbox, shown) = self.net.state.lock().receiver(self.at, to)?;
        if way::cross(link.as_ref(), 1).await.is_some() {
            let _ = inbox.try_send((data, shown));
        }
        Ok(())
    }

    async fn receive(&self) -> io::Result<(Bytes, SocketAddr)> {
        self.inbox.lock().await.recv().await.ok_or_else(|| ErrorKind::NotConnected.into())
    }
}
