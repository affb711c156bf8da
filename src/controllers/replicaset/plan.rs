//! What a `ReplicaSet` needs and what its status says: objects in, decisions out. Must not do IO.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::super::pod_control::BURST;
use super::rank::first_to_go;
use crate::base::selector::Selector;
use crate::client::object::is_deleting;
use crate::client::pod::Pod;
use crate::client::pods::{available_at, is_active, is_ready};

/// What is missing or too much.
#[derive(Debug, PartialEq)]
pub(super) enum Need {
    Nothing,
    Create(usize),
    Delete(Vec<Arc<Pod>>),
}

/// Compares the active pods with the wanted replicas; `related` are the pods of every set of the same owner.
pub(super) fn need(set: &ReplicaSet, active: &[Arc<Pod>], related: &[Arc<Pod>], now: Timestamp) -> Need {
    let wanted = usize::try_from(wanted(set)).unwrap_or(0);
    match active.len() {
        have if have < wanted => Need::Create((wanted - have).min(BURST)),
        have if have > wanted => Need::Delete(first_to_go(active, related, (have - wanted).min(BURST), now)),
        _ => Need::Nothing,
    }
}

fn wanted(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

fn min_ready_seconds(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or(0)
}

/// The status that the pods make (`calculateStatus`); `failure` is what the server said to a creation or deletion.
pub(super) fn status_of(
    set: &ReplicaSet,
    pods: &[Arc<Pod>],
    failure: Option<String>,
    now: Timestamp,
) -> ReplicaSetStatus {
    let active: Vec<_> = pods.iter().filter(|pod| is_active(pod)).collect();
    let is_available = |pod: &Pod| available_at(pod, min_ready_seconds(set)).is_some_and(|at| at <= now);
    let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref()?.metadata.as_ref()?.labels.clone());
    let full = Selector::from_labels(&template.unwrap_or_default());
    let labeled = |pod: &Pod| full.matches(pod.labels());
    let count =
        |says: &dyn Fn(&Pod) -> bool| i32::try_from(active.iter().filter(|pod| says(pod)).count()).unwrap_or(i32::MAX);
    let terminating = pods.iter().filter(|pod| is_deleting(&pod.metadata)).count();
    ReplicaSetStatus {
        replicas: count(&|_| true),
        fully_labeled_replicas: some_positive(count(&labeled)),
        ready_replicas: some_positive(count(&is_ready)),
        available_replicas: some_positive(count(&is_available)),
        terminating_replicas: i32::try_from(terminating).ok(),
        observed_generation: set.metadata.generation,
        conditions: conditions(set, active.len(), failure, now),
    }
}

/// Go leaves zeros out of these fields.
fn some_positive(count: i32) -> Option<i32> {
    (count > 0).then_some(count)
}

fn conditions(
    set: &ReplicaSet,
    have: usize,
    failure: Option<String>,
    now: Timestamp,
) -> Option<Vec<ReplicaSetCondition>> {
    let before = set.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
    let is_failure = |condition: &&ReplicaSetCondition| condition.type_ == "ReplicaFailure";
    let old = before.iter().find(is_failure);
    let mut conditions: Vec<_> = before.iter().filter(|condition| !is_failure(condition)).cloned().collect();
    if let Some(message) = failure {
        let missing = i64::try_from(have).unwrap_or(i64::MAX) < i64::from(wanted(set));
        let reason = if missing { "FailedCreate" } else { "FailedDelete" };
        let same = old.filter(|old| old.status == "True" && old.reason.as_deref() == Some(reason));
        conditions.push(same.cloned().unwrap_or_else(|| ReplicaSetCondition {
            type_: "ReplicaFailure".into(),
            status: "True".into(),
            reason: Some(reason.into()),
            message: Some(message),
            last_transition_time: Some(Time(now)),
        }));
    }
    (!conditions.is_empty()).then_some(conditions)
}

/// When a ready pod will become available, so that the status must be looked at again.
pub(super) fn next_look(set: &ReplicaSet, pods: &[Arc<Pod>], now: Timestamp) -> Option<Duration> {
    let due = pods.iter().filter(|pod| is_active(pod)).filter_map(|pod| available_at(pod, min_ready_seconds(set)));
    let soonest = due.filter(|at| *at > now).min()?;
    Duration::try_from(soonest.duration_since(now)).ok()
}
