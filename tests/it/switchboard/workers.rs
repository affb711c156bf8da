//! Kubelets, kube-proxy, DNS and tunnels off and on, as pods and nodes feel it.

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, Service};
use kube::api::{AttachParams, DeleteParams, LogParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::{Whole, eventually, is, pass, whole};
use timonel::client::pod::Pod;

/// A pod of that node with a shell in it.
async fn shell(whole: &Whole, name: &str, node: &str) {
    let container = json!({ "name": "c", "image": "busybox", "command": ["sleep", "100000"] });
    let metadata = json!({ "name": name, "labels": { "app": name } });
    whole.create::<Pod>(json!({ "metadata": metadata, "spec": { "nodeName": node, "containers": [container] } })).await;
    whole.ready(name, 1).await;
}

/// A demo pod of that node.
async fn demo(whole: &Whole, name: &str, node: &str) -> Value {
    let container = json!({ "name": "c", "image": "timonel/demo:v1" });
    let metadata = json!({ "name": name, "labels": { "app": name } });
    whole.create::<Pod>(json!({ "metadata": metadata, "spec": { "nodeName": node, "containers": [container] } })).await;
    whole.ready(name, 1).await.remove(0)
}

async fn service(whole: &Whole, name: &str, app: &str) {
    let spec = json!({ "selector": { "app": app }, "ports": [{ "port": 80 }] });
    whole.create::<Service>(json!({ "metadata": { "name": name }, "spec": spec })).await;
}

/// What a script says in a pod.
async fn said(whole: &Whole, pod: &str, script: &str) -> String {
    let params = AttachParams::default().stdin(false).stderr(true);
    let mut process = whole.api::<Pod>().exec(pod, ["sh", "-c", script], &params).await.unwrap();
    let mut text = String::new();
    process.stdout().unwrap().read_to_string(&mut text).await.unwrap();
    process.stderr().unwrap().read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test(start_paused = true)]
async fn a_worker_without_kubelet_is_given_up_and_taken_back() {
    let whole = whole(2).await;
    whole.deploy("web", 4).await;
    whole.ready("web", 4).await;
    whole.switch("kubelet-worker-2", false).await;
    pass(30).await;
    assert!(is(&whole.node("worker-2").await, "Ready"), "the grace is 40 s");
    pass(25).await;
    let node = whole.node("worker-2").await;
    let ready =
        node["status"]["conditions"].as_array().unwrap().iter().find(|it| it["type"] == "Ready").unwrap().clone();
    assert_eq!((ready["status"].as_str(), ready["reason"].as_str()), (Some("Unknown"), Some("NodeStatusUnknown")));
    let logs = whole.pods("web").await.into_iter().find(|pod| pod["spec"]["nodeName"] == "worker-2").unwrap();
    let name = logs["metadata"]["name"].as_str().unwrap();
    let error = whole.api::<Pod>().logs(name, &LogParams::default()).await.unwrap_err();
    assert!(error.to_string().contains("the kubelet of node \"worker-2\" does not answer"), "{error}");
    // Two are evicted after 300 s, and stay half-deleted as nobody can say that they ended.
    eventually(async || (whole.pods("web").await.len() == 6).then_some(())).await;
    whole.switch("kubelet-worker-2", true).await;
    let pods = whole.ready("web", 4).await;
    assert!(pods.iter().all(|pod| pod["spec"]["nodeName"] == "worker-1"), "nobody moves back");
    eventually(async || is(&whole.node("worker-2").await, "Ready").then_some(())).await;
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_short_absence_of_the_kubelet_moves_nothing() {
    let whole = whole(1).await;
    let pod = demo(&whole, "web", "worker-1").await;
    shell(&whole, "cliente", "worker-1").await;
    whole.switch("kubelet-worker-1", false).await;
    pass(20).await;
    whole.switch("kubelet-worker-1", true).await;
    let ip = pod["status"]["podIP"].as_str().unwrap();
    let answer = eventually(async || {
        let pods = whole.pods("cliente").await;
        is(&pods[0], "Ready").then_some(())?;
        Some(said(&whole, "cliente", &format!("wget -qO- http://{ip}/")).await)
    })
    .await;
    assert!(answer.contains("Hola desde web"), "{answer}");
    let after = whole.pods("web").await.remove(0);
    let facts =
        |pod: &Value| (pod["metadata"]["uid"].clone(), pod["status"]["containerStatuses"][0]["containerID"].clone());
    assert_eq!(facts(&pod), facts(&after), "the same container went on");
    assert_eq!(after["status"]["containerStatuses"][0]["restartCount"], 0);
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_kube_proxy_services_lead_where_they_led() {
    let whole = whole(1).await;
    whole.deploy("web", 1).await;
    whole.ready("web", 1).await;
    service(&whole, "web", "web").await;
    shell(&whole, "cliente", "worker-1").await;
    said(&whole, "cliente", "until wget -qO- http://web/; do sleep 1; done").await;
    whole.switch("kube-proxy", false).await;
    assert!(said(&whole, "cliente", "wget -qO- http://web/").await.contains("Hola"), "what was known goes on");
    service(&whole, "nuevo", "web").await;
    whole.api::<Service>().delete("web", &DeleteParams::default()).await.unwrap();
    pass(30).await;
    let new = said(&whole, "cliente", "wget -T 2 -qO- http://nuevo/").await;
    assert!(!new.contains("Hola"), "nobody has told of it: {new}");
    whole.switch("kube-proxy", true).await;
    said(&whole, "cliente", "until wget -T 2 -qO- http://nuevo/; do sleep 1; done").await;
    let gone = said(&whole, "cliente", "wget -T 2 -qO- http://web/").await;
    assert!(!gone.contains("Hola"), "what went meanwhile is gone: {gone}");
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_dns_names_fail_and_addresses_work() {
    let whole = whole(1).await;
    let pod = demo(&whole, "web", "worker-1").await;
    service(&whole, "web", "web").await;
    shell(&whole, "cliente", "worker-1").await;
    said(&whole, "cliente", "until wget -qO- http://web/; do sleep 1; done").await;
    whole.switch("dns", false).await;
    let named = said(&whole, "cliente", "wget -T 5 -qO- http://web/").await;
    assert!(!named.contains("Hola"), "{named}");
    let ip = pod["status"]["podIP"].as_str().unwrap();
    assert!(said(&whole, "cliente", &format!("wget -qO- http://{ip}/")).await.contains("Hola"));
    whole.switch("dns", true).await;
    said(&whole, "cliente", "until wget -T 5 -qO- http://web/; do sleep 1; done").await;
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_cut_tunnel_parts_two_workers_and_leaves_them_ready() {
    let whole = whole(2).await;
    let near = demo(&whole, "cerca", "worker-1").await;
    let far = demo(&whole, "lejos", "worker-2").await;
    shell(&whole, "cliente", "worker-1").await;
    let ask = async |pod: &Value| {
        let ip = pod["status"]["podIP"].as_str().unwrap();
        said(&whole, "cliente", &format!("wget -T 5 -qO- http://{ip}/")).await.contains("Hola")
    };
    assert!(ask(&near).await && ask(&far).await);
    whole.switch("tunnel-worker-1-worker-2", false).await;
    assert!(ask(&near).await && !ask(&far).await);
    pass(60).await;
    for node in ["worker-1", "worker-2"] {
        assert!(is(&whole.node(node).await, "Ready"), "{node}");
    }
    whole.switch("tunnel-worker-1-worker-2", true).await;
    assert!(ask(&far).await);
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_deleted_comes_back_and_stays() {
    let whole = whole(2).await;
    let nodes: Api<Node> = Api::all(whole.client.clone());
    let old = nodes.get("worker-1").await.unwrap().uid().unwrap();
    nodes.delete("worker-1", &DeleteParams::default()).await.unwrap();
    let back = eventually(async || {
        let node = nodes.get_opt("worker-1").await.unwrap()?;
        (node.uid().unwrap() != old && is(&serde_json::to_value(&node).unwrap(), "Ready")).then_some(node)
    });
    let back = back.await;
    let leases: Api<Lease> = Api::namespaced(whole.client.clone(), "kube-node-lease");
    for _ in 0..12 {
        pass(15).await;
        assert!(is(&whole.node("worker-1").await, "Ready"), "its heartbeat is not heard");
    }
    let lease = leases.get("worker-1").await.unwrap();
    assert_eq!(lease.owner_references()[0].uid, back.uid().unwrap());
    whole.stop().await;
}
