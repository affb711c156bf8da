//! The service proxy (kube-proxy): keeps the table of services, and opens NodePorts and load balancers' addresses on
//! this machine. Must not choose endpoints by itself: EndpointSlices say which are ready.

mod plan;
pub(super) mod tcp;
pub(super) mod udp;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::FutureExt;
use k8s_openapi::api::core::v1::Node as Object;
use kube::runtime::watcher;
use kube::{Api, ResourceExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(super) use self::plan::{Door, Place, inner_doors};
use self::plan::{Kind, doors};
use super::feed::Feed;
use super::links::{Link, Links};
use super::table::{Caller, Change, Name, Node, Port, Protocol, Route, ServiceTable};
use crate::base::clock::Clock;
use crate::base::net::PodNet;
use crate::base::tasks::Tasks;
use crate::client::informer::Informer;
use crate::client::object::Key;
use crate::client::recorder::Recorder;

/// How far a port that needs the administrator's right is moved up when we have not got it: 80 to 8080.
const UNPRIVILEGED: u16 = 8_000;

/// What the service proxy is started with.
pub struct Config {
    /// Client with the identity `system:kube-proxy`.
    pub client: kube::Client,
    /// The table that the pod network dials through.
    pub table: ServiceTable,
    /// How connections reach pods.
    pub net: Arc<dyn PodNet>,
    /// Time.
    pub clock: Clock,
}

/// Starts the service proxy.
pub fn start(config: Config, tasks: &Tasks) {
    let recorder = Recorder::new(config.client.clone(), "kube-proxy", None, config.clock, tasks);
    let proxy = Proxy {
        feed: Feed::start(&config.client, tasks),
        table: config.table,
        net: config.net,
        recorder,
        tasks: tasks.clone(),
        open: HashMap::new(),
    };
    tasks.spawn(proxy.run(config.client));
}

struct Proxy {
    feed: Feed,
    table: ServiceTable,
    net: Arc<dyn PodNet>,
    recorder: Recorder,
    tasks: Tasks,
    /// Every door, and what keeps it open; `None` for one that could not be opened.
    open: HashMap<Place, (Door, Option<DropGuard>)>,
}

/// From a door to the service behind it.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) table: ServiceTable,
    pub(super) net: Arc<dyn PodNet>,
    pub(super) door: Arc<Door>,
    /// The tunnels that this door has to heed by itself, where the network does not.
    pub(super) links: Option<Links>,
}

impl Way {
    fn route(&self, client: SocketAddr) -> Route {
        let Door { service, port, place, node, kind } = &*self.door;
        if *kind == Kind::Cluster {
            let node = self.table.node_of(client.ip());
            let caller = Caller { client: Some(client.ip()), node: node.as_deref() };
            return self.table.route(caller, place.at, place.protocol);
        }
        let caller = Caller { client: Some(client.ip()), node: node.as_ref().map(|(name, _)| name.as_str()) };
        self.table.enter(service, caller, |one: &Port| one.name == *port && one.protocol == place.protocol)
    }

    /// The tunnel between a client, or the node whose door it came by, and an endpoint: a node's own address is reached
    /// beside the tunnels.
    fn tunnel(&self, client: SocketAddr, endpoint: SocketAddr) -> Option<Link> {
        let by_node = self.door.node.as_ref().map(|(name, _)| name.clone());
        let (one, other) = (by_node.or_else(|| self.table.node_of(client.ip()))?, self.table.node_of(endpoint.ip())?);
        self.links.as_ref()?.between(&one, &other)
    }

    /// Who dials: the node whose door it is, or the machine outside.
    fn from(&self) -> Option<IpAddr> {
        self.door.node.as_ref().map(|(_, address)| *address)
    }
}

impl Proxy {
    async fn run(mut self, client: kube::Client) {
        let (nodes, mut changed_nodes) = watch_nodes(client, &self.tasks);
        loop {
            tokio::select! {
                names = self.feed.next(&self.table) => {
                    if names.is_empty() {
                        return;
                    }
                    for name in names {
                        self.sync(&name).await;
                    }
                }
                Some(first) = changed_nodes.recv() => {
                    let mut changed = BTreeSet::from([first]);
                    while let Ok(name) = changed_nodes.try_recv() {
                        changed.insert(name);
                    }
                    if self.take_nodes(&nodes, changed) {
                        for name in self.table.names() {
                            self.sync(&name).await;
                        }
                    }
                }
            }
        }
    }

    /// Takes what became of some nodes; whether anything about them is new.
    fn take_nodes(&self, nodes: &Informer<Object>, changed: BTreeSet<String>) -> bool {
        let change = |name: String| {
            let (known, now) = (self.table.node(&name), nodes.get(&Key::new("", &name)).map(|node| read_node(&node)));
            match now {
                Some(now) => (known.as_ref() != Some(&now)).then_some(Change::Node(now)),
                None => known.map(|_| Change::NodeGone(name)),
            }
        };
        let changes: Vec<Change> = changed.into_iter().filter_map(change).collect();
        let any = !changes.is_empty();
        changes.into_iter().for_each(|change| self.table.apply(change));
        any
    }

    /// Shuts the doors that a service has no more and opens those that it has now.
    async fn sync(&mut self, name: &Name) {
        let nodes = self.table.nodes();
        let wanted = self.table.read(name, |service| doors(service, &nodes)).unwrap_or_default();
        self.open.retain(|_, (door, _)| door.service != *name || wanted.contains(door));
        for door in wanted {
            if !self.open.contains_key(&door.place) {
                let guard = self.open(&door).await;
                self.open.insert(door.place, (door, guard));
            }
        }
    }

    async fn open(&self, door: &Door) -> Option<DropGuard> {
        let token = CancellationToken::new();
        let opened = match self.listen(door, door.place.at, &token).await {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && door.place.at.port() < 1024 => {
                let at = SocketAddr::new(door.place.at.ip(), door.place.at.port() + UNPRIVILEGED);
                self.warn(door, &format!("{error}; listening on {at} instead"));
                self.listen(door, at, &token).await
            }
            other => other,
        };
        match opened {
            Ok(()) => Some(token.drop_guard()),
            // Where 127.0.1.N is not this machine's (macOS), the door on 127.0.0.1 is enough.
            Err(error) if door.node.is_some() && error.kind() == io::ErrorKind::AddrNotAvailable => None,
            Err(error) => {
                self.warn(door, &error.to_string());
                None
            }
        }
    }

    async fn listen(&self, door: &Door, at: SocketAddr, token: &CancellationToken) -> io::Result<()> {
        let way = Way { table: self.table.clone(), net: self.net.clone(), door: Arc::new(door.clone()), links: None };
        let tasks = self.tasks.clone();
        let token = token.clone();
        match door.place.protocol {
            Protocol::Tcp => {
                let listener = TcpListener::bind(at).await?;
                let serve = tcp::serve(listener, way, tasks);
                self.tasks.spawn(token.run_until_cancelled_owned(serve).map(|_| ()));
            }
            Protocol::Udp => {
                let socket = UdpSocket::bind(at).await?;
                let serve = udp::serve(socket, way, tasks);
                self.tasks.spawn(token.run_until_cancelled_owned(serve).map(|_| ()));
            }
        }
        Ok(())
    }

    /// Says why a door is not open (userspace kube-proxy's `can't open port`).
    fn warn(&self, door: &Door, why: &str) {
        let Door { place: Place { at, protocol }, service: (namespace, name), kind, .. } = door;
        let (what, reason) = match kind {
            Kind::NodePort => ("nodePort", "FailedToStartNodePort"),
            Kind::Balancer => ("loadBalancer", "FailedToStartLoadBalancer"),
            Kind::Cluster => ("clusterIP", "FailedToStartClusterIP"),
        };
        let protocol = format!("{protocol:?}").to_lowercase();
        let message = format!("can't open port \"{what} for {namespace}/{name}\" ({at}/{protocol}): {why}");
        tracing::warn!("{message}");
        if let Some(object) = self.feed.object(&door.service) {
            self.recorder.warning(&*object, reason, message);
        }
    }
}

fn watch_nodes(client: kube::Client, tasks: &Tasks) -> (Informer<Object>, mpsc::UnboundedReceiver<String>) {
    let nodes = Informer::<Object>::default().trimmed(|node| {
        if let Some(status) = &mut node.status {
            (status.conditions, status.images) = (None, None);
        }
    });
    let (sender, changed) = mpsc::unbounded_channel();
    nodes.on_change(move |change| sender.send(change.object().name_any()).unwrap_or_default());
    nodes.start(Api::all(client), watcher::Config::default(), tasks);
    (nodes, changed)
}

fn read_node(node: &Object) -> Node {
    let addresses = node.status.as_ref().and_then(|status| status.addresses.as_ref());
    let internal = addresses.into_iter().flatten().find(|address| address.type_ == "InternalIP");
    let range = node.spec.as_ref().and_then(|spec| spec.pod_cidr.as_deref()).and_then(|cidr| {
        let (first, bits) = cidr.split_once('/')?;
        Some((first.parse().ok()?, bits.parse().ok()?))
    });
    Node { name: node.name_any(), address: internal.and_then(|it| it.address.parse().ok()), pods: range }
}
