//! Every kind from outside: what a manifest is refused for, what it becomes, how it is shown.

use serde_json::{Value, json};

use super::validate::{metadata, metadata_update};
use super::{ALL, Kind, by_kind};

mod laws;
mod others;
mod pods;
mod services;
mod timonel;
mod workloads;

/// A manifest, defaulted and prepared as the API server does before it validates.
pub(super) fn made(manifest: &str) -> (&'static Kind, Value) {
    let mut object: Value = serde_yaml::from_str(manifest).unwrap();
    let (group, version) = object["apiVersion"].as_str().and_then(|text| text.split_once('/')).unwrap_or(("", "v1"));
    let kind = by_kind(group, version, object["kind"].as_str().unwrap()).unwrap();
    if kind.namespaced {
        object["metadata"]["namespace"] = json!("default");
    }
    kind.rules.default(&mut object);
    kind.rules.prepare_create(&mut object);
    (kind, object)
}

/// The errors of creating a manifest, one a line.
#[track_caller]
pub(super) fn refused(manifest: &str, errors: &str) {
    let (kind, object) = made(manifest);
    let mut found = metadata(&object, kind);
    found.extend(kind.rules.validate(&object));
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.join("\n").trim(), errors.trim(), "{manifest}");
}

/// The errors of changing an object that was made from the manifest.
#[track_caller]
pub(super) fn change_refused(manifest: &str, change: impl FnOnce(&mut Value), errors: &str) {
    let (kind, mut old) = made(manifest);
    old["metadata"]["resourceVersion"] = json!("1");
    let mut new = old.clone();
    change(&mut new);
    kind.rules.default(&mut new);
    kind.rules.prepare_update(&mut new, &old);
    let mut found = metadata_update(&new, &old);
    found.extend(kind.rules.validate_update(&new, &old));
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.join("\n").trim(), errors.trim(), "{manifest}");
}

/// The row of an object ten minutes after it was made.
pub(super) fn row(kind: &Kind, object: &Value) -> Vec<Value> {
    let mut object = object.clone();
    object["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    kind.rules.row(&object, "2026-01-01T00:10:00Z".parse().unwrap())
}

#[test]
fn every_kind_is_whole() {
    for kind in ALL {
        assert!(!kind.kind.is_empty() && !kind.plural.is_empty(), "{}", kind.kind);
        // Metrics are of another server in Kubernetes: they have no name for one, and no schema.
        if kind.group != "metrics.k8s.io" {
            assert!(!kind.singular.is_empty(), "{}", kind.kind);
            assert!(kind.schema.ends_with(&format!(".{}", kind.kind)), "{}", kind.schema);
        }
        assert!(kind.about.ends_with('.') && !kind.about.contains('\n'), "{}: {}", kind.kind, kind.about);
        let same = ALL.iter().filter(|other| other.api_version() == kind.api_version());
        assert_eq!(same.filter(|other| other.plural == kind.plural).count(), 1, "{}", kind.plural);
        assert_eq!(row(kind, &json!({})).len(), kind.columns.len(), "{}", kind.kind);
    }
}

#[test]
fn storage_prefixes_are_those_of_kubernetes() {
    let prefix = |group: &str, kind: &str| by_kind(group, "v1", kind).unwrap().storage_prefix();
    assert_eq!(prefix("", "Pod"), "/registry/pods/");
    assert_eq!(prefix("", "Service"), "/registry/services/specs/");
    assert_eq!(prefix("", "Node"), "/registry/minions/");
    assert_eq!(prefix("apps", "Deployment"), "/registry/deployments/");
    assert_eq!(prefix("", "Event"), prefix("events.k8s.io", "Event"));
}

#[test]
fn names_and_labels() {
    let subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    refused(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: MALO}}",
        &format!("metadata.name: Invalid value: \"MALO\": {subdomain}"),
    );
    refused(
        "{apiVersion: v1, kind: Namespace, metadata: {name: MAYUS}}",
        "metadata.name: Invalid value: \"MAYUS\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    );
}

#[test]
fn immutable_config_maps() {
    change_refused(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: fijo}, immutable: true, data: {a: '1'}}",
        |new| new["data"]["a"] = json!("2"),
        "data: Forbidden: field is immutable when `immutable` is set",
    );
}

#[test]
fn secrets_encode_what_was_plain() {
    let (_, secret) = made("{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {password: s3creto}}");
    assert_eq!(secret["data"]["password"], "czNjcmV0bw==");
    assert_eq!(secret["type"], "Opaque");
    assert!(secret["stringData"].is_null());
}
