//! `ReplicationController` (core/v1): the ReplicaSet of before. Must not make pods.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::{self, set};
use super::kind::{Generation, Kind, Rules, Subresource};
use super::validate::{FieldError, nonnegatives, pod, workload};
use super::{replica_set, show};
use crate::base::selector::Selector;

pub(super) static KIND: Kind = Kind {
    kind: "ReplicationController",
    plural: "replicationcontrollers",
    singular: "replicationcontroller",
    short_names: &["rc"],
    categories: &["all"],
    schema: "io.k8s.api.core.v1.ReplicationController",
    subresources: &[Subresource::Scale, Subresource::Status],
    about: "El antepasado del ReplicaSet: mantiene N pods iguales; hoy se usa un Deployment.",
    columns: replica_set::COLUMNS,
    rules: &ReplicationController,
    ..Kind::BASE
};

struct ReplicationController;

impl Rules for ReplicationController {
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
        replica_set::row(object, &show::labels(&object["spec"]["selector"]), now)
    }

    /// Without a selector, that of the template's labels; without labels, those of the template.
    fn default(&self, object: &mut Value) {
        let labels = object["spec"]["template"]["metadata"]["labels"].clone();
        let Some(spec) = default::spec(object) else { return };
        set(spec, "replicas", json!(1));
        default::template(spec);
        if labels.is_object() {
            set(spec, "selector", labels.clone());
            if let Some(metadata) = object.as_object_mut().and_then(|fields| default::map(fields, "metadata")) {
                set(metadata, "labels", labels);
            }
        }
    }

    fn warnings(&self, object: &Value) -> Vec<String> {
        super::validate::pod::warnings(&At::root(object).field("spec.template.spec"))
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let (selector, template) = (spec.field("selector"), spec.field("template"));
        let mut errors = nonnegatives(&spec, &["minReadySeconds"]);
        if selector.is_empty() {
            errors.push(selector.required(""));
        }
        errors.extend(nonnegatives(&spec, &["replicas"]));
        let labels: BTreeMap<String, String> =
            selector.entries().map(|(key, value)| (key.to_owned(), value.text().to_owned())).collect();
        errors.extend(workload::mismatch(&Selector::from_labels(&labels), &template));
        errors.extend(pod::template(&template));
        errors.extend(workload::always_running(&template, "ReplicationController"));
        errors
    }
}
