//! The masters: what each is doing, told only from what can be observed through the API.

use jiff::Timestamp;

use crate::tui::model::cluster::{Cluster, Feed, Source};
use crate::tui::model::facts::{Happening, Key};
use crate::tui::model::failure::Failure;
use crate::tui::model::format::{bytes, decimal, seconds_between, thousands};
use crate::tui::model::light::Light;
use crate::tui::model::parts;

/// One part of the control plane.
#[derive(Clone, Debug, Default)]
pub struct Master {
    /// Such as `API Server`.
    pub name: &'static str,
    /// How it is doing.
    pub light: Light,
    /// The one figure for a narrow screen.
    pub brief: String,
    /// Up to two lines.
    pub lines: Vec<String>,
    /// Its control loops, with a light each.
    pub loops: Vec<Loop>,
    /// Seconds since its last heartbeat, where it gives one.
    pub beat: Option<i64>,
    /// Whether the sparkline of requests belongs in it.
    pub spark: bool,
}

/// A control loop, seen by what it has to keep as wanted.
#[derive(Clone, Debug)]
pub struct Loop {
    /// Name of the controller.
    pub name: &'static str,
    /// Good when nothing is left to do.
    pub light: Light,
    /// Objects as wanted, of all.
    pub done: usize,
    /// Objects in all.
    pub total: usize,
}

/// A heartbeat, judged.
#[derive(Clone, Copy, Debug)]
pub struct Beat {
    /// Seconds since it.
    pub age: i64,
    /// Whether it is younger than its Lease allows.
    pub fresh: bool,
}

/// The heartbeat that a Lease tells; `None` where there is no such Lease.
pub fn beat(cluster: &Cluster, namespace: &str, name: &str, now: Timestamp) -> Option<Beat> {
    let lease = cluster.lease(namespace, name)?;
    let age = seconds_between(lease.renewed?, now).max(0);
    Some(Beat { age, fresh: age <= i64::from(lease.seconds) })
}

/// The four parts, in the order of the notes.
pub fn masters(cluster: &Cluster, now: Timestamp) -> Vec<Master> {
    let mut all = vec![api_server(cluster), controller_manager(cluster, now), scheduler(cluster, now), etcd(cluster)];
    for (master, name) in all.iter_mut().zip(PARTS) {
        switched(master, cluster, name);
    }
    all
}

/// Names of the masters' switches, in the order of the notes.
pub const PARTS: [&str; 4] = ["apiserver", "controller-manager", "scheduler", "etcd"];

/// What its switch says, where it has one: off counts for more than any heartbeat.
fn switched(master: &mut Master, cluster: &Cluster, name: &str) {
    let Some(part) = cluster.components.get(&Key::new("", name)) else { return };
    let stopped = parts::stopped(cluster);
    if part.state == "Stopped" || !part.enabled {
        master.light = Light::Bad;
        master.brief = "apagado".into();
        master.lines.insert(0, "apagado: tecla o".into());
    } else if name == "controller-manager" && !stopped.is_empty() {
        master.light = Light::Busy;
        master.brief = format!("{} apagados", stopped.len());
        master.lines = vec![format!("apagados: {}", stopped.join(", "))];
    }
}

fn reachable(cluster: &Cluster) -> Light {
    let live = cluster.feeds.values().any(|feed| feed == &Feed::Live);
    match (cluster.broken(), live) {
        (Some(_), _) => Light::Bad,
        (None, true) => Light::Good,
        (None, false) => Light::Unknown,
    }
}

fn api_server(cluster: &Cluster) -> Master {
    let metrics = &cluster.metrics;
    let light = reachable(cluster);
    let (brief, line) = match (light, metrics.rate, &metrics.failure) {
        (Light::Bad, ..) => ("sin conexión".into(), "sin conexión: reintentando".into()),
        (_, _, Some(failure)) => ("●".into(), format!("métricas: {}", why_not(failure))),
        (_, Some(rate), None) => (format!("{} pet/s", decimal(rate)), requests(rate, metrics.latency)),
        (_, None, None) if metrics.gone_by => (String::new(), "no se midió".into()),
        (_, None, None) => ("…".into(), "midiendo…".into()),
    };
    Master { name: "API Server", light, brief, lines: vec![line], spark: true, ..Master::default() }
}

fn requests(rate: f64, latency: Option<f64>) -> String {
    let mean = latency.map(|mean| format!(" · {} ms", decimal(mean))).unwrap_or_default();
    format!("{} pet/s{mean}", decimal(rate))
}

fn why_not(failure: &Failure) -> &'static str {
    match failure {
        denied if denied.denied() => "sin permiso",
        missing if missing.missing() => "no las ofrece",
        _ => "no responden",
    }
}

/// A component known by its Lease: light, and what to say when it does not beat.
fn by_lease(cluster: &Cluster, name: &str, now: Timestamp) -> (Light, Option<i64>, Option<String>) {
    if cluster.broken().is_some() {
        return (Light::Unknown, None, Some("sin noticias: no hay conexión".into()));
    }
    match (beat(cluster, "kube-system", name, now), cluster.feed(Source::Leases)) {
        (Some(beat), _) if beat.fresh => (Light::Good, Some(beat.age), None),
        (Some(beat), _) => (Light::Bad, Some(beat.age), Some(format!("sin latido hace {} s", beat.age))),
        (None, Feed::Lost(failure)) => (Light::Unknown, None, Some(format!("latido: {}", failure.short()))),
        (None, _) => (Light::Unknown, None, Some("sin latido a la vista".into())),
    }
}

fn controller_manager(cluster: &Cluster, now: Timestamp) -> Master {
    let (light, beat, trouble) = by_lease(cluster, "kube-controller-manager", now);
    let loops = loops(cluster, light != Light::Bad && cluster.broken().is_none());
    let of = |wanted: Light| loops.iter().filter(|each| each.light == wanted).count();
    let brief = match (trouble.is_some(), of(Light::Unknown), of(Light::Busy)) {
        (true, ..) => silent(light),
        (false, 0, 0) => "al día".into(),
        (false, 0, busy) => format!("{busy} en curso"),
        (false, ..) => "…".into(),
    };
    let lines = trouble.into_iter().collect();
    Master { name: "Controller Manager", light, brief, lines, loops, beat, spark: false }
}

/// What is told in a word of one that does not beat.
fn silent(light: Light) -> String {
    if light == Light::Unknown { "?".into() } else { "sin latido".into() }
}

fn loops(cluster: &Cluster, alive: bool) -> Vec<Loop> {
    let nodes = cluster.nodes.values().filter(|node| node.ready == "True").count();
    let settled = |work: &std::collections::BTreeMap<_, std::sync::Arc<crate::tui::model::facts::Workload>>| {
        work.values().filter(|each| each.settled).count()
    };
    let served = cluster.services.values().filter(|service| !service.selector.is_empty());
    let (joined, services) = served.fold((0, 0), |(joined, all), service| {
        let wanted = cluster.selected(&service.key.namespace, &service.selector).filter(|pod| pod.serving).count();
        let there = super::services::targets(cluster, &service.key).filter(|target| target.ready).count();
        (joined + usize::from(wanted == there), all + 1)
    });
    let make = |name, done, total| {
        let light = match (alive, done == total) {
            (false, _) => Light::Unknown,
            (true, true) => Light::Good,
            (true, false) => Light::Busy,
        };
        Loop { name, light, done, total }
    };
    vec![
        make("node", nodes, cluster.nodes.len()),
        make("deployment", settled(&cluster.deployments), cluster.deployments.len()),
        make("replicaset", settled(&cluster.replica_sets), cluster.replica_sets.len()),
        make("endpoint", joined, services),
    ]
}

fn scheduler(cluster: &Cluster, now: Timestamp) -> Master {
    let (light, beat, trouble) = by_lease(cluster, "kube-scheduler", now);
    let queue = cluster.pods.values().filter(|pod| pod.light == Light::Waiting).count();
    let brief = if trouble.is_some() { silent(light) } else { format!("cola {queue}") };
    let mut lines =
        vec![trouble.unwrap_or_else(|| format!("cola: {queue} {}", if queue == 1 { "pod" } else { "pods" }))];
    lines.extend(last_decision(cluster));
    Master { name: "Scheduler", light, brief, lines, beat, ..Master::default() }
}

/// The last binding, read from the scheduler's own event: `Successfully assigned NS/POD to NODE`.
fn last_decision(cluster: &Cluster) -> Option<String> {
    // An event lives where what it tells of does.
    let there = |event: &Happening| cluster.pods.contains_key(&Key::new(&event.key.namespace, &event.object));
    let event = cluster.last_event(|event| event.reason == "Scheduled").filter(|event| there(event))?;
    let (_, node) = event.message.rsplit_once(" to ")?;
    Some(format!("{} → {node}", event.object))
}

fn etcd(cluster: &Cluster) -> Master {
    let sample = cluster.metrics.sample().copied().unwrap_or_default();
    // Behind an API Server that does not answer nobody knows how it is.
    let light = if cluster.broken().is_some() { Light::Unknown } else { reachable(cluster) };
    // Of a moment gone by its revision is known, and no measure.
    let then = Some(cluster.revision).filter(|revision| cluster.metrics.gone_by && *revision > 0);
    let revision = sample.revision.map(whole).or(then);
    let keys = sample.objects.map(|keys| format!("{} claves", thousands(whole(keys))));
    let size = sample.bytes.map(|size| bytes(whole(size)));
    let stored: Vec<String> = keys.into_iter().chain(size).collect();
    let known = revision.map(|revision| format!("revisión {}", thousands(revision)));
    let nothing = || vec!["aquí no se ve".into()];
    let mut lines: Vec<String> = known.into_iter().collect();
    lines.extend((!stored.is_empty()).then(|| stored.join(" · ")));
    let lines = if lines.is_empty() { nothing() } else { lines };
    let brief = revision.map_or_else(|| "…".into(), |revision| format!("rev {}", thousands(revision)));
    Master { name: "etcd", light, brief, lines, ..Master::default() }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counters are whole and not negative")]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}

/// The store's revision, where the server tells it.
pub fn revision(cluster: &Cluster) -> Option<u64> {
    cluster.metrics.sample().and_then(|sample| sample.revision).map(whole)
}
