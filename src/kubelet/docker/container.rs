//! Starts, stops and removes the containers of pods. Must not choose when: that is the kubelet's business.

use std::time::Duration;

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{RemoveContainerOptions, StopContainerOptions};

use super::bare::Shared;
use super::error::{found, name_taken, refused, settled};
use super::tunnels::Place;
use super::volumes::{self, Sources};
use super::{DockerRuntime, bodies, images, labels, network, state};
use crate::base::tasks::Tasks;
use crate::kubelet::runtime::{ContainerSpec, Files, Mount, RuntimeError};

/// Where a container leaves its termination message (`terminationMessagePath`'s default).
const TERMINATION_LOG: &str = "/dev/termination-log";
/// How much longer than the grace a stop may take before the engine is taken for gone.
const STOP_MARGIN: Duration = Duration::from_secs(60);

impl DockerRuntime {
    pub(super) async fn start_container(&self, spec: ContainerSpec) -> Result<String, RuntimeError> {
        let _turn = self.turn().await;
        let name = labels::container_name(&spec.name, &spec.pod, spec.attempt);
        let bare = self.bare.of(&spec.pod.uid);
        let served = images::serve(&self.docker, &self.guests, &spec.image).await?;
        let binds = self.binds(&spec, bare.as_deref()).await?;
        let body = bodies::container(&self.config.cluster, &spec, &served, self.cpus, binds);
        let Some(shared) = bare else { return self.run_new(&name, bodies::beside_pause(body, &spec.pod)).await };
        let body = bodies::alone(body, &network::name(&self.config.cluster), &shared);
        let id = match self.run_new(&name, body.clone()).await {
            Err(RuntimeError::Start(words)) if words.contains("Address already in use") => {
                self.displace(&spec.pod.uid).await?;
                self.run_new(&name, body).await?
            }
            answer => answer?,
        };
        self.bare.started(&spec.pod.uid, [id.clone()]);
        if let Err(error) = self.cut_new(&spec.pod.node, &Place::Beside(id.clone())).await {
            // One that ended meanwhile has nothing to cut.
            tracing::warn!(%error, pod = spec.pod.name, "a pod was not cut off as its worker is");
        }
        Ok(id)
    }

    /// Removes what still runs of a bare pod: an attempt that the kubelet takes for lost, as after a gap in the events,
    /// would keep the next one from the pod's address.
    async fn displace(&self, pod_uid: &str) -> Result<(), RuntimeError> {
        let wanted = [(labels::CLUSTER, self.config.cluster.as_str()), (labels::POD_UID, pod_uid)];
        let running = state::running(&self.docker, &wanted).await.map_err(refused(RuntimeError::Start))?;
        for id in running.into_iter().filter_map(|one| one.id) {
            self.force_remove(&id).await.map_err(refused(RuntimeError::Start))?;
        }
        Ok(())
    }

    /// Runs a container, unless one was started under this name before. That is only asked when the engine refuses the
    /// name: hardly ever.
    async fn run_new(&self, name: &str, body: ContainerCreateBody) -> Result<String, RuntimeError> {
        let other = refused(RuntimeError::Start);
        match self.run(Some(name), body.clone()).await {
            Err(error) if name_taken(&error) => {}
            answer => return answer.map_err(other),
        }
        match self.started(name).await? {
            Some(id) => Ok(id),
            None => self.run(Some(name), body).await.map_err(other),
        }
    }

    /// The id of a container that was started under this name before; one that never started is cleared away.
    async fn started(&self, name: &str) -> Result<Option<String>, RuntimeError> {
        let other = refused(RuntimeError::Start);
        let Some(existing) = found(self.docker.inspect_container(name, None).await).map_err(&other)? else {
            return Ok(None);
        };
        if state::status(&existing) != bollard::models::ContainerStateStatusEnum::CREATED {
            return Ok(existing.id);
        }
        self.force_remove(name).await.map_err(other)?;
        Ok(None)
    }

    async fn binds(&self, spec: &ContainerSpec, bare: Option<&Shared>) -> Result<Vec<String>, RuntimeError> {
        let sources = match bare {
            Some(shared) => shared.volumes.clone(),
            None if spec.mounts.is_empty() => Sources::new(),
            None => self.sources(spec).await?,
        };
        let mut binds = vec![self.bind(&self.termination_log(spec).await?, TERMINATION_LOG, false)];
        for mount in &spec.mounts {
            let source = sources.get(&mount.volume).ok_or_else(|| RuntimeError::NotFound(mount.volume.clone()))?;
            let source = self.part(source, mount).await?;
            binds.push(self.bind(&source, &mount.path, mount.read_only));
        }
        Ok(binds)
    }

    /// A mount as the engine writes it. Our own files are relabelled where `SELinux` would hide them (`z`); foreign ones
    /// never are.
    fn bind(&self, source: &str, path: &str, read_only: bool) -> String {
        let mode = if read_only { "ro" } else { "rw" };
        let own = if self.volumes.own(source) { ",z" } else { "" };
        format!("{source}:{path}:{mode}{own}")
    }

    /// Where the pod's volumes are, as its pause container remembers it across our restarts.
    async fn sources(&self, spec: &ContainerSpec) -> Result<Sources, RuntimeError> {
        let pause = labels::pause_name(&spec.pod);
        let inspected = self.docker.inspect_container(&pause, None).await.map_err(refused(RuntimeError::Start))?;
        let written = labels::text(&state::own_labels(&inspected), labels::VOLUMES);
        serde_json::from_str(&written).map_err(|error| RuntimeError::Start(format!("sandbox {pause}: {error}")))
    }

    async fn part(&self, source: &str, mount: &Mount) -> Result<String, RuntimeError> {
        if mount.sub_path.is_empty() {
            return Ok(source.into());
        }
        let refused = refused(RuntimeError::Start);
        let folder = if source.starts_with('/') {
            source.to_string()
        } else {
            self.docker.inspect_volume(source).await.map_err(refused)?.mountpoint
        };
        volumes::sub_path(&folder, &mount.sub_path).map_err(|error| RuntimeError::Start(error.to_string()))
    }

    async fn termination_log(&self, spec: &ContainerSpec) -> Result<String, RuntimeError> {
        let (volumes, uid, name, attempt) =
            (self.volumes.clone(), spec.pod.uid.clone(), spec.name.clone(), spec.attempt);
        let made = Tasks::blocking(move || volumes.create_termination_log(&uid, &name, attempt)).await;
        made.map(|path| path.to_string_lossy().into_owned()).map_err(|error| RuntimeError::Start(error.to_string()))
    }

    /// The engine waits for the end by itself; a grace of part of a second counts as a whole one.
    pub(super) async fn stop_container(&self, id: &str, grace: Duration) -> Result<(), RuntimeError> {
        let seconds = grace.as_secs() + u64::from(grace.subsec_nanos() > 0);
        let options = StopContainerOptions { t: i32::try_from(seconds).ok(), ..StopContainerOptions::default() };
        self.ours.lock().containers.insert(id.into());
        let patient = self.docker.clone().with_timeout(grace + STOP_MARGIN);
        settled(patient.stop_container(id, Some(options)).await).map_err(refused(RuntimeError::Other))
    }

    pub(super) async fn remove_container(&self, id: &str) -> Result<(), RuntimeError> {
        let _turn = self.turn().await;
        self.ours.lock().containers.remove(id);
        let options = RemoveContainerOptions { v: true, ..RemoveContainerOptions::default() };
        settled(self.docker.remove_container(id, Some(options)).await).map_err(refused(RuntimeError::Other))
    }

    pub(super) async fn write_volume(&self, uid: &str, volume: &str, files: Files) -> Result<(), RuntimeError> {
        let (volumes, uid, volume) = (self.volumes.clone(), uid.to_string(), volume.to_string());
        let written = Tasks::blocking(move || volumes.write(&uid, &volume, &files)).await;
        written.map_err(|error| RuntimeError::Other(error.to_string()))
    }
}
