//! `TrafficProbe`s against whole clusters: what users notice of updates, and what a probe says when nobody answers.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};
use timonel::client::timonel::{TrafficProbe, TrafficProbeStatus};

use super::{Whole, eventually, pass, whole};

async fn service(whole: &Whole) {
    let spec = json!({ "selector": { "app": "web" }, "ports": [{ "name": "http", "port": 80 }] });
    whole.create::<Service>(json!({ "metadata": { "name": "web" }, "spec": spec })).await;
}

async fn probe(whole: &Whole, name: &str, spec: Value) {
    whole
        .create::<TrafficProbe>(json!({
            "apiVersion": "timonel.dev/v1alpha1", "kind": "TrafficProbe", "metadata": { "name": name }, "spec": spec,
        }))
        .await;
}

async fn status(whole: &Whole, name: &str) -> Option<TrafficProbeStatus> {
    whole.api::<TrafficProbe>().get(name).await.unwrap().status
}

/// Ten pods behind a service, updated by that strategy under 200 requests a second; what users saw of it.
async fn update_by(strategy: Value) -> TrafficProbeStatus {
    let whole = whole(3).await;
    let check = json!({ "httpGet": { "path": "/ready", "port": 80 }, "periodSeconds": 1 });
    // As a program that takes three seconds to start.
    let env = json!([{ "name": "START_DELAY", "value": "3" }]);
    let container = json!({ "name": "c", "image": "timonel/demo:v1", "readinessProbe": check, "env": env });
    let template = json!({ "metadata": { "labels": { "app": "web" } }, "spec": { "containers": [container] } });
    let selector = json!({ "matchLabels": { "app": "web" } });
    let spec = json!({ "replicas": 10, "selector": selector, "template": template, "strategy": strategy });
    whole.create::<Deployment>(json!({ "metadata": { "name": "web" }, "spec": spec })).await;
    service(&whole).await;
    whole.ready("web", 10).await;
    probe(&whole, "usuarios", json!({ "target": { "service": "web" }, "rate": 200 })).await;
    eventually(async || status(&whole, "usuarios").await.filter(|status| status.answered > 1000)).await;
    let new =
        json!({ "spec": { "template": { "spec": { "containers": [{ "name": "c", "image": "timonel/demo:v2" }] } } } });
    let deployments: Api<Deployment> = whole.api();
    deployments.patch("web", &PatchParams::default(), &Patch::Strategic(new)).await.unwrap();
    eventually(async || {
        let status = deployments.get("web").await.unwrap().status?;
        let counts = [status.replicas, status.updated_replicas, status.available_replicas];
        (counts == [Some(10); 3]).then_some(())
    })
    .await;
    pass(10).await;
    let seen = status(&whole, "usuarios").await.unwrap();
    let new: u64 = seen.per_pod.iter().filter(|pod| pod.version == "v2").map(|pod| pod.answered).sum();
    assert!(new > 1000, "the new version answers by now: {seen:?}");
    assert_eq!(seen.sent, seen.answered + seen.failed);
    whole.stop().await;
    seen
}

#[tokio::test(start_paused = true)]
async fn a_rolling_update_loses_no_request() {
    let seen = update_by(json!({ "type": "RollingUpdate" })).await;
    assert_eq!((seen.failed, &seen.last_error), (0, &None), "{seen:?}");
    assert_eq!(seen.window.unwrap().percent, 100);
    let latency = seen.latency.unwrap();
    assert!(latency.p50_microseconds <= latency.p99_microseconds);
    println!("rolling update: {} requests, 0 lost", seen.sent);
}

#[tokio::test(start_paused = true)]
async fn a_recreation_loses_some_and_says_how_many() {
    let seen = update_by(json!({ "type": "Recreate" })).await;
    assert!(seen.failed > 0 && seen.failed < seen.answered, "{seen:?}");
    let error = seen.last_error.unwrap();
    assert!(error.message.contains("nadie escucha ahí"), "{}", error.message);
    println!("recreation: {} requests, {} lost", seen.sent, seen.failed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_follows_its_spec_and_says_why_nobody_answers() {
    let whole = whole(2).await;
    probe(&whole, "p", json!({ "target": { "service": "web", "port": "http" } })).await;
    let lost = eventually(async || status(&whole, "p").await.filter(|status| status.failed > 20)).await;
    assert_eq!((lost.answered, lost.last_error.unwrap().message.as_str()), (0, "no hay ningún Service web en default"));
    whole.deploy("web", 2).await;
    service(&whole).await;
    whole.ready("web", 2).await;
    let good = eventually(async || status(&whole, "p").await.filter(|it| it.window.unwrap().percent == 100)).await;
    assert!(
        (98..=101).contains(&good.window.unwrap().sent) && good.per_pod.len() == 2,
        "ten a second, to both: {good:?}"
    );
    let probes = whole.api::<TrafficProbe>();
    let change = async |spec: Value| {
        probes.patch("p", &PatchParams::default(), &Patch::Merge(json!({ "spec": spec }))).await.unwrap();
    };
    change(json!({ "rate": 50 })).await;
    pass(20).await;
    let faster = status(&whole, "p").await.unwrap();
    assert!(faster.window.unwrap().sent >= 499 && faster.sent > good.sent, "the counts go on: {faster:?}");
    change(json!({ "rate": 0 })).await;
    pass(20).await;
    let paused = status(&whole, "p").await.unwrap();
    pass(20).await;
    assert_eq!((status(&whole, "p").await.unwrap().sent, paused.window.unwrap().sent), (paused.sent, 0));
    change(json!({ "rate": 10, "path": "/lento?ms=3000", "timeoutMilliseconds": 500 })).await;
    pass(20).await;
    let slow = status(&whole, "p").await.unwrap();
    assert_eq!((slow.answered, slow.last_error.unwrap().message.as_str()), (0, "sin respuesta en 500 ms"));
    probes.delete("p", &DeleteParams::default()).await.unwrap();
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_probe_feels_a_cut_tunnel_and_goes_on_without_the_api_server() {
    let whole = whole(2).await;
    let container = json!({ "name": "c", "image": "timonel/demo:v1" });
    let metadata = json!({ "name": "web", "labels": { "app": "web" } });
    let pod = json!({ "metadata": metadata, "spec": { "nodeName": "worker-2", "containers": [container] } });
    whole.create::<k8s_openapi::api::core::v1::Pod>(pod).await;
    service(&whole).await;
    whole.ready("web", 1).await;
    let target = json!({ "service": "web" });
    probe(&whole, "lejos", json!({ "target": target, "from": { "node": "worker-1" } })).await;
    probe(&whole, "cerca", json!({ "target": target, "from": { "node": "worker-2" } })).await;
    pass(20).await;
    whole.switch("tunnel-worker-1-worker-2", false).await;
    pass(20).await;
    let percent = async |name: &str| status(&whole, name).await.unwrap().window.unwrap().percent;
    assert_eq!((percent("lejos").await, percent("cerca").await), (0, 100));
    whole.switch("tunnel-worker-1-worker-2", true).await;
    whole.switch("apiserver", false).await;
    pass(20).await;
    assert_eq!((percent("lejos").await, percent("cerca").await), (100, 100), "pods need nobody to answer");
    whole.switch("apiserver", true).await;
    whole.stop().await;
}
