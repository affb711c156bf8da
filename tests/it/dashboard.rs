//! The dashboard as a client of the real API server, over the pipe: views and keys in, screens out.

use k8s_openapi::api::core::v1::{Node, Service};
use kube::Api;
use kube::api::PostParams;
use kube::runtime::wait::await_condition;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use timonel::client::pod::Pod;
use timonel::tui::{frame, rehearse};

use crate::api::{World, world};

const SIZE: (u16, u16) = (120, 40);

fn read<K: DeserializeOwned>(object: Value) -> K {
    serde_json::from_value(object).unwrap()
}

/// A worker and a pod that nobody runs.
async fn inhabited() -> World {
    let world = world().await;
    let node = read::<Node>(json!({"metadata": {"name": "worker-1"}, "spec": {"podCIDR": "10.244.1.0/24"},
        "status": {"allocatable": {"cpu": "2", "memory": "4Gi"}, "conditions": [{"type": "Ready", "status": "True"}]}}));
    Api::all(world.client.clone()).create(&PostParams::default(), &node).await.unwrap();
    let pod = json!({"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "timonel/demo:v1"}]}});
    world.api::<Pod>().create(&PostParams::default(), &read(pod)).await.unwrap();
    world
}

async fn played(world: &World, view: &str, keys: &[&str]) -> String {
    rehearse(world.client.clone(), view, keys, SIZE).await.unwrap()
}

#[track_caller]
fn shows(screen: &str, texts: &[&str]) {
    for text in texts {
        assert!(screen.contains(text), "no está «{text}» en:\n{screen}");
    }
}

#[tokio::test]
async fn the_bridge_of_a_real_server() {
    let world = inhabited().await;
    let screen = frame(world.client.clone(), "puente", SIZE).await.unwrap();
    shows(&screen, &["worker-1", "SIN NODO  ◌ web", "revisión", "kubernetes", "● en vivo", "pet/s"]);
}

#[tokio::test]
async fn tables_are_the_servers_own() {
    let world = inhabited().await;
    shows(
        &played(&world, "po default", &[]).await,
        &["NAME", "READY", "STATUS", "RESTARTS", "AGE", "web", "0/1", "Pending"],
    );
    shows(&played(&world, "recursos", &[]).await, &["deployments", "deploy", "apps/v1"]);
}

#[tokio::test]
async fn the_detail_and_the_deletion_of_a_pod() {
    let world = inhabited().await;
    shows(&played(&world, "po default", &["enter"]).await, &["timonel/demo:v1", "app=web", "EVENTOS"]);
    let screen = played(&world, "po default", &["ctrl-d", "s"]).await;
    shows(&screen, &["kubectl delete pod web", "no hay pods en el namespace default"]);
}

#[tokio::test]
async fn the_notes_manifest_is_refused_and_its_repair_applied() {
    let world = inhabited().await;
    shows(
        &played(&world, "editar apuntes", &["ctrl-e"]).await,
        &["no matches for kind \"Deployment\" in version \"v1\""],
    );
    shows(&played(&world, "editar apuntes-corregido", &["ctrl-t"]).await, &["created (server dry run)"]);
    shows(
        &played(&world, "editar apuntes-corregido", &["ctrl-e"]).await,
        &["deployment.apps/backend created", "› Puente"],
    );
    shows(&played(&world, "editar apuntes-corregido", &["ctrl-e"]).await, &["deployment.apps/backend unchanged"]);
    let screen = played(&world, "deploy default", &["+", "enter"]).await;
    shows(&screen, &["kubectl scale deployment/backend --replicas=4 ✓", "0/4"]);
}

#[tokio::test]
async fn a_refusal_of_the_server_is_told_at_its_line() {
    let world = inhabited().await;
    let text = "texto:apiVersion: v1\nkind: Pod\nmetadata:\n  name: MALO\nspec:\n  containers:\n  - name: c\n    image: nginx\n";
    let screen = played(&world, "editar sin-guardar.yaml", &[text, "ctrl-t"]).await;
    shows(&screen, &["Los nombres van en minúsculas", "  4 ✕   name: MALO", "servidor: metadata.name: Invalid value"]);
}

/// Waits until the kubelet has said why a container does not start.
async fn told(pods: &Api<Pod>, name: &str) {
    let waits = |pod: Option<&Pod>| {
        let statuses = pod.and_then(|pod| pod.status.as_ref()).and_then(|status| status.container_statuses.as_ref());
        let reasons =
            statuses.into_iter().flatten().filter_map(|it| it.state.as_ref()?.waiting.as_ref()?.reason.as_deref());
        reasons.into_iter().any(|reason| reason != "ContainerCreating")
    };
    let waiting = await_condition(pods.clone(), name, waits);
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.unwrap().unwrap();
}

#[tokio::test]
async fn why_the_pods_of_a_real_kubelet_fail() {
    let cluster = crate::kubelet::cluster().await;
    let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), "default");
    let cases = [
        ("sin-imagen", json!({"image": "timonel/demo:v9"}), "La imagen «timonel/demo:v9» no existe"),
        (
            "sin-mapa",
            json!({"image": "timonel/demo:v1", "envFrom": [{"configMapRef": {"name": "ajustes"}}]}),
            "el ConfigMap «ajustes»",
        ),
        ("sin-comando", json!({"image": "timonel/demo:v1", "command": ["servidor"]}), "manda ejecutar «servidor»"),
    ];
    for (name, mut container, says) in cases {
        container["name"] = json!("c");
        let pod = json!({"metadata": {"name": name}, "spec": {"nodeName": "worker-1", "containers": [container]}});
        pods.create(&PostParams::default(), &read(pod)).await.unwrap();
        told(&pods, name).await;
        let view = format!("po default /{name}");
        let screen = rehearse(cluster.client.clone(), &view, &["X"], SIZE).await.unwrap();
        shows(&screen, &[says, "PRUEBAS", "status.containerStatuses[c]", "QUÉ HACER", "Lección"]);
    }
}

#[tokio::test]
async fn why_a_service_reaches_nobody() {
    let world = inhabited().await;
    let service =
        json!({"metadata": {"name": "tienda"}, "spec": {"selector": {"app": "wed"}, "ports": [{"port": 80}]}});
    world.api::<Service>().create(&PostParams::default(), &read(service)).await.unwrap();
    let screen = played(&world, "svc default /tienda", &["X"]).await;
    shows(&screen, &["Ningún pod tiene las etiquetas que busca: app=wed", "app=web: ¿era eso?", "Lección 4.7"]);
}
