//! Environment variables of a container and where their values come from (`ValidateEnv`). Must not look elsewhere.

use super::common::{dns_label, dns_subdomain, no_backsteps, required};
use super::{FieldError, config_key, env_name, resources};
use crate::base::syntax;
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

const POD_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
const MORE_THAN_ONE: &str = "may not have more than one field specified at a time";

pub(super) fn env(vars: &At) -> Errors {
    let mut errors = Vec::new();
    for var in vars.items() {
        let name = var.field("name");
        errors.extend(if name.is_empty() { vec![name.required("")] } else { name.all(env_name(name.text())) });
        errors.extend(value_from(&var));
    }
    errors
}

fn value_from(var: &At) -> Errors {
    let from = var.field("valueFrom");
    if from.is_null() {
        return Vec::new();
    }
    let mut errors = Vec::new();
    let sources =
        ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"].map(|name| from.field(name));
    for source in sources.iter().filter(|source| source.is_set()) {
        errors.extend(match source.path.rsplit('.').next() {
            Some("fieldRef") => field_ref(source, POD_FIELDS),
            Some("resourceFieldRef") => resources::field_ref(source, false),
            Some("fileKeyRef") => file_key_ref(source),
            _ => key_ref(source),
        });
    }
    let text = match sources.iter().filter(|source| source.is_set()).count() {
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        _ if !var.field("value").is_empty() => "may not be specified when `value` is not empty",
        1 => return errors,
        _ => MORE_THAN_ONE,
    };
    errors.push(from.invalid_as("", text));
    errors
}

/// A key of a ConfigMap or Secret.
fn key_ref(source: &At) -> Errors {
    let (name, key) = (source.field("name"), source.field("key"));
    let mut errors = dns_subdomain(&name);
    errors.extend(if key.is_empty() { vec![key.required("")] } else { key.all(config_key(key.text())) });
    errors
}

fn file_key_ref(source: &At) -> Errors {
    let (key, volume, path) = (source.field("key"), source.field("volumeName"), source.field("path"));
    let mut errors = if key.is_empty() { vec![key.required("")] } else { key.all(env_name(key.text())) };
    errors.extend(if volume.is_empty() { vec![volume.required("")] } else { dns_label(&volume) });
    errors.extend(required(&path).or_else(|| no_backsteps(&path)));
    errors
}

/// A field of the pod itself (the downward API).
pub(super) fn field_ref(source: &At, allowed: &[&str]) -> Errors {
    let path = source.field("fieldPath");
    if let Some(error) = required(&source.field("apiVersion")).or_else(|| required(&path)) {
        return vec![error];
    }
    match path.text().split_once("['").and_then(|(map, rest)| Some((map, rest.strip_suffix("']")?))) {
        Some(("metadata.annotations", key)) => subscript(source, &key.to_lowercase()),
        Some(("metadata.labels", key)) => subscript(source, key),
        Some((map, _)) => vec![source.invalid_as(map, "does not support subscript")],
        None if allowed.contains(&path.text()) => Vec::new(),
        None if convertible(path.text()) => vec![path.unsupported(allowed)],
        None => {
            let text = format!("error converting fieldPath: field label not supported: {}", path.text());
            vec![path.invalid(text)]
        }
    }
}

fn subscript(source: &At, key: &str) -> Errors {
    syntax::label_key(key).into_iter().map(|text| source.invalid_as(key, text)).collect()
}

/// The labels that Kubernetes knows for the downward API at all.
fn convertible(path: &str) -> bool {
    POD_FIELDS.contains(&path)
        || matches!(
            path,
            "metadata.annotations" | "metadata.labels" | "spec.restartPolicy" | "spec.schedulerName" | "status.phase"
        )
}

pub(super) fn env_from(sources: &At) -> Errors {
    let mut errors = Vec::new();
    for source in sources.items() {
        let prefix = source.field("prefix");
        if !prefix.is_empty() {
            errors.extend(prefix.all(env_name(prefix.text())));
        }
        let refs = ["configMapRef", "secretRef"].map(|name| source.field(name));
        let set: Vec<&At> = refs.iter().filter(|source| source.is_set()).collect();
        for source in &set {
            let name = source.field("name");
            errors.extend(required(&name).map_or_else(|| dns_subdomain(&name), |error| vec![error]));
        }
        // Kubernetes names the list, not the element.
        match set.len() {
            0 => errors.push(sources.invalid_as("", "must specify one of: `configMapRef` or `secretRef`")),
            1 => {}
            _ => errors.push(sources.invalid_as("", MORE_THAN_ONE)),
        }
    }
    errors
}
