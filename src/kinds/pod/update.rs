//! What may change in a pod that exists (`ValidatePodUpdate`): images, a deadline, more tolerations, fewer gates.
//! Must not judge the new pod by itself.

use serde_json::Value;

use crate::kinds::at::At;
use crate::kinds::show;
use crate::kinds::validate::{FieldError, same};

type Errors = Vec<FieldError>;

const CHANGEABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn errors(new: &At, old: &At) -> Errors {
    let mut errors: Errors = Vec::new();
    for list in ["containers", "initContainers"] {
        let (new, old) = (new.field(list), old.field(list));
        if new.len() != old.len() {
            errors.push(new.forbidden("pod updates may not add or remove containers"));
            return errors;
        }
    }
    errors.extend(deadline(new, old));
    errors.extend(tolerations(&new.field("tolerations"), &old.field("tolerations")));
    errors.extend(gates(&new.field("schedulingGates"), &old.field("schedulingGates")));
    let munged = munge(new.value, old.value);
    if &munged != old.value {
        let difference = super::diff::diff(old.value, &munged);
        errors.push(new.forbidden(format!("{CHANGEABLE}\n{difference}")));
    }
    errors
}

/// Debugging containers may come, and neither change nor go (`ValidatePodEphemeralContainersUpdate`).
pub(super) fn ephemeral(new: &At, old: &At) -> Errors {
    let (new, old) = (new.field("ephemeralContainers"), old.field("ephemeralContainers"));
    let mut errors: Errors = Vec::new();
    for before in old.items() {
        let name = before.field("name").text();
        match new.items().find(|container| container.field("name").text() == name) {
            None => {
                errors.push(new.forbidden(format!("existing ephemeral containers {name:?} may not be removed\n")));
            }
            Some(after) if after.value != before.value => {
                errors.push(new.forbidden(format!("existing ephemeral containers {name:?} may not be changed\n")));
            }
            Some(_) => {}
        }
    }
    errors
}

/// Only what containers ask for may change (`ValidatePodResize`).
pub(super) fn resize(new: &At, old: &At) -> Errors {
    let mut munged = new.value.clone();
    for list in ["containers", "initContainers"] {
        for (index, before) in show::list(&old.value[list]).iter().enumerate() {
            if let Some(container) = munged.get_mut(list).and_then(|list| list.get_mut(index)) {
                keep(container, before, "resources");
                keep(container, before, "resizePolicy");
            }
        }
    }
    if &munged == old.value { Errors::new() } else { vec![new.forbidden("only cpu and memory resources are mutable")] }
}

/// A deadline may come, and come nearer, but not go.
fn deadline(new: &At, old: &At) -> Option<FieldError> {
    let (new, old) = (new.field("activeDeadlineSeconds"), old.field("activeDeadlineSeconds").number());
    match (new.number(), old) {
        (None, Some(_)) => Some(new.invalid("must not update from a positive integer to nil value")),
        (Some(later), Some(before)) if later > before => {
            Some(new.invalid("must be less than or equal to previous value"))
        }
        _ => None,
    }
}

fn tolerations(new: &At, old: &At) -> Option<FieldError> {
    let without_seconds = |toleration: &Value| {
        let mut toleration = toleration.clone();
        if let Some(fields) = toleration.as_object_mut() {
            fields.remove("tolerationSeconds");
        }
        toleration
    };
    let kept: Vec<Value> = new.items().map(|toleration| without_seconds(toleration.value)).collect();
    let lost = old.items().any(|toleration| !kept.contains(&without_seconds(toleration.value)));
    lost.then(|| new.forbidden("existing toleration can not be modified except its tolerationSeconds"))
}

fn gates(new: &At, old: &At) -> Errors {
    let known: Vec<&str> = old.items().map(|gate| gate.field("name").text()).collect();
    let added = new.items().map(|gate| gate.field("name")).filter(|name| !known.contains(&name.text()));
    let text = |name: &str| format!("only deletion is allowed, but found new scheduling gate '{name}'");
    added.map(|name| name.forbidden(text(name.text()))).collect()
}

/// The new spec with the old value wherever a change is allowed.
fn munge(new: &Value, old: &Value) -> Value {
    let mut spec = new.clone();
    for list in ["containers", "initContainers"] {
        for (index, before) in show::list(&old[list]).iter().enumerate() {
            if let Some(container) = spec.get_mut(list).and_then(|list| list.get_mut(index)) {
                keep(container, before, "image");
            }
        }
    }
    let mut kept = vec!["activeDeadlineSeconds", "schedulingGates", "tolerations"];
    let was_negative = old["terminationGracePeriodSeconds"].as_i64().is_some_and(|seconds| seconds < 0);
    if was_negative && new["terminationGracePeriodSeconds"] == 1 {
        kept.push("terminationGracePeriodSeconds");
    }
    if !show::list(&old["schedulingGates"]).is_empty() && only_adds(&new["nodeSelector"], &old["nodeSelector"]) {
        kept.push("nodeSelector");
    }
    for name in kept {
        keep(&mut spec, old, name);
    }
    // What is absent in the old one and empty in the new one is the same.
    let names: Vec<String> = spec.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    for name in names {
        if same(&At::root(&spec).field(&name), &At::root(old).field(&name)) {
            keep(&mut spec, old, &name);
        }
    }
    spec
}

/// A gated pod may be given more node labels to ask for.
fn only_adds(new: &Value, old: &Value) -> bool {
    old.as_object().into_iter().flatten().all(|(key, value)| new.get(key) == Some(value))
}

fn keep(object: &mut Value, old: &Value, name: &str) {
    crate::kinds::kind::keep(object, old, name);
}
