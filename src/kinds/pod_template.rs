//! `PodTemplate` (core/v1): a template kept by itself. Must not hold rules of other kinds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default;
use super::kind::{Column, Generation, Kind, NAME, Rules};
use super::show;
use super::validate::{FieldError, pod};

pub(super) static KIND: Kind = Kind {
    kind: "PodTemplate",
    plural: "podtemplates",
    singular: "podtemplate",
    schema: "io.k8s.api.core.v1.PodTemplate",
    about: "Un molde de pod guardado aparte, por si otro controlador lo usa.",
    columns: &[NAME, Column::text("Containers"), Column::text("Images"), Column::text("Pod Labels")],
    rules: &PodTemplate,
    ..Kind::BASE
};

struct PodTemplate;

impl Rules for PodTemplate {
    fn generation(&self) -> Generation {
        Generation::Content
    }

    fn row(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        let template = &object["template"];
        let [containers, images] = show::containers(&template["spec"]);
        vec![show::name(object), containers, images, json!(show::labels(&template["metadata"]["labels"]))]
    }

    fn default(&self, object: &mut Value) {
        if let Some(fields) = object.as_object_mut() {
            default::template(fields);
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        pod::template(&At::root(object).field("template"))
    }
}
