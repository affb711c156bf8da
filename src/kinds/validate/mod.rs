//! What Kubernetes refuses, in its own words (`pkg/apis/*/validation`). Must not change what it reads.

mod affinity;
pub(super) mod autoscaler;
mod claim;
mod common;
mod container;
mod env;
mod error;
mod frozen;
mod meta;
mod mounts;
mod names;
pub(super) mod pod;
mod probe;
pub(super) mod rbac;
pub(super) mod resources;
mod security;
mod selector;
mod taints;
mod volume;
pub(super) mod workload;

pub use error::{Bad, Cause, FieldError};
pub use meta::{metadata, metadata_update};
pub use names::NameRule;

pub(super) use affinity::node_selector;
pub(super) use claim::{access_modes, claim_spec};
pub(super) use common::*;
pub(super) use frozen::{base64_len, frozen, same};
pub(super) use meta::{IMMUTABLE, annotations, labels};
pub(super) use names::{config_key, env_name, port_name};
pub(super) use selector::{label_selector, label_selector_errors, shown_selector};
pub(super) use taints::taints;
