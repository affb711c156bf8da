//! Which objects a quota with scopes covers (`podMatchesScopeFunc`, `pvcMatchesScopeFunc`). Must not count them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use serde_json::{Value, json};

use super::Resource;
use crate::base::selector::Selector;
use crate::kinds::pod::qos;
use crate::kinds::show;

/// Whether an object fulfils all scopes of a quota; one without scopes covers every object.
#[must_use]
pub fn covers(quota: &Value, of: Resource<'_>, object: &Value) -> bool {
    requirements(quota).iter().all(|requirement| match (of.group, of.plural) {
        ("", "pods") => covers_pod(requirement, &object["spec"]),
        ("", "persistentvolumeclaims") => covers_claim(requirement, object),
        _ => false,
    })
}

/// The scopes of a quota, the plain ones as `Exists`.
fn requirements(quota: &Value) -> Vec<Value> {
    let spec = &quota["spec"];
    let plain = show::list(&spec["scopes"]).iter().map(|scope| json!({"scopeName": scope, "operator": "Exists"}));
    plain.chain(show::list(&spec["scopeSelector"]["matchExpressions"]).iter().cloned()).collect()
}

fn covers_pod(requirement: &Value, spec: &Value) -> bool {
    let terminating = spec["activeDeadlineSeconds"].as_i64().is_some_and(|seconds| seconds >= 0);
    let best_effort = || qos::class(spec) == "BestEffort";
    match requirement["scopeName"].as_str().unwrap_or_default() {
        "Terminating" => terminating,
        "NotTerminating" => !terminating,
        "BestEffort" => best_effort(),
        "NotBestEffort" => !best_effort(),
        "PriorityClass" => selects(requirement, spec["priorityClassName"].as_str().unwrap_or_default()),
        "CrossNamespacePodAffinity" => crosses_namespaces(&spec["affinity"]),
        _ => false,
    }
}

fn covers_claim(requirement: &Value, claim: &Value) -> bool {
    let (spec, status) = (&claim["spec"], &claim["status"]);
    let named = [
        &spec["volumeAttributesClassName"],
        &status["currentVolumeAttributesClassName"],
        &status["modifyVolumeStatus"]["targetVolumeAttributesClassName"],
    ];
    let mut names = named.into_iter().filter_map(Value::as_str).filter(|name| !name.is_empty()).peekable();
    requirement["scopeName"] == "VolumeAttributesClass"
        && if names.peek().is_none() { selects(requirement, "") } else { names.any(|name| selects(requirement, name)) }
}

/// Whether a name fulfils a requirement; an empty one is none.
fn selects(requirement: &Value, name: &str) -> bool {
    let scope = requirement["scopeName"].as_str().unwrap_or_default();
    let values = show::list(&requirement["values"]).iter().filter_map(|value| value.as_str().map(str::to_owned));
    let values: Vec<String> = values.collect();
    let expression = LabelSelectorRequirement {
        key: scope.to_owned(),
        operator: requirement["operator"].as_str().unwrap_or_default().to_owned(),
        values: (!values.is_empty()).then_some(values),
    };
    let selector = LabelSelector { match_expressions: Some(vec![expression]), ..LabelSelector::default() };
    let labels = if name.is_empty() { BTreeMap::new() } else { BTreeMap::from([(scope.to_owned(), name.to_owned())]) };
    Selector::from_label_selector(&selector).is_ok_and(|selector| selector.matches(&labels))
}

fn crosses_namespaces(affinity: &Value) -> bool {
    ["podAffinity", "podAntiAffinity"].iter().map(|kind| &affinity[kind]).any(|rules| {
        let required = show::list(&rules["requiredDuringSchedulingIgnoredDuringExecution"]).iter();
        let preferred = show::list(&rules["preferredDuringSchedulingIgnoredDuringExecution"]).iter();
        let mut terms = required.chain(preferred.map(|weighted| &weighted["podAffinityTerm"]));
        terms.any(|term| !show::list(&term["namespaces"]).is_empty() || term["namespaceSelector"].is_object())
    })
}
