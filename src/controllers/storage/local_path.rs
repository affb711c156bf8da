//! Makes the volumes of the default class as folders of the node that the scheduler chose, and removes them with their
//! data when nobody has them (Rancher's local-path-provisioner). Must not choose nodes.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::super::{Manager, Outcome, unless_gone, unless_there};
use super::{PROVISIONED_BY, PROVISIONERS};
use crate::base::tasks::Tasks;
use crate::client::object::{Key, is_deleting, reference_to, uid_of};
use crate::client::queue::Next;
use crate::client::recorder::Recorder;
use crate::client::volumes::{SELECTED_NODE, class_of, modes, volume_of};

/// Its name, as classes and volumes carry it.
const NAME: &str = "rancher.io/local-path";
/// Where it keeps volumes on each node.
const FOLDER: &str = "/opt/local-path-provisioner";

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Task {
    Make(Key),
    Remove(String),
}

pub(in super::super) async fn run(manager: Arc<Manager>) {
    let informers = &manager.informers;
    informers.claims.wait_synced().await;
    informers.volumes.wait_synced().await;
    informers.classes.wait_synced().await;
    let recorder = manager.recorder("rancher.io/local-path_local-path-provisioner");
    let queue = manager.queue();
    let keys = queue.clone();
    informers.claims.on_change(move |change| {
        if change.after().is_some_and(|claim| is_asked(claim)) {
            keys.add(Task::Make(Key::of(&**change.object())));
        }
    });
    let keys = queue.clone();
    informers.volumes.on_change(move |change| {
        if change.after().is_some_and(|volume| is_over(volume)) {
            keys.add(Task::Remove(change.object().name_any()));
        }
    });
    let look = |task| {
        let (manager, recorder) = (&manager, &recorder);
        async move {
            match task {
                Task::Make(key) => make(manager, recorder, key).await,
                Task::Remove(name) => remove(manager, recorder, name).await,
            }
        }
    };
    queue.run(4, look).await;
}

/// Whether a claim waits for a volume of ours.
fn is_asked(claim: &PersistentVolumeClaim) -> bool {
    let ours = PROVISIONERS.iter().any(|name| claim.annotations().get(*name).is_some_and(|it| it == NAME));
    ours && volume_of(claim).is_none() && !is_deleting(&claim.metadata)
}

/// Whether a volume of ours has no more use.
fn is_over(volume: &PersistentVolume) -> bool {
    let ours = volume.annotations().get(PROVISIONED_BY).is_some_and(|by| by == NAME);
    let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
    let policy = volume.spec.as_ref().and_then(|spec| spec.persistent_volume_reclaim_policy.as_deref());
    ours && phase == Some("Released") && policy == Some("Delete") && !is_deleting(&volume.metadata)
}

/// The volume for a claim; why there can be none, in the provisioner's words.
fn plan(claim: &PersistentVolumeClaim, class: &StorageClass) -> Result<PersistentVolume, &'static str> {
    if modes(claim).any(|mode| !matches!(mode, "ReadWriteOnce" | "ReadWriteOncePod")) {
        return Err("NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes");
    }
    let spec = claim.spec.clone().unwrap_or_default();
    if spec.selector.is_some() {
        return Err("claim.Spec.Selector is not supported");
    }
    let node = claim.annotations().get(SELECTED_NODE).ok_or("configuration error, no node was specified")?;
    let name = name_of(claim);
    let folder = format!("{name}_{}_{}", claim.namespace().unwrap_or_default(), claim.name_any());
    let volume = json!({
        "metadata": {"name": name, "annotations": {(PROVISIONED_BY): NAME}},
        "spec": {
            "accessModes": spec.access_modes,
            "capacity": {"storage": spec.resources.and_then(|it| it.requests).and_then(|it| it.get("storage").cloned())},
            "claimRef": reference_to(claim),
            "hostPath": {"path": format!("{FOLDER}/{folder}"), "type": "DirectoryOrCreate"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions":
                [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}]}},
            "persistentVolumeReclaimPolicy": class.reclaim_policy.as_deref().unwrap_or("Delete"),
            "storageClassName": class_of(claim),
            "volumeMode": "Filesystem",
        },
    });
    serde_json::from_value(volume).map_err(|_| "the claim does not make a volume")
}

fn name_of(claim: &PersistentVolumeClaim) -> String {
    format!("pvc-{}", uid_of(&claim.metadata))
}

async fn make(manager: &Manager, recorder: &Recorder, key: Key) -> Outcome {
    let informers = &manager.informers;
    let Some(claim) = informers.claims.get(&key).filter(|claim| is_asked(claim)) else { return Ok(Next::Done) };
    let Some(class) = informers.classes.get(&Key::new("", class_of(&claim))) else { return Ok(Next::Done) };
    let name = name_of(&claim);
    if informers.volumes.get(&Key::new("", name.clone())).is_some() {
        return Ok(Next::Done);
    }
    let message = format!("External provisioner is provisioning volume for claim \"{key}\"");
    recorder.normal(&*claim, "Provisioning", message);
    let volume = match plan(&claim, &class) {
        Ok(volume) => volume,
        Err(why) => {
            let class = class_of(&claim);
            let message = format!("failed to provision volume with StorageClass \"{class}\": {why}");
            recorder.warning(&*claim, "ProvisioningFailed", message);
            return Ok(Next::Retry);
        }
    };
    let api: Api<PersistentVolume> = Api::all(manager.client.clone());
    unless_there(api.create(&PostParams::default(), &volume).await)?;
    recorder.normal(&*claim, "ProvisioningSucceeded", format!("Successfully provisioned volume {name}"));
    Ok(Next::Done)
}

async fn remove(manager: &Manager, recorder: &Recorder, name: String) -> Outcome {
    let volume = manager.informers.volumes.get(&Key::new("", name.clone()));
    let Some(volume) = volume.filter(|volume| is_over(volume)) else { return Ok(Next::Done) };
    if let Some(folder) = manager.config.disks.as_deref().and_then(|disks| folder(disks, &volume))
        && let Err(error) = remove_folder(folder).await
    {
        recorder.warning(&*volume, "VolumeFailedDelete", error.to_string());
        return Ok(Next::Retry);
    }
    let api: Api<PersistentVolume> = Api::all(manager.client.clone());
    let preconditions = Some(Preconditions { uid: volume.uid(), resource_version: None });
    unless_gone(api.delete(&name, &DeleteParams { preconditions, ..DeleteParams::default() }).await)?;
    Ok(Next::Done)
}

async fn remove_folder(folder: PathBuf) -> std::io::Result<()> {
    match Tasks::blocking(move || std::fs::remove_dir_all(folder)).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Where the data of a volume of ours lies on this machine: only ever below our folder of its node.
fn folder(disks: &Path, volume: &PersistentVolume) -> Option<PathBuf> {
    let spec = volume.spec.as_ref()?;
    let inside = Path::new(&spec.host_path.as_ref()?.path).strip_prefix(FOLDER).ok()?;
    let terms = &spec.node_affinity.as_ref()?.required.as_ref()?.node_selector_terms;
    let node = terms.first()?.match_expressions.as_ref()?.first()?.values.as_ref()?.first()?;
    let plain = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    let fine = plain(inside) && plain(Path::new(node)) && inside.components().count() == 1;
    fine.then(|| disks.join(node).join(&FOLDER[1..]).join(inside))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn claim(modes: Value, node: Option<&str>) -> PersistentVolumeClaim {
        let annotations = json!({(PROVISIONERS[1]): NAME, (SELECTED_NODE): node});
        serde_json::from_value(json!({
            "metadata": {"name": "datos", "namespace": "n", "uid": "u", "annotations": annotations},
            "spec": {"accessModes": modes, "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "local-path"},
        }))
        .unwrap_or_default()
    }

    fn class() -> StorageClass {
        StorageClass { provisioner: NAME.into(), ..StorageClass::default() }
    }

    #[test]
    fn a_volume_is_a_folder_of_the_chosen_node() {
        let asked = claim(json!(["ReadWriteOnce"]), Some("worker-2"));
        assert!(is_asked(&asked));
        let volume = plan(&asked, &class()).unwrap();
        assert_eq!(volume.name_any(), "pvc-u");
        let spec = volume.spec.as_ref().unwrap();
        assert_eq!(spec.host_path.as_ref().unwrap().path, "/opt/local-path-provisioner/pvc-u_n_datos");
        assert_eq!(spec.claim_ref.as_ref().unwrap().uid.as_deref(), Some("u"));
        let place = folder(Path::new("/d"), &volume).unwrap();
        assert_eq!(place, Path::new("/d/worker-2/opt/local-path-provisioner/pvc-u_n_datos"));
        assert!(plan(&claim(json!(["ReadWriteMany"]), Some("worker-2")), &class()).is_err());
    }

    #[test]
    fn nothing_outside_of_its_folder_is_ever_removed() {
        let mut volume = plan(&claim(json!(["ReadWriteOnce"]), Some("worker-2")), &class()).unwrap();
        for path in [
            "/etc",
            "/opt/local-path-provisioner/../../etc",
            "/opt/local-path-provisioner",
            "/opt/local-path-provisioner/a/b",
        ] {
            volume.spec.as_mut().unwrap().host_path.as_mut().unwrap().path = path.into();
            assert_eq!(folder(Path::new("/d"), &volume), None, "{path}");
        }
    }
}
