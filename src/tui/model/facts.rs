//! What the dashboard keeps of each watched object: only what some view shows. Plain data; reading is `extract`'s.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::light::Light;

/// Labels or a selector.
pub type Labels = BTreeMap<String, String>;

/// Namespace and name; the namespace is empty for nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Key {
    /// A key from its parts.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

/// A worker.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    pub key: Key,
    /// Its `Ready` condition: `True`, `False` or `Unknown`.
    pub ready: String,
    /// Why, when it is not ready.
    pub reason: String,
    /// Since when the condition is so.
    pub since: Option<Timestamp>,
    /// Whether it takes no new pods.
    pub cordoned: bool,
    /// Allocatable CPU in thousandths.
    pub cpu: i64,
    /// Allocatable memory in bytes.
    pub memory: i64,
    /// Addresses of its pods.
    pub pod_cidr: String,
    /// Such as `containerd://2.0`.
    pub runtime: String,
    /// Whether it runs the control plane.
    pub master: bool,
}

/// A pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pod {
    pub key: Key,
    pub uid: String,
    /// Its worker; empty while nobody chose one.
    pub node: String,
    /// What `kubectl get pods` prints under STATUS.
    pub status: String,
    /// The same as a light.
    pub light: Light,
    /// Containers ready.
    pub ready: usize,
    /// Containers in all.
    pub total: usize,
    /// Whether its condition `Ready` is true: only then a Service sends it traffic.
    pub serving: bool,
    /// Whether it ended, well or badly.
    pub ended: bool,
    pub ip: String,
    pub restarts: i32,
    /// CPU requested, in thousandths.
    pub cpu: i64,
    /// Memory requested, in bytes.
    pub memory: i64,
    /// What the scheduler says about why it has no worker.
    pub unscheduled: String,
    pub labels: Labels,
    /// Kind and name of its controller, such as `ReplicaSet/web-6f7d9`; empty for a bare pod.
    pub owner: String,
    /// Why it fails, in Spanish, as far as it tells itself; empty when it does not fail.
    pub trouble: String,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    pub key: Key,
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    pub kind: String,
    pub ip: String,
    /// As `kubectl get svc` prints them: `80:30080/TCP`.
    pub ports: String,
    pub selector: Labels,
}

/// One address behind a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint {
    /// Name of the pod, or the address where there is no pod.
    pub name: String,
    pub address: String,
    pub ready: bool,
}

/// An EndpointSlice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slice {
    pub key: Key,
    /// Name of its service.
    pub service: String,
    pub endpoints: Vec<Endpoint>,
}

/// A Deployment or a ReplicaSet: desired against actual.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workload {
    pub key: Key,
    pub desired: i32,
    pub ready: i32,
    /// Whether its controller has nothing left to do.
    pub settled: bool,
}

/// A heartbeat.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lease {
    pub key: Key,
    pub renewed: Option<Timestamp>,
    /// Seconds after which it counts as lost.
    pub seconds: i32,
}

/// An Event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Happening {
    pub key: Key,
    pub at: Option<Timestamp>,
    pub warning: bool,
    pub reason: String,
    pub message: String,
    /// Kind of what it is about.
    pub kind: String,
    /// Name of what it is about.
    pub object: String,
    pub count: i32,
}

/// A part of the cluster with a switch (`timonel.dev`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Component {
    pub key: Key,
    /// Whether it is asked to run.
    pub enabled: bool,
    /// `Running`, `Stopped`, `Starting` or `Failed`.
    pub state: String,
    pub since: Option<Timestamp>,
    pub restarts: i32,
    /// Requests a second.
    pub rate: Option<i64>,
    /// What waits in its queue.
    pub queue: Option<i64>,
    pub message: String,
    /// What it is for.
    pub about: String,
    /// `control`, `worker`, `network` or `provider`.
    pub plane: String,
    /// Name of the part that it belongs to; empty for a whole one.
    pub part_of: String,
    /// Name of its worker, if it has one.
    pub node: String,
}

/// Any watched object.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    Node(Node),
    Pod(Pod),
    Service(Service),
    Slice(Slice),
    Deployment(Workload),
    ReplicaSet(Workload),
    Lease(Lease),
    Event(Happening),
    Component(Component),
}

impl Fact {
    /// Namespace and name.
    pub fn key(&self) -> &Key {
        match self {
            Self::Node(it) => &it.key,
            Self::Pod(it) => &it.key,
            Self::Service(it) => &it.key,
            Self::Slice(it) => &it.key,
            Self::Deployment(it) | Self::ReplicaSet(it) => &it.key,
            Self::Lease(it) => &it.key,
            Self::Event(it) => &it.key,
            Self::Component(it) => &it.key,
        }
    }
}
