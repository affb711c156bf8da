//! The bridge's view-model: masters, the unscheduled, workers and services, from the cluster's facts. Pure.
//! Must not know sizes nor colours: `views::bridge` lays it out.

mod masters;
mod reasons;
mod services;
#[cfg(test)]
mod tests;
pub mod unready;
mod workers;

use jiff::Timestamp;

use super::cluster::Cluster;
use super::facts::{Key, Pod};
use super::light::Light;
use super::scope::Scope;

pub use masters::{Loop, Master};
pub use masters::{PARTS, revision};
pub use reasons::why_unscheduled;
pub use services::{ServiceLine, service_trouble};
pub use workers::{Worker, percent};

/// A pod that no worker has taken, or that fails.
#[derive(Clone, Debug)]
pub struct Waiting<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// Why, in Spanish.
    pub why: String,
}

/// All that the bridge shows.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// API Server, Controller Manager, Scheduler, etcd.
    pub masters: Vec<Master>,
    /// Pods without a worker.
    pub waiting: Vec<Waiting<'a>>,
    /// Pods that fail, with what they tell of it, then those that only are not ready.
    pub failing: Vec<Waiting<'a>>,
    /// The workers, by name.
    pub workers: Vec<Worker<'a>>,
    /// The services, by name.
    pub services: Vec<ServiceLine<'a>>,
}

impl Scene<'_> {
    /// Whether a pod fails: one that is not ready may only be starting.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.failing.iter().any(|each| each.pod.light == Light::Bad)
    }
}

/// The bridge of some namespaces, or of all.
pub fn scene<'a>(cluster: &'a Cluster, scope: &Scope, now: Timestamp) -> Scene<'a> {
    let shown = |key: &Key| scope.has(&key.namespace);
    let probes = unready::probes(cluster);
    let of = |light: Light| cluster.pods.values().map(AsRef::as_ref).filter(move |pod: &&Pod| pod.light == light);
    let failing = of(Light::Bad).filter(|pod| shown(&pod.key) && pod.fails());
    let unready = of(Light::Busy).filter(|pod| shown(&pod.key));
    let unready = unready.filter_map(|pod| Some(Waiting { pod, why: unready::why(pod, &probes)? }));
    let scheduler = wrong_with_scheduler(cluster, now);
    let why = |pod: &Pod| why_unscheduled(&pod.unscheduled, scheduler);
    Scene {
        masters: masters::masters(cluster, now),
        failing: failing.map(|pod| Waiting { pod, why: String::from(&pod.trouble) }).chain(unready).collect(),
        waiting: of(Light::Waiting).filter(|pod| shown(&pod.key)).map(|pod| Waiting { pod, why: why(pod) }).collect(),
        workers: workers::workers(cluster, &shown, now),
        services: services::services(cluster, &shown),
    }
}

/// Why nobody chooses workers: its switch tells at once what its heartbeat tells late.
fn wrong_with_scheduler(cluster: &Cluster, now: Timestamp) -> Option<&'static str> {
    let part = cluster.components.get(&Key::new("", "scheduler"));
    let silent = masters::beat(cluster, "kube-system", "kube-scheduler", now).is_some_and(|beat| !beat.fresh);
    match part {
        Some(part) if !part.enabled => Some("está apagado"),
        _ => silent.then_some("no da señales"),
    }
}

/// How many pods are in each state, in the order of [`Light::ALL`], states without pods left out.
pub fn count(pods: &[&Pod]) -> Vec<(Light, usize)> {
    let of = |light: Light| (light, pods.iter().filter(|pod| pod.light == light).count());
    Light::ALL.into_iter().map(of).filter(|(_, count)| *count > 0).collect()
}
