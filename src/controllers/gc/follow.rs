//! Follows the metadata of every kind into the graph. Must not keep objects: the graph's nodes are all that is needed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::api::{DynamicObject, PartialObjectMeta};
use kube::discovery::{ApiCapabilities, ApiResource, Scope, verbs};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Discovery};
use parking_lot::RwLock;

use super::Collector;
use super::graph::{Node, Task};
use crate::base::tasks::Tasks;

/// How often new kinds are looked for (`garbageCollector.Sync` period).
const REDISCOVER: Duration = Duration::from_secs(30);
/// How soon when discovery failed.
const RETRY: Duration = Duration::from_secs(1);

/// The kinds that are followed, by API version and kind.
#[derive(Debug, Default)]
pub(super) struct Kinds(RwLock<HashMap<(String, String), (ApiResource, bool)>>);

impl Kinds {
    /// Where objects of a kind are; the namespace counts only for namespaced kinds. `None` for an unknown kind.
    pub(super) fn api(
        &self,
        client: &kube::Client,
        api_version: &str,
        kind: &str,
        namespace: &str,
    ) -> Option<Api<DynamicObject>> {
        let kinds = self.0.read();
        let (resource, namespaced) = kinds.get(&(api_version.into(), kind.into()))?;
        Some(match namespaced {
            true => Api::namespaced_with(client.clone(), namespace, resource),
            false => Api::all_with(client.clone(), resource),
        })
    }

    /// Whether it is new.
    fn add(&self, resource: &ApiResource, can: &ApiCapabilities) -> bool {
        let id = (resource.api_version.clone(), resource.kind.clone());
        self.0.write().insert(id, (resource.clone(), can.scope == Scope::Namespaced)).is_none()
    }
}

/// Finds kinds for ever, and follows each.
pub(super) async fn follow_all(collector: Arc<Collector>, tasks: Tasks) {
    loop {
        let wait = match Discovery::new(collector.client.clone()).run().await {
            Ok(discovery) => {
                let all = discovery.groups().flat_map(kube::discovery::ApiGroup::recommended_resources);
                let new =
                    all.filter(|(resource, can)| is_followed(resource, can) && collector.kinds.add(resource, can));
                let new: Vec<_> = new.collect();
                collector.behind.send_modify(|behind| *behind = Some(behind.unwrap_or(0) + new.len()));
                for (resource, _) in new {
                    tasks.spawn(follow(collector.clone(), resource));
                }
                REDISCOVER
            }
            Err(error) => {
                tracing::debug!(%error, "discovery failed");
                RETRY
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// Everything that can be listed, watched and deleted; events are too many and own nothing.
fn is_followed(resource: &ApiResource, can: &ApiCapabilities) -> bool {
    let verbs = [verbs::LIST, verbs::WATCH, verbs::DELETE];
    verbs.iter().all(|verb| can.supports_operation(verb)) && resource.kind != "Event"
}

async fn follow(collector: Arc<Collector>, resource: ApiResource) {
    let api: Api<PartialObjectMeta<DynamicObject>> = Api::all_with(collector.client.clone(), &resource);
    let mut events = std::pin::pin!(watcher(api, watcher::Config::default()));
    let (mut listed, mut synced) = (HashSet::new(), false);
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                let done = matches!(event, Event::InitDone);
                let tasks = collector.take(&resource, event, &mut listed);
                collector.queue.add_all(tasks);
                if done && !std::mem::replace(&mut synced, true) {
                    collector.behind.send_modify(|behind| *behind = behind.map(|kinds| kinds.saturating_sub(1)));
                }
            }
            Err(error) => {
                tracing::debug!(%error, kind = resource.kind, "watch interrupted");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

impl Collector {
    fn take(
        &self,
        resource: &ApiResource,
        event: Event<PartialObjectMeta<DynamicObject>>,
        listed: &mut HashSet<String>,
    ) -> Vec<Task> {
        let node = |object: &PartialObjectMeta<DynamicObject>| {
            Node::new(&resource.api_version, &resource.kind, &object.metadata)
        };
        let mut graph = self.graph.lock();
        match event {
            Event::Init => {
                listed.clear();
                Vec::new()
            }
            Event::InitApply(object) => {
                let node = node(&object);
                listed.insert(node.uid.clone());
                graph.put(node)
            }
            Event::InitDone => {
                let known = graph.uids_of(&resource.api_version, &resource.kind);
                let gone = known.into_iter().filter(|uid| !listed.contains(uid));
                gone.collect::<Vec<_>>().iter().flat_map(|uid| graph.remove(uid)).collect()
            }
            Event::Apply(object) => graph.put(node(&object)),
            Event::Delete(object) => graph.remove(&node(&object).uid),
        }
    }
}
