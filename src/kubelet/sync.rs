//! Which pods this node has: hears of them, gives each a worker, adopts what already runs. Must not look inside a pod.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::ResourceExt;
use kube::runtime::watcher;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::admit;
use super::context::Context;
use super::pod::state::PodState;
use super::runtime::{Event, Sandbox};
use super::worker::{Mailbox, Message, Worker};
use crate::client::informer::{Change, Informer};
use crate::client::pod::Pod;
use crate::client::pool::Pool;

/// Wait before a runtime that does not answer is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// The node's pods and the ways to their workers. Clones share them.
#[derive(Clone)]
pub(crate) struct Registry {
    pub(crate) pods: Informer<Pod>,
    workers: Arc<Mutex<HashMap<String, Mailbox>>>,
}

/// Runs until the tasks stop.
pub(crate) async fn run(context: Arc<Context>, registry: Registry) {
    let mut events = context.runtime.events(&context.node);
    let mut found = adopt(&context).await;
    let (sender, mut changes) = mpsc::unbounded_channel();
    registry.pods.on_change(move |change| {
        let heard = match change {
            Change::Added(pod) | Change::Updated { new: pod, .. } => (pod.clone(), false),
            Change::Deleted(pod) => (pod.clone(), true),
        };
        let _ = sender.send(heard);
    });
    let mine = watcher::Config::default().fields(&format!("spec.nodeName={}", context.node));
    registry.pods.start_on_demand(context.clients.clone(), mine, &context.tasks);
    registry.pods.wait_synced().await;
    while let Ok((pod, gone)) = changes.try_recv() {
        registry.tell_pod(&context, pod, gone, &mut found);
    }
    remove_orphans(&context, found.drain().map(|(uid, _)| uid)).await;
    loop {
        tokio::select! {
            change = changes.recv() => match change {
                Some((pod, gone)) => registry.tell_pod(&context, pod, gone, &mut found),
                None => return,
            },
            event = events.next() => match event {
                Some(event) => registry.tell_event(event),
                None => {
                    events = context.runtime.events(&context.node);
                    registry.catch_up(adopt(&context).await);
                }
            },
        }
    }
}

/// Every sandbox of this node by pod uid, once the runtime answers; their addresses are taken.
async fn adopt(context: &Context) -> HashMap<String, Sandbox> {
    loop {
        match context.runtime.list(&context.node).await {
            Ok(sandboxes) => {
                let mut ipam = context.ipam.lock();
                for sandbox in &sandboxes {
                    sandbox.ip.into_iter().for_each(|ip| ipam.reserve(&sandbox.pod.uid, ip));
                }
                return sandboxes.into_iter().map(|sandbox| (sandbox.pod.uid.clone(), sandbox)).collect();
            }
            Err(error) => tracing::warn!(%error, node = context.node, "the container runtime does not answer"),
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// What runs and nobody wants.
async fn remove_orphans(context: &Context, uids: impl Iterator<Item = String>) {
    for uid in uids {
        tracing::info!(uid, node = context.node, "removing a sandbox whose pod is gone");
        match context.runtime.remove_sandbox(&uid).await {
            Ok(()) => context.ipam.lock().release(&uid),
            Err(error) => tracing::warn!(%error, uid, "sandbox could not be removed"),
        }
    }
}

impl Registry {
    pub(crate) fn new(pods: Pool<Pod>) -> Self {
        Self { pods: Informer::default().pooled(pods), workers: Arc::default() }
    }

    /// A pod by namespace and name.
    pub(crate) fn pod(&self, namespace: &str, name: &str) -> Option<Arc<Pod>> {
        self.pods.get(&crate::client::object::Key::new(namespace, name))
    }

    fn tell_pod(&self, context: &Arc<Context>, pod: Arc<Pod>, gone: bool, found: &mut HashMap<String, Sandbox>) {
        let uid = pod.uid().unwrap_or_default();
        let mut workers = self.workers.lock();
        if gone {
            if let Some(worker) = workers.remove(&uid) {
                let _ = worker.unbounded_send(Message::Gone.into());
            }
            return;
        }
        if let Some(worker) = workers.get(&uid) {
            let _ = worker.unbounded_send(Message::Pod(pod).into());
            return;
        }
        let sandbox = found.remove(&uid);
        let is_new = sandbox.is_none() && pod.status.as_ref().is_none_or(|status| status.start_time.is_none());
        let mut state = PodState::adopt(&pod, sandbox, context.clock.now());
        if is_new && let Some((reason, message)) = self.refusal(&pod, &workers) {
            context.recorder.warning(&*pod, reason, message.clone());
            (state.verdict, state.rejected) = (Some((reason, admit::told(&message))), true);
        }
        let (sender, receiver) = futures::channel::mpsc::unbounded();
        workers.insert(uid, sender.clone());
        context.tasks.spawn(Worker::new(context.clone(), pod, state, (sender, receiver)).run());
    }

    /// Why the pod may not join those that have a worker already.
    fn refusal(&self, pod: &Pod, workers: &HashMap<String, Mailbox>) -> Option<(&'static str, String)> {
        let all = if admit::asks(pod) { self.pods.list() } else { return None };
        let others = all.iter().filter(|other| other.uid().is_some_and(|uid| workers.contains_key(&uid)));
        admit::refusal(pod, others.map(|other| &**other))
    }

    fn tell_event(&self, event: Event) {
        let (pod_uid, message) = match event {
            Event::Exited { pod_uid, id, exit } => (pod_uid, Message::Exited { id, exit }),
            Event::SandboxLost { pod_uid } => (pod_uid, Message::SandboxLost),
        };
        if let Some(worker) = self.workers.lock().get(&pod_uid) {
            let _ = worker.unbounded_send(message.into());
        }
    }

    /// After a gap in the events: what ended or was lost meanwhile.
    fn catch_up(&self, found: HashMap<String, Sandbox>) {
        for (uid, worker) in self.workers.lock().iter() {
            match found.get(uid).filter(|sandbox| sandbox.ready) {
                None => drop(worker.unbounded_send(Message::SandboxLost.into())),
                Some(sandbox) => {
                    for container in &sandbox.containers {
                        let Some(exit) = container.exit.clone() else { continue };
                        let _ = worker.unbounded_send(Message::Exited { id: container.id.clone(), exit }.into());
                    }
                }
            }
        }
    }
}
