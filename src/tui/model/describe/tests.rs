//! Pages of objects.

use serde_json::{Value, json};

use super::{Told, describe};
use crate::tui::model::light::Light;
use crate::tui::tests::fixture::now;

fn page(object: Value) -> Vec<Told> {
    describe(&object, Some(&[]), now())
}

fn told<'a>(page: &'a [Told], label: &str) -> &'a Told {
    page.iter().find(|told| told.label == label).unwrap()
}

#[test]
fn a_pod_tells_its_containers() {
    let page = page(json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": "web", "creationTimestamp": "2026-05-01T11:59:00Z"},
        "spec": {"nodeName": "worker-1", "containers": [{"name": "app", "image": "nginx", "resources": {"requests": {"cpu": "100m"}}}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "app", "ready": false, "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]}
    }));
    assert_eq!(told(&page, "Creado").text, "hace 60s");
    assert_eq!(
        (told(&page, "app").light, told(&page, "app").text.as_str()),
        (Some(Light::Bad), "CrashLoopBackOff: back-off")
    );
    assert!(told(&page, "antes").text.contains("137"));
    assert_eq!(told(&page, "pide").text, "cpu=100m");
}

#[test]
fn a_secret_keeps_its_values() {
    let page = page(json!({"kind": "Secret", "metadata": {"name": "s"}, "data": {"clave": "c2VjcmV0bw=="}}));
    assert!(page.iter().all(|told| !told.text.contains("c2VjcmV0bw")));
    assert_eq!(told(&page, "clave").text, "12 caracteres en base64");
}

#[test]
fn an_unknown_kind_shows_its_fields() {
    let page = page(json!({"kind": "Cosa", "metadata": {"name": "c"}, "spec": {"a": {"b": 1}, "l": ["x"]}}));
    assert_eq!((told(&page, "b").indent, told(&page, "b").text.as_str()), (2, "1"));
}

#[test]
fn a_bad_condition_is_told_as_bad() {
    let page = page(json!({"kind": "Node", "metadata": {}, "status": {"conditions": [
        {"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "Unknown"}, {"type": "DiskPressure", "status": "True"}]}}));
    let light = |label: &str| told(&page, label).light;
    assert_eq!(
        (light("MemoryPressure"), light("Ready"), light("DiskPressure")),
        (Some(Light::Good), Some(Light::Unknown), Some(Light::Bad))
    );
}
