//! What the dashboard keeps of each watched object: only what some view shows. Plain data; reading is `extract`'s.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::format::natural;
use super::light::Light;
use super::shared::{Pool, Text};

/// Labels or a selector.
pub type Labels = BTreeMap<String, String>;

/// Namespace and name; the namespace is empty for nodes. They stand in the order in which people count: `worker-2` before
/// `worker-10`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Key {
    /// Namespace.
    pub namespace: Text,
    /// Name.
    pub name: Text,
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.namespace.cmp(&other.namespace).then_with(|| natural(&self.name, &other.name))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
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
    pub uid: Text,
    /// Its worker; empty while nobody chose one.
    pub node: Text,
    /// What `kubectl get pods` prints under STATUS.
    pub status: Text,
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
    pub ip: Text,
    pub restarts: i32,
    /// CPU requested, in thousandths.
    pub cpu: i64,
    /// Memory requested, in bytes.
    pub memory: i64,
    /// What the scheduler says about why it has no worker.
    pub unscheduled: Text,
    pub labels: Arc<Labels>,
    /// Kind and name of its controller, such as `ReplicaSet/web-6f7d9`; empty for a bare pod.
    pub owner: Text,
    /// Why it fails, in Spanish, as far as it tells itself; empty when it does not fail.
    pub trouble: Text,
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
    pub name: Text,
    pub address: Text,
    pub ready: bool,
}

/// An EndpointSlice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slice {
    pub key: Key,
    /// Name of its service.
    pub service: Text,
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
    /// Whether it was told to go and waits for what it owns.
    pub leaving: bool,
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
    pub reason: Text,
    pub message: Text,
    /// Kind of what it is about.
    pub kind: Text,
    /// Name of what it is about.
    pub object: Text,
    pub count: i32,
}

/// A part of the cluster with a switch (`timonel.dev`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Component {
    pub key: Key,
    /// Whether it is asked to run.
    pub enabled: bool,
    /// `Running`, `Stopped`, `Starting` or `Failed`.
    pub state: Text,
    pub since: Option<Timestamp>,
    pub restarts: i32,
    /// Requests a second.
    pub rate: Option<i64>,
    /// What waits in its queue.
    pub queue: Option<i64>,
    pub message: Text,
    /// What it is for.
    pub about: Text,
    /// `control`, `worker`, `network` or `provider`.
    pub plane: Text,
    /// Name of the part that it belongs to; empty for a whole one.
    pub part_of: Text,
    /// Name of its worker, if it has one.
    pub node: Text,
}

/// Any watched object; as it is and as it was are one copy.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    Node(Arc<Node>),
    Pod(Arc<Pod>),
    Service(Arc<Service>),
    Slice(Arc<Slice>),
    Deployment(Arc<Workload>),
    ReplicaSet(Arc<Workload>),
    Lease(Arc<Lease>),
    Event(Arc<Happening>),
    Component(Arc<Component>),
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

    /// Takes the texts that many objects have from the pool. Of the names, those that come again and again.
    pub fn pooled(mut self, pool: &mut Pool) -> Self {
        match &mut self {
            Self::Pod(it) => Arc::get_mut(it).into_iter().for_each(|it| it.pool(pool)),
            Self::Lease(it) => Arc::get_mut(it).into_iter().for_each(|it| it.key.pool(pool)),
            Self::Slice(it) => Arc::get_mut(it).into_iter().for_each(|it| it.pool(pool)),
            Self::Component(it) => Arc::get_mut(it).into_iter().for_each(|it| it.pool(pool)),
            Self::Event(it) => Arc::get_mut(it).into_iter().for_each(|it| it.pool(pool)),
            Self::Node(_) | Self::Service(_) | Self::Deployment(_) | Self::ReplicaSet(_) => {}
        }
        self
    }
}

/// The Deployment after which a ReplicaSet is named: its name without the hash of the template.
pub fn named_after(set: &str) -> Option<&str> {
    set.rsplit_once('-').map(|(name, _hash)| name)
}

impl Key {
    fn pool(&mut self, pool: &mut Pool) {
        [&mut self.namespace, &mut self.name].into_iter().for_each(|text| pool.text(text));
    }
}

impl Pod {
    fn pool(&mut self, pool: &mut Pool) {
        let Self { key, node, status, unscheduled, owner, trouble, labels, .. } = self;
        [&mut key.namespace, node, status, unscheduled, owner, trouble].into_iter().for_each(|text| pool.text(text));
        pool.labels(labels);
    }

    /// Whether it fails, and tells of what.
    pub fn fails(&self) -> bool {
        self.light == Light::Bad && !self.trouble.is_empty()
    }

    /// Whether an object of a kind made it: its controller, or the Deployment of its ReplicaSet.
    pub fn belongs_to(&self, kind: &str, name: &str) -> bool {
        match (kind, self.owner.split_once('/')) {
            ("Deployment", Some(("ReplicaSet", set))) => named_after(set) == Some(name),
            (_, Some(owner)) => owner == (kind, name),
            (_, None) => false,
        }
    }

    /// Takes what did not change from what it was before: only what did is kept anew.
    pub fn like(&mut self, old: &Self) {
        let same = |new: &mut Text, old: &Text| {
            if new == old {
                new.clone_from(old);
            }
        };
        same(&mut self.key.name, &old.key.name);
        same(&mut self.uid, &old.uid);
        same(&mut self.ip, &old.ip);
    }
}

impl Slice {
    fn pool(&mut self, pool: &mut Pool) {
        self.key.pool(pool);
        pool.text(&mut self.service);
        for endpoint in &mut self.endpoints {
            [&mut endpoint.name, &mut endpoint.address].into_iter().for_each(|text| pool.text(text));
        }
    }
}

impl Component {
    fn pool(&mut self, pool: &mut Pool) {
        let Self { key, state, message, about, plane, part_of, node, .. } = self;
        key.pool(pool);
        [state, message, about, plane, part_of, node].into_iter().for_each(|text| pool.text(text));
    }
}

impl Happening {
    fn pool(&mut self, pool: &mut Pool) {
        let Self { key, reason, kind, object, .. } = self;
        [&mut key.namespace, reason, kind, object].into_iter().for_each(|text| pool.text(text));
    }
}
