//! What the kubelet knows of a pod beyond its object: the sandbox and each container's instances. Must not decide.

use std::net::IpAddr;

use indexmap::IndexMap;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ContainerStatus;

use super::backoff::Backoff;
use super::spec;
use crate::client::pod::Pod;
use crate::client::pods::is_terminal;
use crate::kubelet::runtime::{Container, Exit, Sandbox};

/// Exit code of a container whose end nobody saw (containerd after a reboot of the node).
const LOST: i32 = 255;

/// Everything known of one pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct PodState {
    /// The sandbox is up with this address.
    pub ip: Option<IpAddr>,
    /// Why the sandbox could not be made.
    pub sandbox_failure: Option<Failure>,
    /// Nothing of the pod is left in the runtime.
    pub removed: bool,
    /// The address of the finished pod was given back.
    pub stopped: bool,
    /// Each container by name; a map that takes no room for more, which a tree does.
    pub containers: IndexMap<String, Box<ContainerState>>,
    /// When this kubelet accepted the pod (`status.startTime`).
    pub accepted: Timestamp,
    /// The whole pod has failed: reason and message.
    pub verdict: Option<(&'static str, String)>,
    /// The node did not take the pod: nothing of it was ever made here.
    pub rejected: bool,
}

/// Everything known of one container.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContainerState {
    /// The last instance started.
    pub current: Option<Instance>,
    /// The instance before that.
    pub last: Option<Instance>,
    /// Why it could not be started.
    pub failure: Option<Failure>,
    /// Wait between restarts.
    pub crash: Backoff,
    /// Wait between pulls.
    pub pull: Backoff,
}

/// One start of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Instance {
    pub id: String,
    pub image: String,
    pub image_id: String,
    pub attempt: u32,
    pub hash: String,
    pub started_at: Timestamp,
    pub exit: Option<Exit>,
    /// The startup probe has passed, or there is none.
    pub started: bool,
    /// The readiness probe passes, or there is none.
    pub ready: bool,
    /// It was asked to end; it is killed at this time.
    pub stopping: Option<Timestamp>,
    /// It ran in a sandbox that is gone: init containers run anew.
    pub stale: bool,
    /// A probe wants it restarted; the event's message.
    pub condemned: Option<String>,
}

/// Why something could not be done, and when to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Waiting reason, such as `ErrImagePull`.
    pub reason: &'static str,
    pub message: String,
    pub at: Timestamp,
    pub retry: Timestamp,
}

/// Waiting reason of a container that was made and could not be run.
pub(crate) const NOT_RUN: &str = "RunContainerError";
/// Exit code of one, as container engines give it.
const NOT_RUN_CODE: i32 = 128;

impl Instance {
    /// A start that failed counts as one that ended at once: its restarts are counted and spaced like any other's.
    pub(crate) fn not_run(container: &k8s_openapi::api::core::v1::Container, attempt: u32, failure: &Failure) -> Self {
        let exit = Exit { code: NOT_RUN_CODE, message: failure.message.clone(), at: failure.at, ..Exit::default() };
        let (image, hash) = (container.image.clone().unwrap_or_default(), spec::hash(container));
        Self { image, hash, attempt, started_at: Timestamp::UNIX_EPOCH, exit: Some(exit), ..Self::default() }
    }

    /// Whether its program never ran.
    pub(crate) fn never_ran(&self) -> bool {
        self.id.is_empty() && self.exit.as_ref().is_some_and(|exit| exit.code == NOT_RUN_CODE)
    }

    pub(crate) fn running(&self) -> bool {
        self.exit.is_none()
    }
}

impl ContainerState {
    /// The running instance.
    pub(crate) fn running(&self) -> Option<&Instance> {
        self.current.as_ref().filter(|instance| instance.running())
    }

    /// The attempt that the next start would be.
    pub(crate) fn next_attempt(&self) -> u32 {
        self.current.as_ref().map_or(0, |instance| instance.attempt + 1)
    }
}

impl PodState {
    /// What is known when a pod is first seen: from its sandbox if it has one, else from what its status says that
    /// an earlier kubelet did (whatever ran then is lost).
    pub(crate) fn adopt(pod: &Pod, sandbox: Option<Sandbox>, now: Timestamp) -> Self {
        let status = pod.status.clone().unwrap_or_default();
        let rejected = is_terminal(pod) && status.container_statuses.is_none();
        let accepted = status.start_time.map_or(now, |time| time.0);
        let mut state = Self { accepted, rejected, ..Self::default() };
        let reported = status.init_container_statuses.into_iter().chain(status.container_statuses).flatten();
        for status in reported {
            state.containers.insert(status.name.clone(), Box::new(from_status(&status, now)));
        }
        if let Some(sandbox) = sandbox {
            state.ip = sandbox.ip.filter(|_| sandbox.ready);
            for container in sandbox.containers {
                state.adopt_container(pod, container);
            }
        }
        state
    }

    /// The attempts of a name come in any order: the highest is current.
    fn adopt_container(&mut self, pod: &Pod, found: Container) {
        let known = self.containers.entry(found.name.clone()).or_default();
        let probes = spec::container(pod, &found.name);
        let instance = Instance {
            started: probes.is_none_or(|container| container.startup_probe.is_none()),
            ready: probes.is_none_or(|container| container.readiness_probe.is_none()),
            id: found.id,
            image: found.image,
            image_id: found.image_id,
            attempt: found.attempt,
            hash: found.hash,
            started_at: found.started_at,
            exit: found.exit,
            ..Instance::default()
        };
        let newest = known.current.as_ref().is_none_or(|current| current.attempt <= instance.attempt);
        if !newest {
            known.last = Some(instance);
        } else if let Some(older) = known.current.replace(instance) {
            let replaced = known.current.as_ref().is_some_and(|current| current.attempt == older.attempt);
            known.last = if replaced { known.last.take() } else { Some(older) };
        }
    }

    /// The container that has this runtime id.
    pub(crate) fn by_id(&mut self, id: &str) -> Option<(&str, &mut Instance)> {
        self.containers.iter_mut().find_map(|(name, container)| {
            let instance = container.current.as_mut().filter(|instance| instance.id == id)?;
            Some((name.as_str(), instance))
        })
    }

    /// A container's state, made when it is first asked for.
    pub(crate) fn container(&mut self, name: &str) -> &mut ContainerState {
        if !self.containers.contains_key(name) {
            self.containers.insert(name.to_owned(), Box::default());
        }
        self.containers.entry(name.to_owned()).or_default()
    }

    /// The sandbox is a new one: what ran in an older one does not count any more.
    pub(crate) fn sandbox_up(&mut self, ip: IpAddr) {
        self.ip = Some(ip);
        self.sandbox_failure = None;
        for instance in self.containers.values_mut().filter_map(|container| container.current.as_mut()) {
            instance.stale = true;
        }
    }

    /// The sandbox is gone, and whatever ran in it.
    pub(crate) fn sandbox_lost(&mut self, now: Timestamp) {
        self.ip = None;
        for instance in self.containers.values_mut().filter_map(|container| container.current.as_mut()) {
            instance.exit.get_or_insert_with(|| Exit { code: LOST, at: now, ..Exit::default() });
        }
    }

    /// Whether any container runs.
    pub(crate) fn any_running(&self) -> bool {
        self.containers.values().any(|container| container.running().is_some())
    }
}

fn from_status(status: &ContainerStatus, now: Timestamp) -> ContainerState {
    let exit_of = |state: Option<&k8s_openapi::api::core::v1::ContainerState>| {
        let ended = state?.terminated.as_ref()?;
        let started = ended.started_at.as_ref().map_or(now, |time| time.0);
        let exit = Exit {
            code: ended.exit_code,
            oom_killed: ended.reason.as_deref() == Some("OOMKilled"),
            message: ended.message.clone().unwrap_or_default(),
            at: ended.finished_at.as_ref().map_or(now, |time| time.0),
        };
        Some((started, exit))
    };
    let instance = |attempt: i32, (started_at, exit): (Timestamp, Exit)| Instance {
        id: status.container_id.as_deref().map(strip_scheme).unwrap_or_default().to_owned(),
        image: status.image.clone(),
        image_id: status.image_id.clone(),
        attempt: u32::try_from(attempt).unwrap_or_default(),
        started_at,
        exit: Some(exit),
        ..Instance::default()
    };
    let lost = status.state.as_ref().and_then(|state| state.running.as_ref()).map(|running| {
        let started = running.started_at.as_ref().map_or(now, |time| time.0);
        (started, Exit { code: LOST, at: now, ..Exit::default() })
    });
    let current = lost.or_else(|| exit_of(status.state.as_ref()));
    let last = exit_of(status.last_state.as_ref());
    match (current, last) {
        (Some(current), last) => ContainerState {
            current: Some(instance(status.restart_count, current)),
            last: last.map(|last| instance(status.restart_count - 1, last)),
            ..ContainerState::default()
        },
        (None, last) => ContainerState {
            current: last.map(|last| instance(status.restart_count, last)),
            ..ContainerState::default()
        },
    }
}

/// `docker://abc` without its scheme.
fn strip_scheme(id: &str) -> &str {
    id.split_once("://").map_or(id, |(_, id)| id)
}
