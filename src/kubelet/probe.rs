//! Startup, readiness and liveness probes of one container: when to ask and what the answers amount to.
//! Must not restart anything: it tells the pod's worker.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Probe};
use std::sync::Arc;

use super::context::Context;
use super::handler::{self, Target};
use crate::client::pod::Pod;

/// What a probe found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The startup probe passed.
    Started,
    /// The readiness probe changed its mind.
    Ready(bool),
    /// Liveness or startup failed too often: restart it, with this message.
    Dead(String),
}

/// Which probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Startup,
    Readiness,
    Liveness,
}

/// How answers add up (kubelet prober `worker.go`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    same: i32,
    last: Option<bool>,
}

impl Tally {
    /// Counts an answer; the verdict if its threshold is reached.
    fn count(&mut self, passed: bool, probe: &Probe) -> Option<bool> {
        self.same = if self.last == Some(passed) { self.same.saturating_add(1) } else { 1 };
        self.last = Some(passed);
        let threshold =
            if passed { probe.success_threshold.unwrap_or(1) } else { probe.failure_threshold.unwrap_or(3) };
        (self.same >= threshold).then_some(passed)
    }
}

/// Whether a container has anything to probe.
pub(crate) fn any(container: &Container) -> bool {
    container.startup_probe.is_some() || container.readiness_probe.is_some() || container.liveness_probe.is_some()
}

/// Probes a container until the task is stopped, telling what changes.
pub(crate) async fn run(
    context: Arc<Context>,
    pod: Arc<Pod>,
    target: Target,
    started: bool,
    tell: impl Fn(Finding) + Send + Sync,
) {
    let prober = Prober { context: &context, pod: &pod, target: &target, tell: &tell };
    let container = &target.container;
    if let Some(probe) = container.startup_probe.as_ref().filter(|_| !started)
        && !prober.startup(probe).await
    {
        return;
    }
    let readiness = prober.watch(container.readiness_probe.as_ref(), Role::Readiness);
    let liveness = prober.watch(container.liveness_probe.as_ref(), Role::Liveness);
    tokio::join!(readiness, liveness);
}

struct Prober<'a, T> {
    context: &'a Context,
    pod: &'a Pod,
    target: &'a Target,
    tell: &'a T,
}

impl<T: Fn(Finding)> Prober<'_, T> {
    /// True once it passed; false when it failed for good.
    async fn startup(&self, probe: &Probe) -> bool {
        let mut tally = Tally::default();
        tokio::time::sleep(seconds(probe.initial_delay_seconds, 0)).await;
        loop {
            match tally.count(self.ask(probe, Role::Startup).await, probe) {
                Some(true) => {
                    (self.tell)(Finding::Started);
                    return true;
                }
                Some(false) => {
                    (self.tell)(Finding::Dead(self.death(Role::Startup)));
                    return false;
                }
                None => tokio::time::sleep(seconds(probe.period_seconds, 10)).await,
            }
        }
    }

    async fn watch(&self, probe: Option<&Probe>, role: Role) {
        let Some(probe) = probe else { return };
        let (mut tally, mut verdict) = (Tally::default(), None);
        tokio::time::sleep(seconds(probe.initial_delay_seconds, 0)).await;
        loop {
            let now = tally.count(self.ask(probe, role).await, probe);
            if now.is_some() && now != verdict {
                verdict = now;
                match (role, verdict) {
                    (Role::Readiness, Some(ready)) => (self.tell)(Finding::Ready(ready)),
                    (_, Some(false)) => return (self.tell)(Finding::Dead(self.death(role))),
                    _ => {}
                }
            }
            tokio::time::sleep(seconds(probe.period_seconds, 10)).await;
        }
    }

    fn death(&self, role: Role) -> String {
        let name = if role == Role::Startup { "startup" } else { "liveness" };
        format!("Container {} failed {name} probe, will be restarted", self.target.container.name)
    }

    /// Asks once; a failure becomes an event.
    async fn ask(&self, probe: &Probe, role: Role) -> bool {
        let limit = seconds(probe.timeout_seconds, 1);
        let answer = tokio::time::timeout(limit, self.act(probe)).await;
        let Err(cause) = answer.unwrap_or_else(|_| Err(timed_out(probe, limit))) else { return true };
        let message = format!("{role:?} probe failed: {cause}");
        self.context.container_event(self.pod, &self.target.container.name, true, "Unhealthy", message);
        false
    }

    async fn act(&self, probe: &Probe) -> Result<(), String> {
        if let Some(action) = &probe.http_get {
            handler::http_get(self.context, self.target, action).await
        } else if let Some(action) = &probe.tcp_socket {
            handler::tcp(self.context, self.target, action.host.as_deref(), &action.port).await
        } else if let Some(action) = &probe.exec {
            handler::exec(self.context, self.target, action).await
        } else if let Some(action) = &probe.grpc {
            handler::grpc(self.context, self.target, action).await
        } else {
            Ok(())
        }
    }
}

fn timed_out(probe: &Probe, limit: Duration) -> String {
    if probe.exec.is_some() {
        return format!("command timed out: timed out after {}", super::pod::backoff::go_duration(limit));
    }
    if probe.grpc.is_some() {
        return format!("timeout: health rpc did not complete within {}", super::pod::backoff::go_duration(limit));
    }
    "context deadline exceeded (Client.Timeout exceeded while awaiting headers)".into()
}

fn seconds(value: Option<i32>, default: u64) -> Duration {
    Duration::from_secs(value.and_then(|value| u64::try_from(value).ok()).unwrap_or(default))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_count_only_answers_in_a_row() {
        let probe = Probe { failure_threshold: Some(3), success_threshold: Some(2), ..Probe::default() };
        let mut tally = Tally::default();
        let answers = [false, false, true, false, false, false, false, true, true];
        let verdicts = answers.map(|passed| tally.count(passed, &probe));
        let expected = [None, None, None, None, None, Some(false), Some(false), None, Some(true)];
        assert_eq!(verdicts, expected);
    }
}
