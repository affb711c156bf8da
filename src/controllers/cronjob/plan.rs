//! What a `CronJob` does at one look, in the order of Kubernetes' own `syncCronJob`. Must not do IO.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, CronJobStatus, Job};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::ResourceExt;

use super::super::adoption::controller_reference;
use super::super::job::{finished_kind, is_finished};
use super::schedule::{Never, Starts};
use crate::client::object::{is_deleting, uid_of};

/// The annotation that says for when a Job was made.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub warning: bool,
    pub reason: &'static str,
    pub message: String,
}

/// A Job to make, after those that it replaces are gone.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Start {
    pub job: Job,
    pub at: Timestamp,
    pub replaced: Vec<ObjectReference>,
}

/// What is to be done.
#[derive(Debug)]
pub(super) struct Plan {
    pub status: CronJobStatus,
    pub told: Vec<Told>,
    /// Finished Jobs beyond the limits of the history.
    pub outdated: Vec<Arc<Job>>,
    pub start: Option<Start>,
    pub next: Option<Duration>,
}

impl Plan {
    fn tell(&mut self, warning: bool, reason: &'static str, message: impl Into<String>) {
        self.told.push(Told { warning, reason, message: message.into() });
    }
}

/// Whether the status knows a Job as running.
pub(super) fn is_listed(cron: &CronJob, job: &Job) -> bool {
    active(cron.status.as_ref()).iter().any(|listed| listed.uid == job.metadata.uid)
}

fn active(status: Option<&CronJobStatus>) -> &[ObjectReference] {
    status.and_then(|status| status.active.as_deref()).unwrap_or_default()
}

/// Plans a look; `missing` are the uids that the status lists and the server does not have.
pub(super) fn plan(cron: &CronJob, jobs: &[Arc<Job>], missing: &BTreeSet<String>, now: Timestamp) -> Plan {
    let status = cron.status.clone().unwrap_or_default();
    let mut plan = Plan { status, told: Vec::new(), outdated: Vec::new(), start: None, next: None };
    let spec = &cron.spec;
    plan.outdated = outdated(spec, jobs);
    for job in plan.outdated.clone() {
        plan.unlist(uid_of(&job.metadata));
    }
    jobs.iter().for_each(|job| plan.see(job));
    plan.miss(missing);
    if !is_deleting(&cron.metadata) {
        plan.schedule(cron, spec, now);
    }
    plan
}

/// The oldest finished Jobs beyond the limits, of each ending.
fn outdated(spec: &CronJobSpec, jobs: &[Arc<Job>]) -> Vec<Arc<Job>> {
    let limits = [("Complete", spec.successful_jobs_history_limit), ("Failed", spec.failed_jobs_history_limit)];
    let beyond = |(kind, limit): (&str, Option<i32>)| {
        let mut finished: Vec<_> = jobs.iter().filter(|job| finished_kind(job) == Some(kind)).cloned().collect();
        let kept = limit.map_or(finished.len(), |limit| usize::try_from(limit).unwrap_or(0));
        finished.sort_by_key(|job| {
            let started = job.status.as_ref().and_then(|status| status.start_time.clone());
            (started.is_none(), started, job.name_any())
        });
        finished.truncate(finished.len().saturating_sub(kept));
        finished
    };
    limits.into_iter().flat_map(beyond).collect()
}

impl Plan {
    fn see(&mut self, job: &Job) {
        let listed = active(Some(&self.status)).iter().any(|listed| listed.uid == job.metadata.uid);
        match (listed, finished_kind(job)) {
            (false, None) => {
                let message = format!("Saw a job that the controller did not create or forgot: {}", job.name_any());
                self.tell(true, "UnexpectedJob", message);
            }
            (true, Some(kind)) => {
                self.unlist(uid_of(&job.metadata));
                self.tell(
                    false,
                    "SawCompletedJob",
                    format!("Saw completed job: {}, condition: {kind}", job.name_any()),
                );
            }
            (false, Some("Complete")) => {
                let completed = job.status.as_ref().and_then(|status| status.completion_time.clone());
                self.status.last_successful_time = self.status.last_successful_time.take().max(completed);
            }
            _ => {}
        }
    }

    fn unlist(&mut self, uid: &str) {
        let Some(listed) = &mut self.status.active else { return };
        listed.retain(|job| job.uid.as_deref() != Some(uid));
        if listed.is_empty() {
            self.status.active = None;
        }
    }

    fn miss(&mut self, missing: &BTreeSet<String>) {
        for job in active(Some(&self.status)).to_vec() {
            let uid = job.uid.unwrap_or_default();
            if missing.contains(&uid) {
                let name = job.name.unwrap_or_default();
                self.tell(false, "MissingJob", format!("Active job went missing: {name}"));
                self.unlist(&uid);
            }
        }
    }

    fn schedule(&mut self, cron: &CronJob, spec: &CronJobSpec, now: Timestamp) {
        if let Some(zone) = spec.time_zone.as_deref().filter(|zone| jiff::tz::TimeZone::get(zone).is_err()) {
            let message = format!("invalid timeZone: {zone:?}: unknown time zone {zone}");
            return self.tell(true, "UnknownTimeZone", message);
        }
        if spec.suspend == Some(true) {
            return;
        }
        match Starts::new(cron, spec, now) {
            Ok(starts) => self.start(cron, spec, &starts, now),
            Err(error) => {
                let message = format!("unparseable schedule: {:?} : {error}", spec.schedule);
                self.tell(true, "UnparseableSchedule", message);
            }
        }
    }

    fn start(&mut self, cron: &CronJob, spec: &CronJobSpec, starts: &Starts, now: Timestamp) {
        let Ok(due) = starts.due() else {
            let message = format!("invalid schedule: {} : {}", spec.schedule, Never::TEXT);
            return self.tell(true, "InvalidSchedule", message);
        };
        self.next = Some(starts.wait());
        let Some(at) = due.at else { return };
        if due.many {
            let message =
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
            self.tell(true, "TooManyMissedTimes", message);
        }
        let deadline = spec.starting_deadline_seconds.map(|seconds| at + SignedDuration::from_secs(seconds));
        if deadline.is_some_and(|deadline| deadline < now) {
            let shown = at.strftime("%a, %d %b %Y %H:%M:%S +0000");
            return self.tell(true, "MissSchedule", format!("Missed scheduled time to start a job: {shown}"));
        }
        let name = job_name(cron, at);
        let running = active(Some(&self.status));
        let made = running.iter().any(|job| job.name.as_deref() == Some(&name));
        if made || self.status.last_schedule_time.as_ref().is_some_and(|last| last.0 == at) {
            return;
        }
        let policy = spec.concurrency_policy.as_deref();
        if policy == Some("Forbid") && !running.is_empty() {
            let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
            return self.tell(false, "JobAlreadyActive", message);
        }
        let replaced = if policy == Some("Replace") { running.to_vec() } else { Vec::new() };
        self.start = Some(Start { job: new_job(cron, spec, name, starts.shown(at)), at, replaced });
    }

    /// Notes a Job that was made.
    pub(super) fn started(&mut self, job: ObjectReference, at: Timestamp) {
        self.status.active.get_or_insert_default().push(job);
        self.status.last_schedule_time = Some(Time(at));
    }

    /// Notes that a Job was removed.
    pub(super) fn removed(&mut self, uid: &str) {
        self.unlist(uid);
    }
}

/// A name that the same start always gives: so that it is made once.
fn job_name(cron: &CronJob, at: Timestamp) -> String {
    format!("{}-{}", cron.name_any(), at.as_second() / 60)
}

fn new_job(cron: &CronJob, spec: &CronJobSpec, name: String, scheduled: String) -> Job {
    let meta = spec.job_template.metadata.clone().unwrap_or_default();
    let mut annotations = meta.annotations.unwrap_or_default();
    annotations.insert(SCHEDULED.into(), scheduled);
    Job {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: cron.namespace(),
            labels: meta.labels,
            annotations: Some(annotations),
            owner_references: Some(vec![controller_reference(cron)]),
            ..ObjectMeta::default()
        },
        spec: spec.job_template.spec.clone(),
        status: None,
    }
}

/// Whether a Job that the status does not list goes on: the status may be newer than the cache.
pub(super) fn has_unlisted(cron: &CronJob, jobs: &[Arc<Job>]) -> bool {
    jobs.iter().any(|job| !is_listed(cron, job) && !is_finished(job))
}
