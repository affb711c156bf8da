//! `IngressClass` (networking.k8s.io/v1): which controller serves an Ingress. Must not route anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::{get, set};
use super::kind::{AGE, Column, Generation, Kind, NAME, Rules};
use super::show;
use super::validate::{FieldError, immutable, required};

pub(super) static KIND: Kind = Kind {
    group: "networking.k8s.io",
    kind: "IngressClass",
    plural: "ingressclasses",
    singular: "ingressclass",
    namespaced: false,
    schema: "io.k8s.api.networking.v1.IngressClass",
    about: "Dice qué controlador atiende a los Ingress que la nombran.",
    columns: &[NAME, Column::text("Controller"), Column::text("Parameters"), AGE],
    rules: &IngressClass,
    ..Kind::BASE
};

struct IngressClass;

impl Rules for IngressClass {
    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let parameters = &object["spec"]["parameters"];
        let text = |name: &str| parameters[name].as_str().unwrap_or_default();
        let shown = match parameters {
            Value::Object(_) if text("apiGroup").is_empty() => format!("{}/{}", text("kind"), text("name")),
            Value::Object(_) => format!("{}.{}/{}", text("kind"), text("apiGroup"), text("name")),
            _ => "<none>".to_owned(),
        };
        vec![show::name(object), show::text_or(&object["spec"]["controller"], ""), json!(shown), show::age(object, now)]
    }

    fn default(&self, object: &mut Value) {
        let parameters = super::default::spec(object).and_then(|spec| get(spec, "parameters"));
        if let Some(parameters) = parameters {
            set(parameters, "scope", json!("Cluster"));
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let controller = At::root(object).field("spec.controller");
        let mut errors: Vec<FieldError> = Vec::new();
        if controller.text().len() > 250 {
            errors.push(controller.too_long(250));
        }
        let prefixed =
            controller.text().split_once('/').is_some_and(|(host, path)| !host.is_empty() && !path.is_empty());
        if controller.is_empty() {
            errors.push(controller.required(""));
        } else if !prefixed {
            errors.push(controller.invalid("must be a domain-prefixed path (such as \"acme.io/foo\")"));
        }
        let parameters = At::root(object).field("spec.parameters");
        if parameters.is_set() {
            errors.extend(["kind", "name"].iter().filter_map(|name| required(&parameters.field(name))));
        }
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let controller = |object| At::root(object).field("spec.controller");
        immutable(&controller(new), &controller(old)).into_iter().chain(self.validate(new)).collect()
    }
}
