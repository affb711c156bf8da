//! Kubelets on the embedded runtime against the real API server: memory store, clock paused.

mod ingress;
mod lifecycle;
mod probes;
mod scale;
mod services;

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Node, ServiceAccount};
use kube::Api;
use kube::api::{AttachParams, ListParams, LogParams, PostParams};
use kube::runtime::wait::await_condition;
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::{Value, json};
use timonel::apiserver::pki::Pki;
use timonel::apiserver::{ApiServer, Config, Meta};
use timonel::base::clock::{Clock, Timing};
use timonel::base::names::Names;
use timonel::base::net::PodNet;
use timonel::base::pipe::{Identity, pipe};
use timonel::base::tasks::Tasks;
use timonel::client::pod::Pod;
use timonel::kubelet::embedded::Embedded;
use timonel::kubelet::{self, Capacity};
use timonel::network::embedded::PodNetwork;
use timonel::network::table::ServiceTable;
use timonel::store::{Limits, MemoryBackend, Store};
use timonel::{client, network};
use tokio::io::AsyncReadExt;

/// A small cluster without controllers: pods come with their node's name.
pub(crate) struct Cluster {
    pub(crate) client: kube::Client,
    pub(crate) net: Arc<dyn PodNet>,
    _home: tempfile::TempDir,
    _tasks: Tasks,
}

pub(crate) async fn cluster() -> Cluster {
    cluster_of(1).await
}

pub(crate) async fn cluster_of(nodes: usize) -> Cluster {
    let (tasks, names) = (Tasks::new(), Arc::new(Names::seeded(1)));
    let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap(), Timing::Real);
    let table = ServiceTable::default();
    let net: Arc<dyn PodNet> = Arc::new(PodNetwork::new(table.clone()));
    let store = Store::open(Box::new(MemoryBackend), Meta::decode, Limits::default(), &tasks).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let pki = Pki::load_or_create(home.path(), clock.now()).unwrap();
    let config = Config {
        store,
        clock,
        names: names.clone(),
        pods: net.clone(),
        pki: Some(Arc::new(pki)),
        service_cidr: "10.96.0.0/12".into(),
    };
    let server = ApiServer::new(config);
    server.bootstrap().await.unwrap();
    let (dialer, listener) = pipe();
    server.serve_pipe(listener, &tasks);
    let admin = client::embedded(dialer.clone(), Identity::admin());
    for (name, key) in [("kube-root-ca.crt", "ca.crt"), ("openshift-service-ca.crt", "service-ca.crt")] {
        let map = json!({ "metadata": { "name": name }, "data": { key: "x" } });
        create::<ConfigMap>(&Api::namespaced(admin.clone(), "default"), map).await;
    }
    let account = json!({ "metadata": { "name": "default" } });
    create::<ServiceAccount>(&Api::namespaced(admin.clone(), "default"), account).await;
    let (runtime, pools) =
        (Arc::new(Embedded::new(net.clone(), clock, names, &tasks)), client::pools::Pools::default());
    for number in 1..=nodes {
        let name = format!("worker-{number}");
        let node =
            json!({ "metadata": { "name": name }, "spec": { "podCIDR": format!("10.244.{}.0/22", number * 4) } });
        create::<Node>(&Api::all(admin.clone()), node).await;
        let config = kubelet::Config {
            ip: [192, 168, 0, u8::try_from(number).unwrap()].into(),
            clients: client::embedded_on_demand(dialer.clone(), Identity::node(&name)),
            runtime: runtime.clone(),
            net: net.clone(),
            capacity: Capacity { pods: 1000, ..Capacity::default() },
            cluster_dns: Some([10, 96, 0, 10].into()),
            node: name.clone(),
            disk: home.path().join(&name),
            pools: pools.clone(),
            clock,
        };
        server.nodes().register(&name, kubelet::start(config, &tasks));
    }
    let dns_client = client::embedded(dialer.clone(), Identity::admin());
    let dns = network::dns::Config { client: dns_client, net: net.clone(), address: [10, 96, 0, 10].into(), clock };
    network::dns::start(dns, &tasks);
    let proxy = client::embedded(dialer, Identity::new("system:kube-proxy", &[]));
    network::services::start(network::services::Config { client: proxy, table, net: net.clone(), clock }, &tasks);
    Cluster { client: admin, net, _home: home, _tasks: tasks }
}

/// Creates an object from JSON.
pub(crate) async fn create<K>(api: &Api<K>, value: Value) -> K
where
    K: kube::Resource + Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    api.create(&PostParams::default(), &serde_json::from_value(value).unwrap()).await.unwrap()
}

impl Cluster {
    pub(crate) fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), "default")
    }

    /// Creates a pod on worker-1; `spec` is its spec but for the node.
    pub(crate) async fn pod(&self, name: &str, mut spec: Value) -> Pod {
        spec["nodeName"] = json!("worker-1");
        create(&self.pods(), json!({ "metadata": { "name": name, "labels": { "app": name } }, "spec": spec })).await
    }

    /// Waits until a pod is as wanted; panics with its last state after two virtual minutes.
    #[track_caller]
    pub(crate) fn until(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> impl Future<Output = Value> {
        self.until_within(Duration::from_secs(120), name, wanted)
    }

    /// The same with another patience.
    #[track_caller]
    pub(crate) fn until_within(
        &self,
        patience: Duration,
        name: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> impl Future<Output = Value> {
        let (api, config) = (self.pods(), watcher::Config::default().fields(&format!("metadata.name={name}")));
        let mut last = Value::Null;
        async move {
            let watch = async {
                let mut changes = std::pin::pin!(watcher(api, config).applied_objects());
                while let Some(pod) = changes.try_next().await.unwrap() {
                    last = serde_json::to_value(pod).unwrap();
                    if wanted(&last) {
                        return;
                    }
                }
            };
            let outcome = tokio::time::timeout(patience, watch).await;
            assert!(outcome.is_ok(), "it never came: {}", serde_json::to_string_pretty(&last["status"]).unwrap());
            last
        }
    }

    /// Waits until a pod is gone.
    pub(crate) async fn until_gone(&self, name: &str) {
        let gone = await_condition(self.pods(), name, |pod: Option<&Pod>| pod.is_none());
        tokio::time::timeout(Duration::from_secs(120), gone).await.expect("it is still there").unwrap();
    }

    /// Waits until an event about an object says so: they are written beside what happens.
    pub(crate) async fn until_told(&self, name: &str, wanted: &str) {
        let api: Api<Event> = Api::namespaced(self.client.clone(), "default");
        let config = watcher::Config::default().fields(&format!("involvedObject.name={name}"));
        let told = async {
            let mut events = std::pin::pin!(watcher(api, config).applied_objects());
            while let Some(event) = events.try_next().await.unwrap() {
                if text(event) == wanted {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(120), told).await.unwrap_or_else(|_| panic!("nobody said {wanted}"));
    }

    pub(crate) async fn logs(&self, name: &str, params: &LogParams) -> String {
        self.pods().logs(name, params).await.unwrap()
    }

    /// Runs a script of the shell in a pod's container; what it says on both outputs, and its exit code as `[N]`.
    pub(crate) async fn run(&self, name: &str, script: &str) -> String {
        let params = AttachParams::default().stdin(false).stderr(true);
        let mut process = self.pods().exec(name, ["sh", "-c", script], &params).await.unwrap();
        let (status, mut said) = (process.take_status().unwrap(), String::new());
        process.stdout().unwrap().read_to_string(&mut said).await.unwrap();
        process.stderr().unwrap().read_to_string(&mut said).await.unwrap();
        let causes = status.await.and_then(|status| status.details).and_then(|details| details.causes);
        let code = causes.into_iter().flatten().find_map(|cause| cause.message).unwrap_or_else(|| "0".into());
        format!("{said}[{code}]")
    }

    /// `reason: message` of the events about an object, in no order.
    pub(crate) async fn events(&self, name: &str) -> Vec<String> {
        let api: Api<Event> = Api::namespaced(self.client.clone(), "default");
        let params = ListParams::default().fields(&format!("involvedObject.name={name}"));
        let events = api.list(&params).await.unwrap().items;
        events.into_iter().map(text).collect()
    }
}

fn text(event: Event) -> String {
    format!("{}: {}", event.reason.unwrap_or_default(), event.message.unwrap_or_default())
}

/// Whether the pod's Ready condition is True.
pub(crate) fn ready(pod: &Value) -> bool {
    condition(pod, "Ready") == "True"
}

/// A condition's status, or nothing.
pub(crate) fn condition<'a>(pod: &'a Value, kind: &str) -> &'a str {
    let conditions = pod["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions.iter().find(|it| it["type"] == kind).and_then(|it| it["status"].as_str()).unwrap_or_default()
}

/// The first container's state.
pub(crate) fn state(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]["state"]
}
