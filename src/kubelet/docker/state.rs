//! What the engine has of ours: sandboxes and containers, and how a container ended. Must not change anything.

use std::collections::{BTreeMap, HashMap};

use bollard::Docker;
use bollard::errors::Error as EngineError;
use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum as Status, ContainerSummary};
use bollard::query_parameters::ListContainersOptions;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::AT_ONCE;
use super::bare::Shared;
use super::error::{found, refused};
use super::labels::{self, Labels};
use super::logs;
use super::volumes::Volumes;
use crate::kubelet::runtime::{Container, Exit, RuntimeError, Sandbox};

/// Every container, running or not, that carries these labels.
pub(super) async fn containers(docker: &Docker, wanted: &[(&str, &str)]) -> Result<Vec<ContainerSummary>, EngineError> {
    listed(docker, true, labels::filter(wanted)).await
}

/// Every running container that carries these labels.
pub(super) async fn running(docker: &Docker, wanted: &[(&str, &str)]) -> Result<Vec<ContainerSummary>, EngineError> {
    listed(docker, false, labels::filter(wanted)).await
}

/// Every container of any cluster.
pub(super) async fn any_containers(docker: &Docker) -> Result<Vec<ContainerSummary>, EngineError> {
    let any = [("label".to_string(), vec![labels::CLUSTER.to_string()])];
    listed(docker, true, any.into()).await
}

async fn listed(
    docker: &Docker,
    all: bool,
    filters: HashMap<String, Vec<String>>,
) -> Result<Vec<ContainerSummary>, EngineError> {
    let options = ListContainersOptions { all, filters: Some(filters), ..ListContainersOptions::default() };
    docker.list_containers(Some(options)).await
}

/// The sandboxes of a node with their containers.
pub(super) async fn sandboxes(
    docker: &Docker,
    volumes: &Volumes,
    cluster: &str,
    node: &str,
) -> Result<Vec<Found>, RuntimeError> {
    let listed = containers(docker, &[(labels::CLUSTER, cluster), (labels::NODE, node)])
        .await
        .map_err(refused(RuntimeError::Other))?;
    let inspected: Vec<_> = stream::iter(listed.into_iter().filter_map(|summary| summary.id))
        .map(async |id| seen(docker, volumes, &id).await)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
        .map_err(refused(RuntimeError::Other))?;
    Ok(assemble(inspected.into_iter().flatten()))
}

/// A sandbox, and what its only container says of it if it is a bare one.
#[derive(Debug)]
pub(super) struct Found {
    pub sandbox: Sandbox,
    pub shared: Option<Shared>,
    /// Ids of all that the engine has of it, also of what never started.
    pub ids: Vec<String>,
}

/// A container as the engine has it, and what it left as its termination message.
pub(super) struct Seen {
    pub answer: ContainerInspectResponse,
    message: String,
}

/// Looks at a container; `None` when it is not there.
pub(super) async fn seen(docker: &Docker, volumes: &Volumes, id: &str) -> Result<Option<Seen>, EngineError> {
    let Some(answer) = found(docker.inspect_container(id, None).await)? else { return Ok(None) };
    let message = if is_running(&answer) { String::new() } else { message(docker, volumes, &answer).await };
    Ok(Some(Seen { answer, message }))
}

/// The termination message: the file, the end of the log if the spec wants that of a failure, or the engine's error.
async fn message(docker: &Docker, volumes: &Volumes, answer: &ContainerInspectResponse) -> String {
    let labels = own_labels(answer);
    let left = left(volumes, &labels);
    let state = answer.state.clone().unwrap_or_default();
    let failed = state.exit_code.is_some_and(|code| code != 0);
    if !left.is_empty() {
        left
    } else if failed && labels::flag(&labels, labels::MESSAGE_FROM_LOG) {
        logs::end(docker, answer.id.as_deref().unwrap_or_default()).await
    } else {
        state.error.unwrap_or_default()
    }
}

/// What a container with these labels left in the file for its termination message.
pub(super) fn left(volumes: &Volumes, labels: &Labels) -> String {
    let label = |key| labels::text(labels, key);
    volumes.termination_message(&label(labels::POD_UID), &label(labels::CONTAINER_NAME), attempt(labels))
}

/// Puts containers under the sandbox of their pod. Containers whose pause container is gone keep a sandbox that is not
/// ready, so that they are cleared away; the sandbox of a container alone is a promise, kept also when that has ended.
fn assemble(inspected: impl Iterator<Item = Seen>) -> Vec<Found> {
    let mut pods: BTreeMap<String, Found> = BTreeMap::new();
    let mut inspected: Vec<(Labels, Seen)> = inspected.map(|seen| (own_labels(&seen.answer), seen)).collect();
    inspected.sort_by_key(|(labels, _)| (labels::text(labels, labels::CONTAINER_NAME), attempt(labels)));
    for (labels, seen) in inspected {
        let pod = labels::pod(&labels);
        let sandbox = |pod| Sandbox { pod, ip: None, ready: false, containers: Vec::new() };
        let uid = pod.uid.clone();
        let found = pods.entry(uid).or_insert_with(|| Found { sandbox: sandbox(pod), shared: None, ids: Vec::new() });
        found.ids.extend(seen.answer.id.clone());
        if labels::text(&labels, labels::ROLE) == labels::PAUSE {
            found.sandbox.ready = is_running(&seen.answer);
            found.sandbox.ip = address(&seen.answer);
            continue;
        }
        found.shared = Shared::read(&labels);
        if status(&seen.answer) != Status::CREATED {
            found.sandbox.containers.push(container(&seen, &labels));
        }
    }
    pods.into_values().map(Found::settled).collect()
}

impl Found {
    /// A pause container that runs has the say; else what the last container of a bare pod was promised.
    fn settled(mut self) -> Self {
        self.shared = self.shared.filter(|_| !self.sandbox.ready);
        if let Some(shared) = &self.shared {
            (self.sandbox.ready, self.sandbox.ip) = (true, Some(shared.ip));
        }
        self
    }
}

/// The labels of an inspected container.
pub(super) fn own_labels(answer: &ContainerInspectResponse) -> Labels {
    answer.config.as_ref().and_then(|config| config.labels.clone()).unwrap_or_default()
}

/// The state of an inspected container.
pub(super) fn status(answer: &ContainerInspectResponse) -> Status {
    answer.state.as_ref().and_then(|state| state.status).unwrap_or(Status::EMPTY)
}

/// Whether its processes are there (a paused one has them too).
pub(super) fn is_running(answer: &ContainerInspectResponse) -> bool {
    matches!(status(answer), Status::RUNNING | Status::PAUSED | Status::RESTARTING)
}

/// The address that a container asked for, which it has while it runs.
pub(super) fn address(answer: &ContainerInspectResponse) -> Option<std::net::IpAddr> {
    let networks = answer.network_settings.as_ref()?.networks.as_ref()?;
    let wanted = |endpoint: &bollard::models::EndpointSettings| {
        let ipam = endpoint.ipam_config.as_ref().and_then(|ipam| ipam.ipv4_address.clone());
        ipam.or(endpoint.ip_address.clone())
    };
    networks.values().find_map(|endpoint| wanted(endpoint)?.parse().ok())
}

fn container(seen: &Seen, labels: &Labels) -> Container {
    let answer = &seen.answer;
    let started = answer.state.as_ref().and_then(|state| state.started_at.as_deref());
    Container {
        id: answer.id.clone().unwrap_or_default(),
        name: labels::text(labels, labels::CONTAINER_NAME),
        image: labels::text(labels, labels::IMAGE),
        image_id: answer.image.clone().unwrap_or_default(),
        attempt: attempt(labels),
        hash: labels::text(labels, labels::HASH),
        started_at: time(started),
        exit: (!is_running(answer)).then(|| exit(seen)),
    }
}

/// How a container ended.
pub(super) fn exit(seen: &Seen) -> Exit {
    let state = seen.answer.state.clone().unwrap_or_default();
    Exit {
        code: state.exit_code.and_then(|code| i32::try_from(code).ok()).unwrap_or_default(),
        oom_killed: state.oom_killed.unwrap_or_default(),
        message: seen.message.clone(),
        at: time(state.finished_at.as_deref()),
    }
}

fn attempt(labels: &Labels) -> u32 {
    labels::text(labels, labels::ATTEMPT).parse().unwrap_or_default()
}

/// The engine's times are RFC 3339; one that it does not know is year 1.
fn time(text: Option<&str>) -> Timestamp {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bollard::models::{ContainerConfig, ContainerState};

    use super::*;
    use crate::kubelet::runtime::{Dns, PodId};

    fn inspected(role: &str, state: ContainerState, attempt: u32) -> ContainerInspectResponse {
        let pod = PodId { uid: "u-1".into(), ..PodId::default() };
        let mut labels = labels::of_pod("c1", &pod, role);
        labels.insert(labels::CONTAINER_NAME.into(), "app".into());
        labels.insert(labels::ATTEMPT.into(), attempt.to_string());
        ContainerInspectResponse {
            id: Some(format!("id-{role}-{attempt}")),
            state: Some(state),
            config: Some(ContainerConfig { labels: Some(labels), ..ContainerConfig::default() }),
            ..ContainerInspectResponse::default()
        }
    }

    fn in_state(status: Status, exit_code: i64) -> ContainerState {
        ContainerState {
            status: Some(status),
            exit_code: Some(exit_code),
            finished_at: Some("2026-01-02T03:04:05.123456789Z".into()),
            ..ContainerState::default()
        }
    }

    fn found(containers: Vec<ContainerInspectResponse>) -> Vec<Found> {
        assemble(containers.into_iter().map(|answer| Seen { answer, message: String::new() }))
    }

    fn assembled(containers: Vec<ContainerInspectResponse>) -> Vec<Sandbox> {
        found(containers).into_iter().map(|found| found.sandbox).collect()
    }

    /// A container alone, promised an address.
    fn bare(state: ContainerState, attempt: u32) -> ContainerInspectResponse {
        let mut one = inspected(labels::CONTAINER, state, attempt);
        let shared = Shared {
            ip: [10, 112, 1, 7].into(),
            hostname: "web".into(),
            labels: BTreeMap::default(),
            hosts: Vec::new(),
            dns: Dns::default(),
            volumes: BTreeMap::default(),
        };
        let labels = one.config.as_mut().and_then(|config| config.labels.as_mut()).unwrap();
        labels.insert(labels::SANDBOX.into(), shared.written());
        one
    }

    #[test]
    fn a_restart_finds_every_attempt_in_order() {
        let found = assembled(vec![
            inspected(labels::CONTAINER, in_state(Status::RUNNING, 0), 1),
            inspected(labels::PAUSE, in_state(Status::RUNNING, 0), 0),
            inspected(labels::CONTAINER, in_state(Status::EXITED, 137), 0),
            inspected(labels::CONTAINER, in_state(Status::CREATED, 0), 2),
        ]);
        assert_eq!(found.len(), 1);
        assert!(found[0].ready);
        let exits: Vec<_> =
            found[0].containers.iter().map(|one| (one.attempt, one.exit.as_ref().map(|e| e.code))).collect();
        assert_eq!(exits, [(0, Some(137)), (1, None)]);
        assert_eq!(found[0].containers[0].exit.as_ref().unwrap().at.to_string(), "2026-01-02T03:04:05.123456789Z");
    }

    #[test]
    fn containers_without_their_pause_container_are_not_ready() {
        let found = assembled(vec![inspected(labels::CONTAINER, in_state(Status::RUNNING, 0), 0)]);
        assert!(!found[0].ready && found[0].containers.len() == 1);
    }

    #[test]
    fn a_container_alone_keeps_its_sandbox_when_it_has_ended() {
        let found = found(vec![bare(in_state(Status::CREATED, 0), 1), bare(in_state(Status::EXITED, 1), 0)]);
        let sandbox = &found[0].sandbox;
        assert_eq!((sandbox.ready, sandbox.ip), (true, Some([10, 112, 1, 7].into())));
        assert_eq!((sandbox.containers.len(), found[0].shared.is_some()), (1, true));
    }

    #[test]
    fn a_pause_container_that_runs_has_the_say() {
        let pause = |status| inspected(labels::PAUSE, in_state(status, 0), 0);
        let alone = || bare(in_state(Status::EXITED, 1), 0);
        let both = found(vec![alone(), pause(Status::RUNNING)]);
        assert!(both[0].sandbox.ready && both[0].shared.is_none());
        let lost = found(vec![pause(Status::EXITED), alone()]);
        assert!(lost[0].sandbox.ready && lost[0].shared.is_some());
    }
}
