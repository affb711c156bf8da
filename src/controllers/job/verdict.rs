//! Whether a Job is over, and why: what it was told, its limits, its policies. Must not do IO.

use std::time::Duration;

use jiff::SignedDuration;

use super::facts::{Facts, held};
use super::pods::is_failed;
use super::policy::{match_failure, match_success};
use crate::client::pod::Pod;
use crate::client::pods::phase;

/// How a Job ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub well: bool,
    pub reason: String,
    pub message: String,
    /// Whether the status says already that it is about to end (`FailureTarget`, `SuccessCriteriaMet`).
    pub announced: bool,
}

impl Ending {
    fn new(well: bool, reason: &str, message: impl Into<String>) -> Self {
        Self { well, reason: reason.into(), message: message.into(), announced: false }
    }

    /// Enough pods have succeeded.
    pub(super) fn completed() -> Self {
        Self::new(true, "CompletionsReached", "Reached expected number of succeeded pods")
    }

    /// The condition that announces it.
    pub(super) fn announcement(&self) -> &'static str {
        if self.well { "SuccessCriteriaMet" } else { "FailureTarget" }
    }

    /// The condition that states it.
    pub(super) fn statement(&self) -> &'static str {
        if self.well { "Complete" } else { "Failed" }
    }
}

impl Facts {
    /// How the Job ends, if it does, whatever its running pods do.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.announced().or_else(|| self.limit_reached()).or_else(|| self.indexes_failed()).or_else(|| self.satisfied())
    }

    fn announced(&self) -> Option<Ending> {
        let (kind, well) = [("SuccessCriteriaMet", true), ("FailureTarget", false)]
            .into_iter()
            .find(|(kind, _)| held(&self.job, kind).is_some())?;
        let condition = held(&self.job, kind)?;
        let (reason, message) = (condition.reason.clone(), condition.message.clone());
        Some(Ending { well, reason: reason.unwrap_or_default(), message: message.unwrap_or_default(), announced: true })
    }

    fn limit_reached(&self) -> Option<Ending> {
        if let Some(message) = self.policy_fails_job() {
            return Some(Ending::new(false, "PodFailurePolicy", message));
        }
        if self.failed > self.spec().backoff_limit.unwrap_or(6) || self.restarted_too_often() {
            return Some(Ending::new(false, "BackoffLimitExceeded", "Job has reached the specified backoff limit"));
        }
        let past = self.time_left().is_some_and(|left| left.is_zero());
        past.then(|| Ending::new(false, "DeadlineExceeded", "Job was active longer than specified deadline"))
    }

    fn policy_fails_job(&self) -> Option<String> {
        let policy = self.spec().pod_failure_policy.as_ref()?;
        let failed = self.pods.iter().filter(|pod| is_failed(&self.job, pod));
        failed.into_iter().find_map(|pod| match_failure(Some(policy), pod).fails_job)
    }

    /// With `OnFailure` the kubelet restarts containers in place: their restarts count.
    fn restarted_too_often(&self) -> bool {
        let policy = self.spec().template.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
        if policy != Some("OnFailure") {
            return false;
        }
        let running = self.pods.iter().filter(|pod| matches!(phase(pod), "Running" | "Pending"));
        let restarts: i32 = running.map(|pod| restarts(pod)).sum();
        match self.spec().backoff_limit.unwrap_or(6) {
            0 => restarts > 0,
            limit => restarts >= limit,
        }
    }

    /// What is left until the deadline; `None` where there is none or its time stands still.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let seconds = self.spec().active_deadline_seconds.filter(|_| !self.is_suspended())?;
        let start =
            self.job.status.as_ref().and_then(|status| status.start_time.as_ref()).map_or(self.now, |time| time.0);
        let due = start + SignedDuration::from_secs(seconds);
        Some(Duration::try_from(due.duration_since(self.now)).unwrap_or_default())
    }

    fn indexes_failed(&self) -> Option<Ending> {
        let failed = self.failed_indexes.as_ref()?.total();
        if self.spec().max_failed_indexes.is_some_and(|most| failed > most) {
            let message = "Job has exceeded the specified maximal number of failed indexes";
            return Some(Ending::new(false, "MaxFailedIndexesExceeded", message));
        }
        let all_done = failed > 0 && failed + self.completed.total() >= self.completions();
        all_done.then(|| Ending::new(false, "FailedIndexes", "Job has failed indexes"))
    }

    fn satisfied(&self) -> Option<Ending> {
        let policy = self.spec().success_policy.as_ref().filter(|_| self.is_indexed());
        let message = match_success(policy, self.completions(), &self.completed)?;
        Some(Ending::new(true, "SuccessPolicy", message))
    }

    /// Whether all that was asked has succeeded while `active` pods run.
    pub(super) fn is_complete(&self, active: i32) -> bool {
        active == 0 && self.succeeded >= self.spec().completions.unwrap_or(1)
    }
}

fn restarts(pod: &Pod) -> i32 {
    let Some(status) = &pod.status else { return 0 };
    let all = status.container_statuses.iter().flatten().chain(status.init_container_statuses.iter().flatten());
    all.map(|status| status.restart_count).sum()
}
