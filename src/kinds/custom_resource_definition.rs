//! `CustomResourceDefinition` (apiextensions.k8s.io/v1): a kind that somebody adds. Stored and judged; its objects are not
//! served yet, and its conditions say so. Must not serve anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::{self, set};
use super::kind::{CREATED_AT, Generation, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::FieldError;
use crate::base::syntax;

pub(super) static KIND: Kind = Kind {
    group: "apiextensions.k8s.io",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    singular: "customresourcedefinition",
    short_names: &["crd", "crds"],
    categories: &["api-extensions"],
    namespaced: false,
    schema: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    subresources: &[Subresource::Status],
    about: "Enseña a la API una clase nueva de objetos.",
    columns: &[NAME, CREATED_AT],
    rules: &CustomResourceDefinition,
    ..Kind::BASE
};

/// What a client hears when it adds a kind.
const NOT_SERVED: &str = "the definition is stored, but this server does not serve custom resources yet";

struct CustomResourceDefinition;

impl Rules for CustomResourceDefinition {
    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn first_status(&self, object: &Value) -> Value {
        let versions = object["spec"]["versions"].as_array().into_iter().flatten();
        let stored: Vec<&Value> = versions.filter(|one| one["storage"] == true).map(|one| &one["name"]).collect();
        json!({
            "acceptedNames": object["spec"]["names"],
            "storedVersions": stored,
            "conditions": [
                { "type": "NamesAccepted", "status": "True", "reason": "NoConflicts", "message": "no conflicts found" },
                { "type": "Established", "status": "False", "reason": "NotServed", "message": NOT_SERVED },
            ],
        })
    }

    fn row(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        vec![show::name(object), object["metadata"]["creationTimestamp"].clone()]
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = default::spec(object) else { return };
        let kind = spec.get("names").and_then(|names| names["kind"].as_str()).unwrap_or_default().to_owned();
        if let Some(names) = default::map(spec, "names").filter(|_| !kind.is_empty()) {
            set(names, "singular", json!(kind.to_lowercase()));
            set(names, "listKind", json!(format!("{kind}List")));
        }
        if let Some(conversion) = default::map(spec, "conversion") {
            set(conversion, "strategy", json!("None"));
        }
    }

    fn warnings(&self, _object: &Value) -> Vec<String> {
        vec![NOT_SERVED.to_owned()]
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let root = At::root(object);
        let (name, spec) = (root.field("metadata.name"), root.field("spec"));
        let mut errors = Vec::new();
        if name.text() != format!("{}.{}", spec.field("names.plural").text(), spec.field("group").text()) {
            errors.push(name.invalid(r#"must be spec.names.plural+"."+spec.group"#));
        }
        errors.extend(group(&spec.field("group")));
        let scope = spec.field("scope");
        if scope.is_empty() {
            errors.push(scope.required(""));
        } else {
            errors.extend(scope.one_of(&["Cluster", "Namespaced"]));
        }
        errors.extend(versions(&spec.field("versions")));
        errors.extend(names(&spec.field("names")));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = self.validate(new);
        for field in ["spec.group", "spec.names.plural", "spec.names.kind", "spec.scope"] {
            errors.extend(super::validate::immutable(&At::root(new).field(field), &At::root(old).field(field)));
        }
        errors
    }
}

fn group(group: &At) -> Vec<FieldError> {
    if group.is_empty() {
        return vec![group.required("")];
    }
    let malformed = group.all(syntax::dns_subdomain(group.text()));
    if malformed.is_empty() && !group.text().contains('.') {
        return vec![group.invalid("should be a domain with at least one dot")];
    }
    malformed
}

fn versions(versions: &At) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for version in versions.items() {
        let name = version.field("name");
        let wrong = syntax::dns_1035_label(name.text());
        if !wrong.is_empty() {
            errors.push(name.invalid_as(name.text(), wrong.join(",")));
        }
        if seen.contains(&name.text()) {
            errors.push(versions.invalid("must contain unique version names"));
        }
        seen.push(name.text());
        let schema = version.field("schema.openAPIV3Schema");
        if schema.is_null() {
            errors.push(schema.required("schemas are required"));
        }
    }
    if versions.items().filter(|version| version.field("storage").flag()).count() != 1 {
        errors.push(versions.invalid("must have exactly one version marked as storage version"));
    }
    errors
}

fn names(names: &At) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for field in ["plural", "singular", "kind", "listKind"] {
        let name = names.field(field);
        let wrong = syntax::dns_1035_label(&name.text().to_lowercase());
        if name.is_empty() {
            errors.push(name.required(""));
        } else if !wrong.is_empty() {
            errors.push(name.invalid(wrong.join(",")));
        }
    }
    let list = names.field("listKind");
    if !list.is_empty() && list.text() == names.field("kind").text() {
        errors.push(list.invalid("kind and listKind may not be the same"));
    }
    errors
}
