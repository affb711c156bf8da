//! StorageClass (storage.k8s.io/v1): how disks of one kind are made. Must not make them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::set_all;
use super::kind::{AGE, Column, Kind, NAME, Rules};
use super::show;
use super::validate::{FieldError, immutable, label_key};

const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

pub(super) static KIND: Kind = Kind {
    group: "storage.k8s.io",
    kind: "StorageClass",
    plural: "storageclasses",
    singular: "storageclass",
    short_names: &["sc"],
    namespaced: false,
    schema: "io.k8s.api.storage.v1.StorageClass",
    about: "Una clase de disco (rápido, barato, de red) que el clúster sabe fabricar cuando se lo piden.",
    columns: &[
        NAME,
        Column::text("Provisioner"),
        Column::text("ReclaimPolicy"),
        Column::text("VolumeBindingMode"),
        Column::text("AllowVolumeExpansion"),
        AGE,
    ],
    rules: &StorageClass,
    ..Kind::BASE
};

struct StorageClass;

impl Rules for StorageClass {
    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let default = object["metadata"]["annotations"][DEFAULT_CLASS] == "true";
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        vec![
            json!(if default { format!("{name} (default)") } else { name.to_owned() }),
            show::text_or(&object["provisioner"], ""),
            show::text_or(&object["reclaimPolicy"], "Delete"),
            show::text_or(&object["volumeBindingMode"], "Immediate"),
            json!(object["allowVolumeExpansion"] == true),
            show::age(object, now),
        ]
    }

    fn default(&self, object: &mut Value) {
        if let Some(fields) = object.as_object_mut() {
            set_all(fields, [("reclaimPolicy", json!("Delete")), ("volumeBindingMode", json!("Immediate"))]);
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let root = At::root(object);
        let provisioner = root.field("provisioner");
        let mut errors = if provisioner.is_empty() { vec![provisioner.required("")] } else { label_key(&provisioner) };
        errors.extend(root.field("reclaimPolicy").one_of(&["Delete", "Retain"]));
        errors.extend(root.field("volumeBindingMode").one_of(&["Immediate", "WaitForFirstConsumer"]));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let (root, before) = (At::root(new), At::root(old));
        let mut errors = self.validate(new);
        for name in ["parameters", "provisioner", "reclaimPolicy"] {
            let (now, then) = (root.field(name), before.field(name));
            let text = format!("updates to {name} are forbidden.");
            if !super::validate::same(&now, &then) {
                errors.push(now.forbidden(text));
            }
        }
        errors.extend(immutable(&root.field("volumeBindingMode"), &before.field("volumeBindingMode")));
        errors
    }
}
