//! What the kinds that make pods share: selector, template, rolling updates (`pkg/apis/apps/validation`).
//! Must not know one of them in particular.

use super::{Bad, FieldError, count_or_percent, label_selector, label_selector_errors, percent, pod, shown_selector};
use crate::base::selector::Selector;
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

/// The selector must be there and say something; `kind` ends Kubernetes' text.
pub(in crate::kinds) fn selector(spec: &At, kind: &str) -> Errors {
    let selector = spec.field("selector");
    if selector.is_null() {
        return vec![selector.required("")];
    }
    let mut errors = label_selector_errors(&selector);
    errors.extend(empty_selector(&selector, kind));
    errors
}

pub(in crate::kinds) fn empty_selector(selector: &At, kind: &str) -> Option<FieldError> {
    let empty = selector.field("matchLabels").is_empty() && selector.field("matchExpressions").is_empty();
    let text = format!("empty selector is invalid for {kind}");
    (selector.is_set() && empty).then(|| selector.invalid_as(shown_selector(selector.value), text))
}

/// The template, which the selector must match.
pub(in crate::kinds) fn template(spec: &At) -> Errors {
    let (selector, template) = (spec.field("selector"), spec.field("template"));
    let parsed = if selector.is_null() { Ok(Selector::nothing()) } else { label_selector(selector.value) };
    let Ok(parsed) = parsed else {
        return vec![selector.invalid_as(shown_selector(selector.value), "invalid label selector")];
    };
    let mut errors: Errors = mismatch(&parsed, &template).into_iter().collect();
    errors.extend(pod::template(&template));
    errors
}

/// Labels of the template that the selector does not match.
pub(in crate::kinds) fn mismatch(selector: &Selector, template: &At) -> Option<FieldError> {
    let labels = template.field("metadata.labels");
    let label = |key: &str| labels.value.get(key).and_then(serde_json::Value::as_str);
    let fits = selector.is_empty() || selector.matches_with(label);
    (!fits).then(|| labels.invalid("`selector` does not match template `labels`"))
}

/// Pods that are kept running restart always and have no deadline.
pub(in crate::kinds) fn always_running(template: &At, kind: &str) -> Errors {
    let (policy, deadline) = (template.field("spec.restartPolicy"), template.field("spec.activeDeadlineSeconds"));
    let mut errors: Errors = policy.one_of(&["Always"]).into_iter().collect();
    if deadline.is_set() {
        errors.push(deadline.forbidden(format!("activeDeadlineSeconds in {kind} is not Supported")));
    }
    errors
}

/// `maxUnavailable` and `maxSurge`: numbers or percentages, not both zero.
pub(in crate::kinds) fn rolling_update(rolling: &At) -> Errors {
    let (unavailable, surge) = (rolling.field("maxUnavailable"), rolling.field("maxSurge"));
    let mut errors: Errors = count_or_percent(&unavailable).into_iter().chain(count_or_percent(&surge)).collect();
    if is_zero(&unavailable) && is_zero(&surge) {
        errors.push(unavailable.invalid("may not be 0 when `maxSurge` is 0"));
    }
    errors.extend(at_most_all(&unavailable));
    errors
}

/// Zero, or zero percent.
pub(in crate::kinds) fn is_zero(at: &At) -> bool {
    if at.value.is_string() { percent(at).unwrap_or(0) == 0 } else { at.int() == 0 }
}

/// At most a hundred percent.
pub(in crate::kinds) fn at_most_all(at: &At) -> Option<FieldError> {
    percent(at).is_some_and(|percent| percent > 100).then(|| at.invalid("must not be greater than 100%"))
}

/// A selector that may not change after the object was made.
pub(in crate::kinds) fn immutable_selector(new: &At, old: &At) -> Option<FieldError> {
    let (new, old) = (new.field("spec.selector"), old.field("spec.selector"));
    let shown = if new.is_null() { Bad::Json("null".to_owned()) } else { shown_selector(new.value) };
    (!super::same(&new, &old)).then(|| new.invalid_as(shown, super::IMMUTABLE))
}

/// The counts of a status, none more than its replicas.
pub(in crate::kinds) fn replica_counts(status: &At, parts: &[&str]) -> Errors {
    let replicas = status.field("replicas").int();
    let mut errors = super::nonnegatives(status, &["replicas"]);
    errors.extend(super::nonnegatives(status, parts));
    errors.extend(super::nonnegatives(status, &["observedGeneration"]));
    let more = parts.iter().map(|name| status.field(name)).filter(|part| part.int() > replicas);
    errors.extend(more.map(|part| part.invalid("cannot be greater than status.replicas")));
    let (available, ready) = (status.field("availableReplicas"), status.field("readyReplicas"));
    if available.int() > ready.int() {
        errors.push(available.invalid("cannot be greater than readyReplicas"));
    }
    errors
}
