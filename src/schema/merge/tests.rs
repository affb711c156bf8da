//! Each directive of strategic merge, its refusals, and the laws of both merges.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{merge, strategic};

const DEPLOYMENT: &str = "io.k8s.api.apps.v1.Deployment";
const POD_SPEC: &str = "io.k8s.api.core.v1.PodSpec";
const SERVICE_SPEC: &str = "io.k8s.api.core.v1.ServiceSpec";
const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

#[track_caller]
#[allow(clippy::needless_pass_by_value)] // the cases read better without borrows
fn merges(type_name: &str, current: Value, patch: Value, expected: Value) {
    assert_eq!(strategic(type_name, &current, &patch).unwrap(), expected);
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn refuses(type_name: &str, current: Value, patch: Value, error: &str) {
    assert_eq!(strategic(type_name, &current, &patch).unwrap_err(), error);
}

#[test]
fn lists_merge_by_their_key() {
    merges(
        POD_SPEC,
        json!({"containers": [{"name": "a", "image": "x"}, {"name": "b"}]}),
        json!({"containers": [{"name": "a", "image": "y", "env": [{"name": "E", "value": "1"}]}, {"name": "c"}]}),
        json!({"containers": [{"name": "a", "image": "y", "env": [{"name": "E", "value": "1"}]}, {"name": "c"}, {"name": "b"}]}),
    );
    merges(
        SERVICE_SPEC,
        json!({"ports": [{"port": 80, "name": "web"}]}),
        json!({"ports": [{"port": 80, "targetPort": 8080}]}),
        json!({"ports": [{"port": 80, "name": "web", "targetPort": 8080}]}),
    );
    merges(
        POD_SPEC,
        json!({"containers": [{"name": "a", "args": ["x"]}]}),
        json!({"containers": [{"name": "a", "args": ["y"]}]}),
        json!({"containers": [{"name": "a", "args": ["y"]}]}),
    );
}

#[test]
fn directives_delete_replace_and_order() {
    let current = json!({"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]});
    let deletion = json!({"containers": [{"name": "b", "$patch": "delete"}]});
    merges(POD_SPEC, current.clone(), deletion, json!({"containers": [{"name": "a"}, {"name": "c"}]}));
    let replacement = json!({"containers": [{"$patch": "replace"}, {"name": "z"}]});
    merges(POD_SPEC, current.clone(), replacement, json!({"containers": [{"name": "z"}]}));
    let order = json!({"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
        "containers": [{"name": "a", "image": "y"}]});
    merges(
        POD_SPEC,
        current.clone(),
        order,
        json!({"containers": [{"name": "b"}, {"name": "c"}, {"name": "a", "image": "y"}]}),
    );
    merges(POD_SPEC, current.clone(), json!({"$patch": "replace", "hostname": "h"}), json!({"hostname": "h"}));
    merges(POD_SPEC, current, json!({"$patch": "delete"}), json!({}));
}

#[test]
fn primitive_lists_and_retained_keys() {
    merges(
        META,
        json!({"finalizers": ["a", "b", "c"]}),
        json!({"$deleteFromPrimitiveList/finalizers": ["b"], "$setElementOrder/finalizers": ["a", "c", "d"], "finalizers": ["d"]}),
        json!({"finalizers": ["a", "c", "d"]}),
    );
    merges(META, json!({"finalizers": ["a"]}), json!({"finalizers": ["a", "b"]}), json!({"finalizers": ["a", "b"]}));
    merges(
        DEPLOYMENT,
        json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}),
        json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
        json!({"spec": {"strategy": {"type": "Recreate"}}}),
    );
    merges(
        META,
        json!({"labels": {"a": "1", "b": "2"}}),
        json!({"labels": {"a": null, "c": "3"}}),
        json!({"labels": {"b": "2", "c": "3"}}),
    );
}

#[test]
fn refusals_are_kubernetes() {
    let current = json!({"containers": [{"name": "a"}]});
    refuses(
        POD_SPEC,
        current.clone(),
        json!({"containers": [{"image": "x"}]}),
        "map: map[image:x] does not contain declared merge key: name",
    );
    refuses(POD_SPEC, current.clone(), json!({"$patch": "swap"}), "unknown patch type: swap in map: map[$patch:swap]");
    refuses(
        POD_SPEC,
        current.clone(),
        json!({"containers": [{"$patch": "merge"}]}),
        "merging lists cannot yet be specified in the patch",
    );
    refuses(
        POD_SPEC,
        current,
        json!({"$retainKeys": ["hostname"], "nodeName": "n"}),
        "invalid patch format of retainKeys",
    );
    refuses(
        POD_SPEC,
        json!({"x": {}}),
        json!({"x": {"a": 1}}),
        r#"unable to find api field in struct PodSpec for the json field "x""#,
    );
}

#[test]
fn merge_patch_follows_the_rfc() {
    assert_eq!(
        merge(json!({"a": {"b": 1, "c": 2}, "d": [1]}), json!({"a": {"b": null}, "d": [2]})),
        json!({"a": {"c": 2}, "d": [2]})
    );
    assert_eq!(merge(json!({"a": [1]}), json!({"a": {"b": null, "c": 1}})), json!({"a": {"c": 1}}));
}

/// What turns `old` into `new` when merged: RFC 7386's inverse, for objects without nulls.
fn difference(old: &Map<String, Value>, new: &Map<String, Value>) -> Value {
    let gone = old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let changed = new.iter().filter(|(key, value)| old.get(*key) != Some(*value)).map(|(key, value)| {
        let value = match (old.get(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => difference(old, new),
            (_, value) => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(gone.chain(changed).collect())
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0..4).prop_map(Value::from),
        "[ab]{1,2}".prop_map(Value::from)
    ];
    let tree = leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect()))
        ]
    });
    prop::collection::btree_map("[a-d]", tree, 0..4).prop_map(|map| map.into_iter().collect())
}

fn containers() -> impl Strategy<Value = Value> {
    let container =
        (prop::sample::select(vec!["a", "b", "c"]), prop::option::of("[xy]"), prop::collection::vec("[AB]", 0..2));
    prop::collection::vec(container, 0..4).prop_map(|list| {
        let mut seen = Vec::new();
        let items: Vec<Value> = list
            .into_iter()
            .filter(|(name, ..)| {
                !seen.contains(name) && {
                    seen.push(*name);
                    true
                }
            })
            .map(|(name, image, args)| {
                image.map_or_else(|| json!({"name": name, "args": args}), |image| json!({"name": name, "image": image}))
            })
            .collect();
        json!({ "containers": items })
    })
}

proptest! {
    #[test]
    fn a_difference_applied_gives_the_new(old in object(), new in object()) {
        let patch = difference(&old, &new);
        prop_assert_eq!(merge(Value::Object(old), patch), Value::Object(new));
    }

    #[test]
    fn merging_twice_changes_nothing_more(old in containers(), patch in containers()) {
        let once = strategic(POD_SPEC, &old, &patch).unwrap();
        prop_assert_eq!(strategic(POD_SPEC, &once, &patch).unwrap(), once);
    }

    #[test]
    fn an_empty_patch_changes_nothing(old in containers()) {
        prop_assert_eq!(strategic(POD_SPEC, &old, &json!({})).unwrap(), old);
    }

    #[test]
    fn random_patches_never_panic(old in object(), patch in object()) {
        let _ = strategic(POD_SPEC, &json!({"containers": old}), &json!({"containers": patch, "$setElementOrder/containers": patch}));
    }
}
