//! Trees and relations of a small shop: a Deployment with its pods, a Service, an Ingress, a `ConfigMap`.

use serde_json::{Value, json};

use super::{Link, relations, tree};
use crate::tui::model::world::World;
use crate::tui::state::State;
use crate::tui::tests::fixture::now;
use crate::tui::theme::Look;

fn object(kind: &str, name: &str, owner: Option<&str>, rest: Value) -> Value {
    let mut object = rest;
    let owners: Vec<Value> =
        owner.iter().map(|uid| json!({"uid": uid, "kind": "X", "name": uid, "controller": true})).collect();
    object["kind"] = kind.into();
    object["apiVersion"] = if ["Deployment", "ReplicaSet"].contains(&kind) { "apps/v1" } else { "v1" }.into();
    let uid = if kind == "Service" { format!("svc-{name}") } else { name.into() };
    object["metadata"] = json!({"name": name, "namespace": "tienda", "uid": uid, "ownerReferences": owners,
        "labels": object["metadata"]["labels"]});
    object
}

fn shop() -> World {
    let template = json!({"metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"envFrom": [{"configMapRef": {"name": "ajustes"}}, {"configMapRef": {"name": "falta"}}]}]}});
    let pod = |name: &str| {
        let spec = template["spec"].clone();
        object(
            "Pod",
            name,
            Some("web-1"),
            json!({"metadata": {"labels": {"app": "web"}}, "spec": spec, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}),
        )
    };
    let rule =
        json!({"host": "tienda.local", "http": {"paths": [{"path": "/", "backend": {"service": {"name": "web"}}}]}});
    World {
        objects: vec![
            object("Deployment", "web", None, json!({"spec": {"replicas": 2, "template": template}})),
            object("ReplicaSet", "web-1", Some("web"), json!({"spec": {"replicas": 2}})),
            object("ReplicaSet", "web-0", Some("web"), json!({"spec": {"replicas": 0}})),
            pod("web-1-a"),
            pod("web-1-b"),
            object("Service", "web", None, json!({"spec": {"selector": {"app": "web"}}})),
            object("Service", "otro", None, json!({"spec": {"selector": {"app": "otro"}}})),
            object("Ingress", "puerta", None, json!({"spec": {"rules": [rule]}})),
            object("ConfigMap", "ajustes", None, json!({})),
        ],
        ..World::default()
    }
}

fn told(links: &[Link]) -> Vec<String> {
    let line = |link: &Link| {
        let own = if link.own { " ←" } else { "" };
        format!("{}{}{own} {}", link.branch, link.label, link.note).trim_end().to_string()
    };
    links.iter().map(line).collect()
}

fn state() -> State {
    State::new("prueba".into(), None, Look::Plain, now())
}

fn find<'a>(world: &'a World, kind: &'a str, name: &str) -> &'a Value {
    world.named(kind, "tienda", name).unwrap()
}

#[test]
fn the_tree_of_a_pod_goes_up_to_its_deployment_and_down_to_its_siblings() {
    let world = shop();
    let tree = tree(find(&world, "Pod", "web-1-b"), &world, &state());
    assert_eq!(
        told(&tree),
        [
            "deployment/web 0/2",
            "├─ replicaset/web-1 0/2",
            "│  ├─ pod/web-1-a Running",
            "│  └─ pod/web-1-b ← Running",
            "└─ replicaset/web-0 0/0",
        ]
    );
}

#[test]
fn an_owner_out_of_sight_is_named() {
    let world = shop();
    let orphan = object("Pod", "x", Some("lejos"), json!({}));
    assert_eq!(tree(&orphan, &world, &state())[0].label, "x/lejos");
}

#[test]
fn owners_in_a_circle_do_not_hang() {
    let world = World {
        objects: vec![object("Pod", "a", Some("b"), json!({})), object("Pod", "b", Some("a"), json!({}))],
        ..World::default()
    };
    assert!(tree(&world.objects[0], &world, &state()).len() < 40);
}

#[test]
fn a_pod_tells_who_selects_it_and_what_it_uses() {
    let world = shop();
    let links = relations(find(&world, "Pod", "web-1-a"), &world, &state());
    assert_eq!(
        told(&links),
        [
            "lo eligen por sus etiquetas",
            "service/web",
            "usa",
            "configmap/ajustes en su entorno",
            "configmap/falta en su entorno · no existe"
        ]
    );
}

#[test]
fn a_deployment_tells_who_selects_its_pods_and_what_it_made() {
    let world = shop();
    let told = told(&relations(find(&world, "Deployment", "web"), &world, &state()));
    assert_eq!(told[..2], ["lo eligen por sus etiquetas", "service/web"]);
    let made = told.iter().position(|line| line == "le pertenecen").unwrap();
    let owned = ["replicaset/web-1 0/2", "pod/web-1-a de web-1 · Running", "pod/web-1-b de web-1 · Running"];
    assert_eq!(told[made + 1..made + 4], owned);
}

#[test]
fn a_configmap_tells_who_uses_it() {
    let world = shop();
    let links = relations(find(&world, "ConfigMap", "ajustes"), &world, &state());
    assert_eq!(
        told(&links),
        [
            "lo usan",
            "deployment/web en su entorno · 0/2",
            "pod/web-1-a en su entorno · Running",
            "pod/web-1-b en su entorno · Running"
        ]
    );
}

#[test]
fn a_service_stands_between_an_ingress_and_its_pods() {
    let world = shop();
    let links = relations(find(&world, "Service", "web"), &world, &state());
    assert_eq!(
        told(&links),
        [
            "elige por etiquetas",
            "pod/web-1-a Running",
            "pod/web-1-b Running",
            "le llega tráfico de",
            "ingress/puerta tienda.local/"
        ]
    );
    let links = relations(find(&world, "Ingress", "puerta"), &world, &state());
    assert_eq!(told(&links), ["lleva tráfico a", "service/web tienda.local/"]);
}
