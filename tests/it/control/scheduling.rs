//! How pods get their nodes: gates, volumes, room made for the urgent, and the decisions as they are told.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Event, PersistentVolumeClaim};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use timonel::client::decisions::{self, Outcome};
use timonel::client::pod::Pod;
use timonel::client::pods::{condition, is_ready, node_name};

use super::Cluster;

/// A pod of one container; `more` is merged into its spec.
fn pod(name: &str, more: Value) -> Value {
    let mut spec = json!({"containers": [{"name": "c", "image": "nginx"}]});
    json_patch::merge(&mut spec, &more);
    json!({"metadata": {"name": name}, "spec": spec})
}

fn asks(cpu: &str) -> Value {
    json!({"containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}]})
}

fn find<'a>(pods: &'a [Arc<Pod>], name: &str) -> Option<&'a Arc<Pod>> {
    pods.iter().find(|pod| pod.name_any() == name)
}

fn message(pods: &[Arc<Pod>], name: &str) -> Option<String> {
    condition(find(pods, name)?, "PodScheduled")?.message.clone()
}

#[tokio::test(start_paused = true)]
async fn a_gated_pod_says_so_and_is_placed_when_its_gate_is_gone() {
    let cluster = Cluster::start(1).await;
    let pods = cluster.see::<Pod>();
    let made: Pod = cluster.create(pod("puerta", json!({"schedulingGates": [{"name": "ejemplo.com/espera"}]}))).await;
    let gated = condition(&made, "PodScheduled").unwrap();
    assert_eq!((gated.status.as_str(), gated.reason.as_deref()), ("False", Some("SchedulingGated")));
    let api: Api<Pod> = cluster.world.api();
    let open = Patch::Merge(json!({"spec": {"schedulingGates": null}}));
    api.patch("puerta", &PatchParams::default(), &open).await.unwrap();
    pods.until(|pods| find(pods, "puerta").is_some_and(|pod| is_ready(pod))).await;
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_waits_names_the_node_and_the_pod_waits_for_its_volume() {
    let cluster = Cluster::start(2).await;
    let (pods, claims) = (cluster.see::<Pod>(), cluster.see::<PersistentVolumeClaim>());
    let with_claim = json!({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "datos"}}]});
    cluster.create::<Pod>(pod("db", with_claim)).await;
    let missing = "0/2 nodes are available: persistentvolumeclaim \"datos\" not found. not found";
    pods.until(|pods| message(pods, "db").as_deref() == Some(missing)).await;
    let class =
        json!({"metadata": {"name": "lenta"}, "provisioner": "prueba", "volumeBindingMode": "WaitForFirstConsumer"});
    let classes: Api<StorageClass> = Api::all(cluster.world.client.clone());
    classes.create(&PostParams::default(), &serde_json::from_value(class).unwrap()).await.unwrap();
    let claim = json!({"metadata": {"name": "datos"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "lenta",
        "resources": {"requests": {"storage": "1Gi"}}}});
    cluster.create::<PersistentVolumeClaim>(claim).await;
    let selected =
        |claim: &PersistentVolumeClaim| claim.annotations().get("volume.kubernetes.io/selected-node").cloned();
    let waiting = claims.until(|claims| claims.iter().any(|claim| selected(claim).is_some())).await;
    assert!(find(&pods.informer.list(), "db").is_some_and(|pod| node_name(pod).is_none()), "not before its volume");
    let node = selected(&waiting[0]);
    // The binder, played.
    let api: Api<PersistentVolumeClaim> = cluster.world.api();
    let bound =
        json!({"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}, "spec": {"volumeName": "pv"}});
    let volumes: Api<k8s_openapi::api::core::v1::PersistentVolume> = Api::all(cluster.world.client.clone());
    let volume = json!({"metadata": {"name": "pv"}, "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
        "storageClassName": "lenta", "hostPath": {"path": "/datos"}}});
    volumes.create(&PostParams::default(), &serde_json::from_value(volume).unwrap()).await.unwrap();
    api.patch("datos", &PatchParams::default(), &Patch::Merge(bound)).await.unwrap();
    let placed = pods.until(|pods| find(pods, "db").is_some_and(|pod| is_ready(pod))).await;
    assert_eq!(node_name(find(&placed, "db").unwrap()), node.as_deref());
}

#[tokio::test(start_paused = true)]
async fn the_urgent_gets_the_place_of_another() {
    let cluster = Cluster::start(1).await;
    let (pods, events) = (cluster.see::<Pod>(), cluster.see::<Event>());
    let classes: Api<PriorityClass> = Api::all(cluster.world.client.clone());
    let class = serde_json::from_value(json!({"metadata": {"name": "urgente"}, "value": 1000})).unwrap();
    classes.create(&PostParams::default(), &class).await.unwrap();
    cluster.create::<Pod>(pod("uno", asks("150"))).await;
    pods.until(|pods| find(pods, "uno").is_some_and(|pod| is_ready(pod))).await;
    cluster.create::<Pod>(pod("dos", asks("150"))).await;
    let full = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are \
                available: 1 No preemption victims found for incoming pod.";
    pods.until(|pods| message(pods, "dos").as_deref() == Some(full)).await;
    let mut urgent = pod("urgente", asks("150"));
    urgent["spec"]["priorityClassName"] = json!("urgente");
    cluster.create::<Pod>(urgent).await;
    let placed = pods.until(|pods| find(pods, "urgente").is_some_and(|pod| is_ready(pod))).await;
    assert!(find(&placed, "uno").is_none());
    let told = |events: &[Arc<Event>]| {
        let preempted = events.iter().find(|event| event.reason.as_deref() == Some("Preempted"));
        preempted.and_then(|event| event.message.clone())
    };
    let told = told(&events.until(|events| told(events).is_some()).await).unwrap();
    let uid = find(&placed, "urgente").unwrap().uid().unwrap();
    assert_eq!(told, format!("Preempted by pod {uid} on node worker-1"));
}

#[tokio::test(start_paused = true)]
async fn decisions_are_told_with_their_funnel() {
    let cluster = Cluster::start(3).await;
    let pods = cluster.see::<Pod>();
    cluster.create::<Pod>(pod("chico", json!({}))).await;
    cluster.create::<Pod>(pod("grande", asks("500"))).await;
    pods.until(|pods| find(pods, "chico").is_some_and(|pod| is_ready(pod)) && message(pods, "grande").is_some()).await;
    let told = decisions::read(&cluster.world.client, 0).await.unwrap().items;
    let of = |name: &str| told.iter().find(|it| it.pod == format!("default/{name}")).unwrap();
    let placed = of("chico");
    assert_eq!((placed.nodes, placed.outcome), (3, Outcome::Bound));
    assert_eq!(placed.node.as_deref(), find(&pods.informer.list(), "chico").and_then(|pod| node_name(pod)));
    assert!(placed.scores.iter().all(|score| score.points.len() == 3));
    let refused = of("grande");
    assert_eq!((refused.outcome, refused.attempt), (Outcome::Unschedulable, 1));
    let fit = refused.filters.iter().find(|filter| filter.name == "NodeResourcesFit").unwrap();
    assert_eq!((fit.came, fit.refused, fit.reasons.len()), (3, 3, 3));
    assert_eq!(decisions::read(&cluster.world.client, refused.number.max(placed.number)).await.unwrap().items, []);
}
