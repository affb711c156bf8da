//! Chooses a node for each pod that has none, once. Filters and scores are tables of pure functions with reasons.
//! Must not move running pods.
//!
//! One loop decides, pod after pod, on its own picture of the cluster; what it decided it takes for done at once
//! (assumed), and the writes follow concurrently. So decisions are fast and never contradict each other.

mod cache;
mod catalog;
mod decide;
mod facts;
mod filters;
mod log;
mod preempt;
mod queue;
mod scores;
mod server;
mod state;
mod storage;
#[cfg(test)]
mod tests;
mod volumes;
mod words;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, PersistentVolume, PersistentVolumeClaim, Service};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::runtime::watcher;
use kube::{Api, Resource};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, Semaphore};

use crate::base::clock::Clock;
use crate::base::names::Names;
use crate::base::pipe::{Dialer, pipe};
use crate::base::tasks::Tasks;
use crate::client::decisions::Outcome;
use crate::client::informer::{Change, Informer};
use crate::client::lease;
use crate::client::pools::Pools;
use crate::client::queue::Gauge;
use crate::client::recorder::Recorder;
use log::Log;
use state::{State, Step, Verdict};

/// The scheduler that pods ask for by default.
const NAME: &str = "default-scheduler";
/// Writes under way at once.
const WRITES: usize = 64;

/// What the scheduler is started with.
#[derive(Clone)]
pub struct Context {
    /// A client with the identity `system:kube-scheduler`.
    pub client: kube::Client,
    /// Now.
    pub clock: Clock,
    /// Where chance comes from.
    pub names: Arc<Names>,
    /// What the cluster's parts hold together.
    pub pools: Pools,
}

/// The scheduler's parts, shared with its writers.
struct Scheduler {
    client: kube::Client,
    clock: Clock,
    names: Arc<Names>,
    pools: Pools,
    recorder: Recorder,
    state: Mutex<State>,
    log: Mutex<Log>,
    wake: Notify,
    /// A claim changed: whoever waits for its volume looks again.
    storage_changed: Notify,
    tasks: Tasks,
}

/// Starts the scheduler and its heartbeat; the way to its own server.
#[must_use]
pub fn start(context: Context, tasks: &Tasks) -> Dialer {
    start_gauged(context, tasks, &Gauge::default())
}

/// As [`start`]; the gauge tells how many pods wait for a node.
#[must_use]
pub fn start_gauged(context: Context, tasks: &Tasks, gauge: &Gauge) -> Dialer {
    let Context { client, clock, names, pools } = context;
    let holder = format!("timonel_{}", names.uid());
    let heartbeat = client.clone();
    tasks.spawn(async move { lease::keep(heartbeat, "kube-scheduler", &holder, clock).await });
    let scheduler = Arc::new(Scheduler {
        recorder: Recorder::new(client.clone(), NAME, None, clock, tasks),
        state: Mutex::default(),
        log: Mutex::default(),
        wake: Notify::new(),
        storage_changed: Notify::new(),
        tasks: tasks.clone(),
        client,
        clock,
        names,
        pools,
    });
    let gauged = Arc::downgrade(&scheduler);
    gauge.add(move || gauged.upgrade().map_or(0, |scheduler| scheduler.state.lock().waiting()));
    let (dialer, listener) = pipe();
    tasks.spawn(server::serve(listener, scheduler.clone()));
    tasks.spawn(scheduler.run());
    dialer
}

impl Scheduler {
    async fn run(self: Arc<Self>) {
        self.follow::<Service>(|state, change, now| {
            state.catalog_changed(|catalog| catalog.service_changed(change), false, now);
        })
        .await;
        self.follow::<Namespace>(|state, change, now| {
            state.catalog_changed(|catalog| catalog.namespace_changed(change), false, now);
        })
        .await;
        self.follow::<PodDisruptionBudget>(|state, change, now| {
            state.catalog_changed(|catalog| catalog.budget_changed(change), false, now);
        })
        .await;
        self.follow_storage().await;
        self.follow_as(Informer::default().pooled(self.pools.nodes.clone()), State::node_changed).await;
        self.follow_as(Informer::default().pooled(self.pools.pods.clone()), State::pod_changed).await;
        self.decide_for_ever().await;
    }

    async fn follow_storage(self: &Arc<Self>) {
        self.follow::<StorageClass>(|state, change, now| {
            state.catalog_changed(|catalog| catalog.class_changed(change), true, now);
        })
        .await;
        self.follow::<PersistentVolume>(|state, change, now| {
            state.catalog_changed(|catalog| catalog.volume_changed(change), true, now);
        })
        .await;
        let claims: Informer<PersistentVolumeClaim> = Informer::default();
        let waiting = self.clone();
        self.follow_as(claims.clone(), |state, change, now| {
            state.catalog_changed(|catalog| catalog.claim_changed(change), true, now);
        })
        .await;
        claims.on_change(move |_| waiting.storage_changed.notify_waiters());
    }

    async fn follow<K>(self: &Arc<Self>, changed: fn(&mut State, &Change<K>, Duration))
    where
        K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + Sync + 'static,
    {
        self.follow_as(Informer::default(), changed).await;
    }

    /// Tells the state every change of a kind, beginning with all that is there.
    async fn follow_as<K>(self: &Arc<Self>, informer: Informer<K>, changed: fn(&mut State, &Change<K>, Duration))
    where
        K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + Sync + 'static,
    {
        informer.start(Api::all(self.client.clone()), watcher::Config::default(), &self.tasks);
        informer.wait_synced().await;
        let scheduler = self.clone();
        informer.on_change(move |change| scheduler.note(|state, now| changed(state, change, now)));
    }

    async fn decide_for_ever(self: Arc<Self>) {
        let writes = Arc::new(Semaphore::new(WRITES));
        while let Ok(slot) = writes.clone().acquire_owned().await {
            let step = self.next().await;
            self.keep(&step);
            // Who waits for volumes must not keep the others waiting.
            let waits = matches!(&step.verdict, Verdict::Bind { bindings, .. } if !bindings.is_empty());
            let slot = (!waits).then_some(slot);
            let scheduler = self.clone();
            self.tasks.spawn(async move {
                scheduler.write(step.verdict).await;
                drop(slot);
            });
        }
    }

    fn note(&self, change: impl FnOnce(&mut State, Duration)) {
        change(&mut self.state.lock(), self.clock.elapsed());
        self.wake.notify_one();
    }

    fn keep(&self, step: &Step) {
        let (pod, result) = match &step.verdict {
            Verdict::Bind { pending, .. } => {
                (&pending.pod, log::Result { outcome: Outcome::Binding, message: None, victims: Vec::new() })
            }
            Verdict::Refuse { pod, message, room } => {
                let victims = room.iter().flat_map(|room| &room.victims).map(|victim| victim.key.to_string()).collect();
                let outcome = if room.is_some() { Outcome::Preempting } else { Outcome::Unschedulable };
                (pod, log::Result { outcome, message: Some(message.clone()), victims })
            }
        };
        self.log.lock().push(pod, step.attempt, &step.decision, result, self.clock.now());
    }

    /// The next decision, as soon as a pod waits for one.
    async fn next(&self) -> Step {
        loop {
            let now = self.clock.elapsed();
            let decided = self.state.lock().step(&self.names, now);
            let due = match decided {
                Ok(step) => return step,
                Err(due) => due,
            };
            let wait = due.map_or(Duration::from_secs(3600), |due| due.saturating_sub(now));
            tokio::select! {
                biased;
                () = self.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}
