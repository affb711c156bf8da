//! Makes and removes the sandboxes of pods in the engine. Must not touch what lacks our cluster's label.

use std::collections::{BTreeMap, BTreeSet};

use bollard::errors::Error as EngineError;
use bollard::models::{ContainerCreateBody, VolumeListResponse};
use bollard::query_parameters::{
    CreateContainerOptions, ListVolumesOptions, RemoveContainerOptions, RemoveVolumeOptions, StopContainerOptions,
};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::oneshot;

use super::bare::{self, Shared};
use super::error::{Class, classify, found, refused, settled, words};
use super::guest_image::PAUSE;
use super::tunnels::Place;
use super::volumes::{Sources, Volumes};
use super::{AT_ONCE, DockerError, DockerRuntime, bodies, labels, network, state};
use crate::base::tasks::Tasks;
use crate::kubelet::runtime::{RuntimeError, SandboxSpec, VolumeSource};

impl DockerRuntime {
    pub(super) async fn make_sandbox(&self, spec: SandboxSpec) -> Result<(), RuntimeError> {
        self.ours.lock().sandboxes.remove(&spec.pod.uid);
        // Behind a cut tunnel, the pause container cuts the pod off before anything runs in it.
        if bare::suits(&spec) && self.cuts.of(&spec.pod.node).is_empty() {
            let sources = self.make_volumes(&spec).await?;
            self.bare.promise(&spec.pod.uid, Shared::new(&spec, sources));
            return Ok(());
        }
        self.bare.forget(&spec.pod.uid);
        self.make_pause(spec).await
    }

    async fn make_pause(&self, spec: SandboxSpec) -> Result<(), RuntimeError> {
        let _turn = self.turn().await;
        let name = labels::pause_name(&spec.pod);
        if self.serves(&name, &spec).await? {
            return Ok(());
        }
        let sources = self.make_volumes(&spec).await?;
        let image = self.guests.tag(PAUSE).await?;
        let network = network::name(&self.config.cluster);
        let shared = Shared::new(&spec, sources);
        let body = bodies::sandbox(&self.config.cluster, &network, &image, &spec, &shared);
        let id = self.run(Some(&name), body).await.map_err(refused(RuntimeError::Sandbox))?;
        self.cut_new(&spec.pod.node, &Place::Inside(id)).await
    }

    /// Whether the sandbox already runs at its address; one that does not is cleared away.
    async fn serves(&self, name: &str, spec: &SandboxSpec) -> Result<bool, RuntimeError> {
        let other = refused(RuntimeError::Sandbox);
        let Some(existing) = found(self.docker.inspect_container(name, None).await).map_err(&other)? else {
            return Ok(false);
        };
        let ours = labels::text(&state::own_labels(&existing), labels::CLUSTER) == self.config.cluster;
        if ours && state::is_running(&existing) && state::address(&existing) == Some(spec.ip) {
            return Ok(true);
        }
        if !ours {
            return Err(RuntimeError::Sandbox(format!("container {name} belongs to another cluster")));
        }
        self.force_remove(name).await.map_err(other)?;
        Ok(false)
    }

    async fn make_volumes(&self, spec: &SandboxSpec) -> Result<Sources, RuntimeError> {
        let mut sources = Sources::new();
        for volume in &spec.volumes {
            let source = self.volumes.source(&spec.pod.uid, &volume.name, &volume.source);
            match &volume.source {
                VolumeSource::Files(files) => self.write_volume(&spec.pod.uid, &volume.name, files.clone()).await?,
                VolumeSource::Empty { memory, limit } => {
                    let request = bodies::empty_volume(&self.config.cluster, &spec.pod, &source, *memory, *limit);
                    self.docker.create_volume(request).await.map_err(refused(RuntimeError::Sandbox))?;
                }
                VolumeSource::Host(_) => {}
                VolumeSource::Disk(path) => {
                    let made = std::fs::create_dir_all(path);
                    made.map_err(|error| RuntimeError::Sandbox(format!("{}: {error}", path.display())))?;
                }
            }
            sources.insert(volume.name.clone(), source);
        }
        Ok(sources)
    }

    /// Creates and starts a container; one that does not start, or that nobody waits for any more because its pod was
    /// asked to go, is removed again. Our own images are imported when the engine misses them.
    pub(super) async fn run(&self, name: Option<&str>, body: ContainerCreateBody) -> Result<String, EngineError> {
        let made = match self.create(name, body.clone()).await {
            Err(error)
                if classify(&error) == Class::Refused(404) && words(&error).contains("No such image: timonel/") =>
            {
                self.guests.import(&self.docker).await.map_err(as_engine)?;
                self.create(name, body).await?
            }
            answer => answer?,
        };
        match self.docker.start_container(&made.id, None).await {
            Ok(()) => Ok(made.keep()),
            Err(error) => {
                self.force_remove(&made.keep()).await?;
                Err(error)
            }
        }
    }

    /// Creates a container in a task of its own: the engine ends what it has begun, also when nobody waits for it.
    async fn create(&self, name: Option<&str>, body: ContainerCreateBody) -> Result<Made, EngineError> {
        let options = CreateContainerOptions { name: name.map(str::to_owned), ..CreateContainerOptions::default() };
        let (docker, tasks, (teller, answer)) = (self.docker.clone(), self.tasks.clone(), oneshot::channel());
        self.tasks.spawn(async move {
            let made = docker.create_container(Some(options), body).await;
            // What is not received, drops, and with it the container.
            let _ = teller.send(made.map(|made| Made { id: made.id, docker, tasks, wanted: false }));
        });
        answer.await.unwrap_or(Err(EngineError::RequestTimeoutError))
    }

    pub(super) async fn force_remove(&self, container: &str) -> Result<(), EngineError> {
        force_remove(&self.docker, container).await
    }

    /// Stops a pod's pause container, which gives its address and ports back; the others stay with their logs. A
    /// container alone gave its address back when it ended.
    pub(super) async fn halt_sandbox(&self, pod_uid: &str) -> Result<(), RuntimeError> {
        if self.bare.of(pod_uid).is_some() {
            return Ok(());
        }
        let cluster = (labels::CLUSTER, self.config.cluster.as_str());
        let wanted = [cluster, (labels::POD_UID, pod_uid), (labels::ROLE, labels::PAUSE)];
        let refused = refused(RuntimeError::Other);
        for pause in state::containers(&self.docker, &wanted).await.map_err(&refused)? {
            self.ours.lock().sandboxes.insert(pod_uid.into());
            let options = StopContainerOptions { t: Some(1), ..StopContainerOptions::default() };
            let id = pause.id.unwrap_or_default();
            settled(self.docker.stop_container(&id, Some(options)).await).map_err(&refused)?;
        }
        Ok(())
    }

    /// Bytes that each empty volume of a pod holds: its pause container, which has them all, counts.
    pub(super) async fn measure_empty(&self, pod_uid: &str) -> Result<BTreeMap<String, u64>, RuntimeError> {
        let cluster = (labels::CLUSTER, self.config.cluster.as_str());
        let wanted = [cluster, (labels::POD_UID, pod_uid), (labels::ROLE, labels::PAUSE)];
        let found = state::containers(&self.docker, &wanted).await.map_err(refused(RuntimeError::Other))?;
        let Some(pause) = found.into_iter().next().and_then(|pause| pause.id) else { return Ok(BTreeMap::new()) };
        let said = self.guest_in(&pause, ["du", bodies::OPENED].into_iter()).await?;
        let inspected = self.docker.inspect_container(&pause, None).await.map_err(refused(RuntimeError::Other))?;
        let names: Vec<String> =
            serde_json::from_str(&labels::text(&state::own_labels(&inspected), labels::EMPTY)).unwrap_or_default();
        let line = |line: &str| {
            let (bytes, index) = line.split_once(' ')?;
            Some((names.get(index.parse::<usize>().ok()?)?.clone(), bytes.parse().ok()?))
        };
        Ok(said.lines().filter_map(line).collect())
    }

    /// Removes a pod's containers, the pause container last, then its volumes; how many containers there were. Of a pod
    /// without a pause container all are known, and it has no volumes in the engine: nothing is looked for.
    pub(super) async fn clear_sandbox(&self, pod_uid: &str) -> Result<usize, RuntimeError> {
        let _turn = self.turn().await;
        let wanted = [(labels::CLUSTER, self.config.cluster.as_str()), (labels::POD_UID, pod_uid)];
        let removed = match self.bare.containers(pod_uid) {
            Some(ids) => remove_all(&self.docker, ids.clone()).await.map(|()| ids.len()),
            None => clear(&self.docker, &wanted).await.map(|(count, _)| count),
        };
        let count = removed.map_err(refused(RuntimeError::Other))?;
        self.ours.lock().sandboxes.remove(pod_uid);
        self.bare.forget(pod_uid);
        let (volumes, uid) = (self.volumes.clone(), pod_uid.to_string());
        let removed = Tasks::blocking(move || volumes.remove_pod(&uid)).await;
        removed.map(|()| count).map_err(|error| RuntimeError::Other(error.to_string()))
    }
}

/// A container that the engine has made; unless somebody keeps it, it is removed when it is dropped.
struct Made {
    id: String,
    docker: bollard::Docker,
    tasks: Tasks,
    wanted: bool,
}

impl Made {
    fn keep(mut self) -> String {
        self.wanted = true;
        std::mem::take(&mut self.id)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if self.wanted {
            return;
        }
        let (id, docker) = (std::mem::take(&mut self.id), self.docker.clone());
        self.tasks.spawn(async move {
            if let Err(error) = force_remove(&docker, &id).await {
                tracing::warn!(%error, "container {id}, which nobody waits for, could not be removed");
            }
        });
    }
}

/// Only the engine's refusals matter to who creates a container; ours are told in its words.
fn as_engine(error: DockerError) -> EngineError {
    match error {
        DockerError::Engine(error) => error,
        other => EngineError::DockerStreamError { error: format!("{other}: {}", other.hint()) },
    }
}

async fn force_remove(docker: &bollard::Docker, container: &str) -> Result<(), EngineError> {
    let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
    settled(docker.remove_container(container, Some(options)).await)
}

/// Removes the containers and then the volumes that carry these labels; how many of each.
pub(super) async fn clear(docker: &bollard::Docker, wanted: &[(&str, &str)]) -> Result<(usize, usize), EngineError> {
    let count = clear_containers(docker, wanted).await?;
    Ok((count, clear_volumes(docker, wanted, &BTreeSet::new()).await?))
}

async fn clear_containers(docker: &bollard::Docker, wanted: &[(&str, &str)]) -> Result<usize, EngineError> {
    let found = state::containers(docker, wanted).await?;
    let is_pause = |one: &bollard::models::ContainerSummary| {
        one.labels.as_ref().is_some_and(|own| labels::text(own, labels::ROLE) == labels::PAUSE)
    };
    let (pauses, others): (Vec<_>, Vec<_>) = found.into_iter().partition(is_pause);
    let count = pauses.len() + others.len();
    for group in [others, pauses] {
        remove_all(docker, group.into_iter().filter_map(|one| one.id).collect()).await?;
    }
    Ok(count)
}

async fn remove_all(docker: &bollard::Docker, ids: Vec<String>) -> Result<(), EngineError> {
    let ids = stream::iter(ids.into_iter().map(Ok));
    ids.try_for_each_concurrent(AT_ONCE, async |id| force_remove(docker, &id).await).await
}

/// Removes the volumes of a cluster's pods that have no container left: somebody removed them while we were away; and
/// what we were doing when we ended.
pub(super) async fn sweep(docker: &bollard::Docker, volumes: &Volumes, cluster: &str) -> Result<(), DockerError> {
    let cluster = [(labels::CLUSTER, cluster)];
    clear_containers(docker, &[cluster[0], (labels::ROLE, labels::ROUTE)]).await?;
    let containers = state::containers(docker, &cluster).await?;
    let uids = containers.into_iter().filter_map(|one| Some(labels::text(&one.labels?, labels::POD_UID)));
    let known: BTreeSet<String> = uids.collect();
    clear_volumes(docker, &cluster, &known).await?;
    let volumes = volumes.clone();
    Tasks::blocking(move || volumes.sweep(&known)).await.map_err(DockerError::Data)
}

/// Removes the volumes that carry these labels, but for those of some pods.
async fn clear_volumes(
    docker: &bollard::Docker,
    wanted: &[(&str, &str)],
    but: &BTreeSet<String>,
) -> Result<usize, EngineError> {
    let options = ListVolumesOptions { filters: Some(labels::filter(wanted)) };
    let VolumeListResponse { volumes, .. } = docker.list_volumes(Some(options)).await?;
    let orphans = volumes.unwrap_or_default().into_iter().filter(|volume| {
        let uid = labels::text(&volume.labels, labels::POD_UID);
        !but.contains(&uid)
    });
    let names: Vec<String> = orphans.map(|volume| volume.name).collect();
    let count = names.len();
    let removals =
        names.into_iter().map(async |name| settled(docker.remove_volume(&name, None::<RemoveVolumeOptions>).await));
    stream::iter(removals).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(count)
}
