//! Deletes what belongs to owners that are gone: in the background, in the foreground (dependents first), or orphans
//! them. Must not know the kinds: it watches the metadata of everything that discovery names.

mod follow;
mod graph;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, Preconditions, PropagationPolicy};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::watch;

use super::{Manager, Outcome, unless_gone};
use crate::client::object::uid_of;
use crate::client::queue::{Next, Queue};
use follow::Kinds;
use graph::{Attempt, Graph, Node, Task};

/// Attempts at once (`--concurrent-gc-syncs`).
const WORKERS: usize = 20;
/// How long the first lists of all kinds are waited for (`initialSyncTimeout`).
const INITIAL_SYNC: Duration = Duration::from_secs(30);
/// The finalizer of an object that waits for its dependents to go.
const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of an object whose dependents are to be let go of.
const ORPHAN: &str = "orphan";

struct Collector {
    client: kube::Client,
    graph: Mutex<Graph>,
    kinds: Kinds,
    queue: Queue<Task>,
    /// Kinds whose first list has not come yet; `None` before the first discovery.
    behind: watch::Sender<Option<usize>>,
}

pub(super) async fn run(manager: Arc<Manager>) {
    let collector = Arc::new(Collector {
        client: manager.client.clone(),
        graph: Mutex::default(),
        kinds: Kinds::default(),
        queue: manager.queue(),
        behind: watch::Sender::new(None),
    });
    manager.tasks.spawn(follow::follow_all(collector.clone(), manager.tasks.clone()));
    collector.wait_synced().await;
    let queue = collector.queue.clone();
    queue.run(WORKERS, |task| collector.attempt(task)).await;
}

impl Collector {
    /// Who does not know an owner's dependents yet would orphan none of them: every kind is listed first, unless one
    /// cannot be.
    async fn wait_synced(&self) {
        let mut behind = self.behind.subscribe();
        let synced = behind.wait_for(|behind| *behind == Some(0));
        let _ = tokio::time::timeout(INITIAL_SYNC, synced).await;
    }

    fn api(&self, node: &Node) -> Option<Api<DynamicObject>> {
        self.kinds.api(&self.client, &node.api_version, &node.kind, &node.key.namespace)
    }

    async fn attempt(&self, task: Task) -> Outcome {
        let decided = match &task {
            Task::Delete(uid) => self.graph.lock().decide(uid),
            Task::Orphan(uid) => self.graph.lock().orphan(uid),
        };
        match decided {
            Attempt::Nothing => Ok(Next::Done),
            Attempt::Each(dependents) => {
                self.queue.add_all(dependents.into_iter().map(Task::Delete));
                Ok(Next::Done)
            }
            Attempt::Finish(node, finalizer) => self.finish(&node, finalizer).await,
            Attempt::Owned(node) => self.check_owners(&node).await,
            Attempt::Release(node, dependents) => self.release(&node, &dependents).await,
        }
    }

    /// Looks for the owners that a node has now, which the watch may not show yet: those in the graph are there, the
    /// others are asked for.
    async fn check_owners(&self, node: &Node) -> Outcome {
        let Some(api) = self.api(node) else { return Ok(Next::Retry) };
        let there = api.get_metadata_opt(&node.key.name).await?;
        let Some(there) = there.filter(|there| uid_of(&there.metadata) == node.uid) else {
            return Ok(self.forget(node));
        };
        let live = Node::new(&node.api_version, &node.kind, &there.metadata);
        if live.owners.is_empty() {
            return Ok(Next::Done);
        }
        self.judge_owners(&live, there.metadata.resource_version).await
    }

    async fn judge_owners(&self, node: &Node, version: Option<String>) -> Outcome {
        let (mut solid, mut waiting, mut gone) = (false, Vec::new(), Vec::new());
        for owner in &node.owners {
            let state = self.graph.lock().owner_state(&owner.uid);
            match state {
                Some(true) => waiting.push(owner.uid.clone()),
                Some(false) => solid = true,
                None if self.exists(owner, &node.key.namespace).await? => solid = true,
                None => gone.push(owner.uid.clone()),
            }
        }
        if solid {
            gone.extend(waiting);
            if !gone.is_empty() {
                self.drop_owners(node, &gone).await?;
            }
            return Ok(Next::Done);
        }
        let has_dependents = self.graph.lock().has_dependents(&node.uid);
        let policy = match () {
            () if node.has_finalizer(ORPHAN) => PropagationPolicy::Orphan,
            () if node.has_finalizer(FOREGROUND) || (!waiting.is_empty() && has_dependents) => {
                PropagationPolicy::Foreground
            }
            () => PropagationPolicy::Background,
        };
        self.delete(node, version, policy).await
    }

    async fn exists(&self, owner: &OwnerReference, namespace: &str) -> kube::Result<bool> {
        // A kind that discovery does not know may come back: nothing is deleted on its account.
        let Some(api) = self.kinds.api(&self.client, &owner.api_version, &owner.kind, namespace) else {
            return Ok(true);
        };
        let there = api.get_metadata_opt(&owner.name).await?;
        Ok(there.is_some_and(|there| there.metadata.uid.as_deref() == Some(owner.uid.as_str())))
    }

    /// Deletes what is as it was when its owners were looked for.
    async fn delete(&self, node: &Node, version: Option<String>, policy: PropagationPolicy) -> Outcome {
        let Some(api) = self.api(node) else { return Ok(Next::Retry) };
        let preconditions = Some(Preconditions { uid: Some(node.uid.clone()), resource_version: version });
        let params = DeleteParams { propagation_policy: Some(policy), preconditions, ..DeleteParams::default() };
        match api.delete(&node.key.name, &params).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(self.forget(node)),
            // It changed, or another has its name: the next look sees which.
            Err(kube::Error::Api(status)) if status.is_conflict() => Ok(Next::Retry),
            other => other.map(|_| Next::Done),
        }
    }

    /// The watch may be behind, or have missed a deletion: what the server does not have, the graph must not.
    fn forget(&self, node: &Node) -> Next {
        let tasks = self.graph.lock().remove(&node.uid);
        self.queue.add_all(tasks);
        Next::Done
    }

    async fn drop_owners(&self, node: &Node, owners: &[String]) -> kube::Result<()> {
        let Some(api) = self.api(node) else { return Ok(()) };
        let gone: Vec<_> = owners.iter().map(|uid| json!({"$patch": "delete", "uid": uid})).collect();
        let patch = json!({"metadata": {"uid": node.uid, "ownerReferences": gone}});
        unless_gone(api.patch_metadata(&node.key.name, &PatchParams::default(), &Patch::Strategic(patch)).await)
            .map(drop)
    }

    async fn release(&self, owner: &Node, dependents: &[Node]) -> Outcome {
        for dependent in dependents {
            self.drop_owners(dependent, std::slice::from_ref(&owner.uid)).await?;
        }
        self.finish(owner, ORPHAN).await
    }

    /// Takes our finalizer away: the last thing that kept the object.
    async fn finish(&self, node: &Node, finalizer: &str) -> Outcome {
        let Some(api) = self.api(node) else { return Ok(Next::Retry) };
        let Some(there) = api.get_metadata_opt(&node.key.name).await? else { return Ok(Next::Done) };
        let finalizers: Vec<_> = there.metadata.finalizers.iter().flatten().filter(|name| *name != finalizer).collect();
        let version = &there.metadata.resource_version;
        let patch = json!({"metadata": {"uid": node.uid, "resourceVersion": version, "finalizers": finalizers}});
        unless_gone(api.patch_metadata(&node.key.name, &PatchParams::default(), &Patch::Merge(patch)).await)?;
        Ok(Next::Done)
    }
}
