//! How each part is started and what it is wired to. Must not decide which run: the supervisor does.

use std::path::PathBuf;
use std::sync::Arc;

use super::units::{Lever, worker};
use crate::apiserver::ApiServer;
use crate::apiserver::pki::Pki;
use crate::base::clock::Clock;
use crate::base::names::Names;
use crate::base::pipe::{Dialer, Identity};
use crate::base::tasks::Tasks;
use crate::client::pools::Pools;
use crate::client::queue::Gauge;
use crate::cluster::options::Options;
use crate::cluster::runtime::Engine;
use crate::cluster::signer::Keys;
use crate::controllers::ControllerManager;
use crate::kubelet::{self, Capacity};
use crate::network::prober::{self, OpenDoors};
use crate::network::{dns, ingress, policy, services};
use crate::{client, controllers, scheduler};

/// What the parts are made of and share.
pub struct Plant {
    pub clock: Clock,
    pub names: Arc<Names>,
    pub dialer: Dialer,
    pub api: ApiServer,
    pub engine: Engine,
    pub options: Options,
    /// The cluster's certificates and keys.
    pub pki: Arc<Pki>,
    /// Where the disks of the virtual nodes lie, a folder each.
    pub disks: PathBuf,
    /// What the parts hold together.
    pub pools: Pools,
    /// Where the ingress controller listens.
    pub doors: OpenDoors,
}

impl Plant {
    /// A client of its own for a part.
    pub fn client(&self, identity: Identity) -> kube::Client {
        client::embedded(self.dialer.clone(), identity)
    }

    /// Starts a part in its own tasks; answers what waits in its queues. Controllers run in the given manager.
    ///
    /// # Errors
    /// Why it cannot, for a person.
    pub fn start(&self, lever: &Lever, manager: Option<&ControllerManager>, tasks: &Tasks) -> Result<Gauge, String> {
        let gauge = Gauge::default();
        match lever {
            Lever::Etcd => self.api.gate().set_etcd(true),
            Lever::ApiServer => self.api.gate().set_server(true),
            // Its copies are made by `start_manager`, as the controllers need them.
            Lever::Manager => {}
            Lever::Controller(name) => return Ok(manager.map(|manager| manager.run(name, tasks)).unwrap_or_default()),
            Lever::Scheduler => self.start_scheduler(tasks, &gauge),
            Lever::Proxy => self.start_proxy(tasks),
            Lever::Dns => self.start_dns(tasks),
            Lever::Ingress => self.start_ingress(tasks)?,
            Lever::Kubelet(number) => self.start_kubelet(*number, tasks),
            Lever::Tunnel(one, other) => self.engine.links.mend(one, other),
        }
        Ok(gauge)
    }

    /// Switches off what is no task.
    pub fn stop(&self, lever: &Lever) {
        match lever {
            Lever::Etcd => self.api.gate().set_etcd(false),
            Lever::ApiServer => self.api.gate().set_server(false),
            Lever::Tunnel(one, other) => self.engine.links.cut(one, other),
            Lever::Ingress => *self.doors.lock() = None,
            _ => {}
        }
    }

    /// The controller manager without a controller yet.
    pub fn start_manager(&self, tasks: &Tasks) -> ControllerManager {
        let config = controllers::Config {
            cluster_cidr: self.engine.pod_cidr,
            node_prefix: 24,
            root_ca: self.pki.ca.clone(),
            signer: Some(Arc::new(Keys(Arc::clone(&self.pki)))),
            disks: Some(self.disks.clone()),
        };
        let clients = controller_clients(self.dialer.clone());
        let context = controllers::Context {
            clients,
            clock: self.clock,
            names: Arc::clone(&self.names),
            pools: self.pools.clone(),
            config,
        };
        ControllerManager::start(context, tasks)
    }

    fn start_scheduler(&self, tasks: &Tasks, gauge: &Gauge) {
        let client = self.client(Identity::new("system:kube-scheduler", &[]));
        let context =
            scheduler::Context { client, clock: self.clock, names: Arc::clone(&self.names), pools: self.pools.clone() };
        self.api.peers().register("kube-scheduler", scheduler::start_gauged(context, tasks, gauge));
    }

    fn start_proxy(&self, tasks: &Tasks) {
        let client = self.client(Identity::new("system:kube-proxy", &["system:node-proxier"]));
        let (table, net) = (self.engine.services.clone(), Arc::clone(&self.engine.pods));
        services::start(services::Config { client, table, net, clock: self.clock }, tasks);
        // In an engine it is the proxy that answers for names.
        if let (Some(address), Some(server)) = (self.engine.dns, self.engine.dns_server) {
            dns::announce(self.client(Identity::new("system:coredns", &["system:masters"])), address, server, tasks);
        }
        if let Some(policies) = &self.engine.policies {
            let client = self.client(Identity::new("system:network-policy", &["system:masters"]));
            policy::start(client, policies.clone(), tasks);
        }
    }

    fn start_dns(&self, tasks: &Tasks) {
        let Some(address) = self.engine.dns else { return };
        let client = self.client(Identity::new("system:coredns", &["system:masters"]));
        let net = Arc::clone(&self.engine.pods);
        dns::start(dns::Config { client, net, address, clock: self.clock }, tasks);
    }

    fn start_ingress(&self, tasks: &Tasks) -> Result<(), String> {
        let client = self.client(Identity::new("system:ingress-controller", &["system:masters"]));
        let (http, https) = (ingress::Config::HTTP, ingress::Config::HTTPS);
        let config = ingress::Config { client, net: Arc::clone(&self.engine.pods), http, https, clock: self.clock };
        let doors =
            ingress::start(config, tasks).map_err(|error| format!("No puede escuchar en 127.0.0.1: {error}."))?;
        tracing::info!(http = %doors.http, https = %doors.https, "the ingress controller listens");
        *self.doors.lock() = Some(doors);
        Ok(())
    }

    /// Starts what sends the requests of `TrafficProbe`s.
    pub fn start_prober(&self, tasks: &Tasks) {
        let (workers, address) = (self.options.workers, Arc::clone(&self.engine.workers));
        let origins: prober::Origins = Arc::new(move |name| {
            let number = if name.is_empty() { 1 } else { name.strip_prefix("worker-")?.parse().ok()? };
            (1..=workers).contains(&number).then(|| address(number))
        });
        let client = self.client(Identity::new("timonel:prober", &["system:masters"]));
        let (net, doors) = (Arc::clone(&self.engine.pods), Arc::clone(&self.doors));
        prober::start(prober::Config { client, net, origins, doors, clock: self.clock }, tasks);
    }

    fn start_kubelet(&self, number: u32, tasks: &Tasks) {
        let node = worker(number);
        let offered = &self.options.capacity;
        let config = kubelet::Config {
            node: node.clone(),
            ip: (self.engine.workers)(number),
            clients: client::embedded_on_demand(self.dialer.clone(), Identity::node(&node)),
            runtime: Arc::clone(&self.engine.runtime),
            net: Arc::clone(&self.engine.pods),
            capacity: Capacity { cpu: offered.cpu.clone(), memory: offered.memory.clone(), pods: offered.pods },
            cluster_dns: self.engine.dns,
            disk: self.disks.join(&node),
            pools: self.pools.clone(),
            clock: self.clock,
        };
        self.api.nodes().register(&node, kubelet::start(config, tasks));
    }
}

/// Each controller asks in its own name.
fn controller_clients(dialer: Dialer) -> controllers::Clients {
    Arc::new(move |name| {
        let identity = match name {
            controllers::MANAGER => Identity::new("system:kube-controller-manager", &[]),
            _ => Identity::controller(name),
        };
        client::embedded(dialer.clone(), identity)
    })
}
