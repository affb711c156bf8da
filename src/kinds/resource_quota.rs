//! ResourceQuota (core/v1): how much a namespace may use. Must not count what is used.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default;
use super::kind::{AGE, Column, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{FieldError, resources};

mod scopes;

pub(super) static KIND: Kind = Kind {
    kind: "ResourceQuota",
    plural: "resourcequotas",
    singular: "resourcequota",
    short_names: &["quota"],
    schema: "io.k8s.api.core.v1.ResourceQuota",
    subresources: &[Subresource::Status],
    about: "El tope de CPU, memoria y objetos que un namespace puede gastar en total.",
    columns: &[NAME, Column::text("Request"), Column::text("Limit"), AGE],
    rules: &ResourceQuota,
    ..Kind::BASE
};

struct ResourceQuota;

impl Rules for ResourceQuota {
    fn has_status(&self) -> bool {
        true
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let status = &object["status"];
        let used = |name: &str, hard: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or("0").to_owned();
            format!("{name}: {}/{}", text(&status["used"][name]), text(hard))
        };
        let column = |limits: bool| {
            let hard = status["hard"].as_object().into_iter().flatten();
            let hard = hard.filter(|(name, _)| name.starts_with("limits") == limits);
            hard.map(|(name, hard)| used(name, hard)).collect::<Vec<_>>().join(", ")
        };
        vec![show::name(object), json!(column(false)), json!(column(true)), show::age(object, now)]
    }

    fn default(&self, object: &mut Value) {
        default::spec(object);
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let mut errors = Vec::new();
        for (name, hard) in spec.field("hard").entries() {
            // Any resource can be counted as `count/plural.group`.
            if !name.starts_with("count/") {
                errors.extend(resources::resource_name(name, &hard, resources::ALL));
                // `storage` is a resource, but not one of a quota's.
                if !name.contains('/') && (name == "storage" || !resources::ALL.contains(&name)) {
                    errors.push(hard.invalid_as(name, "must be a standard resource for quota"));
                }
            }
            errors.extend(resources::amount(name, &hard));
        }
        errors.extend(scopes::plain(&spec));
        errors.extend(scopes::selector(&spec));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = self.validate(new);
        for name in ["spec.scopes", "spec.scopeSelector"] {
            errors.extend(super::validate::immutable(&At::root(new).field(name), &At::root(old).field(name)));
        }
        errors
    }
}
