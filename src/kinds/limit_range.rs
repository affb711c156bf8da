//! `LimitRange` (core/v1): bounds and defaults for each container of a namespace. Must not apply them.

use jiff::Timestamp;
use serde_json::Value;

use super::at::At;
use super::default::{each, map};
use super::kind::{CREATED_AT, Kind, NAME, Rules};
use super::show;
use super::validate::{FieldError, resources};

pub(super) static KIND: Kind = Kind {
    kind: "LimitRange",
    plural: "limitranges",
    singular: "limitrange",
    short_names: &["limits"],
    schema: "io.k8s.api.core.v1.LimitRange",
    about: "Mínimos, máximos y valores por defecto de CPU y memoria para cada contenedor de un namespace.",
    columns: &[NAME, CREATED_AT],
    rules: &LimitRange,
    ..Kind::BASE
};

struct LimitRange;

impl Rules for LimitRange {
    fn row(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        vec![show::name(object), show::created_at(object)]
    }

    /// Limits default to the maximum, requests to the limits or else the minimum.
    fn default(&self, object: &mut Value) {
        let Some(spec) = super::default::spec(object) else { return };
        for limit in each(spec, "limits").filter(|limit| limit.get("type").is_some_and(|kind| kind == "Container")) {
            for (to, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
                let Some(from) = limit.get(from).and_then(Value::as_object).cloned() else { continue };
                let Some(to) = map(limit, to) else { continue };
                for (name, amount) in from {
                    to.entry(name).or_insert(amount);
                }
            }
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let (mut errors, mut seen) = (Vec::new(), Vec::new());
        for limit in At::root(object).field("spec.limits").items() {
            let kind = limit.field("type");
            if !matches!(kind.text(), "Pod" | "Container" | "PersistentVolumeClaim") && !kind.text().contains('/') {
                errors.push(kind.invalid_as(kind.text(), "must be a standard limit type or fully qualified"));
            }
            if seen.contains(&kind.text()) {
                errors.push(kind.duplicate());
            }
            seen.push(kind.text());
            if kind.text() == "Pod" {
                let refused = ["default", "defaultRequest"].map(|name| limit.field(name));
                let text = "may not be specified when `type` is 'Pod'";
                errors.extend(refused.iter().filter(|field| !field.is_empty()).map(|field| field.forbidden(text)));
            }
            errors.extend(bounds(&limit));
        }
        errors
    }
}

/// `min` ≤ `defaultRequest` ≤ `default` ≤ `max`.
fn bounds(limit: &At) -> Vec<FieldError> {
    let relations = [
        ("min", "max"),
        ("defaultRequest", "max"),
        ("defaultRequest", "default"),
        ("default", "max"),
        ("min", "defaultRequest"),
        ("min", "default"),
    ];
    let words = |name: &str| {
        match name {
            "defaultRequest" => "default request",
            "default" => "default",
            other => other,
        }
        .to_owned()
    };
    let mut errors = Vec::new();
    for (low, high) in relations {
        let (smaller, larger) = (limit.field(low), limit.field(high));
        for (name, amount) in smaller.entries() {
            let Some(bound) = larger.value.get(name) else { continue };
            let (found, bound) = (resources::quantity(&amount), resources::quantity(&At::named("", bound)));
            if found > bound {
                let text = format!("{} value {found} is greater than {} value {bound}", words(low), words(high));
                errors.push(amount.invalid_as(found.to_string(), text));
            }
        }
    }
    errors
}
