//! Deletes Jobs that are over for as long as their `ttlSecondsAfterFinished` says. Must not touch Jobs that go on.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;
use kube::Api;
use kube::api::{DeleteParams, Preconditions, PropagationPolicy};

use super::job::finished_since;
use super::{Manager, Outcome, unless_gone};
use crate::client::object::{Key, is_deleting};
use crate::client::queue::Next;

/// Reconciles at once (`--concurrent-ttl-after-finished-syncs`).
const WORKERS: usize = 5;

pub(super) async fn run(manager: Arc<Manager>) {
    let queue = manager.queue();
    manager.informers.jobs.wait_synced().await;
    let keys = queue.clone();
    manager.informers.jobs.on_change(move |change| {
        if change.after().is_some_and(|job| due(job).is_some()) {
            keys.add(Key::of(&**change.object()));
        }
    });
    queue.run(WORKERS, |key| reconcile(&manager, key)).await;
}

/// When a Job shall go; `None` while it goes on, is going, or may stay.
fn due(job: &Job) -> Option<Timestamp> {
    let seconds = job.spec.as_ref()?.ttl_seconds_after_finished.filter(|_| !is_deleting(&job.metadata))?;
    Some(finished_since(job)? + SignedDuration::from_secs(seconds.into()))
}

async fn reconcile(manager: &Manager, key: Key) -> Outcome {
    let Some(due) = manager.informers.jobs.get(&key).and_then(|job| due(&job)) else { return Ok(Next::Done) };
    let left = due.duration_since(manager.clock.now());
    if left > SignedDuration::ZERO {
        return Ok(Next::After(Duration::try_from(left).unwrap_or_default()));
    }
    let api: Api<Job> = Api::namespaced(manager.client.clone(), &key.namespace);
    let Some(fresh) = api.get_opt(&key.name).await? else { return Ok(Next::Done) };
    // It may have been given more time, or be another by now: only the server knows.
    if self::due(&fresh) != Some(due) {
        return Ok(Next::Retry);
    }
    let preconditions = Preconditions { uid: fresh.metadata.uid, resource_version: None };
    let params = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Foreground),
        preconditions: Some(preconditions),
        ..DeleteParams::default()
    };
    unless_gone(api.delete(&key.name, &params).await)?;
    Ok(Next::Done)
}
