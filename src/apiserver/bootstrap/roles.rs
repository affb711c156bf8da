//! The roles and bindings that every cluster starts with, from `assets/bootstrap/roles.txt`. Must hold no rule by itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The group of what this file makes.
const GROUP: &str = "rbac.authorization.k8s.io";

/// A role of the table.
struct Role {
    name: &'static str,
    /// Whether its rules are those of the roles that say to be gathered by it.
    gathers: bool,
    /// The roles that gather its rules, as `aggregate-to-edit`.
    gathered_by: Vec<&'static str>,
    rules: Vec<Value>,
}

/// Every role, then every binding.
pub(super) fn objects() -> Vec<Value> {
    let roles = table(include_str!("../../../assets/bootstrap/roles.txt"));
    let mut objects: Vec<Value> = roles.iter().map(|role| object(role, &roles)).collect();
    let bindings = [
        ("cluster-admin", "Group", "system:masters"),
        ("system:basic-user", "Group", "system:authenticated"),
        ("system:discovery", "Group", "system:authenticated"),
        ("system:kube-controller-manager", "User", "system:kube-controller-manager"),
        ("system:kube-scheduler", "User", "system:kube-scheduler"),
        ("system:monitoring", "Group", "system:monitoring"),
        ("system:node-proxier", "User", "system:kube-proxy"),
        ("system:volume-scheduler", "User", "system:kube-scheduler"),
    ];
    objects.extend(bindings.map(|(role, kind, subject)| binding(role, &[(kind, subject)])));
    // Kubelets are authorized by what runs on their node: the role stays, and binds nobody.
    objects.push(binding("system:node", &[]));
    let everybody = [("Group", "system:authenticated"), ("Group", "system:unauthenticated")];
    objects.push(binding("system:public-info-viewer", &everybody));
    objects
}

/// The rules of a role of the table.
pub(in super::super) fn rules_of(name: &str) -> Vec<Value> {
    let roles = table(include_str!("../../../assets/bootstrap/roles.txt"));
    roles.into_iter().find(|role| role.name == name).map_or_else(Vec::new, |role| role.rules)
}

fn table(text: &'static str) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match (line.strip_prefix(' '), roles.last_mut()) {
            (Some(line), Some(role)) => role.rules.extend(rule(line)),
            _ => roles.extend(head(line)),
        }
    }
    roles
}

fn head(line: &'static str) -> Option<Role> {
    let mut words = line.split(' ');
    let gathers = words.next()? == "aggregated";
    let name = words.next()?;
    Some(Role { name, gathers, gathered_by: words.collect(), rules: Vec::new() })
}

fn rule(line: &str) -> Option<Value> {
    let (verbs, rest) = line.split_once(' ')?;
    let (group, names) = rest.split_once(' ')?;
    let verbs: Vec<&str> = verbs.split(',').flat_map(spelled).collect();
    let names: Vec<&str> = names.split(' ').collect();
    Some(match group {
        "paths" => json!({ "verbs": verbs, "nonResourceURLs": names }),
        "core" => json!({ "verbs": verbs, "apiGroups": [""], "resources": names }),
        group => json!({ "verbs": verbs, "apiGroups": [group], "resources": names }),
    })
}

/// The verbs that a word of the table stands for.
fn spelled(word: &str) -> Vec<&str> {
    match word {
        "R" => vec!["get", "list", "watch"],
        "W" => vec!["create", "delete", "deletecollection", "patch", "update"],
        "RW" => vec!["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        verb => vec![verb],
    }
}

fn metadata(name: &str) -> Value {
    json!({
        "name": name,
        "annotations": { "rbac.authorization.kubernetes.io/autoupdate": "true" },
        "labels": { "kubernetes.io/bootstrapping": "rbac-defaults" },
    })
}

fn object(role: &Role, all: &[Role]) -> Value {
    let mut metadata = metadata(role.name);
    for label in &role.gathered_by {
        metadata["labels"][format!("{GROUP}/{label}")] = "true".into();
    }
    let rules = gathered(role, all);
    let mut object =
        json!({ "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRole", "metadata": metadata, "rules": rules });
    if role.gathers {
        let labels = BTreeMap::from([(format!("{GROUP}/aggregate-to-{}", role.name), "true")]);
        object["aggregationRule"] = json!({ "clusterRoleSelectors": [{ "matchLabels": labels }] });
    }
    object
}

/// A role's own rules, or those of every role that says to be gathered by it.
fn gathered(role: &Role, all: &[Role]) -> Vec<Value> {
    if !role.gathers {
        return role.rules.clone();
    }
    let label = format!("aggregate-to-{}", role.name);
    let parts = all.iter().filter(|part| part.gathered_by.contains(&label.as_str()));
    parts.flat_map(|part| gathered(part, all)).collect()
}

fn binding(role: &str, subjects: &[(&str, &str)]) -> Value {
    let subject = |(kind, name): &(&str, &str)| json!({ "apiGroup": GROUP, "kind": kind, "name": name });
    json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRoleBinding", "metadata": metadata(role),
        "roleRef": { "apiGroup": GROUP, "kind": "ClusterRole", "name": role },
        "subjects": subjects.iter().map(subject).collect::<Vec<_>>(),
    })
}
