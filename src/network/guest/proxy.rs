//! `timonel guest proxy SERVICES OWN`: kube-proxy and DNS for the pods of an engine. It takes every ClusterIP, and the
//! nodes' own addresses, as its own and carries what comes there to the endpoints. Must not choose services by itself:
//! each line of its standard input is a change of the table, and what it last heard goes on being served when nobody
//! speaks any more.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use futures::FutureExt;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, UdpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::netlink::{Fate, set, unset};
use super::{argument, range};
use crate::base::clock::{Clock, Timing};
use crate::base::tasks::Tasks;
use crate::network::dns::{self, DOMAIN, Responder};
use crate::network::host::HostNetwork;
use crate::network::links::Links;
use crate::network::services::{Door, Place, Way, inner_doors, tcp, udp};
use crate::network::table::{Change, Name, Node, Protocol, ServiceTable};

/// The engine's own resolver, as every container of a user network has it: it knows the names of the world.
const ENGINE_DNS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11)), dns::PORT);

pub(super) fn run(args: &[String]) -> io::Result<ExitCode> {
    let services = range(argument(args, 0, "la red de los servicios")?)?;
    let own: Ipv4Addr = argument(args, 1, "la dirección propia")?.parse().map_err(io::Error::other)?;
    set(services, Fate::Ours)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(live(SocketAddr::from((own, dns::PORT))))?;
    // Whatever is still carried ends with the process.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

async fn live(names: SocketAddr) -> io::Result<()> {
    let (mut term, tasks) = (signal(SignalKind::terminate())?, Tasks::new());
    let table = ServiceTable::new(Clock::new(Timing::Real));
    let responder = Responder { table: table.clone(), domain: DOMAIN.into(), upstream: Some(ENGINE_DNS) };
    dns::serve_on_host(names, responder, &tasks).await?;
    let mut proxy = Proxy {
        net: Arc::new(HostNetwork::new(table.clone())),
        table,
        links: Links::default(),
        tasks,
        open: HashMap::new(),
        heard: None,
    };
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(()),
            line = lines.next_line() => match line? {
                Some(line) => proxy.hear(&line).await,
                // The engine closed it: what is known goes on.
                None => {
                    term.recv().await;
                    return Ok(());
                }
            },
        }
    }
}

struct Proxy {
    table: ServiceTable,
    net: Arc<HostNetwork>,
    links: Links,
    tasks: Tasks,
    open: HashMap<Place, (Door, Option<DropGuard>)>,
    /// The services told since a whole table began to be told; `None` between whole tables.
    heard: Option<HashSet<Name>>,
}

impl Proxy {
    async fn hear(&mut self, line: &str) {
        let change = match serde_json::from_str::<Change>(line) {
            Ok(change) => change,
            Err(error) => return eprintln!("timonel guest proxy: {error}: {line}"),
        };
        match &change {
            Change::Begin => self.heard = Some(HashSet::new()),
            Change::Complete => self.forget_the_rest(),
            Change::Tunnel { one, other, cut: true } => self.links.cut(one, other),
            Change::Tunnel { one, other, cut: false } => self.links.mend(one, other),
            Change::Service(service) => {
                let name = service.name.clone();
                if let Some(heard) = &mut self.heard {
                    heard.insert(name.clone());
                }
                self.table.apply(change);
                self.sync(&name).await;
            }
            Change::Gone(name) => {
                let name = name.clone();
                self.table.apply(change);
                self.sync(&name).await;
            }
            Change::Node(node) => {
                let (before, now) = (self.table.node(&node.name), node.clone());
                self.table.apply(change);
                self.moved(before, Some(now)).await;
            }
            Change::NodeGone(name) => {
                let before = self.table.node(name);
                self.table.apply(change);
                self.moved(before, None).await;
            }
        }
    }

    /// Takes a node's address as ours, or gives it back, and opens and shuts the doors that are there.
    async fn moved(&mut self, before: Option<Node>, now: Option<Node>) {
        let address = |node: Option<Node>| match node?.address? {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        };
        let (before, now) = (address(before), address(now));
        if before == now {
            return;
        }
        let left = before.map_or(Ok(()), |left| unset((left, 32), Fate::Ours));
        let taken = now.map_or(Ok(()), |taken| set((taken, 32), Fate::Ours));
        if let Err(error) = left.and(taken) {
            eprintln!("timonel guest proxy: {before:?} -> {now:?}: {error}");
        }
        for name in self.table.names() {
            self.sync(&name).await;
        }
    }

    /// A whole table was told: what it did not name is gone.
    fn forget_the_rest(&mut self) {
        let Some(heard) = self.heard.take() else { return };
        for name in self.table.names().into_iter().filter(|name| !heard.contains(name)) {
            self.open.retain(|_, (door, _)| door.service != name);
            self.table.apply(Change::Gone(name));
        }
    }

    /// Shuts the doors that a service has no more and opens those that it has now.
    async fn sync(&mut self, name: &Name) {
        let nodes = self.table.nodes();
        let wanted = self.table.read(name, |service| inner_doors(service, &nodes)).unwrap_or_default();
        self.open.retain(|_, (door, _)| door.service != *name || wanted.contains(door));
        for door in wanted {
            if !self.open.contains_key(&door.place) {
                let guard = self.listen(&door).await;
                if let Err(error) = &guard {
                    eprintln!("timonel guest proxy: {}: {error}", door.place.at);
                }
                self.open.insert(door.place, (door, guard.ok()));
            }
        }
    }

    async fn listen(&self, door: &Door) -> io::Result<DropGuard> {
        let way = Way {
            table: self.table.clone(),
            net: self.net.clone(),
            door: Arc::new(door.clone()),
            links: Some(self.links.clone()),
        };
        let (token, tasks) = (CancellationToken::new(), self.tasks.clone());
        let until = token.clone();
        match door.place.protocol {
            Protocol::Tcp => {
                let serve = tcp::serve(TcpListener::bind(door.place.at).await?, way, tasks);
                self.tasks.spawn(until.run_until_cancelled_owned(serve).map(|_| ()));
            }
            Protocol::Udp => {
                let serve = udp::serve(UdpSocket::bind(door.place.at).await?, way, tasks);
                self.tasks.spawn(until.run_until_cancelled_owned(serve).map(|_| ()));
            }
        }
        Ok(token.drop_guard())
    }
}
