//! The parts as objects: what there is, how it fares, and the scheduler and the masters off and on.

use k8s_openapi::api::core::v1::{ConfigMap, Event};
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::json;
use timonel::client::timonel::{Component, ComponentSpec, NODE, PART_OF, PLANE, State};

use super::{eventually, is, pass, whole};

#[tokio::test(start_paused = true)]
async fn every_part_has_its_switch_and_says_how_it_fares() {
    let whole = whole(2).await;
    pass(15).await;
    let parts = whole.parts().list(&ListParams::default()).await.unwrap().items;
    let part = |name: &str| parts.iter().find(|part| part.name_any() == name).unwrap_or_else(|| panic!("no {name}"));
    for part in &parts {
        let status = part.status.as_ref().unwrap();
        let off = part.name_any() == "ingress-controller";
        let wanted = if off { State::Stopped } else { State::Running };
        assert_eq!((status.state, part.spec.enabled), (wanted, !off), "{}", part.name_any());
        assert!(status.since.is_some() && status.description.ends_with('.') && part.labels().contains_key(PLANE));
    }
    for (name, _) in timonel::controllers::all() {
        assert_eq!(part(name).labels()[PART_OF], "controller-manager");
        assert!(part(name).status.as_ref().unwrap().requests_per_second.is_some());
    }
    assert_eq!(part("kubelet-worker-2").labels()[NODE], "worker-2");
    let status = |name: &str| part(name).status.clone().unwrap();
    assert!(status("deployment-controller").queue_length.is_some() && status("scheduler").queue_length == Some(0));
    assert!(status("apiserver").requests_per_second.unwrap() > 0 && status("etcd").requests_per_second.is_none());
    part("tunnel-worker-1-worker-2");
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_the_scheduler_pods_wait_and_nobody_says_why() {
    let whole = whole(1).await;
    whole.switch("scheduler", false).await;
    whole.deploy("web", 2).await;
    pass(120).await;
    let pods = whole.pods("web").await;
    assert!(
        pods.len() == 2
            && pods.iter().all(|pod| pod["spec"]["nodeName"].is_null() && pod["status"]["phase"] == "Pending")
    );
    let events = whole.api::<Event>().list(&ListParams::default().fields("reason=FailedScheduling")).await.unwrap();
    assert!(events.items.is_empty(), "who is off says nothing");
    assert_eq!(whole.switch("scheduler", true).await.restarts, 0, "it was switched, it did not fail");
    whole.ready("web", 2).await;
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_scheduler_says_how_many_pods_wait() {
    let whole = whole(1).await;
    whole.deploy("web", 200).await;
    let waiting =
        eventually(async || whole.status("scheduler").await?.queue_length.filter(|length| *length > 50)).await;
    assert!(waiting < 200, "110 of them have a node: {waiting} wait");
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_controllers_live_in_their_manager() {
    let whole = whole(1).await;
    whole.deploy("web", 1).await;
    let pod = whole.ready("web", 1).await[0]["metadata"]["name"].as_str().unwrap().to_owned();
    whole.switch("deployment-controller", false).await;
    whole.switch("controller-manager", false).await;
    let orphan =
        eventually(async || whole.status("replicaset-controller").await.filter(|it| it.state == State::Stopped)).await;
    assert_eq!(orphan.message, "Vive dentro de controller-manager, que está apagado.");
    whole.api::<k8s_openapi::api::core::v1::Pod>().delete(&pod, &DeleteParams::default()).await.unwrap();
    pass(120).await;
    assert!(whole.pods("web").await.is_empty(), "nobody replaces it");
    whole.switch("controller-manager", true).await;
    whole.ready("web", 1).await;
    let own = whole.status("deployment-controller").await.unwrap();
    assert_eq!((own.state, own.message.as_str()), (State::Stopped, ""), "it has its own switch");
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_the_api_server_everybody_retries_and_recovers() {
    let whole = whole(2).await;
    whole.deploy("web", 3).await;
    let before = whole.ready("web", 3).await;
    whole.switch("apiserver", false).await;
    pass(300).await;
    whole.api::<ConfigMap>().list(&ListParams::default()).await.unwrap_err();
    whole.switch("apiserver", true).await;
    let after = whole.ready("web", 3).await;
    let uid = |pod: &serde_json::Value| pod["metadata"]["uid"].clone();
    assert!(after.iter().all(|pod| before.iter().any(|old| uid(old) == uid(pod))), "the pods went on");
    scale(&whole, 5).await;
    whole.ready("web", 5).await;
    eventually(async || is(&whole.node("worker-1").await, "Ready").then_some(())).await;
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_etcd_nothing_changes_and_the_pods_go_on() {
    let whole = whole(1).await;
    whole.deploy("web", 2).await;
    let before = whole.ready("web", 2).await;
    whole.switch("etcd", false).await;
    let error = whole.api::<ConfigMap>().create(&PostParams::default(), &ConfigMap::default()).await.unwrap_err();
    assert!(error.to_string().contains("connection error"), "{error}");
    let state = whole.status("apiserver").await.unwrap().state;
    assert_eq!(state, State::Running);
    pass(300).await;
    whole.switch("etcd", true).await;
    assert_eq!(whole.ready("web", 2).await.len(), before.len());
    scale(&whole, 3).await;
    whole.ready("web", 3).await;
    whole.stop().await;
}

async fn scale(whole: &super::Whole, replicas: u32) {
    let patch = Patch::Merge(json!({ "spec": { "replicas": replicas } }));
    let deployments = whole.api::<k8s_openapi::api::apps::v1::Deployment>();
    deployments.patch("web", &PatchParams::default(), &patch).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deleted_switch_comes_back_and_a_foreign_one_is_disowned() {
    let whole = whole(1).await;
    whole.switch("scheduler", false).await;
    whole.parts().delete("scheduler", &DeleteParams::default()).await.unwrap();
    let back = eventually(async || whole.parts().get_opt("scheduler").await.unwrap()?.status).await;
    eventually(async || (whole.status("scheduler").await?.state == State::Running).then_some(())).await;
    assert!(!back.description.is_empty() || back.state == State::Starting);
    let foreign = Component::new("cafetera", [].into(), ComponentSpec::default());
    whole.parts().create(&PostParams::default(), &foreign).await.unwrap();
    let status = eventually(async || whole.status("cafetera").await.filter(|it| it.state == State::Failed)).await;
    assert!(status.message.starts_with("Timonel no tiene ninguna parte con este nombre"), "{}", status.message);
    whole.stop().await;
}

#[tokio::test]
async fn the_ingress_controller_begins_off_and_answers_once_it_is_on() {
    let whole = whole(1).await;
    let classes = kube::Api::<k8s_openapi::api::networking::v1::IngressClass>::all(whole.client.clone());
    assert!(classes.get_opt("timonel").await.unwrap().is_none());
    whole.switch("ingress-controller", true).await;
    eventually(async || classes.get_opt("timonel").await.unwrap()).await;
    whole.switch("ingress-controller", false).await;
    whole.switch("ingress-controller", true).await;
    whole.stop().await;
}
