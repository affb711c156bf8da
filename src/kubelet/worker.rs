//! The loop of one pod: hear what changed, ask the plan, do it, report. Must not decide: `pod::plan` does.

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc;
use jiff::{SignedDuration, Timestamp};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use serde_json::json;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::context::Context;
use super::handler::Target;
use super::pod::plan::{Action, EVICTED, plan};
use super::pod::spec;
use super::pod::state::{Failure, Instance, NOT_RUN, PodState};
use super::pod::status::{merge_diff, status};
use super::probe::{self, Finding};
use super::refresh::Refresh;
use super::runtime::{Exit, RuntimeError};
use super::{evict, start, stop};
use crate::base::mark::mark;
use crate::client::pod::Pod;

/// How long an action may take before what is going on is reported.
const PATIENCE: Duration = Duration::from_millis(50);
/// Wait after the API server or the runtime failed.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);
/// How long the object of a pod stays at least after it was asked to go. A kubelet takes about a second to see that
/// nothing is left (PLEG's relist period); `kubectl delete pod db-0` counts on it, for it watches only after it has asked:
/// it would wait for ever for a namesake that a StatefulSet made meanwhile.
const SETTLE: SignedDuration = SignedDuration::from_millis(120);

/// What a worker hears.
#[derive(Debug)]
pub(crate) enum Message {
    /// The object is like this now.
    Pod(Arc<Pod>),
    /// The object is gone.
    Gone,
    /// A container ended.
    Exited { id: String, exit: Exit },
    /// The sandbox was removed from outside.
    SandboxLost,
    /// A probe of that container found something out.
    Probe { id: String, finding: Finding },
}

/// The way to a worker. Over futures' channel: tokio's keeps a block of room, and most workers wait for nothing.
pub(crate) type Mailbox = mpsc::UnboundedSender<Box<Message>>;

/// One pod's worker.
pub(crate) struct Worker {
    context: Arc<Context>,
    pod: Arc<Pod>,
    state: PodState,
    inbox: mpsc::UnboundedReceiver<Box<Message>>,
    outbox: Mailbox,
    probes: HashMap<String, DropGuard>,
    /// Exits heard of before the start that they belong to was answered.
    early: HashMap<String, Exit>,
    /// The last patch sent, by its hash, so that a server that words a status otherwise is not told again and again.
    sent: Option<u64>,
    paused: Option<Timestamp>,
    /// When it was heard that the pod is to go.
    asked: Option<Timestamp>,
    refresh: Refresh,
    /// When the volumes are measured again.
    measured: Option<Timestamp>,
    finalized: bool,
    gone: bool,
}

impl Worker {
    /// A worker for a pod with what is known of it; `channel` is its own inbox and the way to it.
    pub(crate) fn new(
        context: Arc<Context>,
        pod: Arc<Pod>,
        state: PodState,
        channel: (Mailbox, mpsc::UnboundedReceiver<Box<Message>>),
    ) -> Self {
        let (outbox, inbox) = channel;
        let (probes, early) = (HashMap::new(), HashMap::new());
        let refresh = if state.ip.is_some() { Refresh::adopted(&context, &pod) } else { Refresh::default() };
        let measured = evict::is_limited(&pod).then(|| context.clock.now());
        let asked = pod.metadata.deletion_timestamp.is_some().then(|| context.clock.now());
        Self {
            context,
            pod,
            state,
            inbox,
            outbox,
            probes,
            early,
            sent: None,
            paused: None,
            asked,
            refresh,
            measured,
            finalized: false,
            gone: false,
        }
    }

    /// Lives as long as the pod.
    pub(crate) async fn run(mut self) {
        self.watch_all_probes();
        while !self.gone {
            let now = self.context.clock.now();
            let plan = plan(&self.pod, &self.state, self.context.clock.timing, now);
            let paused = self.paused.filter(|until| *until > now);
            if self.finalized || paused.is_some() || plan.actions.is_empty() {
                // Boxed, as all that is rare: ten thousand workers wait, and each would keep room for it.
                if Box::pin(self.look_after_volumes(now)).await {
                    continue;
                }
                Box::pin(self.publish()).await;
                let wake = [plan.wake, self.paused, self.refresh.due(), self.measured]
                    .into_iter()
                    .flatten()
                    .filter(|at| *at > now)
                    .min();
                self.wait(wake).await;
                continue;
            }
            let deleting = self.pod.metadata.deletion_timestamp.is_some();
            for action in plan.actions {
                Box::pin(self.perform(action)).await;
                if self.gone || deleting != self.pod.metadata.deletion_timestamp.is_some() {
                    break;
                }
            }
        }
        Box::pin(self.clean_up()).await;
    }

    /// Waits for news or the time.
    async fn wait(&mut self, wake: Option<Timestamp>) {
        let now = self.context.clock.now();
        let alarm = async {
            match wake {
                Some(at) => tokio::time::sleep(Duration::try_from(at.duration_since(now)).unwrap_or_default()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            message = self.inbox.next() => self.absorb(message),
            () = alarm => {}
        }
        while let Ok(message) = self.inbox.try_recv() {
            self.absorb(Some(message));
        }
    }

    fn absorb(&mut self, message: Option<Box<Message>>) {
        match message.map(|message| *message) {
            None | Some(Message::Gone) => self.gone = true,
            Some(Message::Pod(pod)) if version(&pod) >= version(&self.pod) => self.renew(pod),
            Some(Message::Pod(_)) => {}
            Some(Message::Exited { id, exit }) => self.exited(id, exit),
            Some(Message::SandboxLost) => {
                self.state.sandbox_lost(self.context.clock.now());
                self.probes.clear();
            }
            Some(Message::Probe { id, finding }) => {
                let Some((_, instance)) = self.state.by_id(&id) else { return };
                match finding {
                    Finding::Started => instance.started = true,
                    Finding::Ready(ready) => instance.ready = ready,
                    Finding::Dead(message) => instance.condemned = Some(message),
                }
            }
        }
    }

    fn renew(&mut self, pod: Arc<Pod>) {
        let (before, after) = (&self.pod.metadata, &pod.metadata);
        if (&before.labels, &before.annotations) != (&after.labels, &after.annotations) {
            self.refresh.hasten(&pod, self.context.clock.now());
        }
        // Somebody else wrote since: even a status that was told before may have to be told again.
        if version(&pod) > version(&self.pod) {
            self.sent = None;
        }
        // The informer has the status by now.
        self.context.reported.lock().remove(&spec::id(&pod).uid);
        let revived = self.pod.metadata.deletion_timestamp.is_some() && pod.metadata.deletion_timestamp.is_none();
        if pod.metadata.deletion_timestamp.is_none() {
            self.asked = None;
        } else {
            self.asked.get_or_insert_with(|| self.context.clock.now());
        }
        self.pod = pod;
        if revived {
            self.revive();
        }
    }

    /// A restored store wants the pod again that was going: what was taken away of it is made anew.
    fn revive(&mut self) {
        (self.finalized, self.paused) = (false, None);
        if self.state.removed {
            self.state = PodState::adopt(&self.pod, None, self.context.clock.now());
            self.probes.clear();
        }
    }

    /// Brings files up to date and measures what may not grow; whether the pod's fate is another now.
    async fn look_after_volumes(&mut self, now: Timestamp) -> bool {
        let lives = self.state.ip.is_some() && !self.state.stopped && !self.state.removed && !self.finalized;
        if !lives || self.pod.metadata.deletion_timestamp.is_some() {
            (self.refresh, self.measured) = (Refresh::default(), self.measured.map(|at| at.max(now + PAUSE)));
            return false;
        }
        if self.refresh.due().is_some_and(|due| due <= now)
            && let Err(message) = self.refresh.run(&self.context, &self.pod).await
        {
            self.context.recorder.warning(&*self.pod, "FailedMount", message);
        }
        if self.measured.is_none_or(|at| at > now) || self.state.verdict.is_some() {
            return false;
        }
        self.measured = Some(now + super::pod::backoff::signed(self.context.clock.timing.scale(evict::PERIOD)));
        let usage = self.context.runtime.empty_usage(&spec::id(&self.pod).uid).await.unwrap_or_default();
        let Some(message) = evict::reason(&self.pod, &usage) else { return false };
        self.context.recorder.warning(&*self.pod, EVICTED, message.clone());
        self.state.verdict = Some((EVICTED, message));
        true
    }

    fn exited(&mut self, id: String, exit: Exit) {
        let (timing, pod) = (self.context.clock.timing, self.pod.clone());
        let Some((name, instance)) = self.state.by_id(&id) else {
            self.early.insert(id, exit);
            return;
        };
        let (name, code, at) = (name.to_owned(), exit.code, exit.at);
        instance.exit.get_or_insert(exit);
        self.probes.remove(&name);
        let init = spec::init_containers(&pod).iter().any(|it| it.name == name);
        let again = spec::container(&pod, &name).is_some_and(|it| spec::restart_of(&pod, it, init).wanted(code));
        let waits = self.state.container(&name).crash.until(at, timing).is_some();
        if again && waits && pod.metadata.deletion_timestamp.is_none() {
            let message = format!("Back-off restarting failed container {name} in pod {}", spec::full_name(&pod));
            self.context.container_event(&pod, &name, true, "BackOff", message);
        }
    }

    async fn perform(&mut self, action: Action) {
        match action {
            Action::RunSandbox => self.run_sandbox().await,
            Action::Start { name, attempt } => Box::pin(self.start(&name, attempt)).await,
            Action::Stop { name, grace, message } => self.stop(&name, grace, message),
            Action::StopSandbox => self.stop_sandbox().await,
            Action::RemoveSandbox => self.remove_sandbox().await,
            Action::Finalize => self.finalize().await,
            Action::Fail { reason, message } => {
                self.context.recorder.normal(&*self.pod, reason, message.clone());
                self.state.verdict = Some((reason, message));
            }
        }
    }

    async fn run_sandbox(&mut self) {
        let (context, pod) = (self.context.clone(), self.pod.clone());
        match self.during(async move { start::sandbox(&context, &pod).await }).await {
            Some(Ok((ip, refresh))) => {
                self.state.sandbox_up(ip);
                self.refresh = refresh;
                self.watch_all_probes();
            }
            Some(Err(failure)) => self.state.sandbox_failure = Some(failure),
            None => {}
        }
    }

    async fn start(&mut self, name: &str, attempt: u32) {
        let Some(container) = spec::container(&self.pod, name).cloned() else { return };
        let Some(ip) = self.state.ip else { return };
        let (now, timing) = (self.context.clock.now(), self.context.clock.timing);
        let known = self.state.container(name);
        if let Some(exit) = known.current.as_ref().and_then(|instance| instance.exit.as_ref()) {
            known.crash = known.crash.next(exit.at, now, timing);
        }
        let before = start::Before { attempt, pull: known.pull, ip };
        let (context, pod) = (self.context.clone(), self.pod.clone());
        match self.during(async move { start::container(&context, &pod, &container, before).await }).await {
            Some(Ok(instance)) => self.started(name, ip, instance).await,
            Some(Err((failure, pull))) => self.not_started(name, attempt, failure, pull).await,
            None => {}
        }
    }

    async fn started(&mut self, name: &str, _ip: IpAddr, mut instance: Instance) {
        instance.exit = self.early.remove(&instance.id);
        self.state.container(name).failure = None;
        self.next(name, instance).await;
        self.watch_probes(name);
    }

    /// An instance takes the place of the one before it.
    async fn next(&mut self, name: &str, instance: Instance) {
        let known = self.state.container(name);
        let older = match known.current.replace(instance) {
            Some(previous) => known.last.replace(previous),
            None => None,
        };
        // Only the last dead container is kept, for `logs --previous` (kubelet `maximum-dead-containers-per-container`).
        if let Some(older) = older.filter(|older| !older.id.is_empty()) {
            let _ = self.context.runtime.remove(&older.id).await;
        }
    }

    async fn not_started(
        &mut self,
        name: &str,
        attempt: u32,
        mut failure: Failure,
        pull: super::pod::backoff::Backoff,
    ) {
        if let Some(container) = spec::container(&self.pod, name).filter(|_| failure.reason == NOT_RUN) {
            let instance = Instance::not_run(container, attempt, &failure);
            // The wait is that of a crash.
            failure.retry = failure.at;
            self.next(name, instance).await;
        }
        let known = self.state.container(name);
        (known.failure, known.pull) = (Some(failure), pull);
    }

    fn stop(&mut self, name: &str, grace: Duration, message: String) {
        let now = self.context.clock.now();
        let Some(target) = self.target(name) else { return };
        let Some(instance) = self.state.container(name).current.as_mut() else { return };
        let first = instance.stopping.replace(now + super::pod::backoff::signed(grace)).is_none();
        if first {
            self.context.container_event(&self.pod, name, false, "Killing", message);
        }
        let (context, pod) = (self.context.clone(), self.pod.clone());
        self.context.tasks.spawn(async move { stop::container(&context, &pod, &target, grace).await });
    }

    async fn stop_sandbox(&mut self) {
        let uid = spec::id(&self.pod).uid;
        match self.context.runtime.stop_sandbox(&uid).await {
            Ok(()) => self.context.ipam.lock().release(&uid),
            Err(RuntimeError::Unsupported(_)) => {}
            Err(error) => return self.pause(&error),
        }
        self.state.stopped = true;
    }

    async fn remove_sandbox(&mut self) {
        let uid = spec::id(&self.pod).uid;
        match self.context.runtime.remove_sandbox(&uid).await {
            Ok(()) | Err(RuntimeError::NotFound(_)) => {
                self.context.ipam.lock().release(&uid);
                self.probes.clear();
                self.publish().await;
                self.state.removed = true;
                self.paused = Some(self.asked.unwrap_or_else(|| self.context.clock.now()) + SETTLE);
            }
            Err(error) => self.pause(&error),
        }
    }

    /// Tells the API server that nothing of the pod is left: it deletes the object, unless somebody wrote it meanwhile
    /// (a restored store may have brought it back to life): then it is looked at again.
    async fn finalize(&mut self) {
        let id = spec::id(&self.pod);
        let resource_version = self.pod.metadata.resource_version.clone();
        let preconditions = Some(Preconditions { uid: Some(id.uid), resource_version });
        let params = DeleteParams { grace_period_seconds: Some(0), preconditions, ..DeleteParams::default() };
        match self.api().delete(&id.name, &params).await {
            Ok(_) => self.finalized = true,
            Err(kube::Error::Api(status)) if status.code == 404 => self.finalized = true,
            Err(error) => self.pause(&error),
        }
    }

    /// The object is gone: nothing of it may stay.
    async fn clean_up(&mut self) {
        let uid = spec::id(&self.pod).uid;
        self.context.reported.lock().remove(&uid);
        self.probes.clear();
        if !self.state.removed {
            if let Err(error) = self.context.runtime.remove_sandbox(&uid).await {
                tracing::warn!(%error, pod = spec::full_name(&self.pod), "sandbox could not be removed");
            }
            self.context.ipam.lock().release(&uid);
        }
    }

    /// Does something slow without going deaf; `None` when the pod was asked to go meanwhile.
    async fn during<T>(&mut self, work: impl Future<Output = T> + Send) -> Option<T> {
        let slow = tokio::time::sleep(PATIENCE);
        tokio::pin!(work, slow);
        let mut reported = false;
        loop {
            tokio::select! {
                biased;
                result = &mut work => return Some(result),
                message = self.inbox.next() => {
                    self.absorb(message);
                    if self.gone || self.pod.metadata.deletion_timestamp.is_some() {
                        return None;
                    }
                }
                () = &mut slow, if !reported => {
                    reported = true;
                    self.publish().await;
                }
            }
        }
    }

    /// Reports the status if it changed.
    async fn publish(&mut self) {
        let now = self.context.clock.now();
        let wanted = status(&self.pod, &self.state, &self.context.host, self.context.clock.timing, now);
        if self.pod.status.as_ref() == Some(&wanted) || self.finalized {
            return;
        }
        let value = |status: &_| serde_json::to_value(status).unwrap_or_default();
        let Some(patch) = merge_diff(&value(&self.pod.status.clone().unwrap_or_default()), &value(&wanted)) else {
            return;
        };
        let mark = mark(&patch.to_string());
        if self.sent == Some(mark) {
            return;
        }
        let id = spec::id(&self.pod);
        let body = json!({ "metadata": { "uid": id.uid }, "status": patch });
        self.context.reported.lock().insert(id.uid.clone(), Box::new(wanted));
        match self.api().patch_status(&id.name, &PatchParams::default(), &Patch::Merge(body)).await {
            Ok(pod) if version(&pod) >= version(&self.pod) => {
                self.pod = Arc::new(pod);
                self.sent = Some(mark);
            }
            Ok(_) => {}
            Err(error) => {
                self.context.reported.lock().remove(&id.uid);
                if !matches!(&error, kube::Error::Api(status) if matches!(status.code, 404 | 409)) {
                    self.pause(&error);
                }
            }
        }
    }

    fn api(&self) -> Api<Pod> {
        Api::namespaced(self.context.clients.client(), &spec::id(&self.pod).namespace)
    }

    fn pause(&mut self, error: &dyn std::fmt::Display) {
        tracing::warn!(%error, pod = spec::full_name(&self.pod), "pod sync failed");
        self.paused = Some(self.context.clock.now() + PAUSE);
    }

    /// The running instance of a container, for hooks and probes.
    fn target(&self, name: &str) -> Option<Target> {
        let instance = self.state.containers.get(name)?.running()?;
        let container = spec::container(&self.pod, name)?.clone();
        Some(Target { container, id: instance.id.clone(), ip: self.state.ip? })
    }

    fn watch_all_probes(&mut self) {
        for name in self.state.containers.keys().cloned().collect::<Vec<_>>() {
            self.watch_probes(&name);
        }
    }

    fn watch_probes(&mut self, name: &str) {
        let Some(target) = self.target(name).filter(|target| probe::any(&target.container)) else { return };
        let started = self.state.containers.get(name).and_then(|it| it.running()).is_some_and(|it| it.started);
        let (context, pod, outbox, id) =
            (self.context.clone(), self.pod.clone(), self.outbox.clone(), target.id.clone());
        let tell = move |finding| drop(outbox.unbounded_send(Message::Probe { id: id.clone(), finding }.into()));
        let token = CancellationToken::new();
        self.probes.insert(name.to_owned(), token.clone().drop_guard());
        self.context.tasks.spawn(async move {
            tokio::select! {
                () = token.cancelled() => {}
                () = probe::run(context, pod, target, started, tell) => {}
            }
        });
    }
}

/// An object's resourceVersion as the number that it is in Kubernetes since 1.35.
fn version(pod: &Pod) -> u64 {
    pod.metadata.resource_version.as_deref().and_then(|version| version.parse().ok()).unwrap_or(0)
}
