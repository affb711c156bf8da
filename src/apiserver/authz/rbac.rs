//! Role-based access from the stored roles and bindings. Must not cache: the store answers from memory.

use serde_json::Value;

use super::super::authn::{SERVICE_ACCOUNT, User};
use super::super::call;
use super::super::server::ApiServer;
use super::Question;
use crate::kinds::{self, Kind};

/// The group of the kinds of this file.
const GROUP: &str = "rbac.authorization.k8s.io";

/// Why some rule that applies to the user allows it; `None` when none does.
pub(super) fn grant(server: &ApiServer, user: &User, question: &Question) -> Option<String> {
    let places = if question.namespace.is_empty() { vec![""] } else { vec!["", question.namespace.as_str()] };
    places.into_iter().find_map(|namespace| {
        bindings(server, namespace).into_iter().find_map(|binding| {
            let subject = applying(&binding, user, namespace)?;
            let rules = rules_of_role(server, &binding["roleRef"], namespace);
            rules.iter().any(|rule| covers(rule, question)).then(|| told(&binding, &subject))
        })
    })
}

/// Every rule that applies to a user in a namespace (cluster-wide ones too).
pub(in super::super) fn rules(server: &ApiServer, user: &User, namespace: &str) -> Vec<Value> {
    let places = if namespace.is_empty() { vec![""] } else { vec!["", namespace] };
    let of = |namespace: &str| {
        let applying = bindings(server, namespace).into_iter().filter(|one| applying(one, user, namespace).is_some());
        applying.flat_map(|one| rules_of_role(server, &one["roleRef"], namespace)).collect::<Vec<_>>()
    };
    places.into_iter().flat_map(of).collect()
}

/// The bindings of a namespace, or those of the cluster.
fn bindings(server: &ApiServer, namespace: &str) -> Vec<Value> {
    let plural = if namespace.is_empty() { "clusterrolebindings" } else { "rolebindings" };
    let Some(kind) = kinds::find(GROUP, "v1", plural) else { return Vec::new() };
    let page = server.store.list(&call::prefix(kind, namespace), None, None);
    page.records.iter().filter_map(|record| serde_json::from_slice(&record.value.bytes()).ok()).collect()
}

/// The subject of a binding that the user is, as Kubernetes tells it.
fn applying(binding: &Value, user: &User, namespace: &str) -> Option<String> {
    let subjects = binding["subjects"].as_array().into_iter().flatten();
    subjects.into_iter().find_map(|subject| {
        let name = subject["name"].as_str().unwrap_or_default();
        let kind = subject["kind"].as_str().unwrap_or_default();
        let home = subject["namespace"].as_str().filter(|home| !home.is_empty()).unwrap_or(namespace);
        let is_them = match kind {
            "User" => user.name == name,
            "Group" => user.is_in(name),
            "ServiceAccount" => user.name == format!("{SERVICE_ACCOUNT}{home}:{name}"),
            _ => false,
        };
        is_them.then(|| match kind {
            "ServiceAccount" => format!("{kind} \"{name}/{home}\""),
            _ => format!("{kind} {name:?}"),
        })
    })
}

/// `RBAC: allowed by RoleBinding "lee/default" of Role "lector" to User "ana"`.
fn told(binding: &Value, subject: &str) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (name, namespace) = (text(&binding["metadata"]["name"]), text(&binding["metadata"]["namespace"]));
    let place = if namespace.is_empty() { name } else { format!("{name}/{namespace}") };
    let (kind, role) = (text(&binding["kind"]), &binding["roleRef"]);
    format!("RBAC: allowed by {kind} {place:?} of {} {:?} to {subject}", text(&role["kind"]), text(&role["name"]))
}

/// The rules of the role that a binding names; none when it is not there.
pub(super) fn rules_of_role(server: &ApiServer, reference: &Value, namespace: &str) -> Vec<Value> {
    let (plural, namespace) = match reference["kind"].as_str() {
        Some("Role") => ("roles", namespace),
        Some("ClusterRole") => ("clusterroles", ""),
        _ => return Vec::new(),
    };
    let Some(role) = kinds::find(GROUP, "v1", plural) else { return Vec::new() };
    let name = reference["name"].as_str().unwrap_or_default();
    let mut rules = own_rules(server, role, namespace, name).unwrap_or_default();
    rules.retain(Value::is_object);
    rules
}

fn own_rules(server: &ApiServer, role: &Kind, namespace: &str, name: &str) -> Option<Vec<Value>> {
    let record = server.store.get(&call::key(role, namespace, name))?;
    let mut role: Value = serde_json::from_slice(&record.value.bytes()).ok()?;
    match role["rules"].take() {
        Value::Array(rules) => Some(rules),
        _ => None,
    }
}

/// Whether a rule covers a question (`rbac.RuleAllows`).
pub(in super::super) fn covers(rule: &Value, question: &Question) -> bool {
    let list = |field: &str| rule[field].as_array().into_iter().flatten().filter_map(Value::as_str);
    let has = |field: &str, wanted: &str| list(field).any(|value| value == "*" || value == wanted);
    if !has("verbs", &question.verb) {
        return false;
    }
    if !question.path.is_empty() {
        return list("nonResourceURLs").any(|url| match url.strip_suffix('*') {
            Some(prefix) => question.path.starts_with(prefix),
            None => question.path == url,
        });
    }
    let resource = if question.subresource.is_empty() {
        question.resource.clone()
    } else {
        format!("{}/{}", question.resource, question.subresource)
    };
    let any_of = format!("*/{}", question.subresource);
    let resources = list("resources")
        .any(|value| value == "*" || value == resource || (!question.subresource.is_empty() && value == any_of));
    let names = list("resourceNames").next().is_none() || list("resourceNames").any(|name| name == question.name);
    has("apiGroups", &question.group) && resources && names
}
