//! `ControllerRevision` (apps/v1): a kept template of a DaemonSet or StatefulSet. Must not hold rules of other kinds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::kind::{AGE, Column, Kind, NAME, Rules};
use super::show;
use super::validate::{FieldError, immutable, nonnegatives};

pub(super) static KIND: Kind = Kind {
    group: "apps",
    kind: "ControllerRevision",
    plural: "controllerrevisions",
    singular: "controllerrevision",
    schema: "io.k8s.api.apps.v1.ControllerRevision",
    about: "Una versión guardada de un DaemonSet o StatefulSet, para poder volver a ella.",
    columns: &[NAME, Column::text("Controller"), Column::text("Revision"), AGE],
    rules: &ControllerRevision,
    ..Kind::BASE
};

struct ControllerRevision;

impl Rules for ControllerRevision {
    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let owners = show::list(&object["metadata"]["ownerReferences"]);
        let controller = owners.iter().find(|owner| owner["controller"] == true).map(|owner| {
            let text = |name: &str| owner[name].as_str().unwrap_or_default();
            let group = text("apiVersion").split_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
            format!("{}{group}/{}", text("kind").to_lowercase(), text("name"))
        });
        vec![
            show::name(object),
            json!(controller.unwrap_or_else(|| "<none>".to_owned())),
            show::count(&object["revision"]),
            show::age(object, now),
        ]
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let data = At::root(object).field("data");
        let mut errors: Vec<FieldError> =
            data.is_null().then(|| data.required("data is mandatory")).into_iter().collect();
        errors.extend(nonnegatives(&At::root(object), &["revision"]));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let data = |object| At::root(object).field("data");
        immutable(&data(new), &data(old)).into_iter().chain(self.validate(new)).collect()
    }
}
