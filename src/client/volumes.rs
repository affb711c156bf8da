//! What clients ask of volumes and claims: which volume a claim may have, and where. Must not do IO.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim};
use kube::ResourceExt;

use super::node_affinity::matches_term;
use super::object::{is_deleting, uid_of};
use crate::base::quantity::Quantity;
use crate::base::selector::Selector;

/// The annotation by which the scheduler says on which node a claim's volume is to be made.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// The annotation of a claim that has its volume for good.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// The annotation of a volume or claim that was given to the other by a component, and not by a person.
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// A class of volumes that people make by hand.
pub const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// How a claim's volume may be used.
pub fn modes(claim: &PersistentVolumeClaim) -> impl Iterator<Item = &str> {
    claim.spec.iter().flat_map(|spec| spec.access_modes.iter().flatten()).map(String::as_str)
}

/// The class of a claim; empty when it has none.
#[must_use]
pub fn class_of(claim: &PersistentVolumeClaim) -> &str {
    claim.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref()).unwrap_or_default()
}

/// The volume that a claim names.
#[must_use]
pub fn volume_of(claim: &PersistentVolumeClaim) -> Option<&str> {
    claim.spec.as_ref()?.volume_name.as_deref().filter(|name| !name.is_empty())
}

/// The volume that a claim has for good.
#[must_use]
pub fn bound_to(claim: &PersistentVolumeClaim) -> Option<&str> {
    volume_of(claim).filter(|_| claim.annotations().contains_key(BIND_COMPLETED))
}

/// Whether a volume may be used on a node.
#[must_use]
pub fn reaches(volume: &PersistentVolume, node: &Node) -> bool {
    let affinity = volume.spec.as_ref().and_then(|spec| spec.node_affinity.as_ref());
    let Some(required) = affinity.and_then(|affinity| affinity.required.as_ref()) else { return true };
    let (name, labels) = (node.name_any(), node.metadata.labels.as_ref());
    required.node_selector_terms.iter().any(|term| matches_term(term, &name, labels))
}

/// Whether nobody has a volume.
#[must_use]
pub fn is_available(volume: &PersistentVolume) -> bool {
    let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
    phase == Some("Available") && volume.spec.as_ref().is_some_and(|spec| spec.claim_ref.is_none())
}

/// Whether a volume was reserved for a claim.
#[must_use]
pub fn names(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let reserved = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
    reserved.is_some_and(|it| {
        (&it.namespace, &it.name) == (&claim.metadata.namespace, &claim.metadata.name)
            && it.uid.as_deref().is_none_or(|uid| uid.is_empty() || uid == uid_of(&claim.metadata))
    })
}

/// Bytes of a volume.
#[must_use]
pub fn capacity(volume: &PersistentVolume) -> i64 {
    let capacity = volume.spec.as_ref().and_then(|spec| spec.capacity.as_ref()?.get("storage"));
    capacity.and_then(|amount| Quantity::parse(&amount.0).ok()).map_or(0, |amount| amount.value())
}

/// Whether a volume is what a claim asks for, wherever it is.
#[must_use]
pub fn fits(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    let (Some(wanted), Some(spec)) = (&claim.spec, &volume.spec) else { return false };
    if is_deleting(&volume.metadata) {
        return false;
    }
    let requests = wanted.resources.as_ref().and_then(|resources| resources.requests.as_ref()?.get("storage"));
    let asked = requests.and_then(|amount| Quantity::parse(&amount.0).ok()).map_or(0, |amount| amount.value());
    let mode = |mode: &Option<String>| mode.clone().unwrap_or_else(|| "Filesystem".into());
    let offered = spec.access_modes.as_deref().unwrap_or_default();
    let selector = wanted.selector.as_ref().map(|selector| Selector::from_label_selector(selector).ok());
    capacity(volume) >= asked
        && mode(&spec.volume_mode) == mode(&wanted.volume_mode)
        && modes(claim).all(|mode| offered.iter().any(|it| it == mode))
        && spec.storage_class_name.as_deref().unwrap_or_default() == class_of(claim)
        && selector.is_none_or(|selector| selector.is_some_and(|selector| selector.matches(volume.labels())))
}

/// The volume that a claim should have of those that nobody has (`FindMatchingVolume`): one that names the claim, else
/// the smallest.
#[must_use]
pub fn best<'a>(
    claim: &PersistentVolumeClaim,
    free: impl Iterator<Item = &'a Arc<PersistentVolume>>,
) -> Option<Arc<PersistentVolume>> {
    let fitting: Vec<_> = free.filter(|volume| fits(claim, volume)).collect();
    let named = fitting.iter().find(|volume| names(volume, claim));
    let smallest = || fitting.iter().filter(|volume| is_available(volume)).min_by_key(|volume| capacity(volume));
    named.or_else(smallest).map(|volume| Arc::clone(volume))
}
