//! The switchboard: `timonel.dev` through the real API server, and what switching off really does.

mod gate;
mod managers;
mod parts;
mod snapshots;
mod streams;
mod traffic;
mod workers;

use std::fmt::Debug;
use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::Node;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use timonel::base::pipe::Identity;
use timonel::client::pod::Pod;
use timonel::client::timonel::{Component, ComponentStatus, State};
use timonel::cluster::{Cluster, Home, Opened, Options, RuntimeChoice, StoreKind};

/// A whole cluster as a learner's, with embedded pods, on the memory store.
pub(crate) struct Whole {
    cluster: Cluster,
    client: kube::Client,
    _folder: TempDir,
}

pub(crate) async fn whole(workers: u32) -> Whole {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        store: StoreKind::Memory,
        runtime: RuntimeChoice::Embedded,
        workers,
        seed: Some(4),
        ..Options::new(folder.path().into())
    };
    let Opened::Ours(home) = Home::open(folder.path()).unwrap() else { panic!("in use") };
    let cluster = Cluster::start(home, options).await.unwrap();
    cluster.ready().await.unwrap();
    Whole { client: cluster.client(Identity::admin()), cluster, _folder: folder }
}

/// Asks again and again, at most ten minutes of virtual time, until there is an answer.
#[track_caller]
pub(crate) fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move {
        let asking = async {
            loop {
                if let Some(answer) = ask().await {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(600), asking).await.unwrap_or_else(|_| panic!("{place}: never came"))
    }
}

pub(crate) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

impl Whole {
    fn parts(&self) -> Api<Component> {
        Api::all(self.client.clone())
    }

    fn api<K: Resource<Scope = NamespaceResourceScope>>(&self) -> Api<K>
    where
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), "default")
    }

    /// Switches a part as `kubectl patch component` does, and waits until it is so.
    async fn switch(&self, name: &str, on: bool) -> ComponentStatus {
        let patch = Patch::Merge(json!({ "spec": { "enabled": on } }));
        self.parts().patch(name, &PatchParams::default(), &patch).await.unwrap();
        let state = if on { State::Running } else { State::Stopped };
        eventually(async || Some(self.status(name).await?).filter(|status| status.state == state)).await
    }

    async fn status(&self, name: &str) -> Option<ComponentStatus> {
        self.parts().get(name).await.unwrap().status
    }

    async fn create<K>(&self, object: Value) -> K
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + Serialize + DeserializeOwned,
    {
        self.api().create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap()
    }

    /// A Deployment of the demo program.
    async fn deploy(&self, name: &str, replicas: u32) {
        let container = json!({ "name": "c", "image": "timonel/demo:v1" });
        let template = json!({ "metadata": { "labels": { "app": name } }, "spec": { "containers": [container] } });
        let spec =
            json!({ "replicas": replicas, "selector": { "matchLabels": { "app": name } }, "template": template });
        self.create::<k8s_openapi::api::apps::v1::Deployment>(json!({ "metadata": { "name": name }, "spec": spec }))
            .await;
    }

    async fn pods(&self, app: &str) -> Vec<Value> {
        let pods = self.api::<Pod>().list(&ListParams::default().labels(&format!("app={app}"))).await;
        pods.unwrap().items.into_iter().map(|pod| serde_json::to_value(pod).unwrap()).collect()
    }

    /// Waits until there are so many pods of an app, all ready, and no other.
    async fn ready(&self, app: &str, count: usize) -> Vec<Value> {
        eventually(async || {
            let pods = self.pods(app).await;
            let all = pods.iter().all(|pod| is(pod, "Ready") && pod["metadata"]["deletionTimestamp"].is_null());
            (pods.len() == count && all).then_some(pods)
        })
        .await
    }

    async fn node(&self, name: &str) -> Value {
        let node = Api::<Node>::all(self.client.clone()).get(name).await.unwrap();
        serde_json::to_value(node).unwrap()
    }

    async fn stop(self) {
        self.cluster.stop().await;
    }
}

/// Whether a condition of an object is True.
pub(crate) fn is(object: &Value, condition: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|it| it["type"] == condition && it["status"] == "True")
}
