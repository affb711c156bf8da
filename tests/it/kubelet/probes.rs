//! Probes: who is ready, who is restarted.

use kube::api::LogParams;
use serde_json::{Value, json};

use super::{Cluster, cluster, ready, state};

async fn get(cluster: &Cluster, path: &str) {
    let command = ["wget", "-qO", "/dev/null", &format!("http://localhost{path}")];
    let params = kube::api::AttachParams::default().stderr(false);
    let mut process = cluster.pods().exec("web", command, &params).await.unwrap();
    process.take_status().unwrap().await;
}

fn demo(probes: Value) -> Value {
    let mut container =
        json!({ "name": "c", "image": "timonel/demo:v2", "ports": [{ "name": "http", "containerPort": 80 }] });
    container.as_object_mut().unwrap().extend(probes.as_object().unwrap().clone());
    json!({ "containers": [container] })
}

#[tokio::test(start_paused = true)]
async fn readiness_follows_the_probe_both_ways() {
    let cluster = cluster().await;
    let probe = json!({ "httpGet": { "path": "/ready", "port": "http" }, "periodSeconds": 2, "failureThreshold": 2 });
    cluster.pod("web", demo(json!({ "readinessProbe": probe, "env": [{ "name": "READY", "value": "off" }] }))).await;
    cluster.until("web", |pod| state(pod)["running"].is_object() && !ready(pod)).await;
    get(&cluster, "/ready/on").await;
    cluster.until("web", ready).await;
    get(&cluster, "/ready/off").await;
    let pod = cluster.until("web", |pod| !ready(pod)).await;
    assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 0);
    cluster.until_told("web", "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503").await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_liveness_probe_restarts_the_container() {
    let cluster = cluster().await;
    let probe = json!({ "httpGet": { "path": "/healthz", "port": 80 }, "periodSeconds": 1 });
    cluster.pod("web", demo(json!({ "livenessProbe": probe }))).await;
    cluster.until("web", ready).await;
    get(&cluster, "/healthz/off").await;
    let pod =
        cluster.until("web", |pod| pod["status"]["containerStatuses"][0]["restartCount"] == 1 && ready(pod)).await;
    assert!(state(&pod)["running"].is_object());
    let events = cluster.events("web").await;
    assert!(events.contains(&"Killing: Container c failed liveness probe, will be restarted".to_owned()), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_start_is_forgiven_by_the_startup_probe() {
    let cluster = cluster().await;
    let live = json!({ "tcpSocket": { "port": 80 }, "periodSeconds": 1, "failureThreshold": 1 });
    let start =
        json!({ "exec": { "command": ["nc", "-z", "localhost", "80"] }, "periodSeconds": 5, "failureThreshold": 10 });
    let env = json!([{ "name": "START_DELAY", "value": "22" }]);
    cluster.pod("web", demo(json!({ "livenessProbe": live, "startupProbe": start, "env": env }))).await;
    let pod = cluster.until("web", ready).await;
    assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 0);
    assert!(cluster.logs("web", &LogParams::default()).await.contains("arranque lento de 22 s"));
}
