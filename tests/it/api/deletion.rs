//! Deletion: grace of pods, finalizers, propagation, preconditions, namespaces, collections.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::json;

use super::{refusal, world};
use timonel::client::pod::Pod;

async fn bind(world: &super::World, name: &str) {
    let body = json!({ "target": { "name": "n1" } }).to_string();
    let path = format!("/api/v1/namespaces/default/pods/{name}/binding");
    assert_eq!(world.raw("POST", &path, "application/json", &body).await.0, 201);
}

#[tokio::test(start_paused = true)]
async fn a_bound_pod_goes_when_its_kubelet_says_so() {
    let world = world().await;
    let pods = world.api::<Pod>();
    world.pod("suelto").await;
    pods.delete("suelto", &DeleteParams::default()).await.unwrap();
    assert_eq!(refusal(pods.get("suelto").await).0, 404);
    world.pod("atado").await;
    bind(&world, "atado").await;
    pods.delete("atado", &DeleteParams::default()).await.unwrap();
    let dying = pods.get("atado").await.unwrap().metadata;
    assert_eq!(dying.deletion_grace_period_seconds, Some(30));
    assert_eq!(dying.deletion_timestamp.unwrap().0.to_string(), "2026-01-01T00:00:30Z");
    pods.delete("atado", &DeleteParams::default()).await.unwrap();
    assert_eq!(pods.get("atado").await.unwrap().metadata.resource_version, dying.resource_version);
    pods.delete("atado", &DeleteParams::default().grace_period(0)).await.unwrap();
    assert_eq!(refusal(pods.get("atado").await).0, 404);
}

#[tokio::test(start_paused = true)]
async fn finalizers_hold_an_object_back() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    let map = json!({ "metadata": { "name": "uno", "finalizers": ["example.com/espera"] } });
    maps.create(&PostParams::default(), &serde_json::from_value(map).unwrap()).await.unwrap();
    maps.delete("uno", &DeleteParams::default()).await.unwrap();
    assert!(maps.get("uno").await.unwrap().metadata.deletion_timestamp.is_some());
    let patch = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    maps.patch("uno", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(refusal(maps.get("uno").await).0, 404);
    world.config_map("dos").await;
    maps.delete("dos", &DeleteParams::foreground()).await.unwrap();
    assert_eq!(maps.get("dos").await.unwrap().metadata.finalizers.unwrap(), ["foregroundDeletion"]);
}

#[tokio::test(start_paused = true)]
async fn preconditions_must_hold() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    world.config_map("uno").await;
    let other = Preconditions { uid: Some("otro".into()), ..Preconditions::default() };
    let params = DeleteParams { preconditions: Some(other), ..DeleteParams::default() };
    let (code, reason, text) = refusal(maps.delete("uno", &params).await);
    assert_eq!((code, reason.as_str()), (409, "Conflict"));
    assert!(text.contains("the UID in the precondition (otro) does not match the UID in record"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_namespace_goes_through_its_finalizer() {
    let world = world().await;
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let namespace = serde_json::from_value(json!({ "metadata": { "name": "tmp" } })).unwrap();
    namespaces.create(&PostParams::default(), &namespace).await.unwrap();
    namespaces.delete("tmp", &DeleteParams::default()).await.unwrap();
    let dying = namespaces.get("tmp").await.unwrap();
    assert_eq!(dying.status.as_ref().unwrap().phase.as_deref(), Some("Terminating"));
    let maps: Api<ConfigMap> = Api::namespaced(world.client.clone(), "tmp");
    let map = serde_json::from_value(json!({ "metadata": { "name": "x" } })).unwrap();
    let (code, _, text) = refusal(maps.create(&PostParams::default(), &map).await);
    let said =
        "configmaps \"x\" is forbidden: unable to create new content in namespace tmp because it is being terminated";
    assert_eq!((code, text.as_str()), (403, said));
    let mut body = serde_json::to_value(&dying).unwrap();
    body["spec"]["finalizers"] = json!([]);
    let (code, _) = world.raw("PUT", "/api/v1/namespaces/tmp/finalize", "application/json", &body.to_string()).await;
    assert_eq!(code, 200);
    assert_eq!(refusal(namespaces.get("tmp").await).0, 404);
}

#[tokio::test(start_paused = true)]
async fn a_collection_goes_by_its_selector() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    for name in ["uno", "dos", "tres"] {
        world.config_map(name).await;
    }
    maps.delete_collection(&DeleteParams::default(), &ListParams::default().labels("app!=dos")).await.unwrap();
    let left = maps.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].metadata.name.as_deref(), Some("dos"));
}
