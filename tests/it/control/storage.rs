//! Claims and volumes: made on demand on the pod's node, given by hand, kept while they are used.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Event, PersistentVolume, PersistentVolumeClaim};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use timonel::client::object::is_deleting;
use timonel::client::pod::Pod;
use timonel::client::pods::{is_ready, node_name};

use super::Cluster;

fn claim(class: Value) -> Value {
    let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
    if !class.is_null() {
        spec["storageClassName"] = class;
    }
    json!({"metadata": {"name": "datos"}, "spec": spec})
}

fn user() -> Value {
    let volume = json!({"name": "v", "persistentVolumeClaim": {"claimName": "datos"}});
    json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "sigue"}], "volumes": [volume]}})
}

fn phases(volumes: &[Arc<PersistentVolume>]) -> Vec<String> {
    volumes.iter().filter_map(|volume| volume.status.as_ref()?.phase.clone()).collect()
}

fn bound(claims: &[Arc<PersistentVolumeClaim>]) -> bool {
    claims.iter().any(|claim| claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Bound"))
}

#[tokio::test(start_paused = true)]
async fn a_claim_waits_for_its_pod_and_gets_a_folder_of_its_node() {
    let cluster = Cluster::start(2).await;
    let (pods, claims, volumes) =
        (cluster.see::<Pod>(), cluster.see::<PersistentVolumeClaim>(), cluster.see::<PersistentVolume>());
    let events = cluster.see::<Event>();
    let made = cluster.create::<PersistentVolumeClaim>(claim(json!(null))).await;
    assert_eq!(made.spec.unwrap().storage_class_name.as_deref(), Some("local-path"));
    let tells = |events: &[Arc<Event>], reason: &str| events.iter().any(|it| it.reason.as_deref() == Some(reason));
    events.until(|events| tells(events, "WaitForFirstConsumer")).await;
    assert!(volumes.informer.list().is_empty());
    cluster.create::<Pod>(user()).await;
    let running = pods.until(|pods| pods.iter().any(|pod| is_ready(pod))).await;
    claims.until(bound).await;
    let there = volumes.until(|volumes| phases(volumes) == ["Bound"]).await;
    let node = serde_json::to_value(&there[0].spec.as_ref().unwrap().node_affinity).unwrap();
    let values = &node["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"];
    assert_eq!(values, &json!([node_name(&running[0]).unwrap()]));
    for reason in ["ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"] {
        events.until(|events| tells(events, reason)).await;
    }
    let folder = there[0].spec.as_ref().unwrap().host_path.as_ref().unwrap().path.clone();
    let data = cluster.home.path().join("nodes").join(node_name(&running[0]).unwrap()).join(&folder[1..]);
    std::fs::create_dir_all(&data).unwrap();
    // Nobody's disk goes while it is used.
    let api: Api<PersistentVolumeClaim> = cluster.world.api();
    api.delete("datos", &DeleteParams::default()).await.unwrap();
    claims.until(|claims| claims.iter().any(|claim| is_deleting(&claim.metadata))).await;
    assert_eq!(phases(&volumes.informer.list()), ["Bound"]);
    let pod: Api<Pod> = cluster.world.api();
    pod.delete("p", &DeleteParams::default()).await.unwrap();
    claims.until(<[_]>::is_empty).await;
    volumes.until(<[_]>::is_empty).await;
    assert!(!data.exists(), "the data went with the volume");
}

#[tokio::test(start_paused = true)]
async fn a_volume_made_by_hand_is_bound_at_once_and_stays_when_it_is_released() {
    let cluster = Cluster::start(1).await;
    let (claims, volumes) = (cluster.see::<PersistentVolumeClaim>(), cluster.see::<PersistentVolume>());
    let api: Api<PersistentVolume> = Api::all(cluster.world.client.clone());
    for (name, size) in [("grande", "8Gi"), ("justo", "2Gi")] {
        let spec = json!({"accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}, "storageClassName": "a-mano",
            "hostPath": {"path": "/srv"}});
        let volume = serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec})).unwrap();
        api.create(&PostParams::default(), &volume).await.unwrap();
    }
    volumes.until(|volumes| phases(volumes) == ["Available", "Available"]).await;
    cluster.create::<PersistentVolumeClaim>(claim(json!("a-mano"))).await;
    let found = claims.until(bound).await;
    assert_eq!(found[0].spec.as_ref().unwrap().volume_name.as_deref(), Some("justo"), "the smallest that fits");
    assert_eq!(found[0].status.as_ref().unwrap().capacity.as_ref().unwrap()["storage"].0, "2Gi");
    volumes.until(|volumes| phases(volumes) == ["Available", "Bound"]).await;
    let own: Api<PersistentVolumeClaim> = cluster.world.api();
    own.delete("datos", &DeleteParams::default()).await.unwrap();
    volumes.until(|volumes| phases(volumes) == ["Available", "Released"]).await;
    api.delete("justo", &DeleteParams::default()).await.unwrap();
    volumes.until(|volumes| volumes.len() == 1 && volumes[0].name_any() == "grande").await;
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_volume_is_gone_is_lost() {
    let cluster = Cluster::start(1).await;
    let (claims, volumes) = (cluster.see::<PersistentVolumeClaim>(), cluster.see::<PersistentVolume>());
    cluster.create::<PersistentVolumeClaim>(claim(json!(null))).await;
    cluster.create::<Pod>(user()).await;
    let there = volumes.until(|volumes| phases(volumes) == ["Bound"]).await;
    claims.until(bound).await;
    let api: Api<PersistentVolume> = Api::all(cluster.world.client.clone());
    let patch = kube::api::Patch::Merge(json!({"metadata": {"finalizers": null}}));
    api.patch(&there[0].name_any(), &kube::api::PatchParams::default(), &patch).await.unwrap();
    api.delete(&there[0].name_any(), &DeleteParams::default()).await.unwrap();
    let lost = |claims: &[Arc<PersistentVolumeClaim>]| {
        claims.iter().any(|claim| claim.status.as_ref().and_then(|it| it.phase.as_deref()) == Some("Lost"))
    };
    claims.until(lost).await;
}
