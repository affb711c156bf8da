//! Whether a node is one that a pod's `nodeSelector` and required node affinity ask for. Must not do IO.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{NodeSelectorRequirement, NodeSelectorTerm, PodSpec};

/// A node's labels.
pub type Labels<'a> = Option<&'a BTreeMap<String, String>>;

/// Whether a node has all that the spec requires.
#[must_use]
pub fn matches_affinity(spec: &PodSpec, name: &str, labels: Labels) -> bool {
    let mut selector = spec.node_selector.iter().flatten();
    if !selector.all(|(key, value)| label(labels, key) == Some(value)) {
        return false;
    }
    let rules = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    match rules.and_then(|rules| rules.required_during_scheduling_ignored_during_execution.as_ref()) {
        Some(required) => required.node_selector_terms.iter().any(|term| matches_term(term, name, labels)),
        None => true,
    }
}

/// Whether a node has all that a term asks for; an empty term matches nothing.
#[must_use]
pub fn matches_term(term: &NodeSelectorTerm, name: &str, labels: Labels) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    let field = |key: &str| (key == "metadata.name").then_some(name);
    !(expressions.is_empty() && fields.is_empty())
        && expressions.iter().all(|rule| holds(rule, label(labels, &rule.key)))
        && fields.iter().all(|rule| holds(rule, field(&rule.key)))
}

fn label<'a>(labels: Labels<'a>, key: &str) -> Option<&'a str> {
    labels?.get(key).map(String::as_str)
}

fn holds(rule: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = rule.values.as_deref().unwrap_or_default();
    let among = |value: &str| values.iter().any(|it| it == value);
    let number = |text: &str| text.parse::<i64>().ok();
    let limit = values.first().and_then(|text| number(text));
    match rule.operator.as_str() {
        "In" => value.is_some_and(among),
        "NotIn" => !value.is_some_and(among),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => matches!((value.and_then(number), limit), (Some(value), Some(limit)) if value > limit),
        "Lt" => matches!((value.and_then(number), limit), (Some(value), Some(limit)) if value < limit),
        _ => false,
    }
}
