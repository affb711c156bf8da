//! Who owns what after applies and other writes, as scenarios and as laws.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::set::Set;
use super::{ApplyError, Writer, apply, update};
use crate::schema::check;

const DEPLOYMENT: &str = "io.k8s.api.apps.v1.Deployment";

fn writer(manager: &str) -> Writer<'_> {
    Writer { manager, api_version: "apps/v1", subresource: "", time: "2026-01-01T00:00:00Z", ignored: &["status"] }
}

fn later(manager: &str) -> Writer<'_> {
    Writer { time: "2026-01-01T01:00:00Z", ..writer(manager) }
}

fn web(image: &str, env: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {"containers": [{"name": "nginx", "image": image, "env": env}]}}}})
}

fn env(value: &str) -> Value {
    json!([{"name": "B", "value": value}])
}

fn applied() -> Value {
    apply(DEPLOYMENT, None, &web("nginx:1", &env("1")), &writer("kubectl"), false).unwrap()
}

fn fields(object: &Value, manager: &str) -> Value {
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    entries.iter().find(|entry| entry["manager"] == manager).map_or(Value::Null, |entry| entry["fieldsV1"].clone())
}

#[test]
fn applying_owns_what_is_applied() {
    let object = applied();
    assert_eq!(
        fields(&object, "kubectl"),
        json!({"f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:replicas": {}, "f:selector": {},
            "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"nginx\"}": {".": {}, "f:env": {
                "k:{\"name\":\"B\"}": {".": {}, "f:name": {}, "f:value": {}}}, "f:image": {}, "f:name": {}}}}}}})
    );
    let entry = &object["metadata"]["managedFields"][0];
    assert_eq!((&entry["operation"], &entry["apiVersion"]), (&json!("Apply"), &json!("apps/v1")));
}

#[test]
fn others_conflict_in_kubernetes_words() {
    let error = apply(DEPLOYMENT, Some(&applied()), &web("nginx:2", &env("2")), &later("otro"), false).unwrap_err();
    let ApplyError::Conflicts { message, causes } = error else { panic!("{error}") };
    assert_eq!(
        message,
        "Apply failed with 2 conflicts: conflicts with \"kubectl\":\n\
         - .spec.template.spec.containers[name=\"nginx\"].image\n\
         - .spec.template.spec.containers[name=\"nginx\"].env[name=\"B\"].value"
    );
    assert_eq!(causes[0].message, "conflict with \"kubectl\"");
    let one = apply(DEPLOYMENT, Some(&applied()), &web("nginx:2", &env("1")), &later("otro"), false).unwrap_err();
    assert_eq!(
        one.to_string(),
        "Apply failed with 1 conflict: conflict with \"kubectl\": .spec.template.spec.containers[name=\"nginx\"].image"
    );
}

#[test]
fn an_updater_is_named_with_its_version_and_time() {
    let mut scaled = applied();
    scaled["spec"]["replicas"] = json!(5);
    let scaled = update(DEPLOYMENT, Some(&applied()), &scaled, &later("kubectl-scale"));
    assert_eq!(fields(&scaled, "kubectl-scale"), json!({"f:spec": {"f:replicas": {}}}));
    assert!(fields(&scaled, "kubectl")["f:spec"].get("f:replicas").is_none());
    let error = apply(DEPLOYMENT, Some(&scaled), &web("nginx:1", &env("1")), &later("kubectl"), false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Apply failed with 1 conflict: conflict with \"kubectl-scale\" using apps/v1 at 2026-01-01T01:00:00Z: .spec.replicas"
    );
    let forced = apply(DEPLOYMENT, Some(&scaled), &web("nginx:1", &env("1")), &later("kubectl"), true).unwrap();
    assert_eq!((&forced["spec"]["replicas"], fields(&forced, "kubectl-scale")), (&json!(2), Value::Null));
}

#[test]
fn what_is_no_longer_applied_goes_away_unless_others_own_it() {
    let mut live = applied();
    live["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = json!("Always");
    live["metadata"]["labels"]["mia"] = json!("si");
    let live = update(DEPLOYMENT, Some(&applied()), &live, &later("editor"));
    let config = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {"containers": [{"name": "nginx", "image": "nginx:1"}]}}}});
    let object = apply(DEPLOYMENT, Some(&live), &config, &later("kubectl"), false).unwrap();
    assert_eq!(object["metadata"]["labels"], json!({"mia": "si"}));
    assert_eq!(object["spec"].get("replicas"), None);
    assert_eq!(
        object["spec"]["template"]["spec"]["containers"],
        json!([{"name": "nginx", "image": "nginx:1", "imagePullPolicy": "Always"}])
    );
}

#[test]
fn a_container_no_longer_applied_goes_whole() {
    let mut two = web("nginx:1", &env("1"));
    two["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "side", "image": "x"}));
    let mut live = apply(DEPLOYMENT, None, &two, &writer("kubectl"), false).unwrap();
    live["spec"]["template"]["spec"]["containers"][1]["imagePullPolicy"] = json!("Always");
    let object = apply(DEPLOYMENT, Some(&live), &web("nginx:1", &env("1")), &later("kubectl"), false).unwrap();
    assert_eq!(object["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 1);
}

#[test]
fn an_apply_that_changes_nothing_gives_the_same_object() {
    let object = applied();
    let again = apply(DEPLOYMENT, Some(&object), &web("nginx:1", &env("1")), &later("kubectl"), false).unwrap();
    assert_eq!(again, object);
    assert_eq!(update(DEPLOYMENT, Some(&object), &object, &later("otro")), object);
}

#[test]
fn creating_owns_new_maps_too() {
    let object = check(DEPLOYMENT, web("nginx:1", &env("1"))).unwrap().value;
    let created = update(DEPLOYMENT, None, &object, &writer("kubectl-create"));
    let fields = fields(&created, "kubectl-create");
    assert_eq!(fields["f:metadata"], json!({"f:labels": {".": {}, "f:app": {}}}));
    assert_eq!(fields["f:spec"]["f:strategy"], Value::Null);
    let container = &fields["f:spec"]["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"nginx\"}"];
    assert_eq!(container["f:env"]["."], json!({}));
    assert_eq!(container["f:resources"], json!({}));
    assert_eq!(fields["f:spec"]["f:template"]["f:spec"]["f:containers"].get("."), None);
}

#[test]
fn an_older_object_belongs_to_before_first_apply() {
    let live = web("nginx:1", &env("1"));
    let error = apply(DEPLOYMENT, Some(&live), &web("nginx:2", &env("1")), &later("kubectl"), false).unwrap_err();
    assert!(error.to_string().contains("conflict with \"before-first-apply\" using apps/v1"), "{error}");
    let refused = apply(DEPLOYMENT, None, &applied(), &later("kubectl"), false).unwrap_err();
    assert_eq!(refused.to_string(), "metadata.managedFields must be nil");
}

#[test]
fn a_port_is_known_by_its_default_protocol() {
    let service = "io.k8s.api.core.v1.Service";
    let config = json!({"spec": {"ports": [{"port": 80}]}});
    let object = apply(service, None, &config, &writer("kubectl"), false).unwrap();
    let ports = &fields(&object, "kubectl")["f:spec"]["f:ports"];
    assert!(ports.get("k:{\"port\":80,\"protocol\":\"TCP\"}").is_some(), "{ports}");
}

#[test]
fn a_client_may_rewrite_or_forget_the_owners() {
    let mut moved = applied();
    moved["metadata"]["managedFields"][0]["manager"] = json!("kubectl-last-applied");
    let written = update(DEPLOYMENT, Some(&applied()), &moved, &later("kubectl"));
    assert_eq!(written, moved);
    let mut forgotten = applied();
    forgotten["metadata"]["managedFields"] = json!([{}]);
    let written = update(DEPLOYMENT, Some(&applied()), &forgotten, &later("kubectl"));
    assert_eq!(written["metadata"].get("managedFields"), None);
}

fn config() -> impl Strategy<Value = Value> {
    let names = prop::sample::subsequence(vec!["a", "b", "c"], 0..=3);
    let labels = prop::collection::btree_map("[xyz]", "[12]", 0..3);
    (names, labels, prop::option::of(0..3)).prop_map(|(names, labels, replicas)| {
        let containers: Vec<Value> = names.iter().map(|name| json!({"name": name, "image": "i"})).collect();
        json!({"metadata": {"name": "w", "labels": labels},
            "spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}}})
    })
}

proptest! {
    #[test]
    fn applying_twice_is_applying_once(first in config(), second in config()) {
        let live = apply(DEPLOYMENT, None, &first, &writer("uno"), false).unwrap();
        let once = apply(DEPLOYMENT, Some(&live), &second, &writer("dos"), true).unwrap();
        let twice = apply(DEPLOYMENT, Some(&once), &second, &later("dos"), true).unwrap();
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn a_lone_applier_gets_what_it_applies(first in config(), second in config()) {
        let live = apply(DEPLOYMENT, None, &first, &writer("uno"), false).unwrap();
        let object = apply(DEPLOYMENT, Some(&live), &second, &writer("uno"), false).unwrap();
        let wanted = apply(DEPLOYMENT, None, &second, &writer("uno"), false).unwrap();
        let (object, wanted) = (check(DEPLOYMENT, object).unwrap(), check(DEPLOYMENT, wanted).unwrap());
        prop_assert_eq!(&object.value["metadata"]["labels"], &wanted.value["metadata"]["labels"]);
        prop_assert_eq!(&object.value["spec"]["replicas"], &wanted.value["spec"]["replicas"]);
        let names = |value: &Value| value.pointer("/spec/template/spec/containers").and_then(Value::as_array).map_or(0, Vec::len);
        prop_assert_eq!(names(&object.value), names(&wanted.value));
    }

    #[test]
    fn sets_survive_their_text(paths in prop::collection::vec(prop::collection::vec("(f:[ab]|v:1)", 1..4), 0..6)) {
        let mut set = Set::default();
        for path in &paths {
            set.insert(path);
        }
        prop_assert_eq!(Set::from_json(&set.to_json()), set.clone());
        prop_assert!(set.difference(&set).is_empty());
        prop_assert_eq!(set.union(&set), set.clone());
        prop_assert_eq!(set.intersection(&set), set);
    }
}
