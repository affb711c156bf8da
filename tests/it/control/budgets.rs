//! Disruption budgets: what may be missing now, and what evictions make of it.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Event;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Api;
use kube::ResourceExt;
use kube::api::EvictParams;
use serde_json::json;
use timonel::client::pod::Pod;
use timonel::client::pods::{condition, is_ready};

use super::Cluster;
use crate::api::refusal;

fn allows(budgets: &[Arc<PodDisruptionBudget>], healthy: i32, allowed: i32) -> bool {
    budgets.iter().any(|budget| {
        let status = budget.status.as_ref();
        status.is_some_and(|it| it.current_healthy == Some(healthy) && it.disruptions_allowed == Some(allowed))
    })
}

#[tokio::test(start_paused = true)]
async fn a_budget_lets_one_go_and_then_waits_for_its_successor() {
    let cluster = Cluster::start(2).await;
    let (pods, budgets) = (cluster.see::<Pod>(), cluster.see::<PodDisruptionBudget>());
    cluster.deploy("web", 3, json!({})).await;
    let spec = json!({"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}});
    cluster.create::<PodDisruptionBudget>(json!({"metadata": {"name": "web"}, "spec": spec})).await;
    let running = pods.until(|pods| pods.len() == 3 && pods.iter().all(|pod| is_ready(pod))).await;
    let told = budgets.until(|budgets| allows(budgets, 3, 1)).await;
    let status = told[0].status.clone().unwrap();
    assert_eq!((status.desired_healthy, status.expected_pods), (Some(2), Some(3)));
    assert_eq!(status.conditions.unwrap()[0].reason, "SufficientPods");
    let api: Api<Pod> = cluster.world.api();
    api.evict(&running[0].name_any(), &EvictParams::default()).await.unwrap();
    let refused = refusal(api.evict(&running[1].name_any(), &EvictParams::default()).await);
    assert_eq!(
        (refused.0, refused.2.as_str()),
        (429, "Cannot evict pod as it would violate the pod's disruption budget.")
    );
    budgets.until(|budgets| allows(budgets, 3, 1)).await;
    pods.until(|pods| pods.len() == 3 && !pods.iter().any(|pod| pod.name_any() == running[0].name_any())).await;
    api.evict(&running[1].name_any(), &EvictParams::default()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_evicted_pod_says_why_it_goes() {
    let cluster = Cluster::start(1).await;
    let pods = cluster.see::<Pod>();
    let container = json!({"name": "c", "image": "timonel/demo:v1"});
    let pod = json!({"metadata": {"name": "web", "finalizers": ["prueba/queda"]}, "spec": {"containers": [container]}});
    cluster.create::<Pod>(pod).await;
    pods.until(|pods| pods.len() == 1 && is_ready(&pods[0])).await;
    let api: Api<Pod> = cluster.world.api();
    api.evict("web", &EvictParams::default()).await.unwrap();
    let going = api.get("web").await.unwrap();
    let disrupted = condition(&going, "DisruptionTarget").unwrap();
    assert_eq!((&*disrupted.status, disrupted.reason.as_deref()), ("True", Some("EvictionByEvictionAPI")));
    assert!(going.metadata.deletion_timestamp.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_share_of_pods_without_a_scale_cannot_be_known() {
    let cluster = Cluster::start(1).await;
    let (events, budgets) = (cluster.see::<Event>(), cluster.see::<PodDisruptionBudget>());
    let budget = |name: &str, more| {
        let mut spec = json!({"selector": {"matchLabels": {"app": name}}});
        json_patch::merge(&mut spec, &more);
        json!({"metadata": {"name": name}, "spec": spec})
    };
    let spec = json!({"selector": {"matchLabels": {"app": "agente"}}, "template": {"metadata": {"labels":
        {"app": "agente"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}});
    let set = json!({"metadata": {"name": "agente"}, "spec": spec});
    cluster.create::<k8s_openapi::api::apps::v1::DaemonSet>(set).await;
    cluster.create::<PodDisruptionBudget>(budget("agente", json!({"minAvailable": "50%"}))).await;
    cluster.create::<PodDisruptionBudget>(budget("nadie", json!({"minAvailable": 1}))).await;
    let tells = |events: &[Arc<Event>], reason: &str, message: &str| {
        events.iter().any(|it| it.reason.as_deref() == Some(reason) && it.message.as_deref() == Some(message))
    };
    let unknown =
        "Failed to calculate the number of expected pods: daemonsets.apps does not implement the scale subresource";
    events.until(|events| tells(events, "CalculateExpectedPodCountFailed", unknown)).await;
    events.until(|events| tells(events, "NoPods", "No matching pods found")).await;
    let failed = |it: &Arc<PodDisruptionBudget>| {
        let conditions = it.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
        conditions.iter().any(|condition| condition.reason == "SyncFailed")
    };
    budgets.until(|budgets| budgets.iter().any(failed)).await;
}
