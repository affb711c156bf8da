//! What happens when parts of the cluster are switched off.

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::ListParams;
use serde_json::json;

use super::world::{World, eventually, ip, ready};

pub async fn a_tunnel_is_cut_and_mended(world: &World) {
    let (near, far) = (world.demo("cerca", "worker-1").await, world.demo("lejos", "worker-2").await);
    world.client_pod("cliente", "worker-1").await;
    let ask = |pod: &serde_json::Value| format!("timeout 2 wget -qO- http://{}/ 2>&1", ip(pod));
    world.until_said("cliente", &ask(&far), "Hola desde lejos").await;
    world.switch("tunnel-worker-1-worker-2", false).await;
    eventually("the cut", async || {
        // Nobody refuses: what is sent is lost, and `timeout` ends the wait.
        let (said, code) = world.run("cliente", "c", &ask(&far)).await;
        (code == 143 && !said.contains("refused")).then_some(())
    })
    .await;
    assert!(
        world.run("cliente", "c", &ask(&near)).await.0.contains("Hola desde cerca"),
        "inside a worker nothing is cut"
    );
    world.demo("nuevo", "worker-2").await;
    let new = world.until("nuevo", ready).await;
    assert_ne!(world.run("cliente", "c", &ask(&new)).await.1, 0, "a new pod is behind the cut too");
    world.switch("tunnel-worker-1-worker-2", true).await;
    world.until_said("cliente", &ask(&far), "Hola desde lejos").await;
    world.until_said("cliente", &ask(&new), "Hola desde nuevo").await;
}

pub async fn the_pods_of_a_dead_worker_run_elsewhere(world: &World) {
    let soon = |key: &str| json!({ "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1 });
    let labels = json!({ "app": "web" });
    let pod = json!({
        "containers": [{ "name": "c", "image": "timonel/demo:v1" }],
        "tolerations": [soon("node.kubernetes.io/not-ready"), soon("node.kubernetes.io/unreachable")],
    });
    let spec = json!({ "replicas": 3, "selector": { "matchLabels": labels }, "template": { "metadata": { "labels": labels }, "spec": pod } });
    world.create::<Deployment>(json!({ "metadata": { "name": "web" }, "spec": spec })).await;
    let where_ready = async || {
        let pods = world.pods().list(&ListParams::default().labels("app=web")).await.unwrap().items;
        let alive = pods.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
        let alive: Vec<serde_json::Value> = alive.map(|pod| serde_json::to_value(pod).unwrap()).collect();
        let ready = alive.iter().filter(|pod| ready(pod));
        ready.map(|pod| pod["spec"]["nodeName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let nodes = eventually("three pods", async || Some(where_ready().await).filter(|nodes| nodes.len() == 3)).await;
    assert!(nodes.contains(&"worker-3".to_owned()), "spread: {nodes:?}");
    world.switch("kubelet-worker-3", false).await;
    eventually("three pods elsewhere", async || {
        Some(where_ready().await).filter(|nodes| nodes.len() == 3 && !nodes.contains(&"worker-3".to_owned()))
    })
    .await;
    world.switch("kubelet-worker-3", true).await;
    let nodes: kube::Api<k8s_openapi::api::core::v1::Node> = kube::Api::all(world.client.clone());
    eventually("the worker's return", async || {
        let node = serde_json::to_value(nodes.get("worker-3").await.unwrap()).unwrap();
        ready(&node).then_some(())
    })
    .await;
}
