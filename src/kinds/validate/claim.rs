//! The spec of a `PersistentVolumeClaim`, alone or inside a pod or StatefulSet (`ValidatePersistentVolumeClaimSpec`).
//! Must not know what provides it.

use super::FieldError;
use super::common::{dns_subdomain, required};
use super::resources::quantity;
use super::selector::label_selector_errors;
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

pub(in crate::kinds) const ACCESS_MODES: &[&str] =
    &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// A claim that lives with its pod.
pub(super) fn ephemeral(source: &At) -> Errors {
    let template = source.field("volumeClaimTemplate");
    if template.is_null() { vec![template.required("")] } else { claim_spec(&template.field("spec")) }
}

pub(in crate::kinds) fn claim_spec(spec: &At) -> Errors {
    let modes = spec.field("accessModes");
    let mut errors: Errors = Vec::new();
    if modes.is_empty() {
        errors.push(modes.required("at least 1 access mode is required"));
    }
    errors.extend(label_selector_errors(&spec.field("selector")));
    errors.extend(access_modes(&modes));
    let storage =
        At::named(format!("{}.resources[storage]", spec.path), spec.field("resources.requests.storage").value);
    if storage.is_null() {
        errors.push(storage.required(""));
    } else if quantity(&storage) <= crate::base::quantity::Quantity::default() {
        errors.push(storage.invalid_as(quantity(&storage).to_string(), "must be greater than zero"));
    }
    let class = spec.field("storageClassName");
    if !class.is_empty() {
        errors.extend(dns_subdomain(&class));
    }
    let mode = spec.field("volumeMode");
    if mode.is_set() {
        errors.extend(mode.one_of(&["Block", "Filesystem"]));
    }
    for name in ["dataSource", "dataSourceRef"] {
        let source = spec.field(name);
        if source.is_set() {
            errors.extend(required(&source.field("name")).into_iter().chain(required(&source.field("kind"))));
        }
    }
    errors
}

/// Modes of access, at most `ReadWriteOncePod` alone.
pub(in crate::kinds) fn access_modes(modes: &At) -> Errors {
    let mut errors: Errors = Vec::new();
    for mode in modes.items() {
        errors.extend(At::named(&modes.path, mode.value).one_of(ACCESS_MODES));
    }
    let alone = modes.items().any(|mode| mode.text() == "ReadWriteOncePod");
    if alone && modes.len() > 1 {
        errors.push(modes.forbidden("may not use ReadWriteOncePod with other access modes"));
    }
    errors
}
