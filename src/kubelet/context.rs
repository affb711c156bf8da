//! What every part of one kubelet shares. Must not hold logic.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, ObjectReference, PodStatus, Service};
use kube::ResourceExt;
use parking_lot::Mutex;

use super::ipam::Ipam;
use super::pod::status::Host;
use super::runtime::Runtime;
use super::sources::Reader;
use super::{Capacity, Config, fields};
use crate::base::clock::Clock;
use crate::base::net::PodNet;
use crate::base::quantity::Quantity;
use crate::base::tasks::Tasks;
use crate::client::informer::Informer;
use crate::client::object::reference_to;
use crate::client::on_demand::OnDemand;
use crate::client::pod::Pod;
use crate::client::pool::Pool;
use crate::client::recorder::Recorder;

/// Cluster domain of service names (kubelet's `clusterDomain`).
pub(crate) const CLUSTER_DOMAIN: &str = "cluster.local";

/// One kubelet's shared parts.
pub(crate) struct Context {
    pub(crate) node: String,
    pub(crate) clients: OnDemand,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) net: Arc<dyn PodNet>,
    pub(crate) capacity: Capacity,
    pub(crate) cluster_dns: Option<IpAddr>,
    pub(crate) disk: PathBuf,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    pub(crate) recorder: Recorder,
    pub(crate) reader: Reader,
    pub(crate) services: Informer<Service>,
    pub(crate) nodes: Pool<Node>,
    pub(crate) ipam: Mutex<Ipam>,
    pub(crate) host: Host,
    pub(crate) allocatable: fields::Node,
    /// Statuses on their way to the API server and back, by the pod's uid: who has seen one there may ask for it here.
    /// Boxed: a map keeps the room that it once took.
    pub(crate) reported: Mutex<HashMap<String, Box<PodStatus>>>,
}

impl Context {
    pub(crate) fn new(config: Config, tasks: &Tasks) -> Self {
        let quantity = |text: &str| Quantity::parse(text).unwrap_or_default();
        let version = config.runtime.version();
        let scheme = version.split("://").next().unwrap_or_default().to_owned();
        Self {
            recorder: Recorder::new(config.clients.clone(), "kubelet", Some(&config.node), config.clock, tasks),
            reader: Reader::new(config.clients.clone(), config.clock),
            services: Informer::default().pooled(config.pools.services),
            nodes: config.pools.nodes,
            ipam: Mutex::default(),
            host: Host { ip: config.ip, scheme },
            allocatable: fields::Node {
                cpu: quantity(&config.capacity.cpu),
                memory: quantity(&config.capacity.memory),
            },
            reported: Mutex::default(),
            node: config.node,
            clients: config.clients,
            runtime: config.runtime,
            net: config.net,
            capacity: config.capacity,
            cluster_dns: config.cluster_dns,
            disk: config.disk,
            clock: config.clock,
            tasks: tasks.clone(),
        }
    }

    /// The services that a pod of this namespace hears of in its environment.
    pub(crate) fn services_for(&self, namespace: &str) -> Vec<Arc<Service>> {
        let mut services = self.services.in_namespace(namespace);
        if namespace != "default" {
            services
                .extend(self.services.in_namespace("default").into_iter().filter(|it| it.name_any() == "kubernetes"));
        }
        services
    }

    /// An event about a container of a pod.
    pub(crate) fn container_event(&self, pod: &Pod, container: &str, warning: bool, reason: &str, message: String) {
        let init = super::pod::spec::init_containers(pod).iter().any(|it| it.name == container);
        let list = if init { "initContainers" } else { "containers" };
        let field_path = Some(format!("spec.{list}{{{container}}}"));
        let regarding = ObjectReference { field_path, ..reference_to(pod) };
        self.recorder.about(regarding, warning, reason, message);
    }
}
