//! The virtual workers: whether what they offer makes sense, and when they are there. Must not start any.

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Node;
use kube::runtime::{WatchStreamExt, watcher};

use super::{WorkerCapacity, troubles};
use crate::base::hints::Hint;
use crate::base::quantity::Quantity;

/// Refuses what is no quantity.
pub(super) fn check(offered: &WorkerCapacity) -> Result<(), Hint> {
    for (flag, text) in [("--worker-cpu", &offered.cpu), ("--worker-memory", &offered.memory)] {
        Quantity::parse(text).map_err(|_| troubles::quantity(flag, text))?;
    }
    Ok(())
}

/// Waits until `count` nodes say that they are Ready.
pub(super) async fn wait_ready(client: kube::Client, count: usize) -> Result<(), watcher::Error> {
    let nodes = kube::Api::<Node>::all(client);
    let mut ready = std::collections::BTreeSet::new();
    let mut changes = watcher(nodes, watcher::Config::default()).default_backoff().applied_objects().boxed();
    while ready.len() < count {
        let Some(node) = changes.try_next().await? else { break };
        let Some(name) = node.metadata.name.clone() else { continue };
        if is_ready(&node) {
            ready.insert(name);
        }
    }
    Ok(())
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
