//! The `ReplicaSets` of a Deployment: which is the new one, their revisions and annotations.
//! Must not do IO.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::adoption::controller_reference;
use super::super::percent::{Round, resolve};
use super::hash::pod_template_hash;

/// Which roll-out a set belongs to.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
/// The revisions that a set was before a rollback brought it to the front.
const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// The Deployment's replicas when the set was last scaled.
pub(super) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// The Deployment's replicas and surge when the set was last scaled.
pub(super) const MAX: &str = "deployment.kubernetes.io/max-replicas";
/// The label that tells one template's pods from another's.
const HASH: &str = "pod-template-hash";
/// Annotations of a Deployment that its sets do not take over.
const OWN: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    REVISION,
    REVISION_HISTORY,
    DESIRED,
    MAX,
];

/// What a set is told to run.
pub(super) fn replicas(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

/// How many of a set's pods are available.
pub(super) fn available(set: &ReplicaSet) -> i32 {
    set.status.as_ref().and_then(|status| status.available_replicas).unwrap_or(0)
}

/// What a Deployment is told to run.
pub(super) fn wanted(deployment: &Deployment) -> i32 {
    spec(deployment).and_then(|spec| spec.replicas).unwrap_or(1)
}

pub(super) fn spec(deployment: &Deployment) -> Option<&DeploymentSpec> {
    deployment.spec.as_ref()
}

/// Pods above and below the wanted number that a roll-out may have (`ResolveFenceposts`); never both 0.
fn fences(deployment: &Deployment) -> (i32, i32) {
    let Some(strategy) = spec(deployment).and_then(|spec| spec.strategy.as_ref()) else { return (0, 1) };
    let Some(rolling) = &strategy.rolling_update else { return (0, 0) };
    let of = |value: &Option<_>, round| value.as_ref().map_or(0, |value| resolve(value, wanted(deployment), round));
    match (of(&rolling.max_surge, Round::Up), of(&rolling.max_unavailable, Round::Down)) {
        (0, 0) => (0, 1),
        fences => fences,
    }
}

/// Pods above the wanted number that a roll-out may have.
pub(super) fn max_surge(deployment: &Deployment) -> i32 {
    fences(deployment).0
}

/// Pods below the wanted number that a roll-out may have.
pub(super) fn max_unavailable(deployment: &Deployment) -> i32 {
    fences(deployment).1.min(wanted(deployment))
}

/// The sum of what the sets are told to run.
pub(super) fn total<'a>(sets: impl IntoIterator<Item = &'a ReplicaSet>) -> i32 {
    sets.into_iter().map(replicas).sum()
}

/// Older first; by name when of the same second.
pub(super) fn by_age(a: &ReplicaSet, b: &ReplicaSet) -> Ordering {
    let key = |set: &ReplicaSet| (set.metadata.creation_timestamp.clone(), set.metadata.name.clone());
    key(a).cmp(&key(b))
}

/// The revision that an object's annotation says; 0 when none.
pub(super) fn revision(meta: &ObjectMeta) -> i64 {
    annotation(meta, REVISION).unwrap_or(0)
}

/// A number kept in an annotation.
pub(super) fn annotation<N: std::str::FromStr>(meta: &ObjectMeta, name: &str) -> Option<N> {
    meta.annotations.as_ref()?.get(name)?.parse().ok()
}

/// Writes annotations; whether that changed anything.
pub(super) fn annotate(meta: &mut ObjectMeta, values: impl IntoIterator<Item = (&'static str, String)>) -> bool {
    let annotations = meta.annotations.get_or_insert_default();
    values.into_iter().fold(false, |changed, (name, value)| {
        let old = annotations.insert(name.into(), value.clone());
        changed | (old.as_ref() != Some(&value))
    })
}

/// Whether two sets run the same template, whatever their hash labels.
pub(super) fn same_template(a: &ReplicaSet, b: &ReplicaSet) -> bool {
    template_of(a) == template_of(b)
}

fn template_of(set: &ReplicaSet) -> Option<PodTemplateSpec> {
    set.spec.as_ref().and_then(|spec| spec.template.clone()).map(unhashed)
}

fn unhashed(mut template: PodTemplateSpec) -> PodTemplateSpec {
    if let Some(labels) = template.metadata.as_mut().and_then(|meta| meta.labels.as_mut()) {
        labels.remove(HASH);
    }
    template
}

/// The oldest set with the Deployment's template, and all the others.
pub(super) fn split(deployment: &Deployment, mut sets: Vec<ReplicaSet>) -> (Option<ReplicaSet>, Vec<ReplicaSet>) {
    sets.sort_by(by_age);
    let template = spec(deployment).map(|spec| unhashed(spec.template.clone()));
    let position = sets.iter().position(|set| template_of(set) == template);
    (position.map(|at| sets.remove(at)), sets)
}

/// The set for the Deployment's template (`getNewReplicaSet`), with no replicas and no revision yet.
pub(super) fn build(deployment: &Deployment) -> ReplicaSet {
    let spec = spec(deployment).cloned().unwrap_or_default();
    let collisions = deployment.status.as_ref().and_then(|status| status.collision_count);
    let hash = pod_template_hash(&spec.template, collisions);
    let hashed = |labels: Option<BTreeMap<String, String>>| {
        let mut labels = labels.unwrap_or_default();
        labels.insert(HASH.into(), hash.clone());
        Some(labels)
    };
    let mut template = spec.template;
    let meta = template.metadata.get_or_insert_default();
    meta.labels = hashed(meta.labels.take());
    let labels = meta.labels.clone();
    let mut selector = spec.selector;
    selector.match_labels = hashed(selector.match_labels);
    ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", deployment.metadata.name.as_deref().unwrap_or_default())),
            namespace: deployment.metadata.namespace.clone(),
            labels,
            owner_references: Some(vec![controller_reference(deployment)]),
            ..ObjectMeta::default()
        },
        spec: Some(ReplicaSetSpec {
            replicas: Some(0),
            min_ready_seconds: spec.min_ready_seconds,
            selector,
            template: Some(template),
        }),
        status: None,
    }
}

/// Gives the new set its revision and the Deployment's annotations (`SetNewReplicaSetAnnotations`); whether that changed it.
pub(super) fn sync_annotations(
    deployment: &Deployment,
    set: &mut ReplicaSet,
    new_revision: i64,
    existed: bool,
) -> bool {
    let taken = deployment.metadata.annotations.iter().flatten().filter(|(name, _)| !OWN.contains(&name.as_str()));
    let own = set.metadata.annotations.get_or_insert_default();
    let mut changed = false;
    for (name, value) in taken {
        changed |= own.insert(name.clone(), value.clone()).as_ref() != Some(value);
    }
    let old_revision = revision(&set.metadata);
    if old_revision < new_revision {
        if existed && old_revision > 0 {
            remember_revision(&mut set.metadata, old_revision);
        }
        changed |= annotate(&mut set.metadata, [(REVISION, new_revision.to_string())]);
    }
    changed
}

fn remember_revision(meta: &mut ObjectMeta, old: i64) {
    let before = meta.annotations.as_ref().and_then(|all| all.get(REVISION_HISTORY)).filter(|text| !text.is_empty());
    let history = before.map_or_else(|| old.to_string(), |text| format!("{text},{old}"));
    annotate(meta, [(REVISION_HISTORY, history)]);
}

/// Notes on a set what the Deployment wanted when it was scaled (`SetReplicasAnnotations`); whether that changed it.
pub(super) fn note_replicas(deployment: &Deployment, set: &mut ReplicaSet) -> bool {
    let wanted = wanted(deployment);
    let max = wanted + max_surge(deployment);
    annotate(&mut set.metadata, [(DESIRED, wanted.to_string()), (MAX, max.to_string())])
}
