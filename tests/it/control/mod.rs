//! Controllers and scheduler through the real API server, on the memory store and with the clock paused; the nodes are
//! played by the test: their pods run as soon as they are bound and go as soon as they are told to. A pod that is not
//! restarted ends at once, well unless its image is called `falla`; one called `sigue` goes on.

mod autoscale;
mod batch;
mod budgets;
mod certificates;
mod chaos;
mod docs;
mod nodes;
mod quota;
mod scheduling;
mod services;
mod sets;
mod storage;
mod workloads;

use std::fmt::Debug;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher;
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use timonel::apiserver::legacy_token;
use timonel::apiserver::pki::Pki;
use timonel::base::clock::{Clock, Timing};
use timonel::base::names::Names;
use timonel::base::pipe::Identity;
use timonel::base::tasks::Tasks;
use timonel::client::informer::Informer;
use timonel::client::object::{Key, is_deleting};
use timonel::client::pod::Pod;
use timonel::client::pods::{is_ready, is_terminal, node_name};
use timonel::client::pools::Pools;
use timonel::client::queue::{Next, Queue};
use timonel::{client, controllers, scheduler};
use tokio::sync::Notify;

use crate::api::World;

/// A cluster of played nodes.
struct Cluster {
    world: World,
    clock: Clock,
    home: tempfile::TempDir,
    /// What a controller manager is started with.
    context: controllers::Context,
    beats: Vec<Tasks>,
}

/// The cluster's keys, as the manager borrows them.
struct Keys(Arc<Pki>);

impl controllers::Signer for Keys {
    fn token(&self, subject: controllers::TokenSubject<'_>) -> Option<String> {
        legacy_token(&self.0.tokens, subject.namespace, subject.account, subject.secret)
    }

    fn certificate(
        &self,
        request: &str,
        usages: &[String],
        validity: (Timestamp, Timestamp),
    ) -> Result<String, String> {
        self.0.sign_request(request, usages, validity)
    }
}

/// A live list that a test waits on.
struct Seen<K> {
    informer: Informer<K>,
    changed: Arc<Notify>,
}

impl<K> Seen<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    /// Waits until the list satisfies a condition, at most an hour of virtual time.
    #[track_caller]
    fn until(&self, wanted: impl Fn(&[Arc<K>]) -> bool) -> impl Future<Output = Vec<Arc<K>>> {
        let place = std::panic::Location::caller();
        async move {
            let waiting = async {
                loop {
                    let list = self.informer.list();
                    if wanted(&list) {
                        return list;
                    }
                    self.changed.notified().await;
                }
            };
            let waited = tokio::time::timeout(Duration::from_secs(3600), waiting).await;
            waited.unwrap_or_else(|_| panic!("{place}: never came; at last {:#?}", self.informer.list()))
        }
    }
}

impl Cluster {
    async fn start(nodes: usize) -> Self {
        let mut cluster = Self::bare().await;
        let (context, tasks) = (cluster.context.clone(), &cluster.world.tasks);
        controllers::start(context.clone(), tasks);
        let controllers::Context { clients, clock, names, pools, .. } = context;
        let context = scheduler::Context { client: clients("kube-scheduler"), clock, names, pools };
        cluster.world.server.peers().register("kube-scheduler", scheduler::start(context, tasks));
        for number in 1..=nodes {
            cluster.add_node(&format!("worker-{number}")).await;
        }
        cluster.play_pods();
        cluster
    }

    /// A server and nothing else.
    async fn bare() -> Self {
        let home = tempfile::tempdir().unwrap();
        let pki = Pki::load_or_create(home.path(), "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
        let pki = Arc::new(pki);
        let world = crate::api::world_of(Some(pki.clone())).await;
        let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap(), Timing::Real);
        let names = Arc::new(Names::seeded(2));
        let identity = |user: &str| client::embedded(world.dialer.clone(), Identity::new(user, &["system:masters"]));
        let config = controllers::Config {
            cluster_cidr: (Ipv4Addr::new(10, 244, 0, 0), 16),
            node_prefix: 24,
            root_ca: "a certificate".into(),
            signer: Some(Arc::new(Keys(pki))),
            disks: Some(home.path().join("nodes")),
        };
        let (manager, scheduler) = (identity("system:kube-controller-manager"), identity("system:kube-scheduler"));
        let client = move |name: &str| if name == "kube-scheduler" { scheduler.clone() } else { manager.clone() };
        let context = controllers::Context { clients: Arc::new(client), clock, names, pools: Pools::default(), config };
        Self { world, clock, home, context, beats: Vec::new() }
    }

    fn see<K>(&self) -> Seen<K>
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        let (informer, changed) = (Informer::default(), Arc::new(Notify::new()));
        let told = changed.clone();
        informer.on_change(move |_| told.notify_one());
        informer.start(Api::all(self.world.client.clone()), watcher::Config::default(), &self.world.tasks);
        Seen { informer, changed }
    }

    async fn add_node(&mut self, name: &str) {
        self.make_node(name, json!({"cpu": "200", "memory": "400Gi", "pods": "1000"})).await;
        let beats = self.world.tasks.child();
        beats.spawn(beat(self.world.client.clone(), name.into(), self.clock));
        self.beats.push(beats);
    }

    async fn make_node(&self, name: &str, size: serde_json::Value) {
        let nodes: Api<Node> = Api::all(self.world.client.clone());
        let ready = json!({"type": "Ready", "status": "True", "reason": "KubeletReady"});
        let status = json!({"capacity": size, "allocatable": size, "conditions": [ready]});
        let labels = json!({"kubernetes.io/hostname": name});
        let node = serde_json::from_value(json!({"metadata": {"name": name, "labels": labels}})).unwrap();
        nodes.create(&PostParams::default(), &node).await.unwrap();
        let patch = Patch::Merge(json!({ "status": status }));
        nodes.patch_status(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// The kubelets: what is bound runs, what is told to go is gone; a silent node does nothing.
    fn play_pods(&self) {
        let queue = Queue::new(self.clock);
        let pods: Informer<Pod> = Informer::default();
        let keys = queue.clone();
        pods.on_change(move |change| keys.add(Key::of(&**change.object())));
        let (client, clock) = (self.world.client.clone(), self.clock);
        pods.start(Api::all(client.clone()), watcher::Config::default(), &self.world.tasks);
        let silent: Vec<_> = self.beats.iter().map(Tasks::token).collect();
        self.world.tasks.spawn(async move {
            let play = |key: Key| {
                let (client, pod) = (client.clone(), pods.get(&key));
                let node = pod.as_deref().and_then(node_name).map(str::to_string);
                let number = node.as_deref().and_then(|node| node.strip_prefix("worker-")?.parse::<usize>().ok());
                let lives = number.and_then(|number| silent.get(number - 1)).is_some_and(|token| !token.is_cancelled());
                async move {
                    if let (true, Some(pod)) = (lives, pod) { play(client, &pod, clock).await } else { Ok(Next::Done) }
                }
            };
            queue.run(32, play).await;
        });
    }

    async fn deploy(&self, name: &str, replicas: i32, more: serde_json::Value) {
        let mut deployment = json!({
            "metadata": {"name": name},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "c", "image": "timonel/demo:v1"}]},
                },
            },
        });
        json_patch::merge(&mut deployment, &more);
        let api: Api<Deployment> = self.world.api();
        api.create(&PostParams::default(), &serde_json::from_value(deployment).unwrap()).await.unwrap();
    }

    /// Creates an object of any kind in the default namespace.
    async fn create<K>(&self, object: serde_json::Value) -> K
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + Debug
            + Serialize
            + DeserializeOwned,
    {
        self.world.api().create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap()
    }

    async fn change(&self, name: &str, spec: serde_json::Value) {
        let api: Api<Deployment> = self.world.api();
        let patch = Patch::Strategic(json!({ "spec": spec }));
        api.patch(name, &PatchParams::default(), &patch).await.unwrap();
    }
}

/// With what a pod that is not restarted ends.
fn exit_code(pod: &Pod) -> Option<i32> {
    let spec = pod.spec.as_ref()?;
    let image = spec.containers.first()?.image.as_deref()?;
    let ends = spec.restart_policy.as_deref() != Some("Always") && image != "sigue";
    ends.then(|| i32::from(image == "falla"))
}

async fn play(client: kube::Client, pod: &Pod, clock: Clock) -> kube::Result<Next> {
    let api: Api<Pod> = Api::namespaced(client, &pod.namespace().unwrap());
    let done = if is_deleting(&pod.metadata) {
        api.delete(&pod.name_any(), &DeleteParams::default().grace_period(0)).await.map(drop)
    } else if is_terminal(pod) {
        Ok(())
    } else if let Some(code) = exit_code(pod) {
        let (phase, now) = (if code == 0 { "Succeeded" } else { "Failed" }, Time(clock.now()));
        let state = json!({"terminated": {"exitCode": code, "finishedAt": now}});
        let container =
            json!({"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state});
        let patch = Patch::Merge(json!({"status": {"phase": phase, "containerStatuses": [container]}}));
        api.patch_status(&pod.name_any(), &PatchParams::default(), &patch).await.map(drop)
    } else if is_ready(pod) {
        Ok(())
    } else {
        let ready = json!({"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"});
        let ip = format!("10.244.0.{}", pod.name_any().bytes().map(usize::from).sum::<usize>() % 250);
        let status = json!({"phase": "Running", "startTime": Time(clock.now()), "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [ready]});
        let patch = Patch::Strategic(json!({ "status": status }));
        api.patch_status(&pod.name_any(), &PatchParams::default(), &patch).await.map(drop)
    };
    match done {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(Next::Done),
        other => other.map(|()| Next::Done),
    }
}

/// The node's Lease, every ten seconds.
async fn beat(client: kube::Client, node: String, clock: Clock) {
    loop {
        renew(&client, &node, clock).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

/// Renews a node's Lease, or makes it; the next beat tries again what fails.
async fn renew(client: &kube::Client, node: &str, clock: Clock) {
    let leases: Api<k8s_openapi::api::coordination::v1::Lease> = Api::namespaced(client.clone(), "kube-node-lease");
    let now = k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime(clock.now());
    let patch = Patch::Merge(json!({"spec": {"renewTime": now}}));
    if leases.patch(node, &PatchParams::default(), &patch).await.is_err() {
        let lease = serde_json::from_value(json!({"metadata": {"name": node}, "spec": {"renewTime": now}})).unwrap();
        let _ = leases.create(&PostParams::default(), &lease).await;
    }
}
