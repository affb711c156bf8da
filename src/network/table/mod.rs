//! Which endpoints stand behind each service address and name. Must not watch anything: it is told.

mod choose;
pub(super) mod service;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use self::choose::{Turns, usable};
pub(crate) use self::service::{Host, Name, Port, Protocol, Service, service_of};
use crate::base::clock::{Clock, Timing};

/// The services as seen by diallers. Clones share the table.
#[derive(Clone)]
pub struct ServiceTable(Arc<Shared>);

struct Shared {
    clock: Clock,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    services: HashMap<Name, Arc<Live>>,
    by_address: HashMap<IpAddr, Name>,
    by_node_port: HashMap<(u16, Protocol), Name>,
    nodes: HashMap<String, Node>,
    /// Tunnels that are cut.
    cut: BTreeSet<(String, String)>,
    followers: Vec<mpsc::UnboundedSender<Change>>,
}

/// A service and whose turn it is at each of its ports.
struct Live {
    service: Service,
    turns: Vec<Arc<Turns>>,
}

/// A worker: its own address, and the range of its pods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) address: Option<IpAddr>,
    /// First address and length of the prefix of its pods' range.
    pub(crate) pods: Option<(IpAddr, u8)>,
}

/// Something in the table is another now; what a follower needs to have the same table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    /// A service is like this now.
    Service(Service),
    /// A service is gone.
    Gone(Name),
    /// A node is like this now.
    Node(Node),
    /// A node is gone.
    NodeGone(String),
    /// The tunnel between two workers is cut, or whole again.
    Tunnel { one: String, other: String, cut: bool },
    /// The whole table follows.
    Begin,
    /// That was the whole table: what it did not name is not.
    Complete,
}

/// Who calls a service.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Caller<'a> {
    /// The client's address, for session affinity.
    pub(crate) client: Option<IpAddr>,
    /// The node on which it asks; `None` where that is not known, and then no policy keeps it there.
    pub(crate) node: Option<&'a str>,
}

/// Where a packet to an address goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The address is no service's.
    Straight,
    /// To this endpoint.
    To(SocketAddr),
    /// Nobody is there: refused, as kube-proxy rejects it.
    Refused,
    /// Nobody is there on this node, and others must not be asked: it vanishes.
    Dropped,
}

impl Default for ServiceTable {
    fn default() -> Self {
        Self::new(Clock::new(Timing::Real))
    }
}

impl ServiceTable {
    /// An empty table; session affinity ends by this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Shared { clock, state: RwLock::default() }))
    }

    /// Takes a change.
    pub(crate) fn apply(&self, change: Change) {
        let mut state = self.0.state.write();
        match &change {
            Change::Service(service) => state.set(service.clone()),
            Change::Gone(name) => drop(state.remove(name)),
            Change::Node(node) => drop(state.nodes.insert(node.name.clone(), node.clone())),
            Change::NodeGone(name) => drop(state.nodes.remove(name)),
            Change::Tunnel { one, other, cut: true } => drop(state.cut.insert((one.clone(), other.clone()))),
            Change::Tunnel { one, other, cut: false } => drop(state.cut.remove(&(one.clone(), other.clone()))),
            Change::Begin | Change::Complete => {}
        }
        state.followers.retain(|follower| follower.send(change.clone()).is_ok());
    }

    /// The table as it is and every change from now on, a line of JSON each: what keeps a table elsewhere the same.
    #[must_use]
    pub fn lines(&self) -> BoxStream<'static, Bytes> {
        let changes = self.follow();
        let lines = stream::unfold(changes, |mut changes| async { Some((line(&changes.recv().await?), changes)) });
        lines.boxed()
    }

    /// The tunnel between two workers is cut, or whole again: for those who follow the table.
    pub fn tunnel(&self, one: &str, other: &str, cut: bool) {
        self.apply(Change::Tunnel { one: one.into(), other: other.into(), cut });
    }

    /// The range of a worker's pods, such as `10.112.1.0/24`.
    #[must_use]
    pub fn pods_of(&self, node: &str) -> Option<String> {
        let (first, bits) = self.0.state.read().nodes.get(node)?.pods?;
        Some(format!("{first}/{bits}"))
    }

    fn follow(&self) -> mpsc::UnboundedReceiver<Change> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.0.state.write();
        let nodes = state.nodes.values().cloned().map(Change::Node);
        let services = state.services.values().map(|live| Change::Service(live.service.clone()));
        let cut = state.cut.iter().cloned().map(|(one, other)| Change::Tunnel { one, other, cut: true });
        let whole = std::iter::once(Change::Begin).chain(nodes).chain(services).chain(cut);
        whole.chain([Change::Complete]).for_each(|change| drop(sender.send(change)));
        state.followers.push(sender);
        receiver
    }

    /// The time of the table's clock.
    pub(crate) fn now(&self) -> Duration {
        self.0.clock.elapsed()
    }

    /// Reads one service.
    pub(crate) fn read<T>(&self, name: &Name, read: impl FnOnce(&Service) -> T) -> Option<T> {
        let live = self.0.state.read().services.get(name).cloned();
        live.map(|live| read(&live.service))
    }

    /// Every service.
    pub(crate) fn names(&self) -> Vec<Name> {
        self.0.state.read().services.keys().cloned().collect()
    }

    /// The workers.
    pub(crate) fn nodes(&self) -> Vec<Node> {
        self.0.state.read().nodes.values().cloned().collect()
    }

    /// A worker.
    pub(crate) fn node(&self, name: &str) -> Option<Node> {
        self.0.state.read().nodes.get(name).cloned()
    }

    /// The node whose own address or pods' range an address is in.
    pub(crate) fn node_of(&self, address: IpAddr) -> Option<String> {
        let state = self.0.state.read();
        state.nodes.values().find(|node| node.has(address)).map(|node| node.name.clone())
    }

    /// Where a packet to `to` goes: a service's address or a node's port lead to one of the endpoints.
    pub(crate) fn route(&self, caller: Caller, to: SocketAddr, protocol: Protocol) -> Route {
        let state = self.0.state.read();
        if let Some(name) = state.by_address.get(&to.ip()) {
            let Some(live) = state.services.get(name).cloned() else { return Route::Refused };
            drop(state);
            let port = live.port(|port| port.port == to.port() && port.protocol == protocol);
            let outside = !live.service.addresses.contains(&to.ip());
            return port.map_or(Route::Refused, |index| live.pick(index, caller, self.now(), outside));
        }
        if !state.nodes.values().any(|node| node.address == Some(to.ip())) {
            return Route::Straight;
        }
        let Some(name) = state.by_node_port.get(&(to.port(), protocol)).cloned() else { return Route::Straight };
        drop(state);
        self.enter(&name, caller, |port| port.node_port == Some(to.port()) && port.protocol == protocol)
    }

    /// An endpoint for who comes from outside to a port of a service.
    pub(crate) fn enter(&self, name: &Name, caller: Caller, wanted: impl Fn(&Port) -> bool) -> Route {
        let Some(live) = self.0.state.read().services.get(name).cloned() else { return Route::Refused };
        live.port(wanted).map_or(Route::Refused, |index| live.pick(index, caller, self.now(), true))
    }
}

fn line(change: &Change) -> Bytes {
    let mut text = serde_json::to_vec(change).unwrap_or_default();
    text.push(b'\n');
    text.into()
}

impl State {
    fn set(&mut self, service: Service) {
        let old = self.remove(&service.name);
        let turns = |port: &Port| old.as_ref().and_then(|old| old.turns_of(port)).unwrap_or_default();
        let turns = service.ports.iter().map(turns).collect();
        for address in service.addresses.iter().chain(&service.outside) {
            self.by_address.insert(*address, service.name.clone());
        }
        for port in &service.ports {
            if let Some(number) = port.node_port {
                self.by_node_port.insert((number, port.protocol), service.name.clone());
            }
        }
        self.services.insert(service.name.clone(), Arc::new(Live { service, turns }));
    }

    fn remove(&mut self, name: &Name) -> Option<Arc<Live>> {
        let old = self.services.remove(name)?;
        let ports = old.service.ports.iter().filter_map(|port| Some((port.node_port?, port.protocol)));
        for key in ports {
            self.by_node_port.retain(|known, owner| *known != key || owner != name);
        }
        for address in old.service.addresses.iter().chain(&old.service.outside) {
            self.by_address.retain(|known, owner| known != address || owner != name);
        }
        Some(old)
    }
}

impl Live {
    fn port(&self, wanted: impl Fn(&Port) -> bool) -> Option<usize> {
        self.service.ports.iter().position(wanted)
    }

    fn turns_of(&self, port: &Port) -> Option<Arc<Turns>> {
        let same = |one: &Port| one.name == port.name && one.protocol == port.protocol;
        self.port(same).map(|index| self.turns[index].clone())
    }

    fn pick(&self, index: usize, caller: Caller, now: Duration, outside: bool) -> Route {
        let service = &self.service;
        let local = if outside { service.external_local } else { service.internal_local };
        let node = caller.node.filter(|_| local);
        let usable = usable(&service.ports[index].endpoints, node);
        let keep = service.affinity.map(Duration::from_secs).and_then(|long| Some((caller.client?, long)));
        match self.turns[index].pick(&usable, keep, now) {
            Some(endpoint) => Route::To(endpoint),
            None if node.is_some() => Route::Dropped,
            None => Route::Refused,
        }
    }
}

impl Node {
    fn has(&self, address: IpAddr) -> bool {
        let in_range = |(first, bits): (IpAddr, u8)| match (first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let shift = 32_u32.saturating_sub(u32::from(bits));
                u64::from(u32::from(first)) >> shift == u64::from(u32::from(address)) >> shift
            }
            _ => false,
        };
        self.address == Some(address) || self.pods.is_some_and(in_range)
    }
}
