//! The versions of a DaemonSet or StatefulSet, kept as `ControllerRevision`s: each holds the template as a patch that
//! brings it back. Must not decide what runs which version.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::base::names::safe_encode;

/// The label of a pod that says which revision made it.
pub(super) const POD_REVISION: &str = "controller-revision-hash";
/// The label of a StatefulSet's revision: the hash in its name.
pub(super) const REVISION_HASH: &str = "controller.kubernetes.io/hash";

/// The patch that brings a template back.
pub(super) fn data(template: &PodTemplateSpec) -> RawExtension {
    let mut template = serde_json::to_value(template).unwrap_or_default();
    template["$patch"] = json!("replace");
    RawExtension(json!({"spec": {"template": template}}))
}

/// The template that a revision keeps.
pub(super) fn template(revision: &ControllerRevision) -> Option<PodTemplateSpec> {
    let mut template = revision.data.as_ref()?.0["spec"]["template"].clone();
    template.as_object_mut()?.remove("$patch");
    serde_json::from_value(template).ok()
}

/// The hash of what a revision keeps and of the collisions so far (`HashControllerRevision`).
pub(super) fn hash(data: &RawExtension, collisions: i32) -> String {
    let fnv = |hash: u32, byte: u8| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte);
    let bytes = go_json(&data.0).into_bytes().into_iter().chain(collisions.to_string().into_bytes());
    safe_encode(&bytes.fold(0x811c_9dc5, fnv).to_string())
}

/// JSON as Go writes it: sorted, compact, with `<`, `>` and `&` escaped.
fn go_json(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// Older revisions first.
pub(super) fn sort(revisions: &mut [Arc<ControllerRevision>]) {
    revisions.sort_by_key(|it| (it.revision, it.metadata.creation_timestamp.clone(), it.name_any()));
}

/// The number after the last one.
pub(super) fn next(revisions: &[Arc<ControllerRevision>]) -> i64 {
    revisions.iter().map(|it| it.revision).max().unwrap_or(0) + 1
}
