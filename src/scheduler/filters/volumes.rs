//! Filters about volumes: one pod at a time where a claim says so, volumes that the node can have, their zone.

use super::{Cycle, Reasons};
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::storage::Lacking;

/// A claim for one pod at a time must not be in use.
pub(super) fn restrictions(cycle: &Cycle, _node: &NodeInfo) -> Result<(), Reasons> {
    if cycle.claims_in_use == 0 {
        return Ok(());
    }
    let reason = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
    Err(Reasons::now(reason))
}

/// The volumes of the pod's claims must be, or be made, where the node reaches them.
pub(super) fn binding(cycle: &Cycle, node: &NodeInfo) -> Result<(), Reasons> {
    let Some(node) = &node.node else { return Ok(()) };
    let found = cycle.needs.on(node, cycle.catalog);
    found.map(drop).map_err(|lacking| {
        Reasons::never(match lacking {
            Lacking::Elsewhere => "node(s) didn't match PersistentVolume's node affinity",
            Lacking::Gone => "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
            Lacking::Unavailable => "node(s) didn't find available persistent volumes to bind",
        })
    })
}

pub(super) fn zone(cycle: &Cycle, node: &NodeInfo) -> Result<(), Reasons> {
    match &node.node {
        Some(node) if !cycle.needs.in_zone(node) => Err(Reasons::never("node(s) had no available volume zone")),
        _ => Ok(()),
    }
}
