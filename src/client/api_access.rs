//! The volume by which admission gives every pod its token: told from others, left out of the copies that a process
//! shares, put back for who mounts it. Must not give it to a pod that has none.
//!
//! It is the same in each pod but for its name, and a third of what a pod takes in memory. The name is kept apart: what
//! is mounted of running containers goes by it.

use std::borrow::Cow;
use std::sync::LazyLock;

use k8s_openapi::api::core::v1::{PodSpec, Volume, VolumeMount};
use serde_json::{Value, json};

use super::pod::Spec;

/// The start of the volume's name (`serviceaccount.ServiceAccountVolumeName`).
pub const VOLUME: &str = "kube-api-access-";
/// Seconds of the projected token: an hour and a bit, so that it is told apart in metrics.
const SECONDS: i64 = 3607;

/// The volume, as it is written.
#[must_use]
pub fn volume(name: &str) -> Value {
    json!({ "name": name, "projected": { "defaultMode": 420, "sources": [
        { "serviceAccountToken": { "expirationSeconds": SECONDS, "path": "token" } },
        { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
        { "downwardAPI": { "items": [
            { "path": "namespace", "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" } },
        ] } },
        // The second map that the controller manager publishes in every namespace.
        { "configMap": {
            "name": "openshift-service-ca.crt", "items": [{ "key": "service-ca.crt", "path": "service-ca.crt" }],
        } },
    ] } })
}

/// Leaves the volume out of a spec that mounts it, and its name out of the mounts, so that the specs of pods that are
/// made alike are equal; one that somebody wrote otherwise stays.
pub fn leave_out(spec: &mut Spec) {
    let leaves = |volume: &Volume| is_usual(volume) && mounted(spec).any(|name| name == volume.name);
    let at = spec.volumes.iter().flatten().position(leaves);
    let (Some(at), None) = (at, &spec.access) else { return };
    let volumes = spec.volumes.get_or_insert_default();
    let name = volumes.remove(at).name;
    volumes.shrink_to_fit();
    rename(spec, &name, VOLUME);
    spec.access = Some(name.into());
}

/// Writes the volume that was left out into a spec again.
pub(super) fn put_back(name: &str, spec: &mut PodSpec) {
    rename(spec, VOLUME, name);
    spec.volumes.get_or_insert_default().push(usual(name));
}

/// Every volume of a pod, with the one that was left out.
pub fn volumes(spec: &Spec) -> impl Iterator<Item = Cow<'_, Volume>> {
    let own = spec.volumes.iter().flatten().map(Cow::Borrowed);
    own.chain(spec.access.as_deref().map(|name| Cow::Owned(usual(name))))
}

/// The volume's name that a mount of this pod says: that of the one that was left out is the pod's own.
#[must_use]
pub fn mounted_by<'a>(spec: &'a Spec, mount: &'a VolumeMount) -> &'a str {
    spec.access.as_deref().filter(|_| mount.name == VOLUME).unwrap_or(&mount.name)
}

fn mounted(spec: &PodSpec) -> impl Iterator<Item = &str> {
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    containers.flat_map(|container| container.volume_mounts.iter().flatten()).map(|mount| mount.name.as_str())
}

/// No volume may be called as the bare start of a name, so none is mistaken for another.
fn rename(spec: &mut PodSpec, from: &str, to: &str) {
    let containers = spec.init_containers.iter_mut().flatten().chain(&mut spec.containers);
    let mounts = containers.flat_map(|container| container.volume_mounts.iter_mut().flatten());
    mounts.filter(|mount| mount.name == from).for_each(|mount| to.clone_into(&mut mount.name));
}

/// The volume as it is read, without its name.
static USUAL: LazyLock<Volume> = LazyLock::new(|| serde_json::from_value(volume("")).unwrap_or_default());

fn usual(name: &str) -> Volume {
    Volume { name: name.into(), ..USUAL.clone() }
}

/// Told without a copy, for every state of every pod: a volume has one source and no more.
fn is_usual(volume: &Volume) -> bool {
    volume.name.starts_with(VOLUME) && volume.projected.is_some() && volume.projected == USUAL.projected
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::pod::Pod;

    fn pod(volumes: Value) -> Pod {
        let mounts = json!([{ "name": "kube-api-access-abcde", "mountPath": "/x" }]);
        let spec = json!({ "containers": [{ "name": "c", "volumeMounts": mounts }], "volumes": volumes });
        serde_json::from_value(json!({ "spec": spec })).unwrap()
    }

    fn names(pod: &Pod) -> Vec<String> {
        pod.spec.iter().flat_map(volumes).map(|volume| volume.name.clone()).collect()
    }

    #[test]
    fn what_is_left_out_is_put_back() {
        let whole = pod(json!([{ "name": "data", "emptyDir": {} }, volume("kube-api-access-abcde")]));
        let mut shared = whole.clone();
        shared.spec.iter_mut().for_each(leave_out);
        assert_eq!(shared.spec.as_ref().unwrap().volumes.as_ref().unwrap().len(), 1);
        assert_eq!(names(&shared), names(&whole));
        let back = shared.spec.iter().flat_map(volumes).last().unwrap().into_owned();
        assert_eq!(Some(&back), whole.spec.as_ref().unwrap().volumes.as_ref().unwrap().last());
        assert_eq!(serde_json::to_value(&shared).unwrap(), serde_json::to_value(&whole).unwrap());
    }

    #[test]
    fn specs_that_differ_in_the_name_alone_are_equal_and_each_mount_says_its_own() {
        let specs = ["kube-api-access-abcde", "kube-api-access-fghij"].map(|name| {
            let mount = |name: &str| json!({ "name": name, "mountPath": "/x" });
            let container = json!({ "name": "c", "volumeMounts": [mount("data"), mount(name)] });
            let mut spec = Spec::from(
                serde_json::from_value::<PodSpec>(json!({
                    "initContainers": [&container], "containers": [&container], "volumes": [volume(name)],
                }))
                .unwrap(),
            );
            leave_out(&mut spec);
            let mounts = spec.containers[0].volume_mounts.as_ref().unwrap();
            assert_eq!(mounts.iter().map(|mount| mounted_by(&spec, mount)).collect::<Vec<_>>(), ["data", name]);
            spec
        });
        assert_eq!(specs[0].shared, specs[1].shared);
    }

    #[test]
    fn another_of_that_name_or_one_that_nobody_mounts_stays() {
        for volumes in
            [json!([{ "name": "kube-api-access-abcde", "emptyDir": {} }]), json!([volume("kube-api-access-z")])]
        {
            let whole = pod(volumes);
            let mut shared = whole.clone();
            shared.spec.iter_mut().for_each(leave_out);
            assert_eq!(shared, whole);
        }
    }
}
