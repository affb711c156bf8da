//! Runs the pods of one node over a runtime and reports what happens. Must not decide which pods exist.
//!
//! `sync` hears of the node's pods and gives each to a `worker`, which asks `pod::plan` (pure) what to do next, does
//! it (`start`, `stop`) and reports `pod::status` (pure). `node` keeps the Node and its Lease; `server` answers the
//! API server's questions about logs and processes.

pub(crate) mod demo;
pub mod docker;
pub mod embedded;
pub mod guest;
pub mod runtime;

mod admit;
mod context;
mod env;
mod evict;
mod fields;
mod grpc;
mod handler;
mod ipam;
mod node;
mod pod;
mod probe;
mod programs;
mod refresh;
mod server;
mod sources;
mod start;
mod stop;
mod sync;
mod volumes;
mod worker;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::clock::Clock;
use crate::base::net::PodNet;
use crate::base::pipe::{Dialer, pipe};
use crate::base::tasks::Tasks;
use crate::client::on_demand::OnDemand;
use crate::client::pools::Pools;
use context::Context;
use runtime::Runtime;

/// What a kubelet is started with.
pub struct Config {
    /// The node's name.
    pub node: String,
    /// The node's own address (`InternalIP`, `status.hostIP`).
    pub ip: IpAddr,
    /// Clients with the node's identity (`system:node:NAME`).
    pub clients: OnDemand,
    /// Who runs the containers.
    pub runtime: Arc<dyn Runtime>,
    /// How probes, hooks and port-forward reach pods.
    pub net: Arc<dyn PodNet>,
    /// What the node has to give.
    pub capacity: Capacity,
    /// Address of the cluster's DNS service.
    pub cluster_dns: Option<IpAddr>,
    /// Where the node's own disk lies on this machine: what its volumes keep.
    pub disk: PathBuf,
    /// What the cluster's parts hold together.
    pub pools: Pools,
    /// Time.
    pub clock: Clock,
}

/// What a node has, as Kubernetes quantities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// CPUs, such as `2`.
    pub cpu: String,
    /// Memory, such as `4Gi`.
    pub memory: String,
    /// Most pods (kubelet's default is 110).
    pub pods: u32,
}

impl Default for Capacity {
    fn default() -> Self {
        Self { cpu: "2".into(), memory: "4Gi".into(), pods: 110 }
    }
}

/// Starts a kubelet; answers the dialler of its HTTP server. Its pods go on running when the tasks stop, as far as the
/// runtime outlives them.
#[must_use]
pub fn start(config: Config, tasks: &Tasks) -> Dialer {
    config.net.attach(config.ip, &config.node);
    let registry = sync::Registry::new(config.pools.pods.clone());
    let context = Arc::new(Context::new(config, tasks));
    let (dialer, listener) = pipe();
    context.services.start_on_demand(context.clients.clone(), kube::runtime::watcher::Config::default(), tasks);
    tasks.spawn(node::keep(context.clone()));
    tasks.spawn(sync::run(context.clone(), registry.clone()));
    tasks.spawn(server::serve(listener, context, registry));
    dialer
}
