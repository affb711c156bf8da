//! What holds for every kind and any JSON: nothing panics, defaults settle at once, the status is not a client's.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::kinds::kind::Rules;
use crate::kinds::validate::{metadata, metadata_update};
use crate::kinds::{ALL, Kind};

/// Names that rules look for, so that random objects reach them.
const NAMES: &[&str] = &[
    "metadata",
    "name",
    "namespace",
    "labels",
    "annotations",
    "generation",
    "spec",
    "status",
    "containers",
    "initContainers",
    "template",
    "selector",
    "matchLabels",
    "matchExpressions",
    "ports",
    "port",
    "replicas",
    "strategy",
    "rollingUpdate",
    "resources",
    "limits",
    "requests",
    "cpu",
    "volumes",
    "volumeMounts",
    "env",
    "image",
    "type",
    "clusterIP",
    "clusterIPs",
    "data",
    "rules",
    "subsets",
    "addresses",
    "endpoints",
    "conditions",
    "state",
    "terminated",
    "http",
    "paths",
    "backend",
    "jobTemplate",
    "schedule",
    "metrics",
    "updateStrategy",
    "roleRef",
];

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec!["", "Always", "ñ/é", "100m", "25%", "None", "a.b/c", "2026-01-01T00:00:00Z"])
            .prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((prop::sample::select(NAMES), inner), 0..8).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
            }),
        ]
    })
}

fn everything(kind: &Kind, rules: &dyn Rules, one: &Value, other: &Value) {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut new = one.clone();
    rules.default(&mut new);
    rules.prepare_create(&mut new);
    rules.prepare_update(&mut new, other);
    let texts: Vec<String> = [
        metadata(one, kind),
        metadata_update(one, other),
        rules.validate(one),
        rules.validate(&new),
        rules.validate_update(&new, other),
        rules.validate_status(one, other),
    ]
    .iter()
    .flatten()
    .map(ToString::to_string)
    .collect();
    assert!(texts.iter().all(|text| text.contains(": ")), "{texts:?}");
    assert_eq!(rules.row(one, now).len(), kind.columns.len(), "{}", kind.kind);
    let _ = (rules.fields(one), rules.warnings(one));
    rules.prepare_status(&mut new, other);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_panics(one in json_value(), other in json_value(), spec in json_value(), name in ".{0,12}") {
        let whole = json!({"metadata": {"name": name}, "spec": spec, "status": other});
        for kind in ALL {
            everything(kind, kind.rules, &one, &other);
            everything(kind, kind.rules, &whole, &one);
        }
    }

    #[test]
    fn defaults_settle_at_once(spec in json_value()) {
        for kind in ALL {
            let mut once = json!({"metadata": {"name": "a"}, "spec": spec});
            kind.rules.default(&mut once);
            let mut twice = once.clone();
            kind.rules.default(&mut twice);
            prop_assert_eq!(&once, &twice, "{}", kind.kind);
        }
    }
}
