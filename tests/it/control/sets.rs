//! DaemonSets, StatefulSets and `ReplicationControllers` through their lives.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet, StatefulSet};
use k8s_openapi::api::core::v1::{Event, PersistentVolumeClaim, ReplicationController};
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use timonel::client::pod::Pod;
use timonel::client::pods::{is_ready, node_name};

use super::Cluster;

fn spec(name: &str, more: Value) -> Value {
    let mut spec = json!({
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "v1"}]}},
    });
    json_patch::merge(&mut spec, &more);
    json!({"metadata": {"name": name}, "spec": spec})
}

fn image(pod: &Pod) -> &str {
    pod.spec.as_ref().unwrap().containers[0].image.as_deref().unwrap()
}

fn ready(pods: &[Arc<Pod>], count: usize, version: &str) -> bool {
    pods.len() == count && pods.iter().all(|pod| is_ready(pod) && image(pod) == version)
}

fn names(pods: &[Arc<Pod>]) -> Vec<String> {
    pods.iter().map(|pod| pod.name_any()).collect()
}

fn to(version: &str) -> Patch<Value> {
    Patch::Strategic(json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": version}]}}}}))
}

#[tokio::test(start_paused = true)]
async fn a_daemon_set_follows_its_nodes_and_rolls_node_by_node() {
    let mut cluster = Cluster::start(3).await;
    let (pods, sets) = (cluster.see::<Pod>(), cluster.see::<DaemonSet>());
    cluster.create::<DaemonSet>(spec("agente", json!({}))).await;
    let running = pods.until(|pods| ready(pods, 3, "v1")).await;
    assert_eq!(running.iter().filter_map(|pod| node_name(pod)).collect::<BTreeSet<_>>().len(), 3);
    cluster.add_node("worker-4").await;
    cluster.play_pods();
    pods.until(|pods| ready(pods, 4, "v1")).await;
    let api: Api<DaemonSet> = cluster.world.api();
    api.patch("agente", &PatchParams::default(), &to("v2")).await.unwrap();
    pods.until(|pods| ready(pods, 4, "v2")).await;
    let settled = |sets: &[Arc<DaemonSet>]| {
        sets.iter().any(|set| {
            set.status
                .as_ref()
                .is_some_and(|it| it.updated_number_scheduled == Some(4) && it.number_unavailable.is_none())
        })
    };
    sets.until(settled).await;
    let revisions = cluster.see::<ControllerRevision>().until(|all| all.len() == 2).await;
    assert_eq!(revisions.iter().map(|it| it.revision).collect::<BTreeSet<_>>(), BTreeSet::from([1, 2]));
    api.delete("agente", &DeleteParams::background()).await.unwrap();
    pods.until(<[_]>::is_empty).await;
}

#[tokio::test(start_paused = true)]
async fn a_stateful_set_keeps_names_order_and_claims() {
    let cluster = Cluster::start(2).await;
    let (pods, claims, events) = (cluster.see::<Pod>(), cluster.see::<PersistentVolumeClaim>(), cluster.see::<Event>());
    cluster.create::<StatefulSet>(spec("db", json!({"serviceName": "db", "replicas": 3}))).await;
    let running = pods.until(|pods| ready(pods, 3, "v1")).await;
    assert_eq!(names(&running), ["db-0", "db-1", "db-2"]);
    let created = |events: &[Arc<Event>]| {
        let mut told: Vec<_> = events.iter().filter(|it| it.reason.as_deref() == Some("SuccessfulCreate")).collect();
        told.sort_by_key(|event| event.metadata.name.clone());
        told.iter().filter_map(|event| event.message.clone()).collect::<Vec<_>>()
    };
    let told = created(&events.until(|events| created(events).len() == 3).await);
    assert_eq!(told[0], "create Pod db-0 in StatefulSet db successful");
    let before: Vec<_> = running.iter().map(|pod| pod.metadata.uid.clone()).collect();
    let api: Api<Pod> = cluster.world.api();
    api.delete("db-1", &DeleteParams::default()).await.unwrap();
    let healed = pods.until(|pods| ready(pods, 3, "v1") && pods[1].metadata.uid != before[1]).await;
    assert_eq!((names(&healed), &healed[0].metadata.uid), (names(&running), &before[0]));
    let sets: Api<StatefulSet> = cluster.world.api();
    sets.patch("db", &PatchParams::default(), &to("v2")).await.unwrap();
    pods.until(|pods| ready(pods, 3, "v2")).await;
    sets.patch("db", &PatchParams::default(), &Patch::Merge(json!({"spec": {"replicas": 1}}))).await.unwrap();
    let left = pods.until(|pods| pods.len() == 1).await;
    assert_eq!(names(&left), ["db-0"]);
    assert!(claims.informer.list().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_claims_of_a_stateful_set_go_as_its_policy_says() {
    let cluster = Cluster::start(1).await;
    let claims = cluster.see::<PersistentVolumeClaim>();
    let template = json!({"metadata": {"name": "datos"}, "spec": {"accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}}}});
    let more = json!({"serviceName": "db", "replicas": 1, "volumeClaimTemplates": [template],
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"}});
    cluster.create::<StatefulSet>(spec("db", more)).await;
    claims.until(|claims| claims.len() == 1 && claims[0].name_any() == "datos-db-0").await;
    claims.until(|claims| claims[0].owner_references().iter().any(|owner| owner.kind == "StatefulSet")).await;
    let sets: Api<StatefulSet> = cluster.world.api();
    sets.delete("db", &DeleteParams::background()).await.unwrap();
    claims.until(<[_]>::is_empty).await;
}

#[tokio::test(start_paused = true)]
async fn a_replication_controller_heals_and_scales() {
    let cluster = Cluster::start(2).await;
    let pods = cluster.see::<Pod>();
    let mut controller = spec("viejo", json!({"replicas": 3}));
    controller["spec"]["selector"] = json!({"app": "viejo"});
    cluster.create::<ReplicationController>(controller).await;
    let running = pods.until(|pods| ready(pods, 3, "v1")).await;
    let api: Api<Pod> = cluster.world.api();
    api.delete(&running[0].name_any(), &DeleteParams::default()).await.unwrap();
    pods.until(|pods| ready(pods, 3, "v1") && !names(pods).contains(&running[0].name_any())).await;
    let controllers: Api<ReplicationController> = cluster.world.api();
    controllers.patch("viejo", &PatchParams::default(), &Patch::Merge(json!({"spec": {"replicas": 1}}))).await.unwrap();
    pods.until(|pods| ready(pods, 1, "v1")).await;
    let counted = |it: &Arc<ReplicationController>| {
        it.status.as_ref().is_some_and(|status| status.replicas == 1 && status.ready_replicas == Some(1))
    };
    cluster.see::<ReplicationController>().until(|all| all.iter().any(counted)).await;
}
