//! StatefulSet (apps/v1): pods with a name and a disk of their own, in order. Must not make pods.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::{self, each, map, set, set_all};
use super::kind::{AGE, Column, Generation, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{FieldError, nonnegatives, same, workload};

/// What may change in a spec that exists.
const CHANGEABLE: &[&str] = &[
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

pub(super) static KIND: Kind = Kind {
    group: "apps",
    kind: "StatefulSet",
    plural: "statefulsets",
    singular: "statefulset",
    short_names: &["sts"],
    categories: &["all"],
    schema: "io.k8s.api.apps.v1.StatefulSet",
    subresources: &[Subresource::Scale, Subresource::Status],
    about: "Pods con nombre y disco propios, creados en orden: bases de datos y otros con memoria.",
    columns: &[NAME, Column::text("Ready"), AGE, Column::wide("Containers"), Column::wide("Images")],
    rules: &StatefulSet,
    ..Kind::BASE
};

struct StatefulSet;

impl Rules for StatefulSet {
    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"replicas": 0, "availableReplicas": 0})
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let number = |value: &Value| value.as_i64().unwrap_or(0);
        let [containers, images] = show::containers(&spec["template"]["spec"]);
        vec![
            show::name(object),
            json!(format!("{}/{}", number(&status["readyReplicas"]), number(&spec["replicas"]))),
            show::age(object, now),
            containers,
            images,
        ]
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = default::spec(object) else { return };
        let fields = [
            ("podManagementPolicy", json!("OrderedReady")),
            ("replicas", json!(1)),
            ("revisionHistoryLimit", json!(10)),
        ];
        set_all(spec, fields);
        default::template(spec);
        if let Some(policy) = map(spec, "persistentVolumeClaimRetentionPolicy") {
            set_all(policy, [("whenDeleted", json!("Retain")), ("whenScaled", json!("Retain"))]);
        }
        if let Some(strategy) = map(spec, "updateStrategy")
            && set(strategy, "type", json!("RollingUpdate")) == "RollingUpdate"
            && let Some(rolling) = map(strategy, "rollingUpdate")
        {
            set(rolling, "partition", json!(0));
        }
        for claim in each(spec, "volumeClaimTemplates") {
            set_all(claim, [("apiVersion", json!("v1")), ("kind", json!("PersistentVolumeClaim"))]);
            if let Some(spec) = map(claim, "spec") {
                set(spec, "volumeMode", json!("Filesystem"));
            }
            claim.insert("status".to_owned(), json!({"phase": "Pending"}));
        }
    }

    fn warnings(&self, object: &Value) -> Vec<String> {
        super::validate::pod::warnings(&At::root(object).field("spec.template.spec"))
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let object = with_claims(object);
        let spec = At::root(&object).field("spec");
        let mut errors = policies(&spec);
        errors.extend(nonnegatives(&spec, &["replicas", "minReadySeconds", "revisionHistoryLimit"]));
        errors.extend(nonnegatives(&spec.field("ordinals"), &["start"]));
        errors.extend(workload::selector(&spec, "statefulset"));
        errors.extend(workload::template(&spec));
        errors.extend(workload::always_running(&spec.field("template"), "StatefulSet"));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = self.validate(new);
        let (spec, before) = (At::root(new).field("spec"), At::root(old).field("spec"));
        let names = [&spec, &before].into_iter().filter_map(At::map).flat_map(|fields| fields.keys());
        let mut fixed = names.filter(|name| !CHANGEABLE.contains(&name.as_str()));
        if fixed.any(|name| !same(&spec.field(name), &before.field(name))) {
            errors.push(spec.forbidden("updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"));
        }
        errors
    }

    fn validate_status(&self, new: &Value, _old: &Value) -> Vec<FieldError> {
        let status = At::root(new).field("status");
        workload::replica_counts(&status, &["readyReplicas", "currentReplicas", "updatedReplicas"])
    }
}

/// The object with its claims as volumes of its pods, which then may mount them by name.
fn with_claims(object: &Value) -> Cow<'_, Value> {
    let claims = object["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten();
    let names: Vec<&str> = claims.filter_map(|claim| claim["metadata"]["name"].as_str()).collect();
    if names.is_empty() {
        return Cow::Borrowed(object);
    }
    let mut whole = object.clone();
    let Some(pod) = whole.pointer_mut("/spec/template/spec").and_then(Value::as_object_mut) else {
        return Cow::Borrowed(object);
    };
    let own = pod.get("volumes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // A claim takes the place of a volume of the same name.
    let kept = own.iter().filter(|volume| !names.iter().any(|name| volume["name"] == *name)).cloned();
    let claimed = names.iter().map(|name| json!({"name": name, "emptyDir": {}}));
    let all: Vec<Value> = kept.chain(claimed).collect();
    pod.insert("volumes".into(), all.into());
    Cow::Owned(whole)
}

fn policies(spec: &At) -> Vec<FieldError> {
    let (order, strategy) = (spec.field("podManagementPolicy"), spec.field("updateStrategy"));
    let mut errors = Vec::new();
    match order.text() {
        "OrderedReady" | "Parallel" => {}
        "" => errors.push(order.required("")),
        _ => errors.push(order.invalid("must be 'OrderedReady' or 'Parallel'")),
    }
    let rolling = strategy.field("rollingUpdate");
    match strategy.field("type").text() {
        "" => errors.push(strategy.required("")),
        "OnDelete" if rolling.is_set() => {
            errors.push(rolling.invalid("only allowed for updateStrategy 'RollingUpdate'"));
        }
        "OnDelete" => {}
        "RollingUpdate" => errors.extend(nonnegatives(&rolling, &["partition"])),
        _ => errors.push(strategy.invalid("must be 'RollingUpdate' or 'OnDelete'")),
    }
    for name in ["whenDeleted", "whenScaled"] {
        let policy = spec.field("persistentVolumeClaimRetentionPolicy").field(name);
        if policy.is_set() {
            errors.extend(policy.one_of(&["Retain", "Delete"]));
        }
    }
    errors
}
