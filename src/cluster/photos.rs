//! Snapshots: takes a photo of etcd for each, and goes back to it when it asks. Must not keep photos of deleted ones.
//!
//! Photos are kept in memory, as the Snapshots themselves are.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Patch, PatchParams};
use kube::runtime::watcher;
use kube::{Api, ResourceExt};
use serde_json::json;
use tokio::sync::mpsc;

use super::supervisor::{Plant, Restorer};
use crate::apiserver::Photo;
use crate::base::pipe::Identity;
use crate::base::tasks::Tasks;
use crate::client::informer::Informer;
use crate::client::timonel::{Snapshot, SnapshotStatus};

/// When what could not be done (etcd off) is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// Serves every Snapshot until the tasks stop.
pub(super) fn start(plant: &Arc<Plant>, restorer: Restorer, tasks: &Tasks) {
    let api: Api<Snapshot> = Api::all(plant.client(Identity::new("timonel:snapshots", &["system:masters"])));
    let informer = Informer::<Snapshot>::default();
    let (sender, changed) = mpsc::unbounded_channel();
    informer.on_change(move |change| {
        let gone = change.after().is_none();
        let heard = Heard { snapshot: change.object().clone(), gone };
        sender.send(heard).unwrap_or_default();
    });
    informer.start(api.clone(), watcher::Config::default(), tasks);
    let album = Album { plant: Arc::clone(plant), restorer, api, photos: HashMap::new(), wanted: HashMap::new() };
    tasks.spawn(album.keep(changed));
}

/// A Snapshot is like this now, or is gone.
struct Heard {
    snapshot: Arc<Snapshot>,
    gone: bool,
}

struct Album {
    plant: Arc<Plant>,
    restorer: Restorer,
    api: Api<Snapshot>,
    /// By the Snapshot's uid.
    photos: HashMap<String, (Photo, SnapshotStatus)>,
    /// What is asked, by name; what is done leaves.
    wanted: HashMap<String, Arc<Snapshot>>,
}

impl Album {
    async fn keep(mut self, mut changed: mpsc::UnboundedReceiver<Heard>) {
        loop {
            tokio::select! {
                heard = changed.recv() => match heard {
                    Some(heard) => self.hear(heard),
                    None => return,
                },
                () = tokio::time::sleep(AGAIN), if !self.wanted.is_empty() => {}
            }
            if changed.is_empty() {
                self.serve().await;
            }
        }
    }

    fn hear(&mut self, Heard { snapshot, gone }: Heard) {
        let name = snapshot.name_any();
        if gone {
            self.photos.remove(&snapshot.uid().unwrap_or_default());
            self.wanted.remove(&name);
        } else {
            self.wanted.insert(name, snapshot);
        }
    }

    async fn serve(&mut self) {
        for (name, snapshot) in self.wanted.clone() {
            if self.attend(&name, &snapshot).await {
                self.wanted.remove(&name);
            }
        }
    }

    /// Does what a Snapshot asks; whether nothing is left to do.
    async fn attend(&mut self, name: &str, snapshot: &Snapshot) -> bool {
        let uid = snapshot.uid().unwrap_or_default();
        let Some((photo, mut status)) = self.photos.get(&uid).cloned().or_else(|| self.take()) else { return false };
        let request = &snapshot.spec.restore_request;
        if !request.is_empty() && *request != status.restored_request {
            let Some(revision) = self.restorer.restore(photo.clone()).await else { return false };
            status.restored_at = Some(Time(self.plant.clock.now()));
            status.restored_request.clone_from(request);
            status.restored_revision = Some(revision);
        }
        self.photos.insert(uid, (photo, status.clone()));
        if snapshot.status.as_ref() == Some(&status) {
            return true;
        }
        let patch = Patch::Merge(json!({ "status": status }));
        match self.api.patch_status(name, &PatchParams::default(), &patch).await {
            Ok(_) => true,
            Err(kube::Error::Api(refusal)) if refusal.is_not_found() => true,
            Err(error) => {
                tracing::debug!(%error, name, "the snapshot's status was not written");
                false
            }
        }
    }

    /// A photo of what is stored now; nothing while etcd is off.
    fn take(&self) -> Option<(Photo, SnapshotStatus)> {
        let photo = self.plant.api.photograph().ok()?;
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let status = SnapshotStatus {
            revision: photo.revision(),
            objects: count(photo.objects()),
            bytes: count(photo.bytes()),
            taken_at: Some(Time(self.plant.clock.now())),
            ..SnapshotStatus::default()
        };
        Some((photo, status))
    }
}
