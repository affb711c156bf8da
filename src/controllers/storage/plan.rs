//! What a claim or a volume needs next (`syncClaim`, `syncVolume`). Must not do IO.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::ResourceExt;

use super::PROVISIONED_BY;
use crate::client::object::{is_deleting, uid_of};
use crate::client::pod::Pod;
use crate::client::pods::node_name;
use crate::client::volumes::{BOUND_BY_CONTROLLER, NO_PROVISIONER, SELECTED_NODE, best, bound_to, names, volume_of};

/// The class of a claim that names none, if it has any.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

/// What a claim needs.
#[derive(Debug, PartialEq)]
pub(super) enum ClaimStep {
    /// To have this volume, both sides and their states.
    Bind(Arc<PersistentVolume>),
    /// To wait, and to say why: reason and message.
    Wait(Option<(&'static str, String)>),
    /// The default class, which it was made too early for.
    Class(String),
    /// A volume that somebody else makes.
    Provision(String),
    /// It says that somebody else's volume is its own.
    Taken(String),
    /// To know that its volume is gone: reason and message.
    Lost(&'static str, &'static str),
}

/// What the claim's surroundings are.
pub(super) struct Around<'a> {
    pub volumes: &'a [Arc<PersistentVolume>],
    pub classes: &'a [Arc<StorageClass>],
    /// The pods that mount the claim.
    pub users: &'a [Arc<Pod>],
}

fn is_bound_to(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let reference = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
    reference.is_some_and(|it| it.uid.as_deref() == Some(uid_of(&claim.metadata)))
}

fn is_free(volume: &PersistentVolume) -> bool {
    volume.spec.as_ref().is_none_or(|spec| spec.claim_ref.is_none())
}

/// What a claim needs next.
pub(super) fn claim(claim: &PersistentVolumeClaim, around: &Around) -> ClaimStep {
    let volume = |name: &str| around.volumes.iter().find(|volume| volume.name_any() == name).cloned();
    match (bound_to(claim), volume_of(claim)) {
        (Some(name), _) => match volume(name) {
            None => {
                ClaimStep::Lost("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
            }
            Some(volume) if is_free(&volume) || is_bound_to(&volume, claim) => ClaimStep::Bind(volume),
            Some(_) => ClaimStep::Lost(
                "ClaimMisbound",
                "Two claims are bound to the same volume, this one is bound incorrectly",
            ),
        },
        (None, _) if completed(claim) => ClaimStep::Lost(
            "ClaimLost",
            "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!",
        ),
        (None, Some(name)) => match volume(name) {
            None => ClaimStep::Wait(None),
            Some(volume) if is_free(&volume) || names(&volume, claim) => ClaimStep::Bind(volume),
            Some(_) => ClaimStep::Taken(format!("volume {name:?} already bound to a different claim.")),
        },
        (None, None) => unbound(claim, around),
    }
}

fn completed(claim: &PersistentVolumeClaim) -> bool {
    claim.annotations().contains_key(crate::client::volumes::BIND_COMPLETED)
}

fn unbound(claim: &PersistentVolumeClaim, around: &Around) -> ClaimStep {
    let class_name = claim.spec.as_ref().and_then(|spec| spec.storage_class_name.clone());
    let class = around.classes.iter().find(|class| Some(class.name_any()) == class_name);
    let delayed = class.is_some_and(|class| class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer"));
    let selected = claim.annotations().contains_key(SELECTED_NODE);
    // Who waits for a pod has only what a person or the scheduler gave.
    let free = around.volumes.iter().filter(|volume| !delayed || names(volume, claim));
    if let Some(volume) = best(claim, free) {
        return ClaimStep::Bind(volume);
    }
    if delayed && !selected {
        return ClaimStep::Wait(Some(first_consumer(around)));
    }
    match (class, class_name) {
        (Some(class), _) if class.provisioner == NO_PROVISIONER => ClaimStep::Wait(Some(none_available(true))),
        (Some(class), _) => ClaimStep::Provision(class.provisioner.clone()),
        (None, Some(name)) if !name.is_empty() => {
            ClaimStep::Wait(Some(("ProvisioningFailed", format!("storageclass.storage.k8s.io {name:?} not found"))))
        }
        (None, Some(_)) => ClaimStep::Wait(Some(none_available(false))),
        (None, None) => match default_class(around.classes) {
            Some(class) => ClaimStep::Class(class),
            None => ClaimStep::Wait(Some(none_available(false))),
        },
    }
}

fn none_available(class: bool) -> (&'static str, String) {
    let text = if class {
        "no persistent volumes available for this claim and no storage class with a provisioner is set"
    } else {
        "no persistent volumes available for this claim and no storage class is set"
    };
    ("FailedBinding", text.into())
}

/// Why a claim that waits for a pod waits (`emitEventForUnboundDelayBindingClaim`).
fn first_consumer(around: &Around) -> (&'static str, String) {
    match around.users.iter().find(|pod| node_name(pod).is_none()) {
        Some(pod) => ("WaitForPodScheduled", format!("waiting for pod {} to be scheduled", pod.name_any())),
        None => ("WaitForFirstConsumer", "waiting for first consumer to be created before binding".into()),
    }
}

/// The newest of the classes that are marked, the first by name among equals.
fn default_class(classes: &[Arc<StorageClass>]) -> Option<String> {
    let marked = classes.iter().filter(|class| class.annotations().get(DEFAULT_CLASS).is_some_and(|it| it == "true"));
    let rank = |class: &&Arc<StorageClass>| {
        let created = class.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (created, std::cmp::Reverse(class.name_any()))
    };
    marked.max_by_key(rank).map(|class| class.name_any())
}

/// What a volume needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum VolumeStep {
    /// To say in which phase it is.
    Phase(&'static str),
    /// To say that it is free of its claim, and what to do with it then.
    Released(Reclaim),
    /// To let go of a claim that took another: whether the reservation was ours.
    Unbind { ours: bool },
    /// Its claim must look first.
    AskClaim,
}

/// What becomes of a volume without its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reclaim {
    /// It stays, with its data.
    Keep,
    /// Whoever made it removes it.
    ByMaker,
    /// Nobody here can do what its policy says: reason and message of the event.
    Unable(&'static str, &'static str),
}

/// What a volume needs next; `claim` is the one that it names, if that one is still the same.
pub(super) fn volume(volume: &PersistentVolume, claim: Option<&PersistentVolumeClaim>) -> VolumeStep {
    let reference = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
    if reference.is_none_or(|it| it.uid.as_deref().unwrap_or_default().is_empty()) {
        return VolumeStep::Phase("Available");
    }
    let Some(claim) = claim else { return VolumeStep::Released(reclaim(volume)) };
    match volume_of(claim) {
        None => VolumeStep::AskClaim,
        Some(name) if Some(name) == volume.metadata.name.as_deref() => VolumeStep::Phase("Bound"),
        Some(_) => match reclaim(volume) {
            Reclaim::ByMaker => VolumeStep::Released(Reclaim::ByMaker),
            _ => VolumeStep::Unbind { ours: volume.annotations().contains_key(BOUND_BY_CONTROLLER) },
        },
    }
}

fn reclaim(volume: &PersistentVolume) -> Reclaim {
    let policy = volume.spec.as_ref().and_then(|spec| spec.persistent_volume_reclaim_policy.as_deref());
    let made = volume.annotations().contains_key(PROVISIONED_BY) || is_deleting(&volume.metadata);
    match policy {
        Some("Delete") if made => Reclaim::ByMaker,
        Some("Delete") => {
            Reclaim::Unable("VolumeFailedDelete", "error getting deleter volume plugin: no volume plugin matched")
        }
        Some("Recycle") => Reclaim::Unable("VolumeFailedRecycle", "No recycler plugin found for the volume!"),
        _ => Reclaim::Keep,
    }
}
