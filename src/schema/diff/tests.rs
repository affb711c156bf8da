//! What `kubectl apply` sends, and the law that makes it right: applied, it gives what is wanted.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::merge::{merge, strategic};
use super::{three_way, three_way_json};

const DEPLOYMENT: &str = "io.k8s.api.apps.v1.Deployment";
const SERVICE: &str = "io.k8s.api.core.v1.Service";

fn deployment(containers: Value) -> Value {
    json!({"spec": {"template": {"spec": {"containers": containers}}}})
}

/// Applied to the live object, the patch gives this.
#[track_caller]
fn gives(original: Value, modified: Value, current: Value, expected: Value) {
    let patch = three_way(DEPLOYMENT, &original, &modified, &current).unwrap();
    assert_eq!(strategic(DEPLOYMENT, &current, &patch).unwrap(), expected, "{patch:#}");
}

#[test]
fn nothing_to_do_is_an_empty_patch() {
    let wanted = deployment(json!([{"name": "a", "image": "x"}]));
    let live = deployment(json!([{"name": "a", "image": "x", "imagePullPolicy": "Always"}, {"name": "injected"}]));
    assert_eq!(three_way(DEPLOYMENT, &wanted, &wanted, &live).unwrap(), json!({}));
}

#[test]
fn what_we_dropped_goes_and_what_others_set_stays() {
    let env = |names: &[&str]| names.iter().map(|name| json!({"name": name, "value": "1"})).collect::<Value>();
    let with = |env: Value| deployment(json!([{"name": "a", "image": "x", "env": env}]));
    gives(with(env(&["A", "B"])), with(env(&["B", "C"])), with(env(&["A", "B", "Z"])), with(env(&["B", "C", "Z"])));
    gives(
        json!({"metadata": {"labels": {"a": "1", "b": "1"}}}),
        json!({"metadata": {"labels": {"b": "2"}}}),
        json!({"metadata": {"labels": {"a": "1", "b": "1", "theirs": "1"}}}),
        json!({"metadata": {"labels": {"b": "2", "theirs": "1"}}}),
    );
}

#[test]
fn containers_come_go_and_move() {
    let list = |names: &[&str]| deployment(names.iter().map(|name| json!({ "name": name })).collect());
    gives(list(&["a", "b"]), list(&["b"]), list(&["a", "b"]), list(&["b"]));
    gives(list(&["a"]), list(&["b", "a"]), list(&["a"]), list(&["b", "a"]));
    gives(list(&["a", "b"]), list(&["b", "a"]), list(&["a", "b"]), list(&["b", "a"]));
}

#[test]
fn scalars_of_a_set_come_and_go() {
    let with = |finalizers: &[&str]| json!({"metadata": {"finalizers": finalizers}});
    gives(with(&["a", "b"]), with(&["b", "c"]), with(&["a", "b", "x"]), with(&["b", "c", "x"]));
}

#[test]
fn a_union_keeps_only_its_keys() {
    let rolling = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
    let recreate = json!({"spec": {"strategy": {"type": "Recreate"}}});
    gives(recreate.clone(), recreate.clone(), rolling, recreate);
}

#[test]
fn a_list_without_strategy_is_one_value() {
    let with = |args: &[&str]| deployment(json!([{"name": "a", "args": args}]));
    gives(with(&["x"]), with(&["y"]), with(&["x", "z"]), with(&["y"]));
}

#[test]
fn an_element_without_its_key_is_refused() {
    let ports = json!({"spec": {"ports": [{"name": "http"}]}});
    let error = three_way(SERVICE, &ports, &ports, &ports).unwrap_err();
    assert_eq!(error, "map: map[name:http] does not contain declared merge key: port");
}

#[test]
fn without_types_lists_count_as_a_whole() {
    let original = json!({"spec": {"a": 1, "list": [1, 2], "gone": true}});
    let modified = json!({"spec": {"a": 2, "list": [2]}});
    let current = json!({"spec": {"a": 1, "list": [1, 2], "gone": true, "theirs": 1}});
    let patch = three_way_json(&original, &modified, &current);
    assert_eq!(patch, json!({"spec": {"a": 2, "list": [2], "gone": null}}));
    assert_eq!(merge(current, patch), json!({"spec": {"a": 2, "list": [2], "theirs": 1}}));
}

/// Deployments with lists known by their keys, in any order, and a plain map.
fn wanted() -> impl Strategy<Value = Value> {
    let env = prop::sample::subsequence(vec!["A", "B", "C"], 0..=3).prop_shuffle();
    let container = (prop::sample::select(vec!["x", "y"]), env).prop_map(|(image, env)| {
        let env: Vec<Value> = env.into_iter().map(|name| json!({"name": name, "value": image})).collect();
        json!({"image": image, "env": env})
    });
    let named = prop::sample::subsequence(vec!["a", "b", "c"], 1..=3).prop_shuffle();
    let labels = prop::collection::btree_map("[xyz]", "[12]", 0..3);
    (named, prop::collection::vec(container, 3), labels).prop_map(|(names, containers, labels)| {
        let named = names.into_iter().zip(containers).map(|(name, mut container)| {
            container["name"] = name.into();
            container
        });
        let mut object = deployment(named.collect());
        object["metadata"] = json!({"labels": labels});
        object
    })
}

proptest! {
    /// What was applied is there, and nothing is left to do.
    #[test]
    fn a_patch_applied_leaves_no_difference(old in wanted(), new in wanted()) {
        let patch = three_way(DEPLOYMENT, &old, &new, &old).unwrap();
        let got = strategic(DEPLOYMENT, &old, &patch).unwrap();
        prop_assert_eq!(&got, &new, "{:#}", patch);
        prop_assert_eq!(three_way(DEPLOYMENT, &new, &new, &got).unwrap(), json!({}));
    }

    #[test]
    fn a_plain_patch_applied_leaves_no_difference(old in wanted(), new in wanted()) {
        let got = merge(old.clone(), three_way_json(&old, &new, &old));
        prop_assert_eq!(&got, &new);
        prop_assert_eq!(three_way_json(&new, &new, &got), json!({}));
    }
}
