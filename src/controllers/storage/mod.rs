//! Volumes and claims: who has which (`binder`), those that are made on demand (`local_path`), and that none goes while
//! it is used (`protection`). Must not choose nodes: the scheduler does.

mod binder;
mod local_path;
mod plan;
mod protection;
#[cfg(test)]
mod tests;

pub(super) use binder::run as bind;
pub(super) use local_path::run as make;
pub(super) use protection::{claims as protect_claims, volumes as protect_volumes};

/// Who makes the volumes of a claim, as the binder asks for it; the first is the old name, which stays.
const PROVISIONERS: [&str; 2] =
    ["volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner"];
/// Who made a volume.
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
