//! The cluster as the scheduler sees it: nodes, what runs on each, and what it has just decided but not yet seen.
//! Must not do IO.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Node;

use super::facts::{PodFacts, Resources};
use crate::client::node_affinity::Labels;

/// A node and its pods.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeInfo {
    pub name: String,
    /// `None` while pods name a node that is not there.
    pub node: Option<Arc<Node>>,
    pub allocatable: Resources,
    pub requested: Resources,
    /// Processor and memory, with assumptions for pods without requests.
    pub weight: (i64, i64),
    pub pods: BTreeMap<String, Arc<PodFacts>>,
}

impl NodeInfo {
    pub(super) fn labels(&self) -> Labels<'_> {
        self.node.as_ref()?.metadata.labels.as_ref()
    }

    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.labels()?.get(key).map(String::as_str)
    }

    pub(super) fn add(&mut self, pod: Arc<PodFacts>) {
        self.requested.add(&pod.requests);
        self.weight = (self.weight.0 + pod.weight.0, self.weight.1 + pod.weight.1);
        if let Some(old) = self.pods.insert(pod.uid.clone(), pod) {
            self.release(&old);
        }
    }

    pub(super) fn remove(&mut self, uid: &str) {
        if let Some(pod) = self.pods.remove(uid) {
            self.release(&pod);
        }
    }

    fn release(&mut self, pod: &PodFacts) {
        self.requested.subtract(&pod.requests);
        self.weight = (self.weight.0 - pod.weight.0, self.weight.1 - pod.weight.1);
    }
}

/// Every node, by name.
#[derive(Debug, Default)]
pub(super) struct Cache {
    nodes: BTreeMap<String, NodeInfo>,
    /// Where each pod is, by uid.
    placed: HashMap<String, String>,
    /// How many placed pods keep others away: most clusters have none, and then nobody needs to look for them.
    repelling: usize,
}

impl Cache {
    pub(super) fn put_node(&mut self, node: Arc<Node>) {
        let name = node.metadata.name.clone().unwrap_or_default();
        let info = self.nodes.entry(name.clone()).or_default();
        info.name = name;
        info.allocatable = Resources::of(node.status.as_ref().and_then(|status| status.allocatable.as_ref()));
        info.node = Some(node);
    }

    pub(super) fn remove_node(&mut self, name: &str) {
        if let Some(info) = self.nodes.get_mut(name) {
            info.node = None;
            if info.pods.is_empty() {
                self.nodes.remove(name);
            }
        }
    }

    /// Places a pod, seen or assumed.
    pub(super) fn put_pod(&mut self, node: &str, pod: Arc<PodFacts>) {
        self.remove_pod(&pod.uid);
        self.placed.insert(pod.uid.clone(), node.into());
        self.repelling += usize::from(!pod.anti_affinity.is_empty());
        let info = self.nodes.entry(node.into()).or_default();
        info.name = node.into();
        info.add(pod);
    }

    /// Takes a pod away; whether it was placed.
    pub(super) fn remove_pod(&mut self, uid: &str) -> bool {
        let Some(node) = self.placed.remove(uid) else { return false };
        if let Some(info) = self.nodes.get_mut(&node) {
            self.repelling -= usize::from(info.pods.get(uid).is_some_and(|pod| !pod.anti_affinity.is_empty()));
            info.remove(uid);
            if info.pods.is_empty() && info.node.is_none() {
                self.nodes.remove(&node);
            }
        }
        true
    }

    pub(super) fn is_placed(&self, uid: &str) -> bool {
        self.placed.contains_key(uid)
    }

    /// Whether any placed pod keeps others away.
    pub(super) fn has_repelling(&self) -> bool {
        self.repelling > 0
    }

    /// The nodes that are there.
    pub(super) fn nodes(&self) -> Vec<&NodeInfo> {
        self.nodes.values().filter(|info| info.node.is_some()).collect()
    }
}
