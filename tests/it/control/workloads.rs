//! A Deployment's life, its service's endpoints, and the end of all of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{ConfigMap, Endpoints, Event, Namespace, Service, ServiceAccount};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use timonel::client::pod::Pod;
use timonel::client::pods::{is_ready, node_name};

use super::Cluster;

fn image(pod: &Pod) -> &str {
    pod.spec.as_ref().unwrap().containers[0].image.as_deref().unwrap()
}

fn all_ready(pods: &[Arc<Pod>], count: usize) -> bool {
    pods.len() == count && pods.iter().all(|pod| is_ready(pod))
}

#[tokio::test(start_paused = true)]
async fn a_deployment_comes_rolls_scales_and_goes() {
    let cluster = Cluster::start(3).await;
    let (pods, deployments) = (cluster.see::<Pod>(), cluster.see::<Deployment>());
    cluster.deploy("web", 3, json!({})).await;
    let running = pods.until(|pods| all_ready(pods, 3)).await;
    let nodes: BTreeSet<_> = running.iter().filter_map(|pod| node_name(pod)).collect();
    assert_eq!(nodes.len(), 3, "one on each node");
    let complete = |all: &[Arc<Deployment>], reason: &str, updated: i32| {
        all.iter().any(|it| {
            let status = it.status.clone().unwrap_or_default();
            let progress = status.conditions.iter().flatten().find(|condition| condition.type_ == "Progressing");
            status.observed_generation == it.metadata.generation
                && status.updated_replicas == Some(updated)
                && status.available_replicas == Some(updated)
                && status.replicas == Some(updated)
                && progress.and_then(|condition| condition.reason.as_deref()) == Some(reason)
        })
    };
    deployments.until(|all| complete(all, "NewReplicaSetAvailable", 3)).await;
    cluster
        .change("web", json!({"template": {"spec": {"containers": [{"name": "c", "image": "timonel/demo:v2"}]}}}))
        .await;
    pods.until(|pods| all_ready(pods, 3) && pods.iter().all(|pod| image(pod) == "timonel/demo:v2")).await;
    deployments.until(|all| complete(all, "NewReplicaSetAvailable", 3)).await;
    cluster.change("web", json!({"replicas": 5})).await;
    pods.until(|pods| all_ready(pods, 5)).await;
    let api: Api<Deployment> = cluster.world.api();
    api.delete("web", &DeleteParams::background()).await.unwrap();
    pods.until(<[_]>::is_empty).await;
    cluster.see::<ReplicaSet>().until(<[_]>::is_empty).await;
}

#[tokio::test(start_paused = true)]
async fn what_happened_is_told_in_events() {
    let cluster = Cluster::start(3).await;
    let events = cluster.see::<Event>();
    cluster.deploy("web", 2, json!({})).await;
    let said = |events: &[Arc<Event>], reason: &str, message: &str| {
        events
            .iter()
            .filter(|it| it.reason.as_deref() == Some(reason) && it.message.iter().any(|it| it.contains(message)))
            .count()
    };
    events.until(|events| said(events, "ScalingReplicaSet", "Scaled up replica set web-") == 1).await;
    events.until(|events| said(events, "SuccessfulCreate", "Created pod: web-") == 2).await;
    events.until(|events| said(events, "Scheduled", "Successfully assigned default/web-") == 2).await;
}

#[tokio::test(start_paused = true)]
async fn three_hundred_pods_are_made_once_each() {
    let cluster = Cluster::start(3).await;
    let pods = cluster.see::<Pod>();
    cluster.deploy("many", 300, json!({})).await;
    let running = pods.until(|pods| pods.len() >= 300 && pods.iter().all(|pod| is_ready(pod))).await;
    assert_eq!(running.len(), 300);
    let on = |node: &str| running.iter().filter(|pod| node_name(pod) == Some(node)).count();
    let spread = ["worker-1", "worker-2", "worker-3"].map(on);
    assert!(spread.iter().all(|count| (95..=105).contains(count)), "{spread:?}");
}

#[tokio::test(start_paused = true)]
async fn a_service_follows_its_pods() {
    let cluster = Cluster::start(2).await;
    let (slices, endpoints) = (cluster.see::<EndpointSlice>(), cluster.see::<Endpoints>());
    cluster.deploy("web", 2, json!({})).await;
    let service = json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}});
    let api: Api<Service> = cluster.world.api();
    api.create(&PostParams::default(), &serde_json::from_value(service).unwrap()).await.unwrap();
    let ready = |slices: &[Arc<EndpointSlice>]| {
        let ours = slices.iter().filter(|slice| slice.name_any().starts_with("web-"));
        let endpoints = ours.flat_map(|slice| slice.endpoints.iter().flatten());
        endpoints.filter(|it| it.conditions.as_ref().is_some_and(|it| it.ready == Some(true))).count()
    };
    slices.until(|slices| ready(slices) == 2).await;
    let port = |it: &Endpoints| it.subsets.as_ref()?.first()?.ports.as_ref()?.first().map(|port| port.port);
    endpoints.until(|all| all.iter().any(|it| it.name_any() == "web" && port(it) == Some(8080))).await;
    cluster.change("web", json!({"replicas": 0})).await;
    slices.until(|slices| ready(slices) == 0).await;
    api.delete("web", &DeleteParams::default()).await.unwrap();
    slices.until(|slices| !slices.iter().any(|slice| slice.name_any().starts_with("web-"))).await;
    endpoints.until(|all| !all.iter().any(|it| it.name_any() == "web")).await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_is_furnished_and_emptied() {
    let cluster = Cluster::start(1).await;
    let (namespaces, accounts, maps) =
        (cluster.see::<Namespace>(), cluster.see::<ServiceAccount>(), cluster.see::<ConfigMap>());
    let api: Api<Namespace> = Api::all(cluster.world.client.clone());
    let space = serde_json::from_value(json!({"metadata": {"name": "taller"}})).unwrap();
    api.create(&PostParams::default(), &space).await.unwrap();
    let is_in =
        |name: &str, namespace: Option<String>, wanted: &str| namespace.as_deref() == Some("taller") && name == wanted;
    accounts.until(|all| all.iter().any(|it| is_in(&it.name_any(), it.namespace(), "default"))).await;
    maps.until(|all| all.iter().any(|it| is_in(&it.name_any(), it.namespace(), "kube-root-ca.crt"))).await;
    api.delete("taller", &DeleteParams::default()).await.unwrap();
    namespaces.until(|all| !all.iter().any(|it| it.name_any() == "taller")).await;
    maps.until(|all| !all.iter().any(|it| it.namespace().as_deref() == Some("taller"))).await;
}

#[tokio::test(start_paused = true)]
async fn orphans_stay_and_foreground_goes_last() {
    let cluster = Cluster::start(1).await;
    let (pods, sets) = (cluster.see::<Pod>(), cluster.see::<ReplicaSet>());
    let deployments: Api<Deployment> = cluster.world.api();
    cluster.deploy("web", 2, json!({})).await;
    pods.until(|pods| all_ready(pods, 2)).await;
    deployments.delete("web", &DeleteParams::orphan()).await.unwrap();
    let orphaned = sets.until(|sets| sets.len() == 1 && sets[0].owner_references().is_empty()).await;
    cluster.see::<Deployment>().until(<[_]>::is_empty).await;
    let api: Api<ReplicaSet> = cluster.world.api();
    api.delete(&orphaned[0].name_any(), &DeleteParams::foreground()).await.unwrap();
    sets.until(<[_]>::is_empty).await;
    assert!(pods.informer.list().is_empty(), "the pods went before their owner");
}
