//! PriorityClass (scheduling.k8s.io/v1): who goes first when there is not room for all. Must not preempt anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::set;
use super::kind::{AGE, Column, Generation, Kind, NAME, Rules};
use super::show;
use super::validate::FieldError;

/// Values above are the system's (`HighestUserDefinablePriority`).
const HIGHEST: i64 = 1_000_000_000;

pub(super) static KIND: Kind = Kind {
    group: "scheduling.k8s.io",
    kind: "PriorityClass",
    plural: "priorityclasses",
    singular: "priorityclass",
    short_names: &["pc"],
    namespaced: false,
    schema: "io.k8s.api.scheduling.v1.PriorityClass",
    about: "Cuánto importa un pod: quién entra primero y quién cede su sitio si no caben todos.",
    columns: &[
        NAME,
        Column::integer("Value"),
        Column::boolean("Global-Default"),
        AGE,
        Column::text("PreemptionPolicy"),
    ],
    rules: &PriorityClass,
    ..Kind::BASE
};

struct PriorityClass;

impl Rules for PriorityClass {
    fn generation(&self) -> Generation {
        Generation::Content
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![
            show::name(object),
            show::count(&object["value"]),
            json!(object["globalDefault"] == true),
            show::age(object, now),
            show::text_or(&object["preemptionPolicy"], ""),
        ]
    }

    fn default(&self, object: &mut Value) {
        if let Some(fields) = object.as_object_mut() {
            set(fields, "preemptionPolicy", json!("PreemptLowerPriority"));
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let root = At::root(object);
        let (name, value, policy) = (root.field("metadata.name"), root.field("value"), root.field("preemptionPolicy"));
        let mut errors: Vec<FieldError> = Vec::new();
        let system = matches!(name.text(), "system-cluster-critical" | "system-node-critical");
        if name.text().starts_with("system-") && !system {
            errors.push(name.forbidden("priority class names with 'system-' prefix are reserved for system use only. error: the name and value do not match a system priority class"));
        }
        if !system && value.int() > HIGHEST {
            errors.push(value.forbidden("maximum allowed value of a user defined priority is 1000000000"));
        }
        if !policy.is_empty() {
            errors.extend(policy.one_of(&["PreemptLowerPriority", "Never"]));
        }
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let (new, old) = (At::root(new), At::root(old));
        let value = new.field("value");
        let mut errors: Vec<FieldError> = Vec::new();
        if value.int() != old.field("value").int() {
            errors.push(value.forbidden("may not be changed in an update."));
        }
        errors.extend(super::validate::immutable(&new.field("preemptionPolicy"), &old.field("preemptionPolicy")));
        errors
    }
}
