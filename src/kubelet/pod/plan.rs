//! What to do next for a pod, as the kubelet's `computePodActions` decides it. Must not do it: no IO, no clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Container;

use super::backoff::signed;
use super::spec::{self, Restart};
use super::state::{Failure, PodState};
use crate::base::clock::Timing;
use crate::client::pod::Pod;
use crate::client::pods::is_terminal;

/// How long an error is shown before the wait for the next try is: `ImagePullBackOff`, `CrashLoopBackOff`.
pub(crate) const ERROR_SHOWN: SignedDuration = SignedDuration::from_secs(1);

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Make the sandbox with its volumes and address.
    RunSandbox,
    /// Pull the image if needed and start the container.
    Start { name: String, attempt: u32 },
    /// Tell the container to end and kill it after `grace`.
    Stop { name: String, grace: Duration, message: String },
    /// Give the finished pod's address back.
    StopSandbox,
    /// Remove everything of the pod from the runtime.
    RemoveSandbox,
    /// Delete the object: nothing of it is left here.
    Finalize,
    /// The pod fails as a whole.
    Fail { reason: &'static str, message: String },
}

/// The reason of a pod that holds more than it may.
pub(crate) const EVICTED: &str = "Evicted";
/// How long such a pod gets (the eviction manager's `immediateEvictionGracePeriodSeconds`).
const EVICTION_GRACE: Duration = Duration::from_secs(1);

/// What to do now, and when to ask again at the latest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub actions: Vec<Action>,
    pub wake: Option<Timestamp>,
}

/// The next steps of a pod.
pub(crate) fn plan(pod: &Pod, state: &PodState, timing: Timing, now: Timestamp) -> Plan {
    let mut planner = Planner { pod, state, timing, now, plan: Plan::default() };
    if pod.metadata.deletion_timestamp.is_some() {
        planner.delete();
    } else if state.verdict.is_some() || is_terminal(pod) || finished(pod, state) {
        planner.wind_down();
    } else {
        planner.advance();
    }
    planner.plan
}

/// Whether nothing of the pod will run again: every container ended for good, or an init container failed for good.
pub(crate) fn finished(pod: &Pod, state: &PodState) -> bool {
    let ended_for_good = |container: &Container, init: bool| {
        let exit = state.containers.get(&container.name).and_then(|known| known.current.as_ref()?.exit.as_ref());
        exit.map(|exit| (exit.code, !spec::restart_of(pod, container, init).wanted(exit.code)))
    };
    let init_failed = spec::init_containers(pod)
        .iter()
        .any(|container| ended_for_good(container, true).is_some_and(|(code, done)| done && code != 0));
    let containers = &spec::spec(pod).containers;
    init_failed || containers.iter().all(|container| ended_for_good(container, false).is_some_and(|(_, done)| done))
}

/// Whether the init containers have done their work in this sandbox.
pub(crate) fn initialized(pod: &Pod, state: &PodState) -> bool {
    let begun = |container: &Container| {
        let known = state.containers.get(&container.name).and_then(|known| known.current.as_ref());
        known.is_some_and(|instance| !instance.stale || instance.running())
    };
    spec::spec(pod).containers.iter().any(begun)
        || spec::init_containers(pod).iter().all(|container| init_done(container, state))
}

fn init_done(container: &Container, state: &PodState) -> bool {
    let Some(instance) = state.containers.get(&container.name).and_then(|known| known.current.as_ref()) else {
        return false;
    };
    match &instance.exit {
        None => spec::is_sidecar(container) && instance.started,
        Some(exit) => !spec::is_sidecar(container) && exit.code == 0 && !instance.stale,
    }
}

struct Planner<'a> {
    pod: &'a Pod,
    state: &'a PodState,
    timing: Timing,
    now: Timestamp,
    plan: Plan,
}

impl Planner<'_> {
    fn delete(&mut self) {
        self.stop_all(spec::grace(self.pod));
        if self.state.any_running() {
            return;
        }
        self.plan.actions.push(if self.state.removed { Action::Finalize } else { Action::RemoveSandbox });
    }

    fn wind_down(&mut self) {
        let evicted = self.state.verdict.as_ref().is_some_and(|(reason, _)| *reason == EVICTED);
        self.stop_all(if evicted { EVICTION_GRACE.min(spec::grace(self.pod)) } else { spec::grace(self.pod) });
        if !self.state.any_running() && self.state.ip.is_some() && !self.state.stopped {
            self.plan.actions.push(Action::StopSandbox);
        }
    }

    /// Stops every container; sidecars one by one, last first, once the others have ended.
    fn stop_all(&mut self, grace: Duration) {
        let running = |container: &&Container| {
            self.state.containers.get(&container.name).is_some_and(|known| known.running().is_some())
        };
        let all: Vec<&Container> = spec::all_containers(self.pod).filter(running).collect();
        let (sidecars, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|container| spec::is_sidecar(container));
        let now_ending = if others.is_empty() { sidecars.last().copied().into_iter().collect() } else { others };
        for container in now_ending {
            self.stop(container, grace, format!("Stopping container {}", container.name));
        }
    }

    fn stop(&mut self, container: &Container, grace: Duration, message: String) {
        let instance = self.state.containers.get(&container.name).and_then(|known| known.running());
        let deadline = self.now + signed(grace);
        if instance.is_some_and(|instance| instance.stopping.is_none_or(|earlier| deadline < earlier)) {
            self.plan.actions.push(Action::Stop { name: container.name.clone(), grace, message });
        }
    }

    fn advance(&mut self) {
        if self.deadline_passed() {
            return;
        }
        if self.state.ip.is_none() {
            match &self.state.sandbox_failure {
                Some(failure) if failure.retry > self.now => self.wake(failure.retry),
                _ => self.plan.actions.push(Action::RunSandbox),
            }
            return;
        }
        let initialized = initialized(self.pod, self.state);
        if self.advance_init(initialized) || initialized {
            for container in &spec::spec(self.pod).containers {
                self.keep(container, spec::restart(self.pod));
            }
        }
    }

    /// Carries the init containers on; true when the regular ones may start.
    fn advance_init(&mut self, initialized: bool) -> bool {
        for container in spec::init_containers(self.pod) {
            if spec::is_sidecar(container) {
                self.keep(container, Restart::Always);
            } else if !initialized && !init_done(container, self.state) {
                self.keep(container, spec::restart_of(self.pod, container, true));
            }
            if !initialized && !init_done(container, self.state) {
                return false;
            }
        }
        true
    }

    /// Keeps one container running as its policy wants.
    fn keep(&mut self, container: &Container, policy: Restart) {
        let known = self.state.containers.get(&container.name);
        let current = known.and_then(|known| known.current.as_ref());
        if let Some(running) = current.filter(|instance| instance.running()) {
            if let Some(message) = &running.condemned {
                self.stop(container, spec::grace(self.pod), message.clone());
            } else if !running.hash.is_empty() && running.hash != spec::hash(container) {
                let message = format!("Container {} definition changed, will be restarted", container.name);
                self.stop(container, spec::grace(self.pod), message);
            }
            return;
        }
        if let Some(failure) = known.and_then(|known| known.failure.as_ref()).filter(|f| f.retry > self.now) {
            return self.wake_for(failure);
        }
        if let (Some(known), Some(instance)) = (known, current)
            && let Some(exit) = &instance.exit
        {
            let init_anew = instance.stale && spec::init_containers(self.pod).contains(container);
            if !policy.wanted(exit.code) && !init_anew {
                return;
            }
            if let Some((until, _)) = known.crash.until(exit.at, self.timing).filter(|(until, _)| *until > self.now) {
                let shown = known.failure.as_ref().map(|failure| failure.at + ERROR_SHOWN);
                shown.filter(|shown| *shown > self.now).into_iter().for_each(|shown| self.wake(shown));
                return self.wake(until);
            }
        }
        let attempt = known.map_or(0, |known| known.next_attempt());
        self.plan.actions.push(Action::Start { name: container.name.clone(), attempt });
    }

    fn deadline_passed(&mut self) -> bool {
        let Some(seconds) = spec::spec(self.pod).active_deadline_seconds else { return false };
        let deadline = self.state.accepted + SignedDuration::from_secs(seconds);
        if deadline > self.now {
            self.wake(deadline);
            return false;
        }
        let message = "Pod was active on the node longer than the specified deadline".to_owned();
        self.plan.actions.push(Action::Fail { reason: "DeadlineExceeded", message });
        true
    }

    fn wake_for(&mut self, failure: &Failure) {
        let shown = failure.at + ERROR_SHOWN;
        self.wake(if shown > self.now { shown.min(failure.retry) } else { failure.retry });
    }

    fn wake(&mut self, at: Timestamp) {
        self.plan.wake = Some(self.plan.wake.map_or(at, |earlier| earlier.min(at)));
    }
}

#[cfg(test)]
mod tests;
