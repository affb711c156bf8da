//! Nodes: their pod ranges, their loss, their return; and what the scheduler says when none fits.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use kube::api::PostParams;
use kube::{Api, ResourceExt};
use serde_json::json;
use timonel::client::object::is_deleting;
use timonel::client::pod::Pod;
use timonel::client::pods::{condition, is_ready, node_name};

use super::Cluster;

fn ready_status(nodes: &[Arc<Node>], name: &str) -> Option<String> {
    let node = nodes.iter().find(|node| node.name_any() == name)?;
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == "Ready").map(|ready| ready.status.clone())
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs()
}

#[tokio::test(start_paused = true)]
async fn each_node_has_a_range_of_its_own() {
    let cluster = Cluster::start(3).await;
    let ranges = |nodes: &[Arc<Node>]| {
        let mut ranges: Vec<_> = nodes.iter().filter_map(|node| node.spec.as_ref()?.pod_cidr.clone()).collect();
        ranges.sort();
        ranges
    };
    let nodes = cluster.see::<Node>().until(|nodes| ranges(nodes).len() == 3).await;
    assert_eq!(ranges(&nodes), ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_node_is_unknown_after_40_s_and_emptied_after_300_s_more() {
    let cluster = Cluster::start(2).await;
    let (pods, nodes) = (cluster.see::<Pod>(), cluster.see::<Node>());
    let tolerate =
        |key: &str| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
    let tolerations = [tolerate("node.kubernetes.io/not-ready"), tolerate("node.kubernetes.io/unreachable")];
    cluster.deploy("web", 4, json!({"spec": {"template": {"spec": {"tolerations": tolerations}}}})).await;
    pods.until(|pods| pods.len() == 4 && pods.iter().all(|pod| is_ready(pod))).await;
    let silent_since = cluster.clock.now();
    cluster.beats[0].stop().await;
    nodes.until(|nodes| ready_status(nodes, "worker-1").as_deref() == Some("Unknown")).await;
    let unknown_after = seconds(silent_since, cluster.clock.now());
    // The last beat was at most ten seconds before the silence began.
    assert!((30..=40).contains(&unknown_after), "{unknown_after} s");
    let tainted = |node: &Arc<Node>| {
        let taints = node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
        taints.iter().filter(|taint| taint.key == "node.kubernetes.io/unreachable").count() == 2
    };
    nodes.until(|nodes| nodes.iter().any(tainted)).await;
    let on_lost = |pod: &&Arc<Pod>| node_name(pod) == Some("worker-1");
    pods.until(|pods| pods.iter().filter(on_lost).all(|pod| !is_ready(pod))).await;
    let tainted_at = cluster.clock.now();
    pods.until(|pods| pods.iter().filter(on_lost).all(|pod| is_deleting(&pod.metadata))).await;
    let evicted_after = seconds(tainted_at, cluster.clock.now());
    assert!((299..=301).contains(&evicted_after), "{evicted_after} s");
    let running =
        |pods: &[Arc<Pod>]| pods.iter().filter(|pod| node_name(pod) == Some("worker-2") && is_ready(pod)).count();
    pods.until(|pods| running(pods) == 4).await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_fits_nowhere_waits_with_the_reason() {
    let cluster = Cluster::start(2).await;
    let pods = cluster.see::<Pod>();
    let api: Api<Pod> = cluster.world.api();
    let pod = json!({"metadata": {"name": "grande"}, "spec": {"containers": [{"name": "c", "image": "nginx",
        "resources": {"requests": {"cpu": "500"}}}]}});
    api.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    let message = |pod: &Pod| condition(pod, "PodScheduled").and_then(|it| it.message.clone());
    let waiting = pods.until(|pods| pods.iter().any(|pod| message(pod).is_some())).await;
    assert_eq!(
        message(&waiting[0]).as_deref(),
        Some(
            "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are \
             available: 2 Preemption is not helpful for scheduling."
        )
    );
}
