//! `NodeRestriction`: a kubelet writes its own node and the pods of its own node, and nothing of others.
//! Must not say what kubelets may read: the node authorizer does.

use serde_json::Value;

use super::super::authz::node;
use super::super::call::{self, Call};
use super::super::errors::{ApiError, ApiResult};
use super::super::{Meta, object};
use super::{Operation, Plugin};
use crate::kinds::{self, Subresource};
use crate::store::Record;

pub(super) const PLUGIN: Plugin = Plugin { validate, ..Plugin::NONE };

/// The annotation of pods that stand for a kubelet's own manifests.
const MIRROR: &str = "kubernetes.io/config.mirror";
/// Labels that only administrators may put on nodes.
const RESTRICTED: &str = "node-restriction.kubernetes.io/";

fn validate(call: &Call, operation: Operation, value: &Value, old: Option<&Value>) -> ApiResult<()> {
    let Some(node) = node::of(&call.user) else { return Ok(()) };
    let refuse = |why: String| Err(ApiError::forbidden(call.kind, object::name(value), &why));
    let why = match (call.kind.kind, operation) {
        ("Pod", Operation::Create) => new_pod(node, value),
        ("Pod", Operation::Update) if call.subresource == Some(Subresource::Status) => pod_status(node, value, old),
        ("Node", _) => own_node(node, value, old),
        ("Lease" | "CSINode", _) if object::name(value) != node => {
            let kind = if call.kind.kind == "Lease" { "node lease" } else { "CSINode" };
            Some(format!("can only access {kind} with the same name as the requesting node"))
        }
        _ => None,
    };
    why.map_or(Ok(()), refuse)
}

fn new_pod(node: &str, pod: &Value) -> Option<String> {
    if pod["metadata"]["annotations"][MIRROR].is_null() {
        return Some(format!("pod does not have {MIRROR:?} annotation, node {node:?} can only create mirror pods"));
    }
    let elsewhere = pod["spec"]["nodeName"] != node;
    elsewhere.then(|| format!("node {node:?} can only create pods with spec.nodeName set to itself"))
}

fn pod_status(node: &str, pod: &Value, old: Option<&Value>) -> Option<String> {
    let old = old?;
    if old["spec"]["nodeName"] != node {
        return Some(format!("node {node:?} can only update pod status for pods with spec.nodeName set to itself"));
    }
    let labels = |pod: &Value| object::strings(&pod["metadata"]["labels"]);
    (labels(old) != labels(pod)).then(|| format!("node {node:?} cannot update labels through pod status"))
}

fn own_node(node: &str, value: &Value, old: Option<&Value>) -> Option<String> {
    if object::name(value) != node {
        return Some(format!("node {node:?} is not allowed to modify node {:?}", object::name(value)));
    }
    let labels = |value: &Value| {
        let labels = object::strings(&value["metadata"]["labels"]).into_iter();
        labels.filter(|(key, _)| key.split('/').next().is_some_and(|prefix| format!("{prefix}/").ends_with(RESTRICTED)))
    };
    let before: Vec<(String, String)> = old.into_iter().flat_map(labels).collect();
    let touched: Vec<String> = labels(value).filter(|label| !before.contains(label)).map(|(key, _)| key).collect();
    if !touched.is_empty() {
        return Some(format!("is not allowed to modify labels: {}", touched.join(", ")));
    }
    let retainted = old.is_some_and(|old| old["spec"]["taints"] != value["spec"]["taints"]);
    retainted.then(|| format!("node {node:?} is not allowed to modify taints"))
}

/// Before a deletion or an eviction of a pod.
pub(super) fn leave(call: &Call, name: &str) -> ApiResult<()> {
    let Some(node) = node::of(&call.user).filter(|_| call.kind.kind == "Pod") else { return Ok(()) };
    let here = |record: Record<Meta>| record.meta.text("spec.nodeName") == node;
    if call.server.store.get(&call.key(name)).is_none_or(here) {
        return Ok(());
    }
    let deed = if call.subresource == Some(Subresource::Eviction) { "evict" } else { "delete" };
    let why = format!("node {node:?} can only {deed} pods with spec.nodeName set to itself");
    Err(ApiError::forbidden(call.kind, name, &why))
}

/// Before a token is signed for a kubelet: it must be for a pod of its own node.
pub(in super::super) fn token(call: &Call, account: &str, bound: &Value) -> ApiResult<()> {
    let Some(node) = node::of(&call.user) else { return Ok(()) };
    let refuse = |why: &str| Err(ApiError::forbidden(call.kind, account, why));
    let name = object::text(bound, &["name"]);
    if bound["kind"] != "Pod" || name.is_empty() {
        return refuse("node requested token not bound to a pod");
    }
    let uid = object::text(bound, &["uid"]);
    if uid.is_empty() {
        return refuse("node requested token with a pod binding without a uid");
    }
    let kind = kinds::find("", "v1", "pods").ok_or_else(ApiError::no_such_path)?;
    let pod = call.server.store.get(&call::key(kind, &call.request.namespace, name));
    match pod {
        None => Err(ApiError::not_found(kind, name)),
        Some(pod) if pod.meta.uid() != uid => refuse(&format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been \
             deleted and then recreated"
        )),
        Some(pod) if pod.meta.text("spec.nodeName") != node => {
            refuse("node requested token bound to a pod scheduled on a different node")
        }
        Some(_) => Ok(()),
    }
}
