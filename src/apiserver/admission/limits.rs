//! `LimitRanger`: what containers leave out is filled in, and nobody asks for less or more than a namespace lets them.

use serde_json::{Value, json};

use super::super::call::{self, Call};
use super::super::errors::{ApiError, ApiResult, aggregate};
use super::super::{object, respond};
use super::{Operation, Plugin};
use crate::base::quantity::Quantity;
use crate::kinds;

pub(super) const PLUGIN: Plugin = Plugin { mutate, validate };

/// The limits of the namespace: the entries of all its ranges.
fn entries(call: &Call, of: &[&str]) -> Vec<Value> {
    let Some(kind) = kinds::find("", "v1", "limitranges").filter(|_| call.kind.group.is_empty()) else {
        return Vec::new();
    };
    let page = call.server.store.list(&call::prefix(kind, &call.request.namespace), None, None);
    let ranges = page.records.iter().filter_map(|record| respond::parse(&record.value.bytes()).ok());
    let limits = ranges.flat_map(|range| range["spec"]["limits"].as_array().cloned().unwrap_or_default());
    limits.filter(|limit| of.iter().any(|kind| limit["type"] == *kind)).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "the table's signature")]
fn mutate(call: &Call, operation: Operation, pod: &mut Value, _old: Option<&Value>) -> ApiResult<()> {
    if call.kind.kind != "Pod" || operation != Operation::Create {
        return Ok(());
    }
    let mut said = Vec::new();
    for limit in entries(call, &["Container"]) {
        for (list, word) in [("containers", "container"), ("initContainers", "init container")] {
            for container in object::items_mut(pod, &["spec", list]) {
                for (part, defaults, noun) in
                    [("requests", "defaultRequest", "request"), ("limits", "default", "limit")]
                {
                    let set = fill(container, part, &limit[defaults]);
                    if !set.is_empty() {
                        said.push(format!(
                            "{} {noun} for {word} {}",
                            set.join(", "),
                            object::text(container, &["name"])
                        ));
                    }
                }
            }
        }
    }
    if !said.is_empty() {
        let text = format!("LimitRanger plugin set: {}", said.join("; "));
        if let Some(annotations) = object::metadata_mut(pod).and_then(|meta| object::child_mut(meta, "annotations")) {
            annotations.insert("kubernetes.io/limit-ranger".into(), text.into());
        }
    }
    Ok(())
}

/// Adds the amounts that a container does not state; answers their names.
fn fill(container: &mut Value, part: &str, defaults: &Value) -> Vec<String> {
    let mut set = Vec::new();
    for (resource, amount) in defaults.as_object().into_iter().flatten() {
        let current = &mut container["resources"][part];
        if current.is_null() {
            *current = json!({});
        }
        if let Some(map) = current.as_object_mut().filter(|map| !map.contains_key(resource)) {
            map.insert(resource.clone(), amount.clone());
            set.push(resource.clone());
        }
    }
    set
}

fn validate(call: &Call, operation: Operation, value: &Value, _old: Option<&Value>) -> ApiResult<()> {
    let errors = match (call.kind.kind, operation) {
        ("Pod", Operation::Create) => pod(call, value),
        ("PersistentVolumeClaim", _) => {
            let limits = entries(call, &["PersistentVolumeClaim"]);
            limits
                .iter()
                .flat_map(|limit| within(limit, "PersistentVolumeClaim", &value["spec"]["resources"]))
                .collect()
        }
        _ => return Ok(()),
    };
    if errors.is_empty() {
        return Ok(());
    }
    Err(ApiError::forbidden(call.kind, object::name(value), &aggregate(&errors)))
}

fn pod(call: &Call, pod: &Value) -> Vec<String> {
    let containers = || pod["spec"]["containers"].as_array().into_iter().flatten();
    let mut errors = Vec::new();
    for limit in entries(call, &["Container", "Pod"]) {
        if limit["type"] == "Pod" {
            errors.extend(within(&limit, "Pod", &sum(containers())));
        } else {
            errors.extend(containers().flat_map(|container| within(&limit, "Container", &container["resources"])));
        }
    }
    errors
}

/// The resources of all containers together.
fn sum<'a>(containers: impl Iterator<Item = &'a Value>) -> Value {
    let mut total = json!({ "requests": {}, "limits": {} });
    for container in containers {
        for part in ["requests", "limits"] {
            for (resource, amount) in container["resources"][part].as_object().into_iter().flatten() {
                let so_far = quantity(&total[part][resource]).unwrap_or_default();
                let sum = so_far + quantity(amount).unwrap_or_default();
                total[part][resource] = sum.to_string().into();
            }
        }
    }
    total
}

fn quantity(value: &Value) -> Option<Quantity> {
    Quantity::parse(value.as_str()?).ok()
}

/// What is wrong with resources under one limit, in the plugin's words.
fn within(limit: &Value, of: &str, resources: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    let both = |resource: &str| (quantity(&resources["requests"][resource]), quantity(&resources["limits"][resource]));
    for (resource, min) in bounds(limit, "min") {
        let (request, cap) = both(&resource);
        let head = format!("minimum {resource} usage per {of} is {min}");
        match (request, cap) {
            (None, _) => errors.push(format!("{head}.  No request is specified")),
            (Some(request), _) if request < min => errors.push(format!("{head}, but request is {request}")),
            (_, Some(cap)) if cap < min => errors.push(format!("{head}, but limit is {cap}")),
            _ => {}
        }
    }
    for (resource, max) in bounds(limit, "max") {
        let (request, cap) = both(&resource);
        let head = format!("maximum {resource} usage per {of} is {max}");
        match (request, cap) {
            (Some(request), _) if of == "PersistentVolumeClaim" && request > max => {
                errors.push(format!("{head}, but request is {request}"));
            }
            _ if of == "PersistentVolumeClaim" => {}
            (_, None) => errors.push(format!("{head}.  No limit is specified")),
            (_, Some(cap)) if cap > max => errors.push(format!("{head}, but limit is {cap}")),
            (Some(request), _) if request > max => errors.push(format!("{head}, but request is {request}")),
            _ => {}
        }
    }
    errors
}

fn bounds(limit: &Value, field: &str) -> Vec<(String, Quantity)> {
    let pairs = limit[field].as_object().into_iter().flatten();
    pairs.filter_map(|(resource, amount)| Some((resource.clone(), quantity(amount)?))).collect()
}
