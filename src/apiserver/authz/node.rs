//! The node authorizer: a kubelet may do what every kubelet does, and read what the pods of its own node use
//! (`plugin/pkg/auth/authorizer/node`). Must not look at roles that people make.

use std::sync::LazyLock;

use serde_json::Value;

use super::super::authn::User;
use super::super::bootstrap;
use super::super::server::ApiServer;
use super::{Question, rbac};

/// What every kubelet may do (`bootstrappolicy.NodeRules`).
static RULES: LazyLock<Vec<Value>> = LazyLock::new(|| bootstrap::rules_of("system:node"));

/// The node whose kubelet a user is.
pub(in super::super) fn of(user: &User) -> Option<&str> {
    user.name.strip_prefix("system:node:").filter(|name| !name.is_empty() && user.is_in("system:nodes"))
}

/// Whether the kubelet of a node may; `Err` says why not, where Kubernetes does.
pub(super) fn allowed(server: &ApiServer, node: &str, question: &Question) -> Result<bool, String> {
    let core = question.group.is_empty();
    match (question.resource.as_str(), question.subresource.as_str()) {
        ("secrets" | "configmaps", "") if core => related(server, node, question, &["get", "list", "watch"]),
        ("persistentvolumeclaims", "") if core => related(server, node, question, &["get"]),
        ("serviceaccounts", "token") if core => related(server, node, question, &["create"]),
        ("leases", "") if question.group == "coordination.k8s.io" => own_lease(node, question),
        ("csinodes", "") if question.group == "storage.k8s.io" => {
            own(node, question, "can only access CSINode with the same name as the requesting node")
        }
        _ => Ok(RULES.iter().any(|rule| rbac::covers(rule, question))),
    }
}

/// Objects that some pod of the node uses, each by its name.
fn related(server: &ApiServer, node: &str, question: &Question, verbs: &[&str]) -> Result<bool, String> {
    if !verbs.contains(&question.verb.as_str()) {
        let only = if verbs == ["get"] { "get" } else { "read" };
        return Err(format!("can only {only} resources of this type"));
    }
    if question.name.is_empty() {
        return Err("No Object name found".to_owned());
    }
    let object = (question.namespace.as_str(), question.name.as_str());
    let used = server.graph.uses(&server.store, node, &question.resource, object);
    if used { Ok(true) } else { Err(format!("no relationship found between node '{node}' and this object")) }
}

fn own_lease(node: &str, question: &Question) -> Result<bool, String> {
    if question.namespace != "kube-node-lease" {
        return Err("can only access leases in the \"kube-node-lease\" system namespace".to_owned());
    }
    own(node, question, "can only access node lease with the same name as the requesting node")
}

/// Its own object; a creation is checked by the admission of nodes, which sees the name.
fn own(node: &str, question: &Question, why: &str) -> Result<bool, String> {
    match question.verb.as_str() {
        "create" => Ok(true),
        "get" | "update" | "patch" | "delete" if question.name == node => Ok(true),
        "get" | "update" | "patch" | "delete" => Err(why.to_owned()),
        _ => Err("can only get, create, update, patch, or delete a node lease".to_owned()),
    }
}
