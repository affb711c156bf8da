//! Rules and bindings of RBAC (`pkg/apis/rbac/validation`). Must not decide who may do what.

use super::{FieldError, NameRule, dns_subdomain, required, same};
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

const GROUP: &str = "rbac.authorization.k8s.io";

/// The rules of a role.
pub(in crate::kinds) fn rules(rules: &At, namespaced: bool) -> Errors {
    rules.items().flat_map(|rule| one_rule(&rule, namespaced)).collect()
}

fn one_rule(rule: &At, namespaced: bool) -> Errors {
    let (verbs, urls) = (rule.field("verbs"), rule.field("nonResourceURLs"));
    let mut errors = Vec::new();
    if verbs.is_empty() {
        errors.push(verbs.required("verbs must contain at least one value"));
    }
    let parts = ["apiGroups", "resources", "resourceNames"].map(|name| rule.field(name));
    if !urls.is_empty() {
        if namespaced {
            errors.push(urls.invalid("namespaced rules cannot apply to non-resource URLs"));
        }
        if parts.iter().any(|part| !part.is_empty()) {
            errors.push(urls.invalid("rules cannot apply to both regular resources and non-resource URLs"));
        }
        return errors;
    }
    let [groups, resources, names] = parts;
    if groups.is_empty() {
        errors.push(groups.required("resource rules must supply at least one api group"));
    }
    if resources.is_empty() {
        errors.push(resources.required("resource rules must supply at least one resource"));
    }
    if !names.is_empty() && resources.len() > 1 {
        errors.push(names.required("resource names cannot apply to multiple resources"));
    }
    errors
}

/// The role and the subjects of a binding.
pub(in crate::kinds) fn binding(root: &At, namespaced: bool) -> Errors {
    let role = root.field("roleRef");
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    let mut errors: Errors = role.field("apiGroup").one_of(&[GROUP]).into_iter().collect();
    errors.extend(role.field("kind").one_of(kinds));
    let name = role.field("name");
    if name.is_empty() {
        errors.push(name.required(""));
    } else {
        errors.extend(name.all(NameRule::PathSegment.check(name.text(), false)));
    }
    errors.extend(root.field("subjects").items().flat_map(|subject| one_subject(&subject, namespaced)));
    errors
}

fn one_subject(subject: &At, namespaced: bool) -> Errors {
    let (kind, name, group) = (subject.field("kind"), subject.field("name"), subject.field("apiGroup"));
    let mut errors: Errors = required(&name).into_iter().collect();
    match kind.text() {
        "ServiceAccount" => {
            if !name.is_empty() {
                errors.extend(dns_subdomain(&name));
            }
            if !group.is_empty() {
                errors.push(group.unsupported(&[""]));
            }
            if !namespaced {
                errors.extend(required(&subject.field("namespace")));
            }
        }
        "User" | "Group" => {
            if name.is_empty() {
                errors.push(name.invalid_as("", format!("{} name cannot be empty", kind.text().to_lowercase())));
            }
            errors.extend(group.one_of(&[GROUP]));
        }
        _ => errors.push(kind.unsupported(&["ServiceAccount", "User", "Group"])),
    }
    errors
}

/// A binding keeps its role.
pub(in crate::kinds) fn same_role(new: &At, old: &At) -> Option<FieldError> {
    let (role, before) = (new.field("roleRef"), old.field("roleRef"));
    let text = |name: &str| serde_json::Value::from(role.field(name).text());
    let shown = format!("{{\"APIGroup\":{},\"Kind\":{},\"Name\":{}}}", text("apiGroup"), text("kind"), text("name"));
    (!same(&role, &before)).then(|| role.invalid_as(super::Bad::Json(shown), "cannot change roleRef"))
}
