//! The kinds with which storage drivers speak (storage.k8s.io/v1): stored and shown, nothing more.
//! Must not attach or make disks.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::default::{self, set_all};
use super::kind::{AGE, CREATED_AT, Column, Generation, Kind, NAME, Rules, Subresource};
use super::show;

const BASE: Kind = Kind { group: "storage.k8s.io", namespaced: false, ..Kind::BASE };

pub(super) static VOLUME_ATTACHMENT: Kind = Kind {
    kind: "VolumeAttachment",
    plural: "volumeattachments",
    singular: "volumeattachment",
    schema: "io.k8s.api.storage.v1.VolumeAttachment",
    subresources: &[Subresource::Status],
    about: "Anota que un disco está enganchado a un nodo.",
    columns: &[
        NAME,
        Column { name: "Attacher", ..NAME },
        Column::text("PV"),
        Column::text("Node"),
        Column::boolean("Attached"),
        AGE,
    ],
    rules: &VolumeAttachment,
    ..BASE
};

struct VolumeAttachment;

impl Rules for VolumeAttachment {
    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn has_status(&self) -> bool {
        true
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"attached": false})
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let spec = &object["spec"];
        vec![
            show::name(object),
            show::text_or(&spec["attacher"], ""),
            show::text_or(&spec["source"]["persistentVolumeName"], ""),
            show::text_or(&spec["nodeName"], ""),
            json!(object["status"]["attached"] == true),
            show::age(object, now),
        ]
    }
}

pub(super) static CSI_DRIVER: Kind = Kind {
    kind: "CSIDriver",
    plural: "csidrivers",
    singular: "csidriver",
    schema: "io.k8s.api.storage.v1.CSIDriver",
    about: "Un controlador de discos instalado en el clúster y lo que sabe hacer.",
    columns: &[
        NAME,
        Column::boolean("AttachRequired"),
        Column::boolean("PodInfoOnMount"),
        Column::boolean("StorageCapacity"),
        Column::text("TokenRequests"),
        Column::boolean("RequiresRepublish"),
        Column::text("Modes"),
        AGE,
    ],
    rules: &CsiDriver,
    ..BASE
};

struct CsiDriver;

impl Rules for CsiDriver {
    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let spec = &object["spec"];
        let texts = |list: &Value, text: fn(&Value) -> Option<&str>| {
            let found: Vec<&str> = show::list(list).iter().filter_map(text).collect();
            json!(if found.is_empty() { "<unset>".to_owned() } else { found.join(",") })
        };
        vec![
            show::name(object),
            json!(spec["attachRequired"] != false),
            json!(spec["podInfoOnMount"] == true),
            json!(spec["storageCapacity"] == true),
            texts(&spec["tokenRequests"], |token| token["audience"].as_str()),
            json!(spec["requiresRepublish"] == true),
            texts(&spec["volumeLifecycleModes"], Value::as_str),
            show::age(object, now),
        ]
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = default::spec(object) else { return };
        let fields = [
            ("attachRequired", json!(true)),
            ("podInfoOnMount", json!(false)),
            ("storageCapacity", json!(false)),
            ("fsGroupPolicy", json!("ReadWriteOnceWithFSType")),
            ("volumeLifecycleModes", json!(["Persistent"])),
            ("requiresRepublish", json!(false)),
            ("seLinuxMount", json!(false)),
        ];
        set_all(spec, fields);
    }
}

pub(super) static CSI_NODE: Kind = Kind {
    kind: "CSINode",
    plural: "csinodes",
    singular: "csinode",
    schema: "io.k8s.api.storage.v1.CSINode",
    about: "Los controladores de discos que corren en un nodo.",
    columns: &[NAME, Column::integer("Drivers"), AGE],
    rules: &CsiNode,
    ..BASE
};

struct CsiNode;

impl Rules for CsiNode {
    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let drivers = show::list(&object["spec"]["drivers"]).len();
        vec![show::name(object), json!(drivers), show::age(object, now)]
    }
}

pub(super) static CSI_STORAGE_CAPACITY: Kind = Kind {
    kind: "CSIStorageCapacity",
    plural: "csistoragecapacities",
    singular: "csistoragecapacity",
    namespaced: true,
    schema: "io.k8s.api.storage.v1.CSIStorageCapacity",
    about: "Cuánto espacio le queda a una clase de disco en cada zona.",
    columns: &[NAME, CREATED_AT],
    rules: &CsiStorageCapacity,
    ..BASE
};

struct CsiStorageCapacity;

impl Rules for CsiStorageCapacity {
    fn row(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        vec![show::name(object), show::created_at(object)]
    }
}

pub(super) static VOLUME_ATTRIBUTES_CLASS: Kind = Kind {
    kind: "VolumeAttributesClass",
    plural: "volumeattributesclasses",
    singular: "volumeattributesclass",
    short_names: &["vac"],
    schema: "io.k8s.api.storage.v1.VolumeAttributesClass",
    about: "Prestaciones de un disco (velocidad, caudal) que se pueden cambiar en marcha.",
    columns: &[NAME, Column::text("DriverName"), AGE],
    rules: &VolumeAttributesClass,
    ..BASE
};

struct VolumeAttributesClass;

impl Rules for VolumeAttributesClass {
    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![show::name(object), show::text_or(&object["driverName"], ""), show::age(object, now)]
    }
}
