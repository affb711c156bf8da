//! `PersistentVolume` (core/v1): a disk of the cluster. Must not bind or provide it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::{self, get, set, set_all};
use super::kind::{AGE, Column, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{FieldError, access_modes, node_selector, resources, same};

const SOURCES: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

pub(super) static KIND: Kind = Kind {
    kind: "PersistentVolume",
    plural: "persistentvolumes",
    singular: "persistentvolume",
    short_names: &["pv"],
    namespaced: false,
    schema: "io.k8s.api.core.v1.PersistentVolume",
    subresources: &[Subresource::Status],
    about: "Un disco del clúster que sobrevive a los pods y espera a que alguien lo pida.",
    columns: &[
        NAME,
        Column::text("Capacity"),
        Column::text("Access Modes"),
        Column::text("Reclaim Policy"),
        Column::text("Status"),
        Column::text("Claim"),
        Column::text("StorageClass"),
        Column::text("VolumeAttributesClass"),
        Column::text("Reason"),
        AGE,
        Column::wide("VolumeMode"),
    ],
    rules: &PersistentVolume,
    ..Kind::BASE
};

struct PersistentVolume;

impl Rules for PersistentVolume {
    fn has_status(&self) -> bool {
        true
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"phase": "Pending"})
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let spec = &object["spec"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let claim = &spec["claimRef"];
        let claim = if claim.is_null() {
            String::new()
        } else {
            format!("{}/{}", text(&claim["namespace"]), text(&claim["name"]))
        };
        vec![
            show::name(object),
            show::text_or(&spec["capacity"]["storage"], "0"),
            json!(show::access_modes(&spec["accessModes"])),
            show::text_or(&spec["persistentVolumeReclaimPolicy"], ""),
            show::phase(object),
            json!(claim),
            show::text_or(&spec["storageClassName"], ""),
            show::text_or(&spec["volumeAttributesClassName"], "<unset>"),
            show::text_or(&object["status"]["reason"], ""),
            show::age(object, now),
            show::text_or(&spec["volumeMode"], "<unset>"),
        ]
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = default::spec(object) else { return };
        set_all(spec, [("persistentVolumeReclaimPolicy", json!("Retain")), ("volumeMode", json!("Filesystem"))]);
        if let Some(host) = get(spec, "hostPath") {
            set(host, "type", json!(""));
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let (modes, capacity) = (spec.field("accessModes"), spec.field("capacity"));
        let mut errors: Vec<FieldError> = Vec::new();
        if modes.is_empty() {
            errors.push(modes.required(""));
        }
        errors.extend(access_modes(&modes));
        if capacity.is_empty() {
            errors.push(capacity.required(""));
        } else if capacity.value.get("storage").is_none() || capacity.map().is_some_and(|all| all.len() > 1) {
            errors.push(capacity.unsupported(&["storage"]));
        }
        for (name, amount) in capacity.entries() {
            if resources::quantity(&amount) <= crate::base::quantity::Quantity::default() {
                errors.push(amount.invalid_as(resources::quantity(&amount).to_string(), "must be greater than zero"));
            }
            errors.extend(resources::amount(name, &amount));
        }
        let policy = spec.field("persistentVolumeReclaimPolicy");
        if !policy.is_empty() {
            errors.extend(policy.one_of(&["Delete", "Recycle", "Retain"]));
        }
        let affinity = spec.field("nodeAffinity.required");
        if affinity.is_set() {
            errors.extend(node_selector(&affinity));
        }
        errors.extend(source(&spec));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let (spec, before) = (At::root(new).field("spec"), At::root(old).field("spec"));
        let mut errors = self.validate(new);
        if SOURCES.iter().any(|name| !same(&spec.field(name), &before.field(name))) {
            errors.push(
                At::named("spec.persistentvolumesource", spec.value)
                    .forbidden("spec.persistentvolumesource is immutable after creation"),
            );
        }
        errors.extend(super::validate::immutable(&spec.field("volumeMode"), &before.field("volumeMode")));
        errors
    }
}

fn source(spec: &At) -> Vec<FieldError> {
    let mut set = SOURCES.iter().filter(|name| spec.field(name).is_set());
    let Some(first) = set.next() else { return vec![spec.required("must specify a volume type")] };
    let mut errors: Vec<FieldError> = Vec::new();
    let path = spec.field(first).field("path");
    if matches!(*first, "hostPath" | "local" | "nfs") && path.is_empty() {
        errors.push(path.required(""));
    }
    errors.extend(set.map(|more| spec.field(more).forbidden("may not specify more than 1 volume type")));
    errors
}
