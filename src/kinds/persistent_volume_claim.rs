//! `PersistentVolumeClaim` (core/v1): a request for a disk. Must not bind it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::{self, set};
use super::kind::{AGE, Column, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{FieldError, claim_spec, same};

pub(super) static KIND: Kind = Kind {
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    singular: "persistentvolumeclaim",
    short_names: &["pvc"],
    schema: "io.k8s.api.core.v1.PersistentVolumeClaim",
    subresources: &[Subresource::Status],
    about: "Pide un disco de cierto tamaño; el clúster busca o crea un volumen que sirva.",
    columns: &[
        NAME,
        Column::text("Status"),
        Column::text("Volume"),
        Column::text("Capacity"),
        Column::text("Access Modes"),
        Column::text("StorageClass"),
        Column::text("VolumeAttributesClass"),
        AGE,
        Column::wide("VolumeMode"),
    ],
    rules: &PersistentVolumeClaim,
    ..Kind::BASE
};

struct PersistentVolumeClaim;

impl Rules for PersistentVolumeClaim {
    fn has_status(&self) -> bool {
        true
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"phase": "Pending"})
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let bound = spec["volumeName"].as_str().is_some_and(|name| !name.is_empty());
        let when_bound = |text: String| json!(if bound { text } else { String::new() });
        vec![
            show::name(object),
            show::phase(object),
            show::text_or(&spec["volumeName"], ""),
            when_bound(status["capacity"]["storage"].as_str().unwrap_or("0").to_owned()),
            when_bound(show::access_modes(&status["accessModes"])),
            show::text_or(&spec["storageClassName"], ""),
            show::text_or(&spec["volumeAttributesClassName"], "<unset>"),
            show::age(object, now),
            show::text_or(&spec["volumeMode"], "<unset>"),
        ]
    }

    fn default(&self, object: &mut Value) {
        if let Some(spec) = default::spec(object) {
            set(spec, "volumeMode", json!("Filesystem"));
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        claim_spec(&At::root(object).field("spec"))
    }

    /// A bound claim may only grow.
    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = self.validate(new);
        let (spec, before) = (At::root(new).field("spec"), At::root(old).field("spec"));
        let names = [&spec, &before].into_iter().filter_map(At::map).flat_map(|fields| fields.keys());
        let free = |name: &str| {
            matches!(name, "resources" | "volumeAttributesClassName")
                || (matches!(name, "volumeName" | "storageClassName") && before.field(name).is_empty())
        };
        if names.filter(|name| !free(name)).any(|name| !same(&spec.field(name), &before.field(name))) {
            errors.push(spec.forbidden("spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"));
        }
        let (size, smaller) = (spec.field("resources.requests.storage"), before.field("resources.requests.storage"));
        if super::validate::resources::quantity(&size) < super::validate::resources::quantity(&smaller) {
            let at = spec.field("resources.requests.storage");
            errors.push(
                At::named("spec.resources.requests.storage", at.value)
                    .forbidden("field can not be less than status.capacity"),
            );
        }
        errors
    }
}
