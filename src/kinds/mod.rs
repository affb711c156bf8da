//! What a kind is, without IO: names, scope, columns, defaults, validation, one line of Spanish.
//! One file a kind and one line in the table. Must not store, serve or watch anything.
//!
//! Objects are `serde_json::Value`, type-checked and pruned before they come here. The rules follow Kubernetes 1.36:
//! `pkg/apis/*/validation`, `pkg/apis/*/v1/defaults.go`, `pkg/registry/*/strategy.go` and the server-side printers.

mod api_service;
mod at;
mod default;
mod internal;
mod kind;
mod show;
#[cfg(test)]
mod tests;
pub mod validate;

mod certificate_signing_request;
mod cluster_role;
mod cluster_role_binding;
mod component;
mod component_status;
mod config_map;
mod controller_revision;
mod cron_job;
mod csi;
mod custom_resource_definition;
mod daemon_set;
mod deployment;
mod endpoint_slice;
mod endpoints;
mod event;
mod horizontal_pod_autoscaler;
mod ingress;
mod ingress_class;
mod job;
mod lease;
mod limit_range;
mod metrics;
mod namespace;
mod network_policy;
mod node;
mod persistent_volume;
mod persistent_volume_claim;
mod pod;
mod pod_disruption_budget;
mod pod_template;
mod priority_class;
pub mod quota;
mod replica_set;
mod replication_controller;
mod resource_quota;
mod review;
mod role;
mod role_binding;
mod secret;
mod service;
mod service_account;
mod snapshot;
mod stateful_set;
mod storage_class;
mod traffic_probe;

pub use kind::{Column, Generation, Kind, Rules, Subresource, TIMONEL};

/// Every kind that the API serves: groups in the order in which discovery tells them, kinds by their names.
pub static ALL: &[&Kind] = &[
    &review::BINDING,
    &component_status::KIND,
    &config_map::KIND,
    &endpoints::KIND,
    &event::KIND,
    &limit_range::KIND,
    &namespace::KIND,
    &node::KIND,
    &persistent_volume_claim::KIND,
    &persistent_volume::KIND,
    &pod::KIND,
    &pod_template::KIND,
    &replication_controller::KIND,
    &resource_quota::KIND,
    &secret::KIND,
    &service_account::KIND,
    &service::KIND,
    &api_service::KIND,
    &controller_revision::KIND,
    &daemon_set::KIND,
    &deployment::KIND,
    &replica_set::KIND,
    &stateful_set::KIND,
    &event::KIND_EVENTS,
    &review::SELF_SUBJECT_REVIEW,
    &review::TOKEN_REVIEW,
    &review::LOCAL_SUBJECT_ACCESS_REVIEW,
    &review::SELF_SUBJECT_ACCESS_REVIEW,
    &review::SELF_SUBJECT_RULES_REVIEW,
    &review::SUBJECT_ACCESS_REVIEW,
    &horizontal_pod_autoscaler::KIND,
    &horizontal_pod_autoscaler::KIND_V1,
    &cron_job::KIND,
    &job::KIND,
    &certificate_signing_request::KIND,
    &ingress_class::KIND,
    &ingress::KIND,
    &network_policy::KIND,
    &pod_disruption_budget::KIND,
    &cluster_role_binding::KIND,
    &cluster_role::KIND,
    &role_binding::KIND,
    &role::KIND,
    &csi::CSI_DRIVER,
    &csi::CSI_NODE,
    &csi::CSI_STORAGE_CAPACITY,
    &storage_class::KIND,
    &csi::VOLUME_ATTACHMENT,
    &csi::VOLUME_ATTRIBUTES_CLASS,
    &custom_resource_definition::KIND,
    &priority_class::KIND,
    &lease::KIND,
    &endpoint_slice::KIND,
    &metrics::NODE_METRICS,
    &metrics::POD_METRICS,
    &component::KIND,
    &snapshot::KIND,
    &traffic_probe::KIND,
];

/// The kind at a path: `apps`, `v1`, `deployments`.
#[must_use]
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
    ALL.iter().copied().find(|kind| kind.plural == plural && kind.version == version && kind.group == group)
}

/// The kind of a manifest: `apps`, `v1`, `Deployment`.
#[must_use]
pub fn by_kind(group: &str, version: &str, name: &str) -> Option<&'static Kind> {
    ALL.iter().copied().find(|kind| kind.kind == name && kind.version == version && kind.group == group)
}
