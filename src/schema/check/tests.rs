//! Go's errors, pruning and canonical forms, case by case; checking twice is checking once.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Checked, check};

const POD: &str = "io.k8s.api.core.v1.Pod";
const DEPLOYMENT: &str = "io.k8s.api.apps.v1.Deployment";

fn pod(container: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container]}})
}

#[track_caller]
fn refused(type_name: &str, value: Value, error: &str) {
    assert_eq!(check(type_name, value).unwrap_err(), error);
}

#[test]
fn type_errors_are_in_gos_words() {
    refused(
        POD,
        pod(&json!({"ports": [{"containerPort": "80"}], "imagen": 1})),
        "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
    );
    refused(
        POD,
        json!({"spec": {"containers": {"name": "c"}}}),
        "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
    );
    refused(
        DEPLOYMENT,
        json!({"spec": {"template": {"spec": {"containers": [{"env": [{"name": "D", "value": true}]}]}}}}),
        "json: cannot unmarshal bool into Go struct field EnvVar.spec.template.spec.containers.env.value of type string",
    );
    refused(
        DEPLOYMENT,
        json!({"spec": {"replicas": 3_000_000_000_i64}}),
        "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
    );
    refused(
        DEPLOYMENT,
        json!({"spec": {"replicas": 1.5}, "status": []}),
        "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
    );
    refused(POD, json!([]), "json: cannot unmarshal array into Go value of type v1.Pod");
    refused(
        POD,
        json!({"spec": {"restartPolicy": 1}}),
        "json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy",
    );
    refused(
        POD,
        json!({"metadata": {"labels": ["a"]}}),
        "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
    );
}

#[test]
fn a_types_own_decoder_wins_over_an_earlier_mismatch() {
    let container = json!({"args": [1], "resources": {"requests": {"memory": "12gigas"}}});
    refused(
        POD,
        pod(&container),
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
    refused(
        POD,
        json!({"metadata": {"creationTimestamp": "ayer"}}),
        r#"parsing time "ayer" as "2006-01-02T15:04:05Z07:00": cannot parse "ayer" as "2006""#,
    );
    refused(
        POD,
        pod(&json!({"livenessProbe": {"httpGet": {"port": true}}})),
        "json: cannot unmarshal bool into Go struct field HTTPGetAction.spec.containers.livenessProbe.httpGet.port of type int32",
    );
}

#[test]
fn unknown_fields_are_named_and_pruned() {
    let value = json!({"spec": {"contenedores": [], "containers": [{"name": "c", "imagen": "x", "env": [{"a": 1}]}]}});
    let Checked { value, unknown } = check(POD, value).unwrap();
    assert_eq!(
        unknown,
        [
            r#"unknown field "spec.containers[0].env[0].a""#,
            r#"unknown field "spec.containers[0].imagen""#,
            r#"unknown field "spec.contenedores""#
        ]
    );
    assert!(value.pointer("/spec/contenedores").is_none());
}

#[test]
fn nulls_and_empties_go_as_go_drops_them() {
    let value = json!({"metadata": {"name": "x", "namespace": "", "labels": {"a": null}, "creationTimestamp": null},
        "spec": {"replicas": 0, "paused": false, "selector": null,
            "template": {"spec": {"hostNetwork": false, "automountServiceAccountToken": false,
                "volumes": [{"name": "v", "emptyDir": {}}], "containers": []}}}});
    let value = check(DEPLOYMENT, value).unwrap().value;
    assert_eq!(
        value,
        json!({"metadata": {"name": "x", "labels": {"a": ""}}, "status": {},
            "spec": {"replicas": 0, "strategy": {}, "template": {"metadata": {},
                "spec": {"automountServiceAccountToken": false, "volumes": [{"name": "v", "emptyDir": {}}], "containers": []}}}})
    );
}

#[test]
fn scalars_take_their_canonical_form() {
    let value = json!({"metadata": {"creationTimestamp": "2026-01-01T02:00:00+02:00"},
        "spec": {"containers": [{"resources": {"limits": {"cpu": 1, "memory": "512Mi"}}}]}});
    let value = check(POD, value).unwrap().value;
    assert_eq!(value.pointer("/metadata/creationTimestamp"), Some(&json!("2026-01-01T00:00:00Z")));
    assert_eq!(value.pointer("/spec/containers/0/resources/limits"), Some(&json!({"cpu": "1", "memory": "512Mi"})));
}

fn any_json() -> impl Strategy<Value = Value> {
    let keys = "(metadata|spec|status|containers|env|name|labels|replicas|template|ports|volumes|x)";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z0-9.:TZ-]{0,12}".prop_map(Value::from)
    ];
    leaf.prop_recursive(6, 60, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(keys, inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect()))
        ]
    })
}

proptest! {
    #[test]
    fn checking_twice_changes_nothing_more(value in any_json()) {
        if let Ok(once) = check(DEPLOYMENT, value) {
            let twice = check(DEPLOYMENT, once.value.clone()).unwrap();
            prop_assert_eq!(twice, Checked { value: once.value, unknown: vec![] });
        }
    }
}
