//! Where a pod wants to be: affinity, tolerations, spreading (`validateAffinity`, `ValidateTolerations`).
//! Must not decide where it goes.

use super::FieldError;
use super::common::label_key;
use super::selector::label_selector_errors;
use crate::base::syntax;
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

pub(super) const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub(super) fn affinity(affinity: &At) -> Errors {
    let mut errors = node_affinity(&affinity.field("nodeAffinity"));
    for name in ["podAffinity", "podAntiAffinity"] {
        let side = affinity.field(name);
        errors.extend(side.field(REQUIRED).items().flat_map(|term| pod_term(&term)));
        for weighted in side.field(PREFERRED).items() {
            errors.extend(weight(&weighted));
            errors.extend(pod_term(&weighted.field("podAffinityTerm")));
        }
    }
    errors
}

fn node_affinity(affinity: &At) -> Errors {
    let required = affinity.field(REQUIRED);
    let mut errors = if required.is_set() { node_selector(&required) } else { Vec::new() };
    for preferred in affinity.field(PREFERRED).items() {
        errors.extend(weight(&preferred));
        errors.extend(node_term(&preferred.field("preference"), true));
    }
    errors
}

fn weight(term: &At) -> Option<FieldError> {
    let weight = term.field("weight");
    (!(1..=100).contains(&weight.int())).then(|| weight.invalid_as(weight.int(), "must be in the range 1-100"))
}

/// The node selector of an affinity or of a `PersistentVolume`.
pub(in crate::kinds) fn node_selector(selector: &At) -> Errors {
    let terms = selector.field("nodeSelectorTerms");
    if terms.is_empty() {
        return vec![terms.required("must have at least one node selector term")];
    }
    terms.items().flat_map(|term| node_term(&term, false)).collect()
}

fn node_term(term: &At, lenient: bool) -> Errors {
    let labels = term.field("matchExpressions").items().flat_map(|rule| node_requirement(&rule, lenient));
    let fields = term.field("matchFields").items().flat_map(|rule| node_field(&rule));
    labels.chain(fields).collect()
}

fn node_requirement(rule: &At, lenient: bool) -> Errors {
    let (operator, values) = (rule.field("operator"), rule.field("values"));
    let mut errors = Vec::new();
    match operator.text() {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(values.required("must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.push(values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        "Gt" | "Lt" if values.len() != 1 => {
            errors.push(values.required("must be specified single value when `operator` is 'Lt' or 'Gt'"));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.push(operator.invalid_as(other, "not a valid selector operator")),
    }
    errors.extend(label_key(&rule.field("key")));
    if !lenient {
        errors.extend(values.items().flat_map(|value| value.all(syntax::label_value(value.text()))));
    }
    errors
}

fn node_field(rule: &At) -> Errors {
    let (operator, values, key) = (rule.field("operator"), rule.field("values"), rule.field("key"));
    let mut errors = Vec::new();
    match operator.text() {
        "In" | "NotIn" if values.len() != 1 => errors
            .push(values.required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector")),
        "In" | "NotIn" => {}
        other => errors.push(operator.invalid_as(other, "not a valid selector operator")),
    }
    if key.text() == "metadata.name" {
        errors.extend(values.items().flat_map(|value| value.all(syntax::dns_subdomain(value.text()))));
    } else {
        errors.push(key.invalid_as(key.text(), "not a valid field selector key"));
    }
    errors
}

fn pod_term(term: &At) -> Errors {
    let mut errors = label_selector_errors(&term.field("labelSelector"));
    errors.extend(label_selector_errors(&term.field("namespaceSelector")));
    let namespaces = term.field("namespaces");
    for name in namespaces.items() {
        let at = At::named(format!("{}.namespace", term.path), name.value);
        errors.extend(at.all(syntax::dns_label(name.text())));
    }
    let key = term.field("topologyKey");
    if key.is_empty() {
        errors.push(key.required("can not be empty"));
    }
    errors.extend(label_key(&key));
    errors
}

pub(super) fn tolerations(tolerations: &At) -> Errors {
    tolerations.items().flat_map(|toleration| one_toleration(&toleration)).collect()
}

fn one_toleration(at: &At) -> Errors {
    let (key, operator, value, effect) = (at.field("key"), at.field("operator"), at.field("value"), at.field("effect"));
    let mut errors = if key.is_empty() { Vec::new() } else { label_key(&key) };
    if key.is_empty() && operator.text() != "Exists" {
        let text = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        errors.push(operator.invalid_as(operator.text(), text));
    }
    if at.field("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
        errors.push(effect.invalid_as(effect.text(), "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    match operator.text() {
        "Equal" | "" => {
            let texts = syntax::label_value(value.text());
            if !texts.is_empty() {
                errors.push(operator.invalid_as(value.text(), texts.join(";")));
            }
        }
        "Exists" if !value.is_empty() => {
            errors.push(operator.invalid_as(value.text(), "value must be empty when `operator` is 'Exists'"));
        }
        "Exists" => {}
        _ => errors.push(operator.unsupported(&["Equal", "Exists"])),
    }
    if !effect.is_empty() {
        errors.extend(effect.one_of(EFFECTS));
    }
    errors
}

pub(super) fn spread(constraints: &At) -> Errors {
    const ACTIONS: &[&str] = &["DoNotSchedule", "ScheduleAnyway"];
    let (mut errors, mut seen) = (Vec::new(), Vec::new());
    for constraint in constraints.items() {
        let (skew, key, action) =
            (constraint.field("maxSkew"), constraint.field("topologyKey"), constraint.field("whenUnsatisfiable"));
        if skew.int() <= 0 {
            errors.push(skew.invalid_as(skew.int(), "must be greater than zero"));
        }
        if key.is_empty() {
            errors.push(key.required("can not be empty"));
        } else {
            errors.extend(label_key(&key));
        }
        errors.extend(action.one_of(ACTIONS));
        let pair = (key.text(), action.text());
        if seen.contains(&pair) {
            let at = At::named(format!("{}.{{topologyKey, whenUnsatisfiable}}", constraint.path), constraint.value);
            errors.push(at.duplicate_as(format!("{{{}, {}}}", pair.0, pair.1)));
        }
        seen.push(pair);
        errors.extend(spread_options(&constraint));
    }
    errors
}

fn spread_options(constraint: &At) -> Errors {
    let domains = constraint.field("minDomains");
    let mut errors: Errors = Vec::new();
    if let Some(number) = domains.number() {
        if number <= 0 {
            errors.push(domains.invalid("must be greater than zero"));
        }
        let action = constraint.field("whenUnsatisfiable").text();
        if action != "DoNotSchedule" {
            let text = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
            errors.push(domains.invalid(text));
        }
    }
    for name in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
        let policy = constraint.field(name);
        if policy.is_set() {
            errors.extend(policy.one_of(&["Honor", "Ignore"]));
        }
    }
    errors.extend(label_selector_errors(&constraint.field("labelSelector")));
    errors
}
