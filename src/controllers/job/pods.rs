//! What a Job asks of a pod: did it end, when, with which index; and the pods that it makes. Must not do IO.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, ObjectFieldSelector, PodTemplateSpec};

use super::super::pod_control::from_template;
use super::policy::match_failure;
use crate::client::object::is_deleting;
use crate::client::pod::Pod;
use crate::client::pods::{condition, is_terminal, phase};

/// What keeps a pod that ended until its Job has counted it.
pub(super) const FINALIZER: &str = "batch.kubernetes.io/job-tracking";
/// The annotation and label of a pod's index.
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// The variable in which a container finds it.
const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";
/// How often pods of the same index failed before.
const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
/// How often in a way that the failure policy ignores.
const IGNORED_FAILURES: &str = "batch.kubernetes.io/job-index-ignored-failure-count";
/// Characters that a generated name may have before its suffix.
const NAME_LIMIT: usize = 58;

pub(super) fn is_tracked(pod: &Pod) -> bool {
    pod.metadata.finalizers.iter().flatten().any(|finalizer| finalizer == FINALIZER)
}

/// Told to go, and not ended yet.
pub(super) fn is_terminating(pod: &Pod) -> bool {
    is_deleting(&pod.metadata) && !is_terminal(pod)
}

pub(super) fn is_succeeded(pod: &Pod) -> bool {
    phase(pod) == "Succeeded"
}

/// Whether the Job waits for a pod to end before it makes another in its place.
pub(super) fn replaces_only_failed(job: &Job) -> bool {
    let spec = job.spec.as_ref();
    spec.is_some_and(|spec| {
        spec.pod_replacement_policy.as_deref() == Some("Failed") || spec.pod_failure_policy.is_some()
    })
}

/// Whether a pod counts as a failure: one that was told to go does, unless only ended ones are replaced.
pub(super) fn is_failed(job: &Job, pod: &Pod) -> bool {
    phase(pod) == "Failed" || (!replaces_only_failed(job) && is_deleting(&pod.metadata) && !is_succeeded(pod))
}

fn annotation(pod: &Pod, name: &str) -> Option<i32> {
    pod.metadata.annotations.as_ref()?.get(name)?.parse().ok().filter(|number| *number >= 0)
}

/// The index of a pod, if it has one.
pub(super) fn index_of(pod: &Pod) -> Option<i32> {
    annotation(pod, INDEX)
}

/// How often pods of this one's index failed before it, not counting what the policy ignores.
pub(super) fn failures_before(pod: &Pod) -> i32 {
    annotation(pod, FAILURES).unwrap_or(0)
}

/// How often in any way.
pub(super) fn all_failures_before(pod: &Pod) -> i32 {
    failures_before(pod) + annotation(pod, IGNORED_FAILURES).unwrap_or(0)
}

/// When a pod ended: its last container, or when it stopped to be ready, or when it was told to go.
pub(super) fn finished_at(pod: &Pod) -> Option<Timestamp> {
    let deleted = || {
        let grace = SignedDuration::from_secs(pod.metadata.deletion_grace_period_seconds.unwrap_or(0));
        pod.metadata.deletion_timestamp.as_ref().map(|time| time.0 - grace)
    };
    let created = || pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
    containers_ended_at(pod).or_else(|| unready_since(pod)).or_else(deleted).or_else(created)
}

fn containers_ended_at(pod: &Pod) -> Option<Timestamp> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let ended = statuses.iter().map(|status| {
        let terminated = status.state.as_ref()?.terminated.as_ref()?;
        terminated.finished_at.as_ref().map(|time| time.0)
    });
    ended.collect::<Option<Vec<_>>>()?.into_iter().max()
}

fn unready_since(pod: &Pod) -> Option<Timestamp> {
    condition(pod, "Ready").filter(|ready| ready.status == "False")?.last_transition_time.as_ref().map(|time| time.0)
}

/// A pod of a Job; of an index, in place of the one that failed there.
pub(super) fn new_pod(job: &Job, index: Option<i32>, replaced: Option<&Pod>) -> Pod {
    let mut template = job.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    let finalizers = template.metadata.get_or_insert_default().finalizers.get_or_insert_default();
    if !finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
        finalizers.push(FINALIZER.into());
    }
    let Some(index) = index else { return from_template(job, &template) };
    let name = job.metadata.name.as_deref().unwrap_or_default();
    give_index(&mut template, name, index);
    if job.spec.as_ref().is_some_and(|spec| spec.backoff_limit_per_index.is_some()) {
        note_failures(&mut template, job, replaced);
    }
    let mut pod = from_template(job, &template);
    let suffix = format!("-{index}-");
    let room = NAME_LIMIT.saturating_sub(suffix.len()).min(name.len());
    pod.metadata.generate_name = Some(format!("{}{suffix}", &name[..room]));
    pod
}

fn give_index(template: &mut PodTemplateSpec, job: &str, index: i32) {
    let meta = template.metadata.get_or_insert_default();
    meta.annotations.get_or_insert_default().insert(INDEX.into(), index.to_string());
    meta.labels.get_or_insert_default().insert(INDEX.into(), index.to_string());
    let spec = template.spec.get_or_insert_default();
    spec.hostname = Some(format!("{job}-{index}"));
    spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()).for_each(tell_index);
}

fn tell_index(container: &mut Container) {
    let variables = container.env.get_or_insert_default();
    if variables.iter().any(|variable| variable.name == INDEX_VARIABLE) {
        return;
    }
    let field = ObjectFieldSelector { field_path: format!("metadata.labels['{INDEX}']"), api_version: None };
    variables.push(EnvVar {
        name: INDEX_VARIABLE.into(),
        value_from: Some(EnvVarSource { field_ref: Some(field), ..EnvVarSource::default() }),
        value: None,
    });
}

/// The failures of an index go from pod to pod.
fn note_failures(template: &mut PodTemplateSpec, job: &Job, replaced: Option<&Pod>) {
    let policy = job.spec.as_ref().and_then(|spec| spec.pod_failure_policy.as_ref());
    let (failures, ignored) = replaced.map_or((0, 0), |pod| {
        let before = (failures_before(pod), annotation(pod, IGNORED_FAILURES).unwrap_or(0));
        if match_failure(policy, pod).counts { (before.0 + 1, before.1) } else { (before.0, before.1 + 1) }
    });
    let annotations: &mut BTreeMap<_, _> =
        template.metadata.get_or_insert_default().annotations.get_or_insert_default();
    annotations.insert(FAILURES.into(), failures.to_string());
    if ignored > 0 {
        annotations.insert(IGNORED_FAILURES.into(), ignored.to_string());
    }
}
