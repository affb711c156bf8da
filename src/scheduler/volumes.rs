//! Gives claims the volumes that were chosen for them, before their pod is bound (`BindPodVolumes`). Must not make
//! volumes: it names the node, and a provisioner makes them.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ObjectReference, PersistentVolume, PersistentVolumeClaim};
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::Scheduler;
use super::storage::Bindings;
use crate::client::object::Key;
use crate::client::volumes::{BOUND_BY_CONTROLLER, SELECTED_NODE};

/// How long volumes are waited for (`bindTimeoutSeconds`).
const TIMEOUT: Duration = Duration::from_secs(600);

impl Scheduler {
    /// Asks for the volumes and waits until the claims have them; why not, in words.
    pub(super) async fn bind_volumes(&self, bindings: &Bindings, node: &str) -> Result<(), String> {
        if bindings.is_empty() {
            return Ok(());
        }
        for (volume, claim) in &bindings.given {
            self.give(volume, claim).await.map_err(|error| error.to_string())?;
        }
        for claim in &bindings.made {
            self.select_node(claim, node).await.map_err(|error| error.to_string())?;
        }
        tokio::time::timeout(TIMEOUT, self.wait_bound(bindings, node))
            .await
            .unwrap_or_else(|_| Err("context deadline exceeded".into()))
            .map_err(|text| format!("running PreBind plugin \"VolumeBinding\": binding volumes: {text}"))
    }

    async fn give(&self, volume: &str, claim: &Key) -> kube::Result<()> {
        let api: Api<PersistentVolume> = Api::all(self.client.clone());
        let reference = self.reference_to_claim(claim);
        let patch = json!({
            "metadata": {"annotations": {(BOUND_BY_CONTROLLER): "yes"}},
            "spec": {"claimRef": reference},
        });
        api.patch(volume, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
    }

    fn reference_to_claim(&self, claim: &Key) -> ObjectReference {
        let uid = self.state.lock().claim_uid(claim);
        ObjectReference {
            api_version: Some("v1".into()),
            kind: Some("PersistentVolumeClaim".into()),
            namespace: Some(claim.namespace.clone()),
            name: Some(claim.name.clone()),
            uid,
            ..ObjectReference::default()
        }
    }

    async fn select_node(&self, claim: &Key, node: &str) -> kube::Result<()> {
        let api: Api<PersistentVolumeClaim> = Api::namespaced(self.client.clone(), &claim.namespace);
        let patch = json!({"metadata": {"annotations": {(SELECTED_NODE): node}}});
        api.patch(&claim.name, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
    }

    async fn wait_bound(&self, bindings: &Bindings, node: &str) -> Result<(), String> {
        loop {
            let changed = self.storage_changed.notified();
            let bound = self.state.lock().are_bound(bindings, node);
            match bound {
                Some(true) => return Ok(()),
                Some(false) => changed.await,
                None => return Err("a claim is gone, or its volume is to be made elsewhere".into()),
            }
        }
    }
}
