//! Requests and limits (`ValidateContainerResourceRequirements`). Must not sum over containers.

use super::FieldError;
use super::common::required;
use crate::base::quantity::Quantity;
use crate::base::syntax;
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

const FIELDS: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const STANDARD: &[&str] = &["cpu", "memory", "ephemeral-storage"];

/// The amount at a place. What is no quantity was refused before, and counts as zero.
pub(in crate::kinds) fn quantity(at: &At) -> Quantity {
    match at.value {
        serde_json::Value::Number(number) => Quantity::parse(&number.to_string()),
        _ => Quantity::parse(at.text()),
    }
    .unwrap_or_default()
}

pub(super) fn requirements(resources: &At, spec: &At) -> Errors {
    let (limits, requests) = (resources.field("limits"), resources.field("requests"));
    let mut errors = Vec::new();
    for (name, limit) in limits.entries() {
        errors.extend(container_name(name, &limit));
        errors.extend(amount(name, &limit));
    }
    for (name, request) in requests.entries() {
        errors.extend(container_name(name, &request));
        errors.extend(amount(name, &request));
        errors.extend(request_to_limit(name, &request, &requests, &limits));
    }
    errors.extend(claims(&resources.field("claims"), spec));
    errors
}

fn request_to_limit(name: &str, request: &At, requests: &At, limits: &At) -> Option<FieldError> {
    let limit = limits.value.get(name);
    let Some(limit) = limit else {
        let text = "Limit must be set for non overcommitable resources";
        return (!overcommits(name)).then(|| limits.required(text));
    };
    let (request, limit) = (quantity(request), quantity(&At::named("", limit)));
    let relation = if !overcommits(name) && request != limit {
        "equal to"
    } else if request > limit {
        "less than or equal to"
    } else {
        return None;
    };
    Some(requests.invalid_as(request.to_string(), format!("must be {relation} {name} limit of {limit}")))
}

/// Only the resources of Kubernetes itself may be promised more often than they exist, but not huge pages.
fn overcommits(name: &str) -> bool {
    (!name.contains('/') || name.contains("kubernetes.io/")) && !name.starts_with("hugepages-")
}

fn claims(claims: &At, spec: &At) -> Errors {
    let (mut errors, mut seen) = (Vec::new(), Vec::new());
    for claim in claims.items() {
        let name = claim.field("name");
        if name.is_empty() {
            errors.push(name.required(""));
            continue;
        }
        if seen.contains(&name.text()) {
            errors.push(name.duplicate());
        }
        if !spec.field("resourceClaims").items().any(|known| known.field("name").text() == name.text()) {
            errors.push(name.not_found());
        }
        seen.push(name.text());
    }
    errors
}

/// Zero or more; whole where halves make no sense.
pub(in crate::kinds) fn amount(name: &str, at: &At) -> Errors {
    let quantity = quantity(at);
    let mut errors = Vec::new();
    if quantity.is_negative() {
        errors.push(at.invalid_as(quantity.to_string(), "must be greater than or equal to 0"));
    }
    if is_integer(name) && !quantity.is_whole() {
        errors.push(at.invalid_as(quantity.to_string(), "must be an integer"));
    }
    errors
}

fn is_integer(name: &str) -> bool {
    let counted = ["pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"];
    counted.contains(&name)
        || matches!(name, "persistentvolumeclaims" | "services.nodeports" | "services.loadbalancers")
        || name.starts_with("hugepages-")
        || is_extended(name)
}

fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.")
}

/// The name of any resource.
pub(in crate::kinds) fn resource_name(name: &str, at: &At, standard: &[&str]) -> Errors {
    let texts = syntax::label_key(name);
    if !texts.is_empty() {
        return texts.into_iter().map(|text| at.invalid_as(name, text)).collect();
    }
    let known = standard.contains(&name) || name.starts_with("hugepages-") || name.contains('/');
    let text = "must be a standard resource type or fully qualified";
    if known { Vec::new() } else { vec![at.invalid_as(name, text)] }
}

/// The name of a resource that a container can ask for.
pub(in crate::kinds) fn container_name(name: &str, at: &At) -> Errors {
    let mut errors = resource_name(name, at, ALL);
    let standard = STANDARD.contains(&name) || name.starts_with("hugepages-");
    if !name.contains('/') && !standard {
        errors.push(at.invalid_as(name, "must be a standard resource for containers"));
    } else if name.contains('/') && !name.contains("kubernetes.io/") && name.starts_with("requests.") {
        errors.push(at.invalid_as(name, "doesn't follow extended resource name standard"));
    }
    errors
}

/// Every resource name without a domain.
pub(in crate::kinds) const ALL: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// A request or limit of a container, for its own environment (the downward API).
pub(super) fn field_ref(source: &At, volume: bool) -> Errors {
    let (container, resource) = (source.field("containerName"), source.field("resource"));
    let mut errors = Vec::new();
    let huge = ["limits.hugepages-", "requests.hugepages-"].iter().any(|prefix| resource.text().starts_with(prefix));
    if volume && container.is_empty() {
        errors.push(container.required(""));
    } else if let Some(error) = required(&resource) {
        errors.push(error);
    } else if !huge {
        errors.extend(resource.one_of(FIELDS));
    }
    errors.extend(divisor(source, resource.text()));
    errors
}

fn divisor(source: &At, resource: &str) -> Option<FieldError> {
    const BYTES: &[&str] = &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let at = source.field("divisor");
    let divisor = quantity(&at);
    let (_, name) = resource.split_once('.')?;
    let (allowed, words) = match name {
        "cpu" => (&["1m", "1"][..], "cpu"),
        "memory" => (BYTES, "memory"),
        "ephemeral-storage" => (BYTES, "local ephemeral storage"),
        _ if name.starts_with("hugepages-") => (BYTES, "hugepages"),
        _ => return None,
    };
    if divisor.is_zero() || allowed.contains(&divisor.to_string().as_str()) {
        return None;
    }
    let values = if name == "cpu" { "1m and 1".to_owned() } else { BYTES.join(", ") };
    Some(at.invalid_as(resource, format!("only divisor's values {values} are supported with the {words} resource")))
}
