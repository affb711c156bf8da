//! A Deployment's counts and conditions: Available, Progressing, `ReplicaFailure`. Must not do IO.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::plan::Rollout;
use super::sets::{self, available, max_unavailable, total, wanted};
use crate::client::queue::Next;

const AVAILABLE: &str = "Available";
const PROGRESSING: &str = "Progressing";
const REPLICA_FAILURE: &str = "ReplicaFailure";

/// Seconds that a roll-out may stand still; `None` means for ever.
fn deadline(deployment: &Deployment) -> Option<i32> {
    sets::spec(deployment).and_then(|spec| spec.progress_deadline_seconds).filter(|&seconds| seconds != i32::MAX)
}

fn find<'a>(conditions: Option<&'a Vec<DeploymentCondition>>, kind: &str) -> Option<&'a DeploymentCondition> {
    conditions?.iter().find(|condition| condition.type_ == kind)
}

fn progressing(deployment: &Deployment) -> Option<&DeploymentCondition> {
    find(deployment.status.as_ref()?.conditions.as_ref(), PROGRESSING)
}

fn has_reason(condition: Option<&DeploymentCondition>, reason: &str) -> bool {
    condition.and_then(|condition| condition.reason.as_deref()) == Some(reason)
}

fn condition(kind: &str, status: &str, reason: &str, message: String, now: Timestamp) -> DeploymentCondition {
    DeploymentCondition {
        type_: kind.into(),
        status: status.into(),
        reason: Some(reason.into()),
        message: Some(message),
        last_update_time: Some(Time(now)),
        last_transition_time: Some(Time(now)),
    }
}

/// Puts a condition in, unless it says what is said already (`SetDeploymentCondition`).
fn set(status: &mut DeploymentStatus, mut new: DeploymentCondition) {
    let old = find(status.conditions.as_ref(), &new.type_);
    if old.is_some_and(|old| old.status == new.status && old.reason == new.reason) {
        return;
    }
    if let Some(old) = old.filter(|old| old.status == new.status) {
        new.last_transition_time.clone_from(&old.last_transition_time);
    }
    remove(status, &new.type_);
    status.conditions.get_or_insert_default().push(new);
}

fn remove(status: &mut DeploymentStatus, kind: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|condition| condition.type_ != kind);
    }
}

fn note_progress(deployment: &mut Deployment, status: &str, reason: &str, message: String, now: Timestamp) {
    if deadline(deployment).is_some() {
        let noted = condition(PROGRESSING, status, reason, message, now);
        set(deployment.status.get_or_insert_default(), noted);
    }
}

/// A pause stops the clock of the progress deadline, and its end starts it anew (`checkPausedConditions`).
pub(super) fn note_pause(deployment: &mut Deployment, now: Timestamp) {
    let current = progressing(deployment);
    let (paused, noted) =
        (sets::spec(deployment).and_then(|spec| spec.paused) == Some(true), has_reason(current, "DeploymentPaused"));
    if has_reason(current, "ProgressDeadlineExceeded") || paused == noted {
        return;
    }
    let (reason, message) = if paused {
        ("DeploymentPaused", "Deployment is paused")
    } else {
        ("DeploymentResumed", "Deployment is resumed")
    };
    note_progress(deployment, "Unknown", reason, message.into(), now);
}

/// The new set was made.
pub(super) fn note_created(deployment: &mut Deployment, set: &str, now: Timestamp) {
    note_progress(deployment, "True", "NewReplicaSetCreated", format!("Created new replica set \"{set}\""), now);
}

/// The new set was there already, as after a rollback.
pub(super) fn note_found(deployment: &mut Deployment, set: &str, now: Timestamp) {
    if progressing(deployment).is_none() {
        note_progress(deployment, "True", "FoundNewReplicaSet", format!("Found new replica set \"{set}\""), now);
    }
}

/// The Deployment with one more collision of its template's hash.
pub(super) fn with_collision(deployment: &Deployment) -> Deployment {
    let mut deployment = deployment.clone();
    let status = deployment.status.get_or_insert_default();
    status.collision_count = Some(status.collision_count.unwrap_or(0) + 1);
    deployment
}

/// The Deployment whose new set the server refused.
pub(super) fn with_creation_failure(deployment: &Deployment, message: &str, now: Timestamp) -> Deployment {
    let mut deployment = deployment.clone();
    note_progress(&mut deployment, "False", "ReplicaSetCreateError", message.into(), now);
    deployment
}

/// Counts and availability (`calculateStatus`).
pub(super) fn counted(rollout: &Rollout) -> DeploymentStatus {
    let deployment = &rollout.deployment;
    let sum = |of: fn(&ReplicaSet) -> i32| rollout.all().map(of).sum::<i32>();
    let ready = |set: &ReplicaSet| set.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
    let terminating =
        |set: &ReplicaSet| set.status.as_ref().and_then(|status| status.terminating_replicas).unwrap_or(0);
    let available_now = sum(available);
    let before = deployment.status.clone().unwrap_or_default();
    let mut status = DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: positive(sum(actual)),
        updated_replicas: positive(rollout.new.as_ref().map_or(0, actual)),
        ready_replicas: positive(sum(ready)),
        available_replicas: positive(available_now),
        unavailable_replicas: positive(total(rollout.all()) - available_now),
        terminating_replicas: Some(sum(terminating)),
        collision_count: before.collision_count,
        conditions: before.conditions,
    };
    let enough = available_now >= wanted(deployment) - max_unavailable(deployment);
    set(&mut status, availability(enough, rollout.now));
    status
}

fn actual(set: &ReplicaSet) -> i32 {
    set.status.as_ref().map_or(0, |status| status.replicas)
}

/// Go leaves zeros out of these fields.
fn positive(count: i32) -> Option<i32> {
    (count > 0).then_some(count)
}

fn availability(enough: bool, now: Timestamp) -> DeploymentCondition {
    let (status, reason, verb) = if enough {
        ("True", "MinimumReplicasAvailable", "has")
    } else {
        ("False", "MinimumReplicasUnavailable", "does not have")
    };
    condition(AVAILABLE, status, reason, format!("Deployment {verb} minimum availability."), now)
}

/// Counts, availability and progress (`syncRolloutStatus`).
pub(super) fn progressed(rollout: &Rollout) -> DeploymentStatus {
    let deployment = &rollout.deployment;
    let mut status = counted(rollout);
    let current = progressing(deployment);
    let settled = status.replicas == status.updated_replicas && has_reason(current, "NewReplicaSetAvailable");
    if deadline(deployment).is_none() {
        remove(&mut status, PROGRESSING);
    } else if !settled {
        judge_progress(rollout, &mut status);
    }
    match failure_of(rollout) {
        Some(failure) => set(&mut status, failure),
        None => remove(&mut status, REPLICA_FAILURE),
    }
    status
}

fn judge_progress(rollout: &Rollout, status: &mut DeploymentStatus) {
    let deployment = &rollout.deployment;
    let subject = match rollout.new.as_ref().and_then(|set| set.metadata.name.as_deref()) {
        Some(set) => format!("ReplicaSet \"{set}\""),
        None => format!("Deployment \"{}\"", deployment.metadata.name.as_deref().unwrap_or_default()),
    };
    let verdict = |status: &str, reason: &str, words: &str| {
        condition(PROGRESSING, status, reason, format!("{subject} {words}"), rollout.now)
    };
    if is_complete_with(deployment, status) {
        set(status, verdict("True", "NewReplicaSetAvailable", "has successfully progressed."));
    } else if has_moved(deployment.status.as_ref(), status) {
        let mut moving = verdict("True", "ReplicaSetUpdated", "is progressing.");
        // The update time must move on even where nothing else does: the deadline counts from it.
        if let Some(old) = progressing(deployment).filter(|old| old.status == "True") {
            moving.last_transition_time.clone_from(&old.last_transition_time);
        }
        remove(status, PROGRESSING);
        set(status, moving);
    } else if has_timed_out(deployment, rollout.now) {
        set(status, verdict("False", "ProgressDeadlineExceeded", "has timed out progressing."));
    }
}

/// Whether the roll-out is over, by the status that the Deployment has (`DeploymentComplete`).
pub(super) fn is_complete(deployment: &Deployment) -> bool {
    deployment.status.as_ref().is_some_and(|status| is_complete_with(deployment, status))
}

fn is_complete_with(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let all = |count: Option<i32>| count.unwrap_or(0) == wanted(deployment);
    all(status.updated_replicas)
        && all(status.replicas)
        && all(status.available_replicas)
        && status.observed_generation >= deployment.metadata.generation
}

fn has_moved(before: Option<&DeploymentStatus>, after: &DeploymentStatus) -> bool {
    let before = before.cloned().unwrap_or_default();
    let old_pods = |status: &DeploymentStatus| status.replicas.unwrap_or(0) - status.updated_replicas.unwrap_or(0);
    after.updated_replicas > before.updated_replicas
        || old_pods(after) < old_pods(&before)
        || after.ready_replicas > before.ready_replicas
        || after.available_replicas > before.available_replicas
}

fn has_timed_out(deployment: &Deployment, now: Timestamp) -> bool {
    let current = progressing(deployment);
    if has_reason(current, "ProgressDeadlineExceeded") {
        return true;
    }
    let due = current.and_then(|current| due(deployment, current));
    !has_reason(current, "NewReplicaSetAvailable") && due.is_some_and(|due| due < now)
}

fn due(deployment: &Deployment, current: &DeploymentCondition) -> Option<Timestamp> {
    let updated = current.last_update_time.as_ref()?.0;
    Some(updated + SignedDuration::from_secs(deadline(deployment)?.into()))
}

fn failure_of(rollout: &Rollout) -> Option<DeploymentCondition> {
    let failure = rollout.all().find_map(|set| {
        let conditions = set.status.as_ref()?.conditions.as_ref()?;
        conditions.iter().find(|condition| condition.type_ == REPLICA_FAILURE)
    })?;
    Some(DeploymentCondition {
        type_: failure.type_.clone(),
        status: failure.status.clone(),
        reason: failure.reason.clone(),
        message: failure.message.clone(),
        last_update_time: failure.last_transition_time.clone(),
        last_transition_time: failure.last_transition_time.clone(),
    })
}

/// When the progress deadline must be looked at (`requeueStuckDeployment`).
pub(super) fn next_look(deployment: &Deployment, status: &DeploymentStatus, now: Timestamp) -> Next {
    let current = find(status.conditions.as_ref(), PROGRESSING);
    let settled = ["NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused"];
    let waiting = current.filter(|current| !settled.iter().any(|reason| has_reason(Some(current), reason)));
    let Some(due) = waiting.and_then(|current| due(deployment, current)) else { return Next::Done };
    let wait = Duration::try_from(due.duration_since(now)).unwrap_or_default();
    Next::After(wait + Duration::from_secs(1))
}
