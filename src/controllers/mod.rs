//! The controller manager: each controller is one file with a pure plan and a thin reconcile, and one line in the table.
//! Must not import the store or the API server: it is a client.
//!
//! A controller never remembers what it did: it looks at what is and at what should be, and acts on the difference.
//! That is why any of them can stop at any moment and begin again.

mod about;
mod adoption;
mod autoscaler;
mod certificates;
mod cronjob;
mod daemonset;
mod deployment;
mod disruption;
mod endpoint_pods;
mod endpoints;
mod endpointslice;
mod expectations;
mod gc;
mod history;
mod informers;
mod job;
mod namespace;
mod node_ipam;
mod node_lifecycle;
mod owners;
mod percent;
mod pod_control;
mod pod_gc;
mod replicaset;
mod replication;
mod resourcequota;
mod root_ca;
mod scales;
mod service_lb;
mod serviceaccount;
mod signer;
mod statefulset;
mod storage;
mod taint_eviction;
mod tokens;
mod ttl_after_finished;

use std::fmt;
use std::hash::Hash;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::ReplicationController;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::base::clock::Clock;
use crate::base::names::Names;
use crate::base::tasks::Tasks;
use crate::client::lease;
use crate::client::object::{Key, is_deleting};
use crate::client::pools::Pools;
use crate::client::queue::{Gauge, Next, Queue};
use crate::client::recorder::Recorder;
use informers::Informers;
pub use signer::{Signer, TokenSubject};

/// What the controllers are told about their cluster.
#[derive(Clone)]
pub struct Config {
    /// Where the nodes' pod ranges are cut from: an address and its prefix length (`10.244.0.0`, 16).
    pub cluster_cidr: (Ipv4Addr, u8),
    /// Prefix length of each node's range (24).
    pub node_prefix: u8,
    /// The CA's certificate in PEM, published as `kube-root-ca.crt` in each namespace.
    pub root_ca: String,
    /// What signs tokens and certificates; without it none are.
    pub signer: Option<Arc<dyn Signer>>,
    /// Where the nodes' own disks lie on this machine, a folder each; without it volumes have no data to remove.
    pub disks: Option<PathBuf>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cluster_cidr, node_prefix, disks, .. } = self;
        let mut text = f.debug_struct("Config");
        text.field("cluster_cidr", cluster_cidr).field("node_prefix", node_prefix).field("disks", disks);
        text.finish_non_exhaustive()
    }
}

/// Makes a client for each controller by its name, and for the manager itself by [`MANAGER`]: the server is to know who
/// asks, as with `--use-service-account-credentials`.
pub type Clients = Arc<dyn Fn(&str) -> kube::Client + Send + Sync>;

/// The name of the manager itself.
pub const MANAGER: &str = "kube-controller-manager";

/// What the controller manager is started with.
#[derive(Clone)]
pub struct Context {
    /// Where clients come from.
    pub clients: Clients,
    /// Now, and how fast the slow waits pass.
    pub clock: Clock,
    /// Where generated names come from.
    pub names: Arc<Names>,
    /// What the cluster's parts hold together.
    pub pools: Pools,
    /// What it is told about its cluster.
    pub config: Config,
}

/// What every controller has at hand.
struct Manager {
    client: kube::Client,
    clock: Clock,
    config: Config,
    informers: Informers,
    /// The controller's own: stopping them stops it and nothing else.
    tasks: Tasks,
    gauge: Gauge,
}

type Run = fn(Arc<Manager>) -> BoxFuture<'static, ()>;

/// The result of looking at one key.
type Outcome = kube::Result<Next>;

/// Every controller, by Kubernetes' own name. A controller is one file and one line here.
static TABLE: &[(&str, Run)] = &[
    ("certificatesigningrequest-approving-controller", |manager| certificates::approve(manager).boxed()),
    ("certificatesigningrequest-cleaner-controller", |manager| certificates::clean(manager).boxed()),
    ("certificatesigningrequest-signing-controller", |manager| certificates::sign(manager).boxed()),
    ("cronjob-controller", |manager| cronjob::run(manager).boxed()),
    ("daemonset-controller", |manager| daemonset::run(manager).boxed()),
    ("deployment-controller", |manager| deployment::run(manager).boxed()),
    ("disruption-controller", |manager| disruption::run(manager).boxed()),
    ("endpoints-controller", |manager| endpoints::run(manager).boxed()),
    ("endpointslice-controller", |manager| endpointslice::run(manager).boxed()),
    ("garbage-collector-controller", |manager| gc::run(manager).boxed()),
    ("horizontal-pod-autoscaler-controller", |manager| autoscaler::run(manager).boxed()),
    ("job-controller", |manager| job::run(manager).boxed()),
    ("local-path-provisioner", |manager| storage::make(manager).boxed()),
    ("namespace-controller", |manager| namespace::run(manager).boxed()),
    ("node-ipam-controller", |manager| node_ipam::run(manager).boxed()),
    ("node-lifecycle-controller", |manager| node_lifecycle::run(manager).boxed()),
    ("persistentvolume-binder-controller", |manager| storage::bind(manager).boxed()),
    ("persistentvolume-protection-controller", |manager| storage::protect_volumes(manager).boxed()),
    ("persistentvolumeclaim-protection-controller", |manager| storage::protect_claims(manager).boxed()),
    ("pod-garbage-collector-controller", |manager| pod_gc::run(manager).boxed()),
    ("replicaset-controller", |manager| replicaset::run::<ReplicaSet>(manager).boxed()),
    ("replicationcontroller-controller", |manager| replicaset::run::<ReplicationController>(manager).boxed()),
    ("resourcequota-controller", |manager| resourcequota::run(manager).boxed()),
    ("root-ca-certificate-publisher-controller", |manager| root_ca::run(manager).boxed()),
    ("service-lb-controller", |manager| service_lb::run(manager).boxed()),
    ("serviceaccount-controller", |manager| serviceaccount::run(manager).boxed()),
    ("serviceaccount-token-controller", |manager| tokens::run(manager).boxed()),
    ("statefulset-controller", |manager| statefulset::run(manager).boxed()),
    ("taint-eviction-controller", |manager| taint_eviction::run(manager).boxed()),
    ("ttl-after-finished-controller", |manager| ttl_after_finished::run(manager).boxed()),
];

/// Every controller: its name, and what it is for in one line of Spanish.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.iter().map(|(name, _)| (*name, about::of(name)))
}

/// Starts the manager with every controller.
pub fn start(context: Context, tasks: &Tasks) {
    let manager = ControllerManager::start(context, tasks);
    for (name, _) in all() {
        manager.run(name, &tasks.child());
    }
}

/// A running controller manager: the copies of objects that its controllers share. Clones are the same one.
#[derive(Clone)]
pub struct ControllerManager {
    context: Context,
    informers: Arc<Informers>,
}

impl ControllerManager {
    /// Starts the manager's informers and heartbeat, and no controller yet.
    #[must_use]
    pub fn start(context: Context, tasks: &Tasks) -> Self {
        let client = (context.clients)(MANAGER);
        let informers = Arc::new(Informers::start(&client, &context.pools, tasks));
        let (holder, clock) = (format!("timonel_{}", context.names.uid()), context.clock);
        tasks.spawn(async move { lease::keep(client, MANAGER, &holder, clock).await });
        Self { context, informers }
    }

    /// Runs one controller until its tasks stop; answers what waits in its queues. Unknown names run nothing.
    pub fn run(&self, name: &str, tasks: &Tasks) -> Gauge {
        let gauge = Gauge::default();
        let Some((_, run)) = TABLE.iter().find(|(known, _)| *known == name) else { return gauge };
        let manager = Manager {
            client: (self.context.clients)(name),
            clock: self.context.clock,
            config: self.context.config.clone(),
            informers: self.informers.scoped(tasks),
            tasks: tasks.clone(),
            gauge: gauge.clone(),
        };
        tasks.spawn(run(Arc::new(manager)));
        gauge
    }
}

impl Manager {
    /// A work queue whose length the controller's gauge tells.
    fn queue<T: Clone + Eq + Hash + Send + Sync + 'static>(&self) -> Queue<T> {
        Queue::new(self.clock).on(&self.gauge)
    }

    fn recorder(&self, component: &str) -> Recorder {
        Recorder::new(self.client.clone(), component, None, self.clock, &self.tasks)
    }
}

/// A write whose object is gone, or another by now, has nothing left to do.
fn unless_gone<T>(result: kube::Result<T>) -> kube::Result<Option<T>> {
    match result {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(None),
        other => other.map(Some),
    }
}

/// A creation that finds its object already there has nothing left to do.
fn unless_there<T>(result: kube::Result<T>) -> kube::Result<Option<T>> {
    match result {
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(None),
        other => other.map(Some),
    }
}

/// Whether things may be made in a namespace.
fn is_active_namespace(manager: &Manager, name: &str) -> bool {
    let namespace = manager.informers.namespaces.get(&Key::new("", name));
    namespace.is_some_and(|namespace| !is_deleting(&namespace.metadata))
}

/// Now, as objects carry it.
fn time(manager: &Manager) -> Time {
    Time(manager.clock.now())
}
