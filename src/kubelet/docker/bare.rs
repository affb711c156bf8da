//! Pods without a pause container: the only container of a pod owns what a pause container would. Must not be chosen for
//! a pod that needs something to outlive its container.
//!
//! A pod is bare from the making of its sandbox: nothing of it is in the engine before its container is. What the pod
//! was promised meanwhile, and between two attempts, is remembered here; the container's label says it after a restart.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::labels::{self, Labels};
use super::volumes::Sources;
use crate::kubelet::runtime::{Dns, SandboxSpec, VolumeSource};

/// What the containers of a pod would share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shared {
    /// The pod's fixed address.
    pub ip: IpAddr,
    /// Its host name.
    pub hostname: String,
    /// Its own labels.
    pub labels: BTreeMap<String, String>,
    /// Lines of `/etc/hosts` beyond its own.
    pub hosts: Vec<(IpAddr, Vec<String>)>,
    /// How it resolves names.
    pub dns: Dns,
    /// Where its volumes are.
    pub volumes: Sources,
}

impl Shared {
    pub fn new(spec: &SandboxSpec, volumes: Sources) -> Self {
        Self {
            ip: spec.ip,
            hostname: spec.hostname.clone(),
            labels: spec.labels.clone(),
            hosts: spec.hosts.clone(),
            dns: spec.dns.clone(),
            volumes,
        }
    }

    /// What a bare pod's container says of it; `None` on any other container.
    pub fn read(labels: &Labels) -> Option<Self> {
        serde_json::from_str(labels.get(labels::SANDBOX)?).ok()
    }

    /// What [`Shared::read`] reads.
    pub fn written(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

/// Whether a pod loses nothing without a pause container, which holds a pod's ports of this machine, opens its empty
/// volumes to every user and measures them.
pub(super) fn suits(spec: &SandboxSpec) -> bool {
    let has_empty = spec.volumes.iter().any(|volume| matches!(volume.source, VolumeSource::Empty { .. }));
    spec.alone && spec.host_ports.is_empty() && !has_empty
}

/// A bare pod.
#[derive(Debug)]
struct Pod {
    shared: Arc<Shared>,
    /// Ids of what was started of it.
    containers: Vec<String>,
}

/// The bare pods, by uid.
#[derive(Debug, Default)]
pub(super) struct Bare(Mutex<HashMap<String, Pod>>);

impl Bare {
    /// Promises a pod this, whatever it was promised before; of what it has in the engine nothing is forgotten.
    pub fn promise(&self, uid: &str, shared: Shared) {
        let mut pods = self.0.lock();
        let containers = pods.remove(uid).map(|pod| pod.containers).unwrap_or_default();
        pods.insert(uid.into(), Pod { shared: Arc::new(shared), containers });
    }

    /// Remembers what the engine has of a pod.
    pub fn started(&self, uid: &str, ids: impl IntoIterator<Item = String>) {
        if let Some(pod) = self.0.lock().get_mut(uid) {
            for id in ids {
                if !pod.containers.contains(&id) {
                    pod.containers.push(id);
                }
            }
        }
    }

    /// Ids of all that the engine has of a pod; `None` when it has a pause container.
    pub fn containers(&self, uid: &str) -> Option<Vec<String>> {
        self.0.lock().get(uid).map(|pod| pod.containers.clone())
    }

    /// What a pod was promised; `None` when it has a pause container.
    pub fn of(&self, uid: &str) -> Option<Arc<Shared>> {
        self.0.lock().get(uid).map(|pod| Arc::clone(&pod.shared))
    }

    pub fn forget(&self, uid: &str) {
        self.0.lock().remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubelet::runtime::{HostPort, PodId, Volume};

    fn spec() -> SandboxSpec {
        SandboxSpec {
            pod: PodId::default(),
            ip: [10, 112, 1, 7].into(),
            hostname: "web".into(),
            labels: [("app".into(), "web".into())].into(),
            hosts: vec![([10, 0, 0, 1].into(), vec!["db".into()])],
            dns: Dns { servers: vec![[10, 96, 0, 10].into()], ..Dns::default() },
            host_ports: Vec::new(),
            volumes: Vec::new(),
            alone: true,
        }
    }

    #[test]
    fn only_what_needs_nothing_to_outlive_it_is_bare() {
        let with = |source| vec![Volume { name: "v".into(), source }];
        let host_port = HostPort { host_ip: None, host_port: 8080, container_port: 80, udp: false };
        let empty = VolumeSource::Empty { memory: false, limit: None };
        let table = [
            (spec(), true),
            (SandboxSpec { volumes: with(VolumeSource::Host("/srv".into())), ..spec() }, true),
            (SandboxSpec { volumes: with(empty), ..spec() }, false),
            (SandboxSpec { host_ports: vec![host_port], ..spec() }, false),
            (SandboxSpec { alone: false, ..spec() }, false),
        ];
        for (spec, expected) in table {
            assert_eq!(suits(&spec), expected, "{spec:?}");
        }
    }

    #[test]
    fn a_label_says_all_that_was_promised() {
        let shared = Shared::new(&spec(), Sources::from([("host".into(), "/srv".into())]));
        let labels = Labels::from([(labels::SANDBOX.into(), shared.written())]);
        assert_eq!(Shared::read(&labels), Some(shared));
        assert_eq!(Shared::read(&Labels::new()), None);
    }
}
