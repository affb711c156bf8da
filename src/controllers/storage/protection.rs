//! Lets claims and volumes go only once nobody uses them (`pvc-protection`, `pv-protection`). Must not delete: it takes
//! away what keeps them.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::super::{Manager, Outcome, unless_gone};
use super::binder::users;
use crate::client::object::{Key, is_deleting};
use crate::client::pods::node_name;
use crate::client::queue::Next;

const CLAIM: &str = "kubernetes.io/pvc-protection";
const VOLUME: &str = "kubernetes.io/pv-protection";

/// The controller of claims.
pub(in super::super) async fn claims(manager: Arc<Manager>) {
    let informers = &manager.informers;
    informers.claims.wait_synced().await;
    informers.pods.wait_synced().await;
    let queue = manager.queue();
    let keys = queue.clone();
    informers.claims.on_change(move |change| {
        if change.after().is_some_and(|claim| goes(&**claim, CLAIM)) {
            keys.add(Key::of(&**change.object()));
        }
    });
    let (claims, keys) = (informers.claims.clone(), queue.clone());
    informers.pods.on_change(move |change| {
        if change.after().is_none() {
            let namespace = change.object().metadata.namespace.as_deref().unwrap_or_default();
            let going = claims.in_namespace(namespace).into_iter().filter(|claim| goes(&**claim, CLAIM));
            keys.add_all(going.map(|claim| Key::of(&*claim)));
        }
    });
    queue.run(1, |key| let_claim_go(&manager, key)).await;
}

/// The controller of volumes.
pub(in super::super) async fn volumes(manager: Arc<Manager>) {
    manager.informers.volumes.wait_synced().await;
    let queue = manager.queue();
    let keys = queue.clone();
    manager.informers.volumes.on_change(move |change| keys.add(Key::of(&**change.object())));
    queue.run(1, |key| let_volume_go(&manager, key)).await;
}

fn goes<K: ResourceExt>(object: &K, finalizer: &str) -> bool {
    is_deleting(object.meta()) && object.finalizers().iter().any(|name| name == finalizer)
}

async fn let_claim_go(manager: &Manager, key: Key) -> Outcome {
    let Some(claim) = manager.informers.claims.get(&key).filter(|claim| goes(&**claim, CLAIM)) else {
        return Ok(Next::Done);
    };
    // A pod without a node will not start with a claim that goes.
    let used = users(&manager.informers.pods.in_namespace(&key.namespace), &key.name);
    if used.iter().any(|pod| node_name(pod).is_some()) {
        return Ok(Next::Done);
    }
    let api: Api<PersistentVolumeClaim> = Api::namespaced(manager.client.clone(), &key.namespace);
    let patch = Patch::Merge(without(&*claim, CLAIM));
    unless_gone(api.patch(&key.name, &PatchParams::default(), &patch).await)?;
    Ok(Next::Done)
}

async fn let_volume_go(manager: &Manager, key: Key) -> Outcome {
    let Some(volume) = manager.informers.volumes.get(&key).filter(|volume| goes(&**volume, VOLUME)) else {
        return Ok(Next::Done);
    };
    if volume.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Bound") {
        return Ok(Next::Done);
    }
    let api: Api<PersistentVolume> = Api::all(manager.client.clone());
    let patch = Patch::Merge(without(&*volume, VOLUME));
    unless_gone(api.patch(&key.name, &PatchParams::default(), &patch).await)?;
    Ok(Next::Done)
}

fn without<K: ResourceExt>(object: &K, finalizer: &str) -> Value {
    let others: Vec<_> = object.finalizers().iter().filter(|name| *name != finalizer).collect();
    json!({"metadata": {"uid": object.uid(), "resourceVersion": object.resource_version(), "finalizers": others}})
}
