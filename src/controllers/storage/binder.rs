//! Gives claims their volumes and takes volumes back (`persistentvolume-binder`): what the plan says, written. Must not
//! make volumes: it asks a provisioner to.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::super::{Manager, Outcome, unless_gone};
use super::PROVISIONERS;
use super::plan::{self, Around, ClaimStep, Reclaim, VolumeStep};
use crate::client::object::{Key, reference_to, uid_of};
use crate::client::pod::Pod;
use crate::client::queue::{Next, Queue};
use crate::client::recorder::Recorder;
use crate::client::volumes::{BIND_COMPLETED, BOUND_BY_CONTROLLER, bound_to, volume_of};

/// How often a claim that waits is looked at (`--pvclaimbinder-sync-period`).
const RESYNC: Duration = Duration::from_secs(15);

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Task {
    Claim(Key),
    Volume(String),
}

struct Binder {
    manager: Arc<Manager>,
    recorder: Recorder,
    queue: Queue<Task>,
}

pub(in super::super) async fn run(manager: Arc<Manager>) {
    let informers = &manager.informers;
    informers.claims.wait_synced().await;
    informers.volumes.wait_synced().await;
    informers.classes.wait_synced().await;
    informers.pods.wait_synced().await;
    let queue = manager.queue();
    let recorder = manager.recorder("persistentvolume-controller");
    let binder = Binder { manager: manager.clone(), recorder, queue: queue.clone() };
    binder.subscribe();
    // One worker: two claims must not be given the same volume.
    queue.run(1, |task| binder.look(task)).await;
}

impl Binder {
    fn subscribe(&self) {
        let informers = &self.manager.informers;
        let keys = self.queue.clone();
        informers.claims.on_change(move |change| {
            let claim = change.object();
            keys.add(Task::Claim(Key::of(&**claim)));
            keys.add_all(volume_of(claim).map(|name| Task::Volume(name.into())));
        });
        let (claims, keys) = (informers.claims.clone(), self.queue.clone());
        informers.volumes.on_change(move |change| {
            keys.add(Task::Volume(change.object().name_any()));
            let waiting =
                claims.list().into_iter().filter(|claim| bound_to(claim).is_none() || change.after().is_none());
            keys.add_all(waiting.map(|claim| Task::Claim(Key::of(&*claim))));
        });
        let (claims, keys) = (informers.claims.clone(), self.queue.clone());
        informers.classes.on_change(move |_| {
            let waiting = claims.list().into_iter().filter(|claim| bound_to(claim).is_none());
            keys.add_all(waiting.map(|claim| Task::Claim(Key::of(&*claim))));
        });
    }

    async fn look(&self, task: Task) -> Outcome {
        match task {
            Task::Claim(key) => self.look_at_claim(&key).await,
            Task::Volume(name) => self.look_at_volume(&name).await,
        }
    }

    fn claims(&self, namespace: &str) -> Api<PersistentVolumeClaim> {
        Api::namespaced(self.manager.client.clone(), namespace)
    }

    fn volumes(&self) -> Api<PersistentVolume> {
        Api::all(self.manager.client.clone())
    }

    async fn look_at_claim(&self, key: &Key) -> Outcome {
        let informers = &self.manager.informers;
        let Some(claim) = informers.claims.get(key) else { return Ok(Next::Done) };
        let users = users(&informers.pods.in_namespace(&key.namespace), &key.name);
        let (volumes, classes) = (informers.volumes.list(), informers.classes.list());
        match plan::claim(&claim, &Around { volumes: &volumes, classes: &classes, users: &users }) {
            ClaimStep::Bind(volume) => self.bind(&claim, &volume).await,
            ClaimStep::Wait(why) => {
                if let Some((reason, message)) = why {
                    self.tell(&claim, reason, message);
                }
                self.phase(&claim, "Pending").await?;
                Ok(Next::After(self.manager.clock.timing.scale(RESYNC)))
            }
            ClaimStep::Class(class) => {
                let patch = json!({"metadata": {"uid": claim.metadata.uid}, "spec": {"storageClassName": class}});
                self.patch_claim(&claim, patch).await?;
                Ok(Next::Done)
            }
            ClaimStep::Provision(provisioner) => self.provision(&claim, &provisioner).await,
            ClaimStep::Taken(message) => {
                self.recorder.warning(&*claim, "FailedBinding", message);
                self.phase(&claim, "Pending").await?;
                Ok(Next::After(self.manager.clock.timing.scale(RESYNC)))
            }
            ClaimStep::Lost(reason, message) => {
                if phase_of(&claim) != "Lost" {
                    self.recorder.warning(&*claim, reason, message);
                }
                self.phase(&claim, "Lost").await?;
                Ok(Next::Done)
            }
        }
    }

    fn tell(&self, claim: &PersistentVolumeClaim, reason: &str, message: String) {
        if reason == "ProvisioningFailed" {
            return self.recorder.warning(claim, reason, message);
        }
        self.recorder.normal(claim, reason, message);
    }

    async fn provision(&self, claim: &PersistentVolumeClaim, provisioner: &str) -> Outcome {
        let asked = PROVISIONERS.iter().all(|name| claim.annotations().get(*name).is_some_and(|it| it == provisioner));
        if !asked {
            let [old, new] = PROVISIONERS;
            let annotations = json!({(old): provisioner, (new): provisioner});
            self.patch_claim(claim, json!({"metadata": {"uid": claim.metadata.uid, "annotations": annotations}}))
                .await?;
        }
        let message = format!(
            "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the \
             system administrator. If volume creation is delayed, please verify that the provisioner is running and \
             correctly registered."
        );
        self.recorder.normal(claim, "ExternalProvisioning", message);
        self.phase(claim, "Pending").await?;
        Ok(Next::After(self.manager.clock.timing.scale(RESYNC)))
    }

    /// Both sides name each other and say that they are bound; what holds already is not written again.
    async fn bind(&self, claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> Outcome {
        let name = volume.name_any();
        let reference = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
        if reference.and_then(|it| it.uid.as_deref()) != Some(uid_of(&claim.metadata)) {
            let mut patch = json!({
                "metadata": {"resourceVersion": volume.metadata.resource_version},
                "spec": {"claimRef": reference_to(claim)},
            });
            if reference.is_none() {
                patch["metadata"]["annotations"] = json!({(BOUND_BY_CONTROLLER): "yes"});
            }
            self.volumes().patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        }
        self.volume_phase(&name, volume, "Bound").await?;
        if bound_to(claim) != Some(&name) {
            let mut annotations = json!({(BIND_COMPLETED): "yes"});
            if volume_of(claim).is_none() {
                annotations[BOUND_BY_CONTROLLER] = "yes".into();
            }
            let metadata = json!({"uid": claim.metadata.uid, "annotations": annotations});
            self.patch_claim(claim, json!({"metadata": metadata, "spec": {"volumeName": name}})).await?;
        }
        self.say_bound(claim, volume).await?;
        Ok(Next::Done)
    }

    async fn say_bound(&self, claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> kube::Result<()> {
        let offered = volume.spec.clone().unwrap_or_default();
        let told = claim.status.clone().unwrap_or_default();
        let same = told.phase.as_deref() == Some("Bound")
            && told.access_modes == offered.access_modes
            && told.capacity == offered.capacity;
        if same {
            return Ok(());
        }
        let status = json!({"phase": "Bound", "accessModes": offered.access_modes, "capacity": offered.capacity});
        self.patch_status(claim, status).await
    }

    async fn patch_claim(&self, claim: &PersistentVolumeClaim, patch: serde_json::Value) -> kube::Result<()> {
        let api = self.claims(&claim.namespace().unwrap_or_default());
        unless_gone(api.patch(&claim.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await).map(drop)
    }

    async fn patch_status(&self, claim: &PersistentVolumeClaim, status: serde_json::Value) -> kube::Result<()> {
        let api = self.claims(&claim.namespace().unwrap_or_default());
        let patch = Patch::Merge(json!({"metadata": {"uid": claim.metadata.uid}, "status": status}));
        unless_gone(api.patch_status(&claim.name_any(), &PatchParams::default(), &patch).await).map(drop)
    }

    async fn phase(&self, claim: &PersistentVolumeClaim, phase: &str) -> kube::Result<()> {
        if phase_of(claim) == phase {
            return Ok(());
        }
        self.patch_status(claim, json!({"phase": phase})).await
    }

    async fn volume_phase(&self, name: &str, volume: &PersistentVolume, phase: &str) -> kube::Result<()> {
        let told = volume.status.clone().unwrap_or_default();
        if told.phase.as_deref() == Some(phase) {
            return Ok(());
        }
        let mut updated = volume.clone();
        let status = updated.status.get_or_insert_default();
        (status.phase, status.message, status.reason) = (Some(phase.into()), None, None);
        updated.metadata.resource_version = None;
        unless_gone(self.volumes().replace_status(name, &PostParams::default(), &updated).await).map(drop)
    }

    async fn look_at_volume(&self, name: &str) -> Outcome {
        let Some(volume) = self.manager.informers.volumes.get(&Key::new("", name)) else { return Ok(Next::Done) };
        let claim = self.claim_of(&volume).await?;
        match plan::volume(&volume, claim.as_deref()) {
            VolumeStep::Phase(phase) => self.volume_phase(name, &volume, phase).await?,
            VolumeStep::AskClaim => {
                self.volume_phase(name, &volume, "Bound").await?;
                self.queue.add_all(claim.map(|claim| Task::Claim(Key::of(&*claim))));
            }
            VolumeStep::Unbind { ours } => self.unbind(name, &volume, ours).await?,
            VolumeStep::Released(reclaim) => self.release(name, &volume, reclaim).await?,
        }
        Ok(Next::Done)
    }

    /// The claim that a volume names, if it is still the same: where the cache has none, the server is asked.
    async fn claim_of(&self, volume: &PersistentVolume) -> kube::Result<Option<Arc<PersistentVolumeClaim>>> {
        let Some(reference) = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref()) else { return Ok(None) };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (key, uid) = (Key::new(text(&reference.namespace), text(&reference.name)), text(&reference.uid));
        let same = |claim: &Arc<PersistentVolumeClaim>| uid_of(&claim.metadata) == uid;
        if let Some(claim) = self.manager.informers.claims.get(&key).filter(same) {
            return Ok(Some(claim));
        }
        if uid.is_empty() {
            return Ok(None);
        }
        let there = self.claims(&key.namespace).get_opt(&key.name).await?;
        Ok(there.map(Arc::new).filter(same))
    }

    async fn unbind(&self, name: &str, volume: &PersistentVolume, ours: bool) -> kube::Result<()> {
        let version = &volume.metadata.resource_version;
        let patch = match ours {
            true => json!({
                "metadata": {"resourceVersion": version, "annotations": {(BOUND_BY_CONTROLLER): null}},
                "spec": {"claimRef": null},
            }),
            // A person reserved it: it stays reserved for the name.
            false => json!({"metadata": {"resourceVersion": version}, "spec": {"claimRef": {"uid": null}}}),
        };
        unless_gone(self.volumes().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await)?;
        self.volume_phase(name, volume, "Available").await
    }

    async fn release(&self, name: &str, volume: &PersistentVolume, reclaim: Reclaim) -> kube::Result<()> {
        let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
        if let Reclaim::Unable(reason, message) = reclaim {
            if phase != "Failed" {
                self.recorder.warning(volume, reason, message);
                self.volume_phase(name, volume, "Failed").await?;
            }
            return Ok(());
        }
        if phase != "Failed" {
            self.volume_phase(name, volume, "Released").await?;
        }
        Ok(())
    }
}

fn phase_of(claim: &PersistentVolumeClaim) -> &str {
    claim.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

/// The pods that mount a claim.
pub(super) fn users(pods: &[Arc<Pod>], claim: &str) -> Vec<Arc<Pod>> {
    let mounts = |pod: &Arc<Pod>| {
        let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
        volumes.into_iter().any(|volume| {
            let named = volume.persistent_volume_claim.as_ref().is_some_and(|source| source.claim_name == claim);
            named || (volume.ephemeral.is_some() && claim == format!("{}-{}", pod.name_any(), volume.name))
        })
    };
    pods.iter().filter(|pod| mounts(pod)).cloned().collect()
}
