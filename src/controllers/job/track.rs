//! Counting pods that ended, so that none is forgotten or counted twice: their uids go into the status, then their
//! finalizers are taken, then the uids become numbers (`trackJobStatusAndRemoveFinalizers`). Must not do IO.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{JobCondition, JobStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::facts::{Facts, count};
use super::pods::{index_of, is_failed, is_succeeded};
use super::policy::match_failure;
use super::verdict::Ending;
use crate::client::object::{is_deleting, uid_of};
use crate::client::pod::Pod;

/// Uids that a status may hold at once (`MaxUncountedPods`).
const KEPT: usize = 500;

/// A condition as it begins.
pub(super) fn condition(kind: &str, status: &str, reason: &str, message: &str, now: Timestamp) -> JobCondition {
    JobCondition {
        type_: kind.into(),
        status: status.into(),
        reason: Some(reason.into()),
        message: Some(message.into()),
        last_probe_time: Some(Time(now)),
        last_transition_time: Some(Time(now)),
    }
}

/// Puts a condition in or changes it; whether that changed anything. What never was true need not be false.
pub(super) fn ensure(status: &mut JobStatus, new: JobCondition) -> bool {
    let conditions = status.conditions.get_or_insert_default();
    match conditions.iter_mut().find(|old| old.type_ == new.type_) {
        Some(old) if old.status == new.status && old.reason == new.reason && old.message == new.message => false,
        Some(old) => {
            *old = new;
            true
        }
        None if new.status == "False" => false,
        None => {
            conditions.push(new);
            true
        }
    }
}

impl Facts {
    pub(super) fn status(&mut self) -> &mut JobStatus {
        self.job.status.get_or_insert_default()
    }

    /// Moves the status as far as it may go before finalizers are taken; the pods whose finalizers may be, and whether
    /// all were looked at.
    pub(super) fn track(&mut self, ending: Option<&Ending>) -> (Vec<Arc<Pod>>, bool) {
        let tracked: BTreeSet<String> = self.tracked().collect();
        self.count_released(&tracked);
        let (mut done, mut all) = (Vec::new(), true);
        let mut indexes = Vec::new();
        for pod in self.in_order() {
            if !self.may_release(&pod, ending) {
                continue;
            }
            self.note(&pod, ending, &mut indexes);
            done.push(pod);
            if indexes.len() + self.kept(true).len() + self.kept(false).len() >= KEPT {
                all = false;
                break;
            }
        }
        self.note_indexes(indexes);
        self.announce(ending);
        (done, all)
    }

    /// The uids of the pods that still have their finalizer.
    fn tracked(&self) -> impl Iterator<Item = String> {
        self.pods.iter().filter(|pod| self.is_uncounted(pod)).map(|pod| uid_of(&pod.metadata).to_string())
    }

    fn in_order(&self) -> Vec<Arc<Pod>> {
        let mut pods: Vec<_> = self.pods.iter().filter(|pod| self.is_uncounted(pod)).cloned().collect();
        if self.is_indexed() {
            pods.sort_by_key(|pod| index_of(pod));
        }
        pods
    }

    /// Whether a pod's end is known: it ended, or its Job did; and nobody waits for its count of failures.
    fn may_release(&self, pod: &Pod, ending: Option<&Ending>) -> bool {
        if is_deleting(&self.job.metadata) || ending.is_some() || is_succeeded(pod) {
            return true;
        }
        let is_delayed = || {
            let delayed = index_of(pod).and_then(|index| self.delayed.get(&index));
            delayed.is_some_and(|delayed| delayed.metadata.uid == pod.metadata.uid)
        };
        is_failed(&self.job, pod) && !is_delayed()
    }

    fn note(&mut self, pod: &Pod, ending: Option<&Ending>, indexes: &mut Vec<i32>) {
        let uid = uid_of(&pod.metadata).to_string();
        let known = |facts: &Self, succeeded: bool| facts.kept(succeeded).contains(&uid);
        // When a Job has failed, what still ran has failed too.
        let failed = is_failed(&self.job, pod) || ending.is_some_and(|ending| !ending.well);
        if is_succeeded(pod) && !known(self, false) {
            if self.is_indexed() {
                indexes.extend(index_of(pod).filter(|index| self.is_valid(pod) && !self.before.has(*index)));
            } else if !known(self, true) {
                self.keep(true, uid);
            }
        } else if failed && !known(self, false) && self.is_valid(pod) {
            let policy = self.spec().pod_failure_policy.as_ref();
            if match_failure(policy, pod).counts {
                self.keep(false, uid);
            }
        }
    }

    fn keep(&mut self, succeeded: bool, uid: String) {
        let kept = self.status().uncounted_terminated_pods.get_or_insert_default();
        if succeeded { &mut kept.succeeded } else { &mut kept.failed }.get_or_insert_default().push(uid);
    }

    fn note_indexes(&mut self, new: Vec<i32>) {
        if !self.is_indexed() {
            return;
        }
        self.completed = self.completed.with(new);
        let (total, text) = (self.completed.total(), self.completed.to_string());
        let failed = self.failed_indexes.as_ref().map(ToString::to_string);
        let status = self.status();
        status.succeeded = Some(total).filter(|total| *total > 0);
        status.completed_indexes = Some(text).filter(|text| !text.is_empty());
        status.failed_indexes = failed;
    }

    fn announce(&mut self, ending: Option<&Ending>) {
        let now = self.now;
        if let Some(ending) = ending.filter(|ending| !ending.announced) {
            let announced = condition(ending.announcement(), "True", &ending.reason, &ending.message, now);
            self.status().conditions.get_or_insert_default().push(announced);
        }
    }

    /// Makes numbers of the uids whose finalizers are gone; `tracked` are those that are not.
    fn count_released(&mut self, tracked: &BTreeSet<String>) {
        let status = self.status();
        let kept = status.uncounted_terminated_pods.get_or_insert_default();
        let take = |list: &mut Option<Vec<String>>, total: &mut Option<i32>| {
            let (left, gone): (Vec<_>, Vec<_>) =
                list.take().unwrap_or_default().into_iter().partition(|uid| tracked.contains(uid));
            if !gone.is_empty() {
                *total = Some(total.unwrap_or(0) + count(gone.iter()));
            }
            *list = (!left.is_empty()).then_some(left);
        };
        take(&mut kept.succeeded, &mut status.succeeded);
        take(&mut kept.failed, &mut status.failed);
    }

    /// After these finalizers were taken: the numbers, and the end of the Job when nothing is left to count.
    pub(super) fn settle(&mut self, released: &BTreeSet<String>, ending: Option<&Ending>) -> bool {
        let tracked: BTreeSet<String> = self.tracked().filter(|uid| !released.contains(uid)).collect();
        self.count_released(&tracked);
        let uncounted = !(self.kept(true).is_empty() && self.kept(false).is_empty());
        let Some(ending) = ending.filter(|_| !uncounted && self.terminating == 0) else { return false };
        let now = self.now;
        ensure(self.status(), condition(ending.statement(), "True", &ending.reason, &ending.message, now));
        if ending.well {
            self.status().completion_time = Some(Time(now));
        }
        true
    }
}
