//! Whose a claim is, by the set's `persistentVolumeClaimRetentionPolicy`: the garbage collector then removes it with the
//! set, with the pod that a scaling down condemns, or never. Must not do IO.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::Resource;

use super::super::adoption::controller_reference;
use super::identity::{ordinals, spec};
use crate::client::object::{controller_of, uid_of};
use crate::client::pod::Pod;

/// Which owners a claim should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Owned {
    by_set: bool,
    by_pod: bool,
}

fn wanted(set: &StatefulSet, ordinal: i32) -> Owned {
    let policy = spec(set).and_then(|spec| spec.persistent_volume_claim_retention_policy.as_ref());
    let deletes = |when: Option<&String>| when.is_some_and(|policy| policy == "Delete");
    let deleted = deletes(policy.and_then(|policy| policy.when_deleted.as_ref()));
    let scaled = deletes(policy.and_then(|policy| policy.when_scaled.as_ref()));
    let condemned = !ordinals(set).contains(&ordinal);
    let by_pod = scaled && condemned;
    Owned { by_set: deleted && !by_pod, by_pod }
}

fn is_owned(claim: &PersistentVolumeClaim, owner: &ObjectMeta) -> bool {
    claim.metadata.owner_references.iter().flatten().any(|it| it.uid == uid_of(owner))
}

/// The claim with the owners that it should have; `None` when it has them, or somebody else manages it.
pub(super) fn corrected(
    set: &StatefulSet,
    ordinal: i32,
    pod: &Pod,
    claim: &PersistentVolumeClaim,
) -> Option<PersistentVolumeClaim> {
    let manager = controller_of(&claim.metadata).map(|owner| owner.uid.as_str());
    if manager.is_some_and(|uid| uid != uid_of(&set.metadata) && uid != uid_of(&pod.metadata)) {
        return None;
    }
    let wanted = wanted(set, ordinal);
    let has = Owned { by_set: is_owned(claim, &set.metadata), by_pod: is_owned(claim, &pod.metadata) };
    if has == wanted || (wanted.by_pod && pod.metadata.uid.is_none()) {
        return None;
    }
    let mut claim = claim.clone();
    let owners = claim.metadata.owner_references.get_or_insert_default();
    place(owners, set, wanted.by_set);
    place(owners, pod, wanted.by_pod);
    Some(claim)
}

fn place<O: Resource<DynamicType = ()>>(owners: &mut Vec<OwnerReference>, owner: &O, wanted: bool) {
    owners.retain(|it| it.uid != uid_of(owner.meta()));
    if wanted {
        owners.push(controller_reference(owner));
    }
}

/// Whether a claim still goes with an earlier pod of the name: the next one must wait for it.
pub(super) fn is_stale(claim: &PersistentVolumeClaim, pod: &Pod) -> bool {
    let owners = claim.metadata.owner_references.iter().flatten();
    let mut pods = owners.filter(|owner| owner.kind == "Pod" && Some(&owner.name) == pod.metadata.name.as_ref());
    pods.any(|owner| owner.uid != uid_of(&pod.metadata))
}
