//! What a `ResourceQuota` says that its namespace uses, as objects come, end and go.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ResourceQuota, Secret};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use timonel::client::pod::Pod;
use timonel::client::pods::is_ready;

use super::Cluster;
use crate::api::refusal;

async fn limit(cluster: &Cluster, spec: Value) {
    let api: Api<ResourceQuota> = cluster.world.api();
    let quota = json!({"metadata": {"name": "cuota"}, "spec": spec});
    api.create(&PostParams::default(), &serde_json::from_value(quota).unwrap()).await.unwrap();
}

/// Waits until the quota says that this is used, and no more names than these.
#[track_caller]
fn used(cluster: &Cluster, wanted: Value) -> impl Future<Output = ()> {
    let quotas = cluster.see::<ResourceQuota>();
    async move {
        let says = |all: &[Arc<ResourceQuota>]| {
            all.iter().any(|quota| json!(quota.status.clone().unwrap_or_default().used.unwrap_or_default()) == wanted)
        };
        quotas.until(says).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_follows_what_comes_and_goes() {
    let cluster = Cluster::start(1).await;
    let hard = json!({"pods": "5", "requests.cpu": "2", "limits.memory": "1Gi", "secrets": "9",
        "count/deployments.apps": "1", "count/cosas.example.com": "1"});
    limit(&cluster, json!({ "hard": hard })).await;
    let of = |pods: u32, cpu: &str, memory: &str, secrets: u32, deployments: u32| {
        json!({"pods": pods.to_string(), "requests.cpu": cpu, "limits.memory": memory, "secrets": secrets.to_string(),
            "count/deployments.apps": deployments.to_string()})
    };
    used(&cluster, of(0, "0", "0", 0, 0)).await;
    let resources = json!({"requests": {"cpu": "250m"}, "limits": {"memory": "64Mi"}});
    let container = json!({"name": "c", "image": "timonel/demo:v1", "resources": resources});
    let more = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
    cluster.deploy("web", 3, more).await;
    let secrets: Api<Secret> = cluster.world.api();
    let secret = serde_json::from_value(json!({"metadata": {"name": "uno"}})).unwrap();
    secrets.create(&PostParams::default(), &secret).await.unwrap();
    used(&cluster, of(3, "750m", "192Mi", 1, 1)).await;
    cluster.change("web", json!({"replicas": 2})).await;
    secrets.delete("uno", &DeleteParams::default()).await.unwrap();
    used(&cluster, of(2, "500m", "128Mi", 0, 1)).await;
    cluster.world.api::<Deployment>().delete("web", &DeleteParams::default()).await.unwrap();
    used(&cluster, of(0, "0", "0", 0, 0)).await;
}

#[tokio::test(start_paused = true)]
async fn an_ended_pod_leaves_its_place() {
    let cluster = Cluster::start(1).await;
    limit(&cluster, json!({"hard": {"pods": "1", "count/pods": "5"}, "scopes": ["NotTerminating"]})).await;
    cluster.world.pod("uno").await;
    used(&cluster, json!({"pods": "1", "count/pods": "1"})).await;
    let pods: Api<Pod> = cluster.world.api();
    let another = json!({"metadata": {"name": "dos"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}});
    let another: Pod = serde_json::from_value(another).unwrap();
    let (_, _, text) = refusal(pods.create(&PostParams::default(), &another).await);
    let said = "pods \"dos\" is forbidden: exceeded quota: cuota, requested: pods=1, used: pods=1, limited: pods=1";
    assert_eq!(text, said);
    // The played kubelet must not say afterwards that it runs.
    cluster.see::<Pod>().until(|pods| pods.iter().any(|pod| is_ready(pod))).await;
    let ended = Patch::Merge(json!({"status": {"phase": "Succeeded"}}));
    pods.patch_status("uno", &PatchParams::default(), &ended).await.unwrap();
    used(&cluster, json!({"pods": "0", "count/pods": "1"})).await;
    pods.create(&PostParams::default(), &another).await.unwrap();
    used(&cluster, json!({"pods": "1", "count/pods": "2"})).await;
}
