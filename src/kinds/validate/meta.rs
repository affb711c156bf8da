//! `metadata` (`apimachinery/pkg/api/validation/objectmeta.go`): names, labels, annotations, owners, finalizers.
//! Must not look at the rest of the object.

use serde_json::Value;

use super::{FieldError, NameRule};
use crate::base::syntax;
use crate::kinds::Kind;
use crate::kinds::at::At;

/// All annotations of an object together, in bytes.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;
pub(in crate::kinds) const IMMUTABLE: &str = "field is immutable";

/// What is wrong with the metadata of a new object. Comes before the errors of [`crate::kinds::Rules::validate`].
#[must_use]
pub fn metadata(object: &Value, kind: &Kind) -> Vec<FieldError> {
    let meta = At::root(object).field("metadata");
    let mut errors = object_name(&meta, kind.rules.name_rule());
    errors.extend(namespace(&meta.field("namespace"), kind.namespaced));
    let generation = meta.field("generation");
    if generation.int() < 0 {
        errors.push(generation.invalid("must be greater than or equal to 0"));
    }
    errors.extend(common(&meta));
    errors
}

/// What is wrong with a change of the metadata. Comes before the errors of [`crate::kinds::Rules::validate_update`].
#[must_use]
pub fn metadata_update(new: &Value, old: &Value) -> Vec<FieldError> {
    let (meta, before) = (At::root(new).field("metadata"), At::root(old).field("metadata"));
    let mut errors: Vec<FieldError> = Vec::new();
    if before.field("deletionTimestamp").is_set() {
        errors.extend(new_finalizers(&meta, &before));
    }
    let version = meta.field("resourceVersion");
    if version.is_empty() {
        errors.push(version.invalid_as("", "must be specified for an update"));
    }
    let generation = meta.field("generation");
    if generation.int() < before.field("generation").int() {
        errors.push(generation.invalid("must not be decremented"));
    }
    for name in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        let field = meta.field(name);
        if field.value != before.field(name).value {
            errors.push(field.invalid(IMMUTABLE));
        }
    }
    errors.extend(common(&meta));
    errors
}

fn object_name(meta: &At, rule: NameRule) -> Vec<FieldError> {
    let (prefix, name) = (meta.field("generateName"), meta.field("name"));
    let mut errors = Vec::new();
    if !prefix.is_empty() {
        errors.extend(rule.check(prefix.text(), true).into_iter().map(|text| prefix.invalid(text)));
    }
    if name.is_empty() {
        errors.push(name.required("name or generateName is required"));
    } else {
        errors.extend(rule.check(name.text(), false).into_iter().map(|text| name.invalid(text)));
    }
    errors
}

fn namespace(namespace: &At, wanted: bool) -> Vec<FieldError> {
    match (wanted, namespace.is_empty()) {
        (true, true) => vec![namespace.required("")],
        (true, false) => syntax::dns_label(namespace.text()).into_iter().map(|text| namespace.invalid(text)).collect(),
        (false, true) => Vec::new(),
        (false, false) => vec![namespace.forbidden("not allowed on this type")],
    }
}

fn common(meta: &At) -> Vec<FieldError> {
    let mut errors = labels(&meta.field("labels"));
    errors.extend(annotations(&meta.field("annotations")));
    errors.extend(owners(&meta.field("ownerReferences")));
    for finalizer in meta.field("finalizers").items() {
        let finalizer = At::named("metadata.finalizers", finalizer.value);
        errors.extend(syntax::label_key(finalizer.text()).into_iter().map(|text| finalizer.invalid(text)));
    }
    errors
}

/// Keys and values of labels; all errors stand at the map, as in Kubernetes.
pub(in crate::kinds) fn labels(labels: &At) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (key, value) in labels.entries() {
        errors.extend(syntax::label_key(key).into_iter().map(|text| labels.invalid_as(key, text)));
        errors.extend(syntax::label_value(value.text()).into_iter().map(|text| labels.invalid_as(value.text(), text)));
    }
    errors
}

/// Keys of annotations (case does not matter) and their size together.
pub(in crate::kinds) fn annotations(annotations: &At) -> Vec<FieldError> {
    let (mut errors, mut size) = (Vec::new(), 0);
    for (key, value) in annotations.entries() {
        let texts = syntax::label_key(&key.to_lowercase());
        errors.extend(texts.into_iter().map(|text| annotations.invalid_as(key, text)));
        size += key.len() + value.text().len();
    }
    if size > ANNOTATIONS_LIMIT {
        errors.push(annotations.too_long(ANNOTATIONS_LIMIT));
    }
    errors
}

fn owners(owners: &At) -> Vec<FieldError> {
    let (mut errors, mut controller): (Vec<FieldError>, Option<&str>) = (Vec::new(), None);
    for owner in owners.items() {
        // Kubernetes shows the path of the list, without the index.
        for (name, text) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ] {
            let value = owner.field(name);
            if value.is_empty() {
                errors.push(owners.field(name).invalid_as("", text));
            }
        }
        if owner.field("controller").flag() {
            let name = owner.field("name").text();
            if let Some(first) = controller {
                let text = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {name}"
                );
                errors.push(owners.invalid(text));
            }
            controller.get_or_insert(name);
        }
    }
    errors
}

fn new_finalizers(meta: &At, before: &At) -> Option<FieldError> {
    let finalizers = meta.field("finalizers");
    let old: Vec<&Value> = before.field("finalizers").items().map(|item| item.value).collect();
    let added: Vec<String> =
        finalizers.items().filter(|item| !old.contains(&item.value)).map(|item| item.value.to_string()).collect();
    (!added.is_empty()).then(|| {
        let added = added.join(", ");
        finalizers.forbidden(format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{added}}}"
        ))
    })
}
