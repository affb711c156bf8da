//! Runs pods until enough of them have ended well, and counts each exactly once. Must not restart containers: that is
//! the kubelet's work.

mod backoff;
mod facts;
mod indexes;
mod manage;
mod orphans;
mod pods;
mod policy;
#[cfg(test)]
mod tests;
mod track;
mod verdict;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use parking_lot::Mutex;
use serde_json::json;

use super::adoption::claim_with;
use super::expectations::Expectations;
use super::informers::candidates;
use super::owners::Owners;
use super::pod_control::PodControl;
use super::{Manager, Outcome, unless_gone};
use crate::base::selector::Selector;
use crate::client::informer::Change;
use crate::client::object::{Key, is_deleting, uid_of};
use crate::client::pod::Pod;
use crate::client::pods::is_ready;
use crate::client::queue::{Next, Queue};
use backoff::Failures;
use facts::{Facts, count};
pub(super) use facts::{finished_kind, finished_since, is_finished};
use manage::Move;
use pods::{FINALIZER, is_tracked};
use track::{condition, ensure};
use verdict::Ending;

/// Reconciles at once (`--concurrent-job-syncs`).
const WORKERS: usize = 5;
/// Changes of pods are gathered for so long before a Job is looked at (`syncJobBatchPeriod`).
const BATCH: Duration = Duration::from_secs(1);
/// Who looks after Jobs unless they say otherwise.
const NAME: &str = "kubernetes.io/job-controller";

struct Controller {
    manager: Arc<Manager>,
    owners: Owners<Job>,
    pods: PodControl,
    /// By Job: the pods whose finalizer was taken, though the cache does not show it yet.
    released: Mutex<BTreeMap<Key, BTreeSet<String>>>,
    failures: Mutex<BTreeMap<Key, Failures>>,
}

pub(super) async fn run(manager: Arc<Manager>) {
    let pods = PodControl {
        client: manager.client.clone(),
        recorder: manager.recorder("job-controller"),
        expectations: Expectations::new(manager.clock),
    };
    let owners = Owners::new(&manager.informers.jobs, selector_of);
    manager.informers.jobs.wait_synced().await;
    manager.informers.pods.wait_synced().await;
    let controller = Arc::new(Controller {
        manager: manager.clone(),
        owners,
        pods,
        released: Mutex::default(),
        failures: Mutex::default(),
    });
    let queue = manager.queue();
    controller.subscribe(&queue);
    tokio::join!(queue.run(WORKERS, |key| controller.reconcile(key)), orphans::run(manager));
}

fn selector_of(job: &Job) -> Option<Selector> {
    let selector = job.spec.as_ref()?.selector.as_ref()?;
    Selector::from_label_selector(selector).ok().filter(|selector| !selector.is_empty())
}

/// Whether somebody else looks after it.
pub(super) fn is_managed_elsewhere(job: &Job) -> bool {
    job.spec.as_ref().and_then(|spec| spec.managed_by.as_deref()).is_some_and(|manager| manager != NAME)
}

impl Controller {
    fn subscribe(self: &Arc<Self>, queue: &Queue<Key>) {
        let batch = self.manager.clock.timing.scale(BATCH);
        let (controller, keys) = (self.clone(), queue.clone());
        self.manager.informers.pods.on_change(move |change| {
            controller.note_release(change);
            let concerned = controller.owners.observed(change, &controller.pods.expectations);
            concerned.into_iter().for_each(|key| keys.add_after(key, batch));
        });
        let (controller, keys) = (self.clone(), queue.clone());
        self.manager.informers.jobs.on_change(move |change| {
            let key = Key::of(&**change.object());
            if let Change::Deleted(_) = change {
                controller.forget(&key);
            }
            match change {
                Change::Updated { old, new } if old.metadata.generation == new.metadata.generation => {
                    keys.add_after(key, batch);
                }
                _ => keys.add(key),
            }
        });
    }

    /// The cache shows a pod without its finalizer, or no pod.
    fn note_release(&self, change: &Change<Pod>) {
        let pod = change.object();
        if change.after().is_some_and(|pod| is_tracked(pod)) {
            return;
        }
        let Some(key) = self.owners.manager_of(&**pod) else { return };
        if let Some(released) = self.released.lock().get_mut(&key) {
            released.remove(uid_of(&pod.metadata));
        }
    }

    fn forget(&self, key: &Key) {
        self.pods.expectations.forget(key);
        self.released.lock().remove(key);
        self.failures.lock().remove(key);
    }

    async fn reconcile(&self, key: Key) -> Outcome {
        let Some(job) = self.manager.informers.jobs.get(&key) else {
            self.forget(&key);
            return Ok(Next::Done);
        };
        if is_finished(&job) || is_managed_elsewhere(&job) {
            self.failures.lock().remove(&key);
            return Ok(Next::Done);
        }
        let Some(selector) = selector_of(&job) else { return Ok(Next::Done) };
        let settled = self.pods.expectations.satisfied(&key);
        let candidates = candidates(&self.manager.informers.pods, &*job);
        let pods = claim_with(&self.manager.client, &*job, &selector, candidates, |_| false, &[FINALIZER]).await?;
        let released = self.released.lock().get(&key).cloned().unwrap_or_default();
        let failures = self.failures.lock().get(&key).copied().unwrap_or_default();
        let clock = self.manager.clock;
        let facts = Facts::gather(&job, pods, released, failures, (clock.now(), clock.timing));
        self.advance(&job, Box::new(facts), settled).await
    }

    async fn advance(&self, job: &Job, mut facts: Box<Facts>, settled: bool) -> Outcome {
        let now = facts.now;
        if !facts.is_suspended() {
            facts.status().start_time.get_or_insert(Time(now));
        }
        let mut next = facts.time_left().filter(|left| !left.is_zero());
        let mut active = count(facts.active.iter());
        let mut ending = facts.ending();
        let managed = if ending.is_some() {
            let running = facts.active.clone();
            let (deleted, result) = self.delete(job, &mut facts, &running).await;
            if deleted != active || !settled {
                // Pods may be left that the cache does not show.
                ending = None;
            }
            active -= deleted;
            result
        } else if settled && !is_deleting(&job.metadata) {
            let step = facts.next_move();
            if let Move::Wait(wait) = &step {
                next = Some(next.map_or(*wait, |next| next.min(*wait)));
            }
            let (left, result) = self.execute(job, &mut facts, step, active).await;
            active = left;
            if facts.is_complete(active) {
                ending = Some(Ending::completed());
            } else {
                self.note_suspension(job, &mut facts);
            }
            result
        } else {
            if facts.is_complete(active) {
                ending = Some(Ending::completed());
            }
            Ok(())
        };
        let numbers = (active, facts.ready, facts.terminating);
        let status = facts.status();
        status.active = Some(numbers.0).filter(|active| *active > 0);
        (status.ready, status.terminating) = (Some(numbers.1), Some(numbers.2));
        self.track(job, facts, ending).await?;
        managed?;
        Ok(next.map_or(Next::Done, |wait| Next::After(wait.max(self.manager.clock.timing.scale(BATCH)))))
    }

    /// Does a move: how many pods run after it.
    async fn execute(&self, job: &Job, facts: &mut Facts, step: Move, active: i32) -> (i32, kube::Result<()>) {
        match step {
            Move::Nothing => (active, Ok(())),
            // Kubernetes counts none as active while it waits.
            Move::Wait(_) => (0, Ok(())),
            Move::Delete(pods) => {
                let untracked = self.release(job, &pods).await.map(drop);
                let (deleted, result) = self.delete(job, facts, &pods).await;
                (active - deleted, untracked.and(result))
            }
            Move::Create(pods) => {
                self.pods.expectations.expect_creations(&Key::of(job), pods.len());
                let (made, result) = self.pods.create_each(job, pods.len(), |at| Cow::Borrowed(&pods[at])).await;
                (active + i32::try_from(made).unwrap_or(i32::MAX), result)
            }
        }
    }

    /// Deletes pods: how many.
    async fn delete(&self, job: &Job, facts: &mut Facts, pods: &[Arc<Pod>]) -> (i32, kube::Result<()>) {
        if pods.is_empty() {
            return (0, Ok(()));
        }
        let result = self.pods.delete_many(job, pods).await;
        if result.is_err() {
            // The next look sees what went.
            return (0, result);
        }
        facts.ready -= count(pods.iter().filter(|pod| is_ready(pod)));
        facts.terminating += count(pods.iter());
        (count(pods.iter()), result)
    }

    /// A pause is a condition and an event; its end starts the time of the deadline anew.
    fn note_suspension(&self, job: &Job, facts: &mut Facts) {
        let (now, suspended) = (facts.now, facts.is_suspended());
        let (status, reason, message) =
            if suspended { ("True", "Suspended", "Job suspended") } else { ("False", "Resumed", "Job resumed") };
        let new = condition("Suspended", status, &format!("Job{reason}"), message, now);
        if ensure(facts.status(), new) {
            self.pods.recorder.normal(job, reason, message);
            if !suspended {
                facts.status().start_time = Some(Time(now));
            }
        }
    }

    async fn track(&self, job: &Job, mut facts: Box<Facts>, mut ending: Option<Ending>) -> kube::Result<()> {
        let (done, all) = facts.track(ending.as_ref());
        self.write(job.status.as_ref(), &mut facts).await?;
        self.failures.lock().insert(Key::of(job), facts.failures);
        let written = facts.job.status.clone();
        let (released, refused) = match self.release(job, &done).await {
            Ok(released) => (released, Ok(())),
            Err(error) => (BTreeSet::new(), Err(error)),
        };
        ending = ending.filter(|_| all && refused.is_ok());
        let finished = facts.settle(&released, ending.as_ref());
        self.write(written.as_ref(), &mut facts).await?;
        if let Some(ending) = ending.filter(|_| finished) {
            self.tell_end(job, &facts, &ending);
        }
        refused
    }

    /// Writes the status where it differs from the one that the server has.
    async fn write(&self, before: Option<&JobStatus>, facts: &mut Facts) -> kube::Result<()> {
        if before == facts.job.status.as_ref() {
            return Ok(());
        }
        let (name, namespace) = (facts.job.name_any(), facts.job.namespace().unwrap_or_default());
        let api: Api<Job> = Api::namespaced(self.manager.client.clone(), &namespace);
        let written = api.replace_status(&name, &PostParams::default(), &facts.job).await?;
        facts.job.metadata.resource_version = written.metadata.resource_version;
        Ok(())
    }

    /// Takes our finalizer from pods: the uids of those that have it no longer.
    async fn release(&self, job: &Job, pods: &[Arc<Pod>]) -> kube::Result<BTreeSet<String>> {
        let tracked: Vec<_> = pods.iter().filter(|pod| is_tracked(pod)).collect();
        let uids = || tracked.iter().map(|pod| uid_of(&pod.metadata).to_string());
        self.released.lock().entry(Key::of(job)).or_default().extend(uids());
        let results = join_all(tracked.iter().map(|pod| untrack(&self.manager.client, pod))).await;
        for (pod, result) in tracked.iter().zip(&results) {
            if !matches!(result, Ok(true)) {
                self.released.lock().entry(Key::of(job)).or_default().remove(uid_of(&pod.metadata));
            }
        }
        results.into_iter().collect::<kube::Result<Vec<_>>>()?;
        Ok(uids().collect())
    }

    fn tell_end(&self, job: &Job, facts: &Facts, ending: &Ending) {
        let recorder = &self.pods.recorder;
        if !ending.well {
            return recorder.warning(job, &ending.reason, ending.message.clone());
        }
        let succeeded = facts.job.status.as_ref().and_then(|status| status.succeeded).unwrap_or(0);
        if facts.spec().completions.is_some_and(|completions| succeeded > completions) {
            let message = "Too many succeeded pods running after completion count reached";
            recorder.warning(job, "TooManySucceededPods", message);
        }
        recorder.normal(job, "Completed", "Job completed");
    }
}

/// Takes our finalizer from a pod; whether it was there to lose it.
async fn untrack(client: &kube::Client, pod: &Pod) -> kube::Result<bool> {
    let api: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    let patch = json!({"metadata": {"uid": pod.metadata.uid, "$deleteFromPrimitiveList/finalizers": [FINALIZER]}});
    let patched = api.patch(&pod.name_any(), &PatchParams::default(), &Patch::Strategic(patch)).await;
    Ok(unless_gone(patched)?.is_some())
}
