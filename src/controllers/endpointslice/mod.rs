//! The backends of each service in slices of at most 100. Must not touch slices that others manage.

mod plan;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};
use parking_lot::Mutex;

use super::endpoint_pods::{self, backends, selector_of};
use super::informers::SERVICE;
use super::{Manager, Outcome, unless_gone};
use crate::client::object::Key;
use crate::client::queue::Next;
use plan::{Action, MANAGED_BY, plan};

/// Reconciles at once (`--concurrent-service-endpoint-syncs`).
const WORKERS: usize = 5;
/// The label of a node's zone.
const ZONE: &str = "topology.kubernetes.io/zone";
/// How long a write that the cache never shows is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// When to look again while the cache is behind.
const BEHIND: Duration = Duration::from_millis(50);

struct Controller {
    manager: Arc<Manager>,
    /// Slices just written: the version that the cache must show before the next look, and since when.
    written: Mutex<HashMap<Key, (u64, Duration)>>,
}

pub(super) async fn run(manager: Arc<Manager>) {
    let controller = Arc::new(Controller { manager: manager.clone(), written: Mutex::default() });
    let queue = manager.queue();
    manager.informers.services.wait_synced().await;
    manager.informers.pods.wait_synced().await;
    manager.informers.slices.wait_synced().await;
    endpoint_pods::subscribe(&manager, &queue);
    let (keys, watcher) = (queue.clone(), controller.clone());
    manager.informers.slices.on_change(move |change| {
        if change.after().is_none() {
            watcher.written.lock().remove(&Key::of(&**change.object()));
        }
        if let Some(service) = service_of(change.object()) {
            keys.add(service);
        }
    });
    queue.run(WORKERS, |key| controller.reconcile(key)).await;
}

fn is_ours(slice: &EndpointSlice) -> bool {
    slice.labels().get(MANAGED_BY.0).is_some_and(|manager| manager == MANAGED_BY.1)
}

fn service_of(slice: &EndpointSlice) -> Option<Key> {
    let name = slice.labels().get("kubernetes.io/service-name").filter(|_| is_ours(slice))?;
    Some(Key::new(slice.namespace().unwrap_or_default(), name.clone()))
}

impl Controller {
    async fn reconcile(&self, key: Key) -> Outcome {
        let informers = &self.manager.informers;
        // The slices of a service that is gone follow it by their owner reference.
        let Some(service) = informers.services.get(&key) else { return Ok(Next::Done) };
        if selector_of(&service).is_none() {
            return Ok(Next::Done);
        }
        let mut slices = informers.slices.by_index(SERVICE, &key.to_string());
        slices.retain(|slice| is_ours(slice));
        if self.is_behind(&key, &slices) {
            return Ok(Next::After(BEHIND));
        }
        let backends = backends(&service, &informers.pods.in_namespace(&key.namespace));
        let zone_of = |node: &str| zone_of(&*informers.nodes.get(&Key::new("", node))?);
        for action in plan(&service, &backends, &slices, &zone_of, &self.manager.clock.now().to_string()) {
            self.execute(&key.namespace, action).await?;
        }
        Ok(Next::Done)
    }

    /// Whether the cache does not show yet what was written last.
    fn is_behind(&self, service: &Key, slices: &[Arc<EndpointSlice>]) -> bool {
        let now = self.manager.clock.elapsed();
        let mut written = self.written.lock();
        written.retain(|_, (_, since)| now.saturating_sub(*since) < PATIENCE);
        for slice in slices {
            let key = Key::of(&**slice);
            if written.get(&key).is_some_and(|(wanted, _)| version(slice) >= *wanted) {
                written.remove(&key);
            }
        }
        let prefix = format!("{}-", service.name);
        written.keys().any(|key| key.namespace == service.namespace && key.name.starts_with(&prefix))
    }

    async fn execute(&self, namespace: &str, action: Action) -> kube::Result<()> {
        let api: Api<EndpointSlice> = Api::namespaced(self.manager.client.clone(), namespace);
        let written = match action {
            Action::Create(slice) => Some(api.create(&PostParams::default(), &slice).await?),
            Action::Update(slice) => Some(api.replace(&slice.name_any(), &PostParams::default(), &slice).await?),
            Action::Delete(name) => {
                unless_gone(api.delete(&name, &DeleteParams::default()).await)?;
                None
            }
        };
        if let Some(slice) = written {
            let entry = (version(&slice), self.manager.clock.elapsed());
            self.written.lock().insert(Key::of(&slice), entry);
        }
        Ok(())
    }
}

fn version(slice: &EndpointSlice) -> u64 {
    slice.metadata.resource_version.as_deref().and_then(|version| version.parse().ok()).unwrap_or(0)
}

fn zone_of(node: &Node) -> Option<String> {
    node.labels().get(ZONE).cloned()
}
