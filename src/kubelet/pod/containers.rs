//! What `containerStatuses` say of each container, with the kubelet's reasons and words. Must not know the pod's phase.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Container, ContainerState as ApiState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
    ContainerStatus,
};

use super::backoff::go_duration;
use super::plan::ERROR_SHOWN;
use super::spec;
use super::state::{ContainerState, Failure, Instance, NOT_RUN, PodState};
use super::status::time;
use crate::base::clock::Timing;
use crate::client::pod::Pod;

/// What is needed to describe a container.
pub(crate) struct View<'a> {
    pub pod: &'a Pod,
    pub state: &'a PodState,
    pub timing: Timing,
    pub now: Timestamp,
    /// Prefix of container ids: the runtime's name.
    pub scheme: &'a str,
    /// Nothing is started any more: the pod is being deleted, or has finished.
    pub ending: bool,
}

impl View<'_> {
    /// The statuses of the init containers (`init`) or of the others, in the spec's order.
    pub(crate) fn statuses(&self, containers: &[Container], init: bool) -> Option<Vec<ContainerStatus>> {
        let statuses: Vec<_> = containers.iter().map(|container| self.status(container, init)).collect();
        (!statuses.is_empty()).then_some(statuses)
    }

    fn status(&self, container: &Container, init: bool) -> ContainerStatus {
        let empty = ContainerState::default();
        let known = self.state.containers.get(&container.name).map_or(&empty, |known| &**known);
        let (state, last) = self.states(container, known, init);
        let shown = known.current.as_ref();
        let running = known.running();
        let finished_init = init
            && !spec::is_sidecar(container)
            && shown.is_some_and(|it| it.exit.as_ref().is_some_and(|e| e.code == 0));
        let is_running = state.running.is_some();
        ContainerStatus {
            name: container.name.clone(),
            image: container.image.clone().unwrap_or_default(),
            image_id: shown.map(|instance| instance.image_id.clone()).unwrap_or_default(),
            container_id: shown.filter(|it| !it.id.is_empty()).map(|it| format!("{}://{}", self.scheme, it.id)),
            ready: finished_init || running.is_some_and(|instance| instance.started && instance.ready),
            started: Some(is_running && running.is_some_and(|instance| instance.started)),
            restart_count: shown.map_or(0, |instance| i32::try_from(instance.attempt).unwrap_or(i32::MAX)),
            last_state: Some(last),
            state: Some(state),
            ..ContainerStatus::default()
        }
    }

    /// `state` and `lastState`.
    fn states(&self, container: &Container, known: &ContainerState, init: bool) -> (ApiState, ApiState) {
        let scheme = self.scheme;
        let ended = |instance: Option<&Instance>| instance.map(|it| terminated(it, scheme)).unwrap_or_default();
        let Some(current) = &known.current else {
            return (self.never_started(container, known), ended(known.last.as_ref()));
        };
        let Some(exit) = &current.exit else {
            let running = ContainerStateRunning { started_at: Some(time(current.started_at)) };
            return (ApiState { running: Some(running), ..ApiState::default() }, ended(known.last.as_ref()));
        };
        let again = !self.ending && spec::restart_of(self.pod, container, init).wanted(exit.code);
        let failure = known.failure.as_ref().filter(|it| !self.ending && (again || it.reason != NOT_RUN));
        let loops = known.crash.until(exit.at, self.timing).filter(|(until, _)| again && *until > self.now);
        // Why it could not be run is told first, then that it waits for the next try.
        let told = |failure: &Failure| failure.reason == NOT_RUN && self.now >= failure.at + ERROR_SHOWN;
        let state = match (failure, loops) {
            (Some(failure), None) => self.failed(container, failure),
            (Some(failure), Some(_)) if !told(failure) => self.failed(container, failure),
            (_, Some((_, delay))) => self.crash_loop(container, delay),
            (None, None) => return (terminated(current, scheme), ended(known.last.as_ref())),
        };
        (state, terminated(current, scheme))
    }

    fn never_started(&self, container: &Container, known: &ContainerState) -> ApiState {
        match &known.failure {
            Some(failure) => self.failed(container, failure),
            None if spec::init_containers(self.pod).is_empty() => waiting("ContainerCreating", None),
            None => waiting("PodInitializing", None),
        }
    }

    fn crash_loop(&self, container: &Container, delay: std::time::Duration) -> ApiState {
        let (delay, pod) = (go_duration(delay), spec::full_name(self.pod));
        let message = format!("back-off {delay} restarting failed container={} pod={pod}", container.name);
        waiting("CrashLoopBackOff", Some(message))
    }

    fn failed(&self, container: &Container, failure: &Failure) -> ApiState {
        if failure.reason == "ErrImagePull" && self.now >= failure.at + ERROR_SHOWN {
            let image = container.image.as_deref().unwrap_or_default();
            let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {}", failure.message);
            return waiting("ImagePullBackOff", Some(message));
        }
        waiting(failure.reason, Some(failure.message.clone()))
    }
}

fn waiting(reason: &str, message: Option<String>) -> ApiState {
    let waiting = ContainerStateWaiting { reason: Some(reason.into()), message };
    ApiState { waiting: Some(waiting), ..ApiState::default() }
}

fn terminated(instance: &Instance, scheme: &str) -> ApiState {
    let Some(exit) = &instance.exit else { return ApiState::default() };
    let reason = match exit.code {
        _ if exit.oom_killed => "OOMKilled",
        0 => "Completed",
        _ if instance.never_ran() => "StartError",
        _ => "Error",
    };
    let terminated = ContainerStateTerminated {
        exit_code: exit.code,
        reason: Some(reason.into()),
        message: Some(exit.message.clone()).filter(|message| !message.is_empty()),
        started_at: Some(time(instance.started_at)),
        finished_at: Some(time(exit.at)),
        container_id: (!instance.id.is_empty()).then(|| format!("{scheme}://{}", instance.id)),
        ..ContainerStateTerminated::default()
    };
    ApiState { terminated: Some(terminated), ..ApiState::default() }
}
