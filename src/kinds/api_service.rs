//! `APIService` (apiregistration.k8s.io/v1): who serves a group and version. Here this server serves all; one that names a
//! Service of somebody's is stored, and its condition says that it is not asked. Must not proxy.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::kind::{AGE, Column, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{FieldError, NameRule};

pub(super) static KIND: Kind = Kind {
    group: "apiregistration.k8s.io",
    kind: "APIService",
    plural: "apiservices",
    singular: "apiservice",
    categories: &["api-extensions"],
    namespaced: false,
    schema: "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService",
    subresources: &[Subresource::Status],
    about: "Quién sirve cada grupo y versión de la API.",
    columns: &[NAME, Column::text("Service"), Column::text("Available"), AGE],
    rules: &ApiService,
    ..Kind::BASE
};

struct ApiService;

impl Rules for ApiService {
    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn has_status(&self) -> bool {
        true
    }

    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

    fn first_status(&self, object: &Value) -> Value {
        let available = if object["spec"]["service"].is_null() {
            json!({ "status": "True", "reason": "Local", "message": "Local APIServices are always available" })
        } else {
            let message = "this server does not ask other servers yet";
            json!({ "status": "False", "reason": "NotServed", "message": message })
        };
        let mut condition = available;
        condition["type"] = "Available".into();
        json!({ "conditions": [condition] })
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let service = &object["spec"]["service"];
        let place = match service.is_null() {
            true => "Local".to_owned(),
            false => format!("{}/{}", text(&service["namespace"]), text(&service["name"])),
        };
        vec![show::name(object), json!(place), json!(available(object)), show::age(object, now)]
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let root = At::root(object);
        let (name, spec) = (root.field("metadata.name"), root.field("spec"));
        let wanted = format!("{}.{}", spec.field("version").text(), spec.field("group").text());
        let mut errors = Vec::new();
        if name.text() != wanted {
            errors.push(name.invalid(format!("must be `spec.version+\".\"+spec.group`: {wanted:?}")));
        }
        for (field, largest) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1_000)] {
            let priority = spec.field(field);
            if !(1..=largest).contains(&priority.int()) {
                errors.push(priority.invalid(format!("must be positive and less than {largest}")));
            }
        }
        errors
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `True`, or `False (REASON)`.
fn available(object: &Value) -> String {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    match conditions.into_iter().find(|one| one["type"] == "Available") {
        Some(one) if one["status"] == "True" => "True".to_owned(),
        Some(one) => format!("{} ({})", text(&one["status"]), text(&one["reason"])),
        None => "Unknown".to_owned(),
    }
}
