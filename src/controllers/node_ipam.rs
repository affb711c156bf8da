//! Gives each node its range of pod addresses, `spec.podCIDR`. Must not take one back while the node exists.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Node;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use parking_lot::Mutex;
use serde_json::json;

use super::{Config, Manager, Outcome, unless_gone};
use crate::client::object::Key;
use crate::client::queue::Next;
use crate::client::recorder::Recorder;

/// Ranges that the cache does not show yet, and the node that each was given to.
type Given = BTreeMap<String, String>;

pub(super) async fn run(manager: Arc<Manager>) {
    let recorder = manager.recorder("cidrAllocator");
    let queue = manager.queue();
    manager.informers.nodes.wait_synced().await;
    let keys = queue.clone();
    manager.informers.nodes.on_change(move |change| keys.add(Key::of(&**change.object())));
    // One worker: two nodes must not be given the same range. What was given may not be in the cache yet.
    let given = Mutex::new(Given::new());
    queue.run(1, |key| reconcile(&manager, &recorder, &given, key)).await;
}

async fn reconcile(manager: &Manager, recorder: &Recorder, given: &Mutex<Given>, key: Key) -> Outcome {
    let Some(node) = manager.informers.nodes.get(&key) else { return Ok(Next::Done) };
    let range = next_range(&node, &manager.informers.nodes.list(), &mut given.lock(), &manager.config);
    match range {
        Ranges::Assigned => Ok(Next::Done),
        Ranges::Free(range) => assign(manager, &node, range, given).await,
        Ranges::Exhausted => {
            let message = format!("Node {} status is now: CIDRNotAvailable", node.name_any());
            recorder.normal(&*node, "CIDRNotAvailable", message);
            Ok(Next::Retry)
        }
    }
}

async fn assign(manager: &Manager, node: &Node, range: String, given: &Mutex<Given>) -> Outcome {
    let api: Api<Node> = Api::all(manager.client.clone());
    let patch = json!({"metadata": {"uid": node.metadata.uid}, "spec": {"podCIDR": range, "podCIDRs": [range]}});
    let patched = api.patch(&node.name_any(), &PatchParams::default(), &Patch::Strategic(patch)).await;
    if unless_gone(patched)?.is_some() {
        given.lock().insert(range, node.name_any());
    }
    Ok(Next::Done)
}

#[derive(Debug, PartialEq)]
enum Ranges {
    Assigned,
    Free(String),
    Exhausted,
}

/// The first range that no node has and that was not given a moment ago to a node that the cache shows without it.
fn next_range(node: &Node, nodes: &[Arc<Node>], given: &mut Given, config: &Config) -> Ranges {
    if range_of(node).is_some() {
        return Ranges::Assigned;
    }
    let taken: BTreeSet<&str> = nodes.iter().filter_map(|node| range_of(node)).collect();
    let without = nodes.iter().filter(|node| range_of(node).is_none());
    let waiting: BTreeSet<String> = without.map(|node| node.name_any()).collect();
    given.retain(|_, name| waiting.contains(name));
    let free = |range: &String| !taken.contains(range.as_str()) && !given.contains_key(range);
    ranges(config).find(free).map_or(Ranges::Exhausted, Ranges::Free)
}

fn range_of(node: &Node) -> Option<&str> {
    node.spec.as_ref()?.pod_cidr.as_deref().filter(|range| !range.is_empty())
}

fn ranges(config: &Config) -> impl Iterator<Item = String> {
    let (base, length) = config.cluster_cidr;
    let prefix = config.node_prefix.clamp(length, 32);
    let count = 1_u64 << (prefix - length);
    let step = 1_u64 << (32 - prefix);
    let addresses = (0..count).map(move |number| u64::from(u32::from(base)) + number * step);
    addresses
        .filter_map(move |bits| u32::try_from(bits).ok())
        .map(move |bits| format!("{}/{prefix}", Ipv4Addr::from(bits)))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::NodeSpec;

    use super::*;

    fn node(name: &str, range: Option<&str>) -> Arc<Node> {
        let spec = NodeSpec { pod_cidr: range.map(Into::into), ..NodeSpec::default() };
        let mut node = Node { spec: Some(spec), ..Node::default() };
        node.metadata.name = Some(name.into());
        Arc::new(node)
    }

    fn config(length: u8) -> Config {
        Config {
            cluster_cidr: (Ipv4Addr::new(10, 244, 0, 0), length),
            node_prefix: 24,
            root_ca: String::new(),
            signer: None,
            disks: None,
        }
    }

    #[test]
    fn each_node_gets_the_first_free_range() {
        let nodes = [node("a", Some("10.244.0.0/24")), node("b", None), node("c", Some("10.244.2.0/24"))];
        let of = |number: usize| next_range(&nodes[number], &nodes, &mut Given::new(), &config(16));
        assert_eq!(of(0), Ranges::Assigned);
        assert_eq!(of(1), Ranges::Free("10.244.1.0/24".into()));
    }

    #[test]
    fn a_range_just_given_is_not_given_twice_and_comes_back_with_its_node() {
        let mut given = Given::from([("10.244.0.0/24".into(), "a".into())]);
        let nodes = [node("a", None), node("b", None)];
        assert_eq!(next_range(&nodes[1], &nodes, &mut given, &config(16)), Ranges::Free("10.244.1.0/24".into()));
        assert_eq!(next_range(&nodes[1], &nodes[1..], &mut given, &config(16)), Ranges::Free("10.244.0.0/24".into()));
    }

    #[test]
    fn ranges_end() {
        let nodes = [node("a", Some("10.244.0.0/24")), node("b", Some("10.244.1.0/24")), node("c", None)];
        assert_eq!(next_range(&nodes[2], &nodes, &mut Given::new(), &config(23)), Ranges::Exhausted);
    }
}
