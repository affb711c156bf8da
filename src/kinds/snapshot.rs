//! Snapshot (timonel.dev): a photo of etcd, which can be restored. Must not take nor restore it: the composition root does.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::{AGE, Column, Generation, Kind, NAME, Rules, Subresource, TIMONEL};
use super::show;

pub(super) static KIND: Kind = Kind {
    group: TIMONEL,
    version: "v1alpha1",
    kind: "Snapshot",
    plural: "snapshots",
    singular: "snapshot",
    short_names: &["snap"],
    categories: &["timonel"],
    namespaced: false,
    schema: "dev.timonel.v1alpha1.Snapshot",
    subresources: &[Subresource::Status],
    about: "Una foto de etcd: todo lo que guarda en un momento, para volver a él.",
    columns: &[
        NAME,
        Column::integer("Revision"),
        Column::integer("Objects"),
        Column::integer("Bytes"),
        Column::text("Restored"),
        AGE,
    ],
    rules: &Snapshot,
    ..Kind::BASE
};

struct Snapshot;

impl Rules for Snapshot {
    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let status = &object["status"];
        let restored = match &status["restoredAt"] {
            Value::Null => "Never".to_owned(),
            at => show::since(at, now),
        };
        vec![
            show::name(object),
            show::count(&status["revision"]),
            show::count(&status["objects"]),
            show::count(&status["bytes"]),
            json!(restored),
            show::age(object, now),
        ]
    }
}
