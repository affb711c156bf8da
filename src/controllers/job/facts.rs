//! A Job and its pods as one look finds them: who runs, who ended and is not counted yet, which indexes are done.
//! Must not do IO.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobCondition, JobSpec};

use super::backoff::Failures;
use super::indexes::Indexes;
use super::pods::{
    all_failures_before, failures_before, finished_at, index_of, is_failed, is_succeeded, is_terminating, is_tracked,
};
use super::policy::match_failure;
use crate::base::clock::Timing;
use crate::client::object::uid_of;
use crate::client::pod::Pod;
use crate::client::pods::{is_active, is_ready};

/// What one look at a Job finds.
pub(super) struct Facts {
    /// The Job; its status moves with what is planned.
    pub job: Job,
    pub pods: Vec<Arc<Pod>>,
    pub active: Vec<Arc<Pod>>,
    /// Pods whose finalizer was taken, though the cache does not show it yet.
    pub released: BTreeSet<String>,
    pub succeeded: i32,
    pub failed: i32,
    pub ready: i32,
    pub terminating: i32,
    /// Indexes that the status has as completed, and those with what is new.
    pub before: Indexes,
    pub completed: Indexes,
    pub failed_indexes: Option<Indexes>,
    /// Failed pods that are kept until another takes over their index and its count of failures.
    pub delayed: BTreeMap<i32, Arc<Pod>>,
    pub failures: Failures,
    pub now: Timestamp,
    pub timing: Timing,
}

impl Facts {
    pub(super) fn gather(
        job: &Job,
        pods: Vec<Arc<Pod>>,
        released: BTreeSet<String>,
        failures: Failures,
        (now, timing): (Timestamp, Timing),
    ) -> Self {
        let active: Vec<_> = pods.iter().filter(|pod| is_active(pod)).cloned().collect();
        let mut facts = Self {
            job: job.clone(),
            ready: count(active.iter().filter(|pod| is_ready(pod))),
            terminating: count(pods.iter().filter(|pod| is_terminating(pod))),
            active,
            pods,
            released,
            succeeded: 0,
            failed: 0,
            before: Indexes::default(),
            completed: Indexes::default(),
            failed_indexes: None,
            delayed: BTreeMap::new(),
            failures,
            now,
            timing,
        };
        facts.count_ended();
        facts.count_indexes();
        facts
    }

    pub(super) fn spec(&self) -> &JobSpec {
        static NONE: std::sync::LazyLock<JobSpec> = std::sync::LazyLock::new(JobSpec::default);
        self.job.spec.as_ref().unwrap_or(&NONE)
    }

    pub(super) fn is_indexed(&self) -> bool {
        self.spec().completion_mode.as_deref() == Some("Indexed")
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.spec().suspend == Some(true)
    }

    pub(super) fn completions(&self) -> i32 {
        self.spec().completions.unwrap_or(0)
    }

    pub(super) fn has_limit_per_index(&self) -> bool {
        self.spec().backoff_limit_per_index.is_some()
    }

    /// Whether a pod has an index that the Job wants; always where it wants none.
    pub(super) fn is_valid(&self, pod: &Pod) -> bool {
        !self.is_indexed() || index_of(pod).is_some_and(|index| index < self.completions())
    }

    /// Whether a pod is counted by the look that takes its finalizer, and was not yet.
    pub(super) fn is_uncounted(&self, pod: &Pod) -> bool {
        is_tracked(pod) && !self.released.contains(uid_of(&pod.metadata))
    }

    /// The uids that the status keeps until their finalizers are gone: of succeeded or of failed pods.
    pub(super) fn kept(&self, succeeded: bool) -> &[String] {
        let status = self.job.status.as_ref().and_then(|status| status.uncounted_terminated_pods.as_ref());
        status
            .and_then(|kept| if succeeded { kept.succeeded.as_deref() } else { kept.failed.as_deref() })
            .unwrap_or(&[])
    }

    fn count_ended(&mut self) {
        let status = self.job.status.clone().unwrap_or_default();
        let new = |succeeded: bool, ended: &dyn Fn(&Pod) -> bool| -> Vec<Arc<Pod>> {
            let known = self.kept(succeeded);
            let is_new = |pod: &&Arc<Pod>| {
                self.is_uncounted(pod) && self.is_valid(pod) && !known.iter().any(|uid| uid == uid_of(&pod.metadata))
            };
            self.pods.iter().filter(is_new).filter(|pod| ended(pod)).cloned().collect()
        };
        let succeeded = new(true, &is_succeeded);
        let failed = new(false, &|pod| is_failed(&self.job, pod));
        let policy = self.spec().pod_failure_policy.as_ref();
        let counting = failed.iter().filter(|pod| match_failure(policy, pod).counts);
        let all = (count(succeeded.iter()) + length(self.kept(true)), count(counting) + length(self.kept(false)));
        self.succeeded = status.succeeded.unwrap_or(0) + all.0;
        self.failed = status.failed.unwrap_or(0) + all.1;
        self.failures = self.failures.after(succeeded.iter().map(|pod| &**pod), failed.iter().map(|pod| &**pod));
    }

    fn count_indexes(&mut self) {
        if !self.is_indexed() {
            return;
        }
        let status = self.job.status.clone().unwrap_or_default();
        let completions = self.completions();
        self.before = Indexes::parse(status.completed_indexes.as_deref().unwrap_or_default(), completions);
        self.completed = self.before.with(self.indexes_where(is_succeeded));
        self.succeeded = self.completed.total();
        if self.has_limit_per_index() {
            let before = Indexes::parse(status.failed_indexes.as_deref().unwrap_or_default(), completions);
            self.failed_indexes = Some(before.with(self.indexes_where(|pod| self.index_fails(pod))));
            self.delayed = self.delayed();
        }
    }

    /// The valid indexes of the pods that still have their finalizer and that `holds` picks.
    fn indexes_where(&self, holds: impl Fn(&Pod) -> bool) -> Vec<i32> {
        let picked = self.pods.iter().filter(|pod| is_tracked(pod) && self.is_valid(pod) && holds(pod));
        picked.filter_map(|pod| index_of(pod)).collect()
    }

    fn index_fails(&self, pod: &Pod) -> bool {
        if !is_failed(&self.job, pod) {
            return false;
        }
        let failure = match_failure(self.spec().pod_failure_policy.as_ref(), pod);
        let limit = self.spec().backoff_limit_per_index.unwrap_or(0);
        failure.fails_index || (failure.counts && failures_before(pod) >= limit)
    }

    /// Of each index that nobody has taken over yet, the pod that failed last.
    fn delayed(&self) -> BTreeMap<i32, Arc<Pod>> {
        let mut delayed: BTreeMap<i32, Arc<Pod>> = BTreeMap::new();
        let active: BTreeSet<i32> = self.active.iter().filter_map(|pod| index_of(pod)).collect();
        for pod in self.pods.iter().filter(|pod| self.is_uncounted(pod) && is_failed(&self.job, pod)) {
            let Some(index) = index_of(pod).filter(|index| *index < self.completions()) else { continue };
            let done = self.completed.has(index) || self.failed_indexes.as_ref().is_some_and(|all| all.has(index));
            if done || active.contains(&index) {
                continue;
            }
            let age = |pod: &Pod| (all_failures_before(pod), finished_at(pod));
            if delayed.get(&index).is_none_or(|other| age(other) <= age(pod)) {
                delayed.insert(index, pod.clone());
            }
        }
        delayed
    }
}

/// A count as the API has it.
pub(super) fn count<T>(items: impl Iterator<Item = T>) -> i32 {
    i32::try_from(items.count()).unwrap_or(i32::MAX)
}

fn length(list: &[String]) -> i32 {
    count(list.iter())
}

/// A condition of a Job that holds.
pub(super) fn held<'a>(job: &'a Job, kind: &str) -> Option<&'a JobCondition> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == kind && condition.status == "True")
}

/// Whether a Job is over, well or badly.
pub(in crate::controllers) fn is_finished(job: &Job) -> bool {
    finished_kind(job).is_some()
}

/// `Complete` or `Failed`, when it is over.
pub(in crate::controllers) fn finished_kind(job: &Job) -> Option<&str> {
    ["Complete", "Failed"].into_iter().find_map(|kind| held(job, kind)).map(|condition| condition.type_.as_str())
}

/// Since when it is over.
pub(in crate::controllers) fn finished_since(job: &Job) -> Option<Timestamp> {
    held(job, finished_kind(job)?)?.last_transition_time.as_ref().map(|time| time.0)
}
