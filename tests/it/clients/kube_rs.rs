//! A program with kube-rs over TLS: watcher, reflector, controller, exec, port forwarding, eviction.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{AttachParams, EvictParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::{Controller, reflector, watcher};
use kube::{Api, ResourceExt};
use serde_json::json;
use timonel::client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::server::Server;

/// Longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

async fn connect(server: &Server) -> kube::Client {
    client::remote(Some(&server.kubeconfig()), None).await.unwrap()
}

async fn running_pod(client: &kube::Client, name: &str) -> Api<Pod> {
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let pod = json!({ "metadata": { "name": name }, "spec": { "containers": [{ "name": "web", "image": "nginx" }] } });
    pods.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    timeout(PATIENCE, await_condition(pods.clone(), name, conditions::is_pod_running())).await.unwrap().unwrap();
    pods
}

#[tokio::test]
async fn a_program_watches_reconciles_enters_and_evicts() {
    let server = Server::start(&["--runtime", "embedded", "--store", "memory", "--workers", "1"]);
    let client = connect(&server).await;
    watches_and_reflects(&client).await;
    reconciles(&client).await;
    let pods = running_pod(&client, "uno").await;
    enters(&pods).await;
    forwards(&pods).await;
    pods.evict("uno", &EvictParams::default()).await.unwrap();
    timeout(PATIENCE, await_condition(pods.clone(), "uno", conditions::is_deleted(""))).await.unwrap().unwrap();
}

async fn watches_and_reflects(client: &kube::Client) {
    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let (store, writer) = reflector::store();
    let mut changes = reflector(writer, watcher(maps.clone(), watcher::Config::default())).boxed();
    let map = json!({ "metadata": { "name": "visto" }, "data": { "a": "1" } });
    maps.create(&PostParams::default(), &serde_json::from_value(map).unwrap()).await.unwrap();
    // The first list fills the store only at its end, which is an event too.
    let is_reflected = || store.state().iter().any(|map| map.name_any() == "visto");
    let reflected = async {
        while !is_reflected() {
            changes.try_next().await.unwrap().unwrap();
        }
    };
    timeout(PATIENCE, reflected).await.unwrap();
}

async fn reconciles(client: &kube::Client) {
    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let config = watcher::Config::default().fields("metadata.name=visto");
    let reconcile = |map: Arc<ConfigMap>, maps: Arc<Api<ConfigMap>>| async move {
        let patch = Patch::Apply(json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "reconciliado": "sí" } }));
        maps.patch(&map.name_any(), &PatchParams::apply("prueba"), &patch).await?;
        Ok::<_, kube::Error>(Action::await_change())
    };
    let policy = |_: Arc<ConfigMap>, error: &kube::Error, _: Arc<Api<ConfigMap>>| panic!("{error}");
    let mut runs = Controller::new(maps.clone(), config).run(reconcile, policy, Arc::new(maps.clone())).boxed();
    timeout(PATIENCE, runs.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(maps.get("visto").await.unwrap().data.unwrap()["reconciliado"], "sí");
}

async fn enters(pods: &Api<Pod>) {
    let params = AttachParams::default().stdin(true).stderr(false);
    let mut process = pods.exec("uno", ["cat"], &params).await.unwrap();
    let (mut stdin, mut stdout) = (process.stdin().unwrap(), process.stdout().unwrap());
    stdin.write_all(b"hola\n").await.unwrap();
    let mut said = [0; 5];
    timeout(PATIENCE, stdout.read_exact(&mut said)).await.unwrap().unwrap();
    assert_eq!(&said, b"hola\n");
    process.abort();
    let mut failing = pods.exec("uno", ["sh", "-c", "exit 3"], &AttachParams::default()).await.unwrap();
    let status = timeout(PATIENCE, failing.take_status().unwrap()).await.unwrap().unwrap();
    assert_eq!(status.reason.as_deref(), Some("NonZeroExitCode"));
}

async fn forwards(pods: &Api<Pod>) {
    let mut forwarder = pods.portforward("uno", &[80]).await.unwrap();
    let mut stream = forwarder.take_stream(80).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut page = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut page)).await.unwrap().unwrap();
    assert!(page.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&page));
}
