//! Create, get, update, patch: what is stored, what is refused and in which words.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use super::{refusal, world};
use timonel::client::pod::Pod;

#[tokio::test(start_paused = true)]
async fn a_new_object_gets_its_identity() {
    let world = world().await;
    let made = world.config_map("uno").await;
    assert_eq!(made.metadata.namespace.as_deref(), Some("default"));
    assert_eq!(made.metadata.uid.as_ref().map(String::len), Some(36));
    assert_eq!(made.metadata.creation_timestamp.unwrap().0.to_string(), "2026-01-01T00:00:00Z");
    let read = world.api::<ConfigMap>().get("uno").await.unwrap();
    assert_eq!(read.metadata.resource_version, made.metadata.resource_version);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_worded_as_in_kubernetes() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    world.config_map("uno").await;
    let again = serde_json::from_value(json!({ "metadata": { "name": "uno" } })).unwrap();
    let (code, reason, text) = refusal(maps.create(&PostParams::default(), &again).await);
    assert_eq!((code, reason.as_str(), text.as_str()), (409, "AlreadyExists", "configmaps \"uno\" already exists"));
    let (code, reason, text) = refusal(maps.get("nadie").await);
    assert_eq!((code, reason.as_str(), text.as_str()), (404, "NotFound", "configmaps \"nadie\" not found"));
    let elsewhere: Api<ConfigMap> = Api::namespaced(world.client.clone(), "no-existe");
    let (code, _, text) = refusal(elsewhere.create(&PostParams::default(), &again).await);
    assert_eq!((code, text.as_str()), (404, "namespaces \"no-existe\" not found"));
    let (code, body) = world.raw("GET", "/apis/no.existe/v1", "", "").await;
    assert_eq!((code, body["message"].as_str()), (404, Some("the server could not find the requested resource")));
}

#[tokio::test(start_paused = true)]
async fn strict_decoding_names_every_unknown_field() {
    let world = world().await;
    let body = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","app":"y"},"dato":{}}"#;
    let path = "/api/v1/namespaces/default/configmaps?fieldValidation=Strict";
    let (code, status) = world.raw("POST", path, "application/json", body).await;
    assert_eq!(code, 400);
    let said = status["message"].as_str().unwrap();
    assert!(
        said.starts_with("ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: "),
        "{said}"
    );
    assert!(said.contains("unknown field \"metadata.app\"") && said.contains("unknown field \"dato\""), "{said}");
    let path = "/api/v1/namespaces/default/configmaps?fieldValidation=Ignore&dryRun=All";
    assert_eq!(world.raw("POST", path, "application/json", body).await.0, 201);
    assert_eq!(world.raw("POST", path, "text/plain", body).await.0, 415);
    let huge = format!(r#"{{"metadata":{{"name":"x"}},"data":{{"a":"{}"}}}}"#, "a".repeat(4 << 20));
    assert_eq!(world.raw("POST", path, "application/json", &huge).await.0, 413);
}

#[tokio::test(start_paused = true)]
async fn an_old_version_conflicts_and_no_change_makes_no_version() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    let first = world.config_map("uno").await;
    let mut changed = first.clone();
    changed.data.as_mut().unwrap().insert("a".into(), "2".into());
    let second = maps.replace("uno", &PostParams::default(), &changed).await.unwrap();
    assert_ne!(second.metadata.resource_version, first.metadata.resource_version);
    let (code, reason, text) = refusal(maps.replace("uno", &PostParams::default(), &changed).await);
    assert_eq!((code, reason.as_str()), (409, "Conflict"));
    assert_eq!(
        text,
        "Operation cannot be fulfilled on configmaps \"uno\": the object has been modified; \
         please apply your changes to the latest version and try again"
    );
    let same = maps.replace("uno", &PostParams::default(), &second).await.unwrap();
    assert_eq!(same.metadata.resource_version, second.metadata.resource_version);
}

#[tokio::test(start_paused = true)]
async fn the_three_patches_apply() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    world.config_map("uno").await;
    let merge = Patch::Merge(json!({ "data": { "a": null, "b": "2" } }));
    let patched = maps.patch("uno", &PatchParams::default(), &merge).await.unwrap();
    assert_eq!(patched.data.unwrap().into_iter().collect::<Vec<_>>(), [("b".to_owned(), "2".to_owned())]);
    let json: json_patch::Patch =
        serde_json::from_value(json!([{ "op": "add", "path": "/data/c", "value": "3" }])).unwrap();
    let patched = maps.patch("uno", &PatchParams::default(), &Patch::Json::<()>(json)).await.unwrap();
    assert_eq!(patched.data.unwrap().len(), 2);
    world.pod("dos").await;
    let strategic = Patch::Strategic(json!({ "spec": { "containers": [{ "name": "c", "image": "nginx:2" }] } }));
    let pod = world.api::<Pod>().patch("dos", &PatchParams::default(), &strategic).await.unwrap();
    assert_eq!(pod.spec.unwrap().containers[0].image.as_deref(), Some("nginx:2"));
}

#[tokio::test(start_paused = true)]
async fn twenty_writers_at_once_lose_nothing() {
    let world = world().await;
    world.config_map("uno").await;
    let writes = (0..20).map(|number| {
        let maps = world.api::<ConfigMap>();
        async move {
            let patch = Patch::Merge(json!({ "data": { format!("k{number}"): "x" } }));
            maps.patch("uno", &PatchParams::default(), &patch).await
        }
    });
    for result in futures::future::join_all(writes).await {
        result.unwrap();
    }
    assert_eq!(world.api::<ConfigMap>().get("uno").await.unwrap().data.unwrap().len(), 21);
}

#[tokio::test(start_paused = true)]
async fn dry_run_stores_nothing_and_generated_names_differ() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    let map: ConfigMap = serde_json::from_value(json!({ "metadata": { "generateName": "g-" } })).unwrap();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let tried = maps.create(&dry, &map).await.unwrap();
    assert!(tried.metadata.resource_version.is_none());
    assert_eq!(maps.list(&kube::api::ListParams::default()).await.unwrap().items.len(), 0);
    let one = maps.create(&PostParams::default(), &map).await.unwrap().metadata.name.unwrap();
    let two = maps.create(&PostParams::default(), &map).await.unwrap().metadata.name.unwrap();
    assert!(one.starts_with("g-") && one.len() == 7 && one != two, "{one} {two}");
}

#[tokio::test(start_paused = true)]
async fn status_is_written_apart() {
    let world = world().await;
    let nodes: Api<Node> = Api::all(world.client.clone());
    let node = json!({ "metadata": { "name": "n" }, "status": { "phase": "Running" } });
    nodes.create(&PostParams::default(), &serde_json::from_value(node).unwrap()).await.unwrap();
    let patch = Patch::Merge(json!({ "spec": { "unschedulable": true }, "status": { "capacity": { "cpu": "2" } } }));
    let through_status = nodes.patch_status("n", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(through_status.spec.unwrap().unschedulable, None);
    assert_eq!(through_status.status.unwrap().capacity.unwrap()["cpu"].0, "2");
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_bound_once() {
    let world = world().await;
    world.pod("uno").await;
    let body = |node: &str| json!({ "metadata": { "name": "uno" }, "target": { "name": node } }).to_string();
    let path = "/api/v1/namespaces/default/pods/uno/binding";
    let (code, _) = world.raw("POST", path, "application/json", &body("n1")).await;
    assert_eq!(code, 201);
    let (code, status) = world.raw("POST", path, "application/json", &body("n2")).await;
    assert_eq!(code, 409);
    let said = "Operation cannot be fulfilled on pods/binding \"uno\": pod uno is already assigned to node \"n1\"";
    assert_eq!(status["message"], said);
    let pod = world.api::<Pod>().get("uno").await.unwrap();
    assert_eq!(pod.spec.unwrap().node_name.as_deref(), Some("n1"));
    assert_eq!(pod.status.unwrap().conditions.unwrap()[0].type_, "PodScheduled");
}

#[tokio::test(start_paused = true)]
async fn the_bootstrap_namespaces_are_there() {
    let world = world().await;
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let names: Vec<_> = namespaces
        .list(&kube::api::ListParams::default())
        .await
        .unwrap()
        .items
        .into_iter()
        .filter_map(|n| n.metadata.name)
        .collect();
    assert_eq!(names, ["default", "kube-node-lease", "kube-public", "kube-system"]);
    world.server.bootstrap().await.unwrap();
    let (_, _, text) = refusal(namespaces.delete("default", &kube::api::DeleteParams::default()).await);
    assert_eq!(text, "namespaces \"default\" is forbidden: this namespace may not be deleted");
}
