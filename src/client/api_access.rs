//! The volume by which admission gives every pod its token: told from others, left out of the copies that a process
//! shares, put back for who mounts it. Must not give it to a pod that has none.
//!
//! It is the same in each pod but for its name, and a third of what a pod takes in memory.

use std::borrow::Cow;
use std::sync::LazyLock;

use k8s_openapi::api::core::v1::{Pod, PodSpec, Volume};
use serde_json::{Value, json};

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

/// Leaves the volume out of a pod that mounts it; one that somebody wrote otherwise stays.
pub fn leave_out(pod: &mut Pod) {
    let Some(spec) = &mut pod.spec else { return };
    let leaves = |volume: &Volume| is_usual(volume) && mounted(spec).any(|name| name == volume.name);
    let at = spec.volumes.iter().flatten().position(leaves);
    if let (Some(at), Some(volumes)) = (at, &mut spec.volumes) {
        volumes.remove(at);
        volumes.shrink_to_fit();
    }
}

/// Every volume of a pod, with the one that was left out.
pub fn volumes(spec: &PodSpec) -> impl Iterator<Item = Cow<'_, Volume>> {
    let has = |name: &str| spec.volumes.iter().flatten().any(|volume| volume.name == name);
    let left_out = mounted(spec).find(|name| name.starts_with(VOLUME) && !has(name));
    let own = spec.volumes.iter().flatten().map(Cow::Borrowed);
    own.chain(left_out.map(|name| Cow::Owned(usual(name))))
}

fn mounted(spec: &PodSpec) -> impl Iterator<Item = &str> {
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    containers.flat_map(|container| container.volume_mounts.iter().flatten()).map(|mount| mount.name.as_str())
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
        leave_out(&mut shared);
        assert_eq!(shared.spec.as_ref().unwrap().volumes.as_ref().unwrap().len(), 1);
        assert_eq!(names(&shared), names(&whole));
        let back = shared.spec.iter().flat_map(volumes).last().unwrap().into_owned();
        assert_eq!(Some(&back), whole.spec.as_ref().unwrap().volumes.as_ref().unwrap().last());
    }

    #[test]
    fn another_of_that_name_or_one_that_nobody_mounts_stays() {
        for volumes in
            [json!([{ "name": "kube-api-access-abcde", "emptyDir": {} }]), json!([volume("kube-api-access-z")])]
        {
            let whole = pod(volumes);
            let mut shared = whole.clone();
            leave_out(&mut shared);
            assert_eq!(shared, whole);
        }
    }
}
