//! Namespace (core/v1): a room of the cluster. Its deletion empties it first. Must not hold rules of other kinds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::{self, AGE, Column, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::NameRule;

pub(super) static KIND: Kind = Kind {
    kind: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    short_names: &["ns"],
    namespaced: false,
    schema: "io.k8s.api.core.v1.Namespace",
    subresources: &[Subresource::Finalize, Subresource::Status],
    verbs: &["create", "delete", "get", "list", "patch", "update", "watch"],
    about: "Un espacio con nombre dentro del clúster: separa equipos, proyectos o entornos.",
    columns: &[NAME, Column::text("Status"), AGE],
    rules: &Namespace,
    ..Kind::BASE
};

struct Namespace;

impl Rules for Namespace {
    fn has_status(&self) -> bool {
        true
    }

    fn name_rule(&self) -> NameRule {
        NameRule::Label
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"phase": "Active"})
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![show::name(object), show::text_or(&object["status"]["phase"], ""), show::age(object, now)]
    }

    fn default(&self, object: &mut Value) {
        let name = object["metadata"]["name"].clone();
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        if let (Value::Object(labels), Value::String(name)) = (labels, name) {
            labels.insert("kubernetes.io/metadata.name".to_owned(), Value::String(name));
        }
    }

    /// The finalizer keeps the namespace until its content is gone.
    fn prepare_create(&self, object: &mut Value) {
        kind::prepare_create(self, object);
        if let Some(fields) = object.as_object_mut() {
            fields.insert("spec".to_owned(), json!({"finalizers": ["kubernetes"]}));
        }
    }

    /// Only the `finalize` subresource writes the finalizers.
    fn prepare_update(&self, new: &mut Value, old: &Value) {
        kind::prepare_update(self, new, old);
        kind::keep(new, old, "spec");
    }

    fn fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        vec![("status.phase", object["status"]["phase"].as_str().unwrap_or_default().to_owned())]
    }
}
