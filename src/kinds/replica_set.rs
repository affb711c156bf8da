//! ReplicaSet (apps/v1): exactly N pods of one template. Must not make pods.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::{self, set};
use super::kind::{AGE, Column, Generation, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{FieldError, nonnegatives, workload};

/// Desired, current and ready, for `ReplicaSets` and `ReplicationControllers`.
pub(super) const COLUMNS: &[Column] = &[
    NAME,
    Column::integer("Desired"),
    Column::integer("Current"),
    Column::integer("Ready"),
    AGE,
    Column::wide("Containers"),
    Column::wide("Images"),
    Column::wide("Selector"),
];

pub(super) static KIND: Kind = Kind {
    group: "apps",
    kind: "ReplicaSet",
    plural: "replicasets",
    singular: "replicaset",
    short_names: &["rs"],
    categories: &["all"],
    schema: "io.k8s.api.apps.v1.ReplicaSet",
    subresources: &[Subresource::Scale, Subresource::Status],
    about: "Cuida que existan siempre N pods de un molde; casi siempre lo maneja un Deployment.",
    columns: COLUMNS,
    rules: &ReplicaSet,
    ..Kind::BASE
};

struct ReplicaSet;

impl Rules for ReplicaSet {
    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"replicas": 0})
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        row(object, &show::selector(&object["spec"]["selector"]), now)
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = default::spec(object) else { return };
        set(spec, "replicas", json!(1));
        default::template(spec);
    }

    fn warnings(&self, object: &Value) -> Vec<String> {
        super::validate::pod::warnings(&At::root(object).field("spec.template.spec"))
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let mut errors = nonnegatives(&spec, &["replicas", "minReadySeconds"]);
        errors.extend(workload::selector(&spec, "deployment"));
        errors.extend(workload::template(&spec));
        errors.extend(workload::always_running(&spec.field("template"), "ReplicaSet"));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = self.validate(new);
        errors.extend(workload::immutable_selector(&At::root(new), &At::root(old)));
        errors
    }

    fn validate_status(&self, new: &Value, _old: &Value) -> Vec<FieldError> {
        let status = At::root(new).field("status");
        workload::replica_counts(&status, &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"])
    }
}

/// The row of a kind that counts replicas.
pub(super) fn row(object: &Value, selector: &str, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let [containers, images] = show::containers(&spec["template"]["spec"]);
    vec![
        show::name(object),
        show::count(&spec["replicas"]),
        show::count(&status["replicas"]),
        show::count(&status["readyReplicas"]),
        show::age(object, now),
        containers,
        images,
        json!(selector),
    ]
}
