//! Takes the tracking finalizer from pods whose Job is gone or over: nobody else would, and they could never go.
//! Must not touch the pods of a Job that goes on.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::Job;

use super::super::informers::OWNER;
use super::super::{Manager, Outcome};
use super::pods::is_tracked;
use super::{is_finished, is_managed_elsewhere, untrack};
use crate::client::informer::Change;
use crate::client::object::{Key, controller_of, uid_of};
use crate::client::pod::Pod;
use crate::client::queue::Next;

pub(super) async fn run(manager: Arc<Manager>) {
    let queue = manager.queue();
    let (keys, watched) = (queue.clone(), manager.clone());
    manager.informers.pods.on_change(move |change| {
        if let Some(pod) = change.after().filter(|pod| is_tracked(pod) && is_abandoned(&watched, pod)) {
            keys.add(Key::of(&**pod));
        }
    });
    let (keys, watched) = (queue.clone(), manager.clone());
    manager.informers.jobs.on_change(move |change| {
        if ends(change) {
            let pods = watched.informers.pods.by_index(OWNER, uid_of(&change.object().metadata));
            keys.add_all(pods.iter().filter(|pod| is_tracked(pod)).map(|pod| Key::of(&**pod)));
        }
    });
    queue.run(1, |key| reconcile(&manager, key)).await;
}

fn ends(change: &Change<Job>) -> bool {
    change.after().is_none_or(|job| is_finished(job))
}

/// Whether nobody counts the pod any more. Its Job makes pods only after the cache shows it: one that is not there is gone.
fn is_abandoned(manager: &Manager, pod: &Pod) -> bool {
    let Some(owner) = controller_of(&pod.metadata) else { return true };
    if owner.kind != "Job" || !owner.api_version.starts_with("batch/") {
        return false;
    }
    let key = Key::new(pod.metadata.namespace.clone().unwrap_or_default(), owner.name.clone());
    let job = manager.informers.jobs.get(&key).filter(|job| uid_of(&job.metadata) == owner.uid);
    job.is_none_or(|job| is_finished(&job) && !is_managed_elsewhere(&job))
}

async fn reconcile(manager: &Manager, key: Key) -> Outcome {
    let pod = manager.informers.pods.get(&key).filter(|pod| is_tracked(pod) && is_abandoned(manager, pod));
    if let Some(pod) = pod {
        untrack(&manager.client, &pod).await?;
    }
    Ok(Next::Done)
}
