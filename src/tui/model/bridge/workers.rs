//! The workers: heartbeat, what their pods have asked for, and the pods.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::tui::model::cluster::Cluster;
use crate::tui::model::facts::{Key, Node, Pod};
use crate::tui::model::light::Light;

/// A worker and its pods.
#[derive(Clone, Debug)]
pub struct Worker<'a> {
    /// Its node.
    pub node: &'a Node,
    /// How it is doing.
    pub light: Light,
    /// What to say beside its name when it is not simply ready.
    pub word: String,
    /// Seconds since its last heartbeat.
    pub beat: Option<i64>,
    /// CPU requested by its pods, in thousandths.
    pub cpu: i64,
    /// Memory requested by its pods, in bytes.
    pub memory: i64,
    /// Its pods.
    pub pods: Vec<&'a Pod>,
}

/// Every worker, by name.
pub fn workers<'a>(cluster: &'a Cluster, shown: &dyn Fn(&Key) -> bool, now: Timestamp) -> Vec<Worker<'a>> {
    let mut by_node: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
    for pod in cluster.pods.values().filter(|pod| !pod.node.is_empty()) {
        by_node.entry(&pod.node).or_default().push(pod);
    }
    let make =
        |node: &'a Node| worker(cluster, node, &by_node.remove(node.key.name.as_str()).unwrap_or_default(), shown, now);
    cluster.nodes.values().map(AsRef::as_ref).map(make).collect()
}

fn worker<'a>(
    cluster: &Cluster,
    node: &'a Node,
    pods: &[&'a Pod],
    shown: &dyn Fn(&Key) -> bool,
    now: Timestamp,
) -> Worker<'a> {
    let beat = super::masters::beat(cluster, "kube-node-lease", &node.key.name, now);
    let running = || pods.iter().filter(|pod| !pod.ended);
    Worker {
        node,
        light: match node.ready == "True" {
            _ if cluster.broken().is_some() => Light::Unknown,
            true => Light::Good,
            false => Light::Bad,
        },
        word: word(cluster, node),
        beat: beat.filter(|_| cluster.broken().is_none()).map(|beat| beat.age),
        cpu: running().map(|pod| pod.cpu).sum(),
        memory: running().map(|pod| pod.memory).sum(),
        pods: pods.iter().copied().filter(|pod| shown(&pod.key)).collect(),
    }
}

/// What to say beside its name: its switch first, since nothing else of it is true any more.
fn word(cluster: &Cluster, node: &Node) -> String {
    let kubelet = cluster.components.get(&Key::new("", &format!("kubelet-{}", node.key.name)));
    if kubelet.is_some_and(|kubelet| !kubelet.enabled) {
        return "kubelet apagado".into();
    }
    if cluster.broken().is_some() {
        return "sin noticias".into();
    }
    match (node.ready.as_str(), node.cordoned) {
        ("True", false) => String::new(),
        ("True", true) => "acordonado".into(),
        (_, false) => "NotReady".into(),
        (_, true) => "NotReady, acordonado".into(),
    }
}

/// A share in percent; `None` of nothing.
pub fn percent(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| (part.saturating_mul(100) / whole).clamp(0, 999))
}
