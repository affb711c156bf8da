//! Makes a Job at each time of a schedule, and keeps the history of those that ended short. Must not touch pods.

mod plan;
mod schedule;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};

use super::informers::OWNER;
use super::owners::Owners;
use super::pod_control::said;
use super::{Manager, Outcome, unless_gone};
use crate::client::informer::Change;
use crate::client::object::{Key, controller_of, reference_to, uid_of};
use crate::client::queue::{Next, Queue};
use crate::client::recorder::Recorder;
use plan::{Plan, Start, has_unlisted, plan};
use schedule::Starts;

/// Reconciles at once (`--concurrent-cron-job-syncs`).
const WORKERS: usize = 5;

struct Controller {
    manager: Arc<Manager>,
    recorder: Recorder,
}

pub(super) async fn run(manager: Arc<Manager>) {
    let recorder = manager.recorder("cronjob-controller");
    let controller = Arc::new(Controller { manager: manager.clone(), recorder });
    let queue = manager.queue();
    manager.informers.cron_jobs.wait_synced().await;
    manager.informers.jobs.wait_synced().await;
    // A CronJob adopts nothing: only its own Jobs concern it.
    let owners = Owners::new(&manager.informers.cron_jobs, |_| None);
    let keys = queue.clone();
    manager.informers.jobs.on_change(move |change| keys.add_all(owners.concerned(change)));
    let (keys, watcher) = (queue.clone(), controller.clone());
    manager.informers.cron_jobs.on_change(move |change| watcher.cron_changed(change, &keys));
    queue.run(WORKERS, |key| controller.reconcile(key)).await;
}

impl Controller {
    /// A new schedule is waited for; anything else is looked at now.
    fn cron_changed(&self, change: &Change<CronJob>, queue: &Queue<Key>) {
        let key = Key::of(&**change.object());
        if let Change::Updated { old, new } = change
            && (&old.spec.schedule, &old.spec.time_zone) != (&new.spec.schedule, &new.spec.time_zone)
            && let Ok(starts) = Starts::new(new, &new.spec, self.manager.clock.now())
        {
            return queue.add_after(key, starts.wait());
        }
        queue.add(key);
    }

    async fn reconcile(&self, key: Key) -> Outcome {
        let Some(cached) = self.manager.informers.cron_jobs.get(&key) else { return Ok(Next::Done) };
        let jobs = self.manager.informers.jobs.by_index(OWNER, uid_of(&cached.metadata));
        let Some(cron) = self.fresh(&key, &cached, &jobs).await? else { return Ok(Next::Done) };
        let missing = self.missing(&cron, &jobs).await?;
        let mut plan = plan(&cron, &jobs, &missing, self.manager.clock.now());
        for job in plan.outdated.clone() {
            self.delete(&cron, &job, &mut plan).await;
        }
        for told in std::mem::take(&mut plan.told) {
            match told.warning {
                true => self.recorder.warning(&*cron, told.reason, told.message),
                false => self.recorder.normal(&*cron, told.reason, told.message),
            }
        }
        let started = match plan.start.take() {
            Some(start) => self.start(&cron, start, &mut plan).await,
            None => Ok(()),
        };
        self.write_status(&cron, &plan).await?;
        started?;
        Ok(plan.next.map_or(Next::Done, Next::After))
    }

    /// The cache may be behind our own status: where a Job is not listed, the server is asked.
    async fn fresh(&self, key: &Key, cached: &Arc<CronJob>, jobs: &[Arc<Job>]) -> kube::Result<Option<Arc<CronJob>>> {
        if !has_unlisted(cached, jobs) {
            return Ok(Some(cached.clone()));
        }
        let there = self.crons(&key.namespace).get_opt(&key.name).await?;
        Ok(there.filter(|there| there.metadata.uid == cached.metadata.uid).map(Arc::new))
    }

    /// The uids of the listed Jobs that neither the cache nor the server has.
    async fn missing(&self, cron: &CronJob, jobs: &[Arc<Job>]) -> kube::Result<BTreeSet<String>> {
        let listed = cron.status.as_ref().and_then(|status| status.active.clone()).unwrap_or_default();
        let mut missing = BTreeSet::new();
        for reference in listed.iter().filter(|it| !jobs.iter().any(|job| job.metadata.uid == it.uid)) {
            let there = self.jobs(cron).get_metadata_opt(reference.name.as_deref().unwrap_or_default()).await?;
            if there.is_none() {
                missing.extend(reference.uid.clone());
            }
        }
        Ok(missing)
    }

    fn jobs(&self, cron: &CronJob) -> Api<Job> {
        Api::namespaced(self.manager.client.clone(), &cron.namespace().unwrap_or_default())
    }

    fn crons(&self, namespace: &str) -> Api<CronJob> {
        Api::namespaced(self.manager.client.clone(), namespace)
    }

    async fn start(&self, cron: &CronJob, start: Start, plan: &mut Plan) -> kube::Result<()> {
        let jobs = self.jobs(cron);
        for replaced in &start.replaced {
            let found = jobs.get(replaced.name.as_deref().unwrap_or_default()).await;
            match found {
                Ok(job) => self.delete(cron, &job, plan).await,
                Err(error) => {
                    self.recorder.warning(cron, "FailedGet", format!("Get job: {}", said(&error)));
                    return Err(error);
                }
            }
        }
        match jobs.create(&PostParams::default(), &start.job).await {
            Ok(job) => {
                self.recorder.normal(cron, "SuccessfulCreate", format!("Created job {}", job.name_any()));
                plan.started(reference_to(&job), start.at);
                Ok(())
            }
            // We made it before, but could not write it down.
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                let job = jobs.get(&start.job.name_any()).await?;
                if controller_of(&job.metadata).is_some_and(|owner| owner.uid == uid_of(&cron.metadata)) {
                    plan.started(reference_to(&job), start.at);
                }
                Ok(())
            }
            Err(error) => {
                self.recorder.warning(cron, "FailedCreate", format!("Error creating job: {}", said(&error)));
                Err(error)
            }
        }
    }

    async fn delete(&self, cron: &CronJob, job: &Job, plan: &mut Plan) {
        let name = job.name_any();
        match unless_gone(self.jobs(cron).delete(&name, &DeleteParams::background()).await) {
            Ok(_) => {
                plan.removed(uid_of(&job.metadata));
                self.recorder.normal(cron, "SuccessfulDelete", format!("Deleted job {name}"));
            }
            Err(error) => {
                self.recorder.warning(cron, "FailedDelete", format!("Deleted job: {}", said(&error)));
            }
        }
    }

    async fn write_status(&self, cron: &CronJob, plan: &Plan) -> kube::Result<()> {
        if cron.status.clone().unwrap_or_default() == plan.status {
            return Ok(());
        }
        let updated = CronJob { status: Some(plan.status.clone()), ..cron.clone() };
        let api = self.crons(&cron.namespace().unwrap_or_default());
        unless_gone(api.replace_status(&cron.name_any(), &PostParams::default(), &updated).await).map(drop)
    }
}
