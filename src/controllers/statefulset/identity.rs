//! Who a pod of a StatefulSet is: its ordinal, its name, its claims, its revision; and the pod of an ordinal as it should
//! be. Must not do IO.

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, PodTemplateSpec, Volume};
use kube::ResourceExt;

use super::super::history::POD_REVISION;
use super::super::pod_control::from_template;
use crate::client::pod::Pod;

/// The label with a pod's own name, so that a service can select one pod.
const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
/// The label with its ordinal.
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The ordinal of a pod that is called as this set's are; `None` for any other.
pub(super) fn ordinal(set: &StatefulSet, pod: &Pod) -> Option<i32> {
    let (parent, number) = pod.metadata.name.as_deref()?.rsplit_once('-')?;
    let number: i32 = number.parse().ok()?;
    (parent == set.metadata.name.as_deref()? && number >= 0).then_some(number)
}

pub(super) fn spec(set: &StatefulSet) -> Option<&StatefulSetSpec> {
    set.spec.as_ref()
}

/// The first ordinal and the one after the last.
pub(super) fn ordinals(set: &StatefulSet) -> std::ops::Range<i32> {
    let start = spec(set).and_then(|spec| spec.ordinals.as_ref()?.start).unwrap_or(0);
    start..start.saturating_add(replicas(set))
}

pub(super) fn replicas(set: &StatefulSet) -> i32 {
    spec(set).and_then(|spec| spec.replicas).unwrap_or(1)
}

pub(super) fn revision_of(pod: &Pod) -> &str {
    pod.labels().get(POD_REVISION).map(String::as_str).unwrap_or_default()
}

/// Whether it has the labels of its name.
pub(super) fn has_identity(pod: &Pod) -> bool {
    pod.labels().get(POD_NAME) == pod.metadata.name.as_ref()
}

/// Whether it mounts the claims of its ordinal.
pub(super) fn has_storage(set: &StatefulSet, ordinal: i32, pod: &Pod) -> bool {
    let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
    claim_templates(set).iter().all(|template| {
        let volume = volumes.iter().find(|volume| volume.name == template.name_any());
        let claim = volume.and_then(|volume| volume.persistent_volume_claim.as_ref());
        claim.is_some_and(|claim| claim.claim_name == claim_name(set, template, ordinal))
    })
}

fn claim_templates(set: &StatefulSet) -> &[PersistentVolumeClaim] {
    spec(set).and_then(|spec| spec.volume_claim_templates.as_deref()).unwrap_or_default()
}

fn claim_name(set: &StatefulSet, template: &PersistentVolumeClaim, ordinal: i32) -> String {
    format!("{}-{}-{ordinal}", template.name_any(), set.name_any())
}

/// The names of the claims of an ordinal.
pub(super) fn claim_names(set: &StatefulSet, ordinal: i32) -> Vec<String> {
    claim_templates(set).iter().map(|template| claim_name(set, template, ordinal)).collect()
}

/// The claims of an ordinal, from their templates.
pub(super) fn claims(set: &StatefulSet, ordinal: i32) -> Vec<PersistentVolumeClaim> {
    let selected = spec(set).and_then(|spec| spec.selector.match_labels.clone()).unwrap_or_default();
    let claim = |template: &PersistentVolumeClaim| {
        let mut claim = template.clone();
        claim.metadata.name = Some(claim_name(set, template, ordinal));
        claim.metadata.namespace = set.namespace();
        claim.metadata.labels.get_or_insert_default().extend(selected.clone());
        claim.status = None;
        claim
    };
    claim_templates(set).iter().map(claim).collect()
}

/// Gives a pod the labels and the claims of its ordinal.
pub(super) fn identify(set: &StatefulSet, ordinal: i32, pod: &mut Pod) {
    let name = format!("{}-{ordinal}", set.name_any());
    pod.metadata.name = Some(name.clone());
    pod.metadata.namespace = set.namespace();
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert(POD_NAME.into(), name);
    labels.insert(POD_INDEX.into(), ordinal.to_string());
    let own = claim_templates(set).iter().map(|template| Volume {
        name: template.name_any(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: claim_name(set, template, ordinal),
            read_only: None,
        }),
        ..Volume::default()
    });
    let mut volumes: Vec<Volume> = own.collect();
    let spec = pod.spec.get_or_insert_default();
    let others = spec.volumes.take().unwrap_or_default();
    let is_own = |volume: &Volume| claim_templates(set).iter().any(|template| template.name_any() == volume.name);
    volumes.extend(others.into_iter().filter(|volume| !is_own(volume)));
    spec.volumes = (!volumes.is_empty()).then_some(volumes);
}

/// The pod of an ordinal, of a template and the revision that keeps it.
pub(super) fn new_pod(set: &StatefulSet, ordinal: i32, template: &PodTemplateSpec, revision: &str) -> Pod {
    let mut pod = from_template(set, template);
    pod.metadata.generate_name = None;
    identify(set, ordinal, &mut pod);
    pod.metadata.labels.get_or_insert_default().insert(POD_REVISION.into(), revision.into());
    let (name, service) = (pod.metadata.name.clone(), spec(set).and_then(|spec| spec.service_name.clone()));
    let pod_spec = pod.spec.get_or_insert_default();
    pod_spec.hostname = name;
    pod_spec.subdomain = service.filter(|service| !service.is_empty());
    pod
}
