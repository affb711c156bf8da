//! The Docker runtime: pods as containers of a real engine, spoken to with bollard. Must not pull what it can make
//! from our own executable, nor touch anything without its cluster's label.
//!
//! A pod is a *pause* container, which owns the network namespace and the pod's fixed address, and its containers
//! inside that namespace; or one container alone, where nothing needs a pause container (`bare`). The engine's labels
//! say all that a restart has to know.

mod bare;
mod bodies;
mod container;
mod down;
mod elf;
mod engine;
mod error;
mod events;
mod guest_image;
mod images;
mod labels;
mod logs;
mod network;
mod process;
mod proxy;
mod rootfs;
mod sandbox;
mod state;
mod stats;
mod survey;
mod tunnels;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use bollard::Docker;
use futures::stream::BoxStream;
use tokio::sync::{Semaphore, SemaphorePermit};

use self::bare::Bare;
pub use self::down::{Removed, remove_all};
pub use self::engine::available;
pub use self::error::DockerError;
use self::error::{found, refused};
use self::guest_image::Guests;
pub use self::proxy::Feed;
pub use self::survey::{Survey, contains, overlap, survey};
use self::tunnels::Cuts;
use self::volumes::Volumes;
use super::runtime::{
    AttachRequest, ContainerSpec, Event, ExecRequest, Files, Image, LogLine, LogOptions, Process, Runtime,
    RuntimeError, Sandbox, SandboxSpec, Usage,
};
use crate::base::clock::Clock;
use crate::base::tasks::Tasks;

/// Requests that change something, at the same time: an engine does not get faster with more.
const AT_ONCE: usize = 4;
/// How long the engine may take to say that it is there.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// What the Docker runtime has to know of its cluster.
#[derive(Clone, Debug)]
pub struct Config {
    /// The cluster's id: letters, digits and dashes. It is in the label and in the name of its network.
    pub cluster: String,
    /// Where the pods' files are kept, below `pods/`; the engine must be able to mount it.
    pub data_dir: PathBuf,
    /// The network's subnet, such as `10.96.0.0/11`; pods and services must lie inside.
    pub subnet: String,
    /// The executable that the guest images are made of.
    pub executable: PathBuf,
    /// Where the engine is, such as `unix:///var/run/docker.sock`.
    pub host: String,
}

impl Config {
    /// The subnet when nothing else is asked: services in 10.96.0.0/12, pods in 10.112.0.0/16.
    pub const SUBNET: &str = "10.96.0.0/11";

    /// The usual engine and subnet, and guests made of the running executable (even if its file was replaced meanwhile).
    #[must_use]
    pub fn new(cluster: impl Into<String>, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            cluster: cluster.into(),
            data_dir: data_dir.into(),
            subnet: Self::SUBNET.into(),
            executable: "/proc/self/exe".into(),
            host: engine::host(),
        }
    }
}

/// Runs pods in a Docker engine.
#[derive(Debug)]
pub struct DockerRuntime {
    config: Config,
    docker: Docker,
    version: String,
    cpus: i64,
    guests: Guests,
    volumes: Volumes,
    turns: Semaphore,
    ours: events::Ours,
    bare: Bare,
    cuts: Cuts,
    clock: Clock,
    tasks: Tasks,
}

impl DockerRuntime {
    /// Connects to the engine and makes the cluster's network and our images there, unless it has them.
    ///
    /// # Errors
    /// Why the engine cannot be used; [`DockerError::hint`] says what to do.
    pub async fn connect(mut config: Config, clock: Clock, tasks: &Tasks) -> Result<Self, DockerError> {
        let engine::Engine { docker, version, cpus } = engine::connect_to(&config.host).await?;
        std::fs::create_dir_all(&config.data_dir).map_err(DockerError::Data)?;
        // The engine mounts absolute paths only.
        config.data_dir = std::fs::canonicalize(&config.data_dir).map_err(DockerError::Data)?;
        let guests = Guests::new(config.executable.clone());
        let volumes = Volumes::new(&config.data_dir);
        tokio::try_join!(
            network::ensure(&docker, &config.cluster, &config.subnet),
            guests.import(&docker),
            sandbox::sweep(&docker, &volumes, &config.cluster),
        )?;
        let runtime = Self {
            cuts: Cuts::new(&config.data_dir),
            volumes,
            version: format!("docker://{version}"),
            turns: Semaphore::new(AT_ONCE),
            ours: events::Ours::default(),
            bare: Bare::default(),
            tasks: tasks.clone(),
            config,
            docker,
            cpus,
            guests,
            clock,
        };
        runtime.mend_left().await;
        Ok(runtime)
    }

    /// Removes the pods of nodes that are no more (the cluster was started again with fewer workers); how many containers
    /// they had.
    ///
    /// # Errors
    /// What the engine refused.
    pub async fn remove_other_nodes(&self, nodes: &[String]) -> Result<usize, RuntimeError> {
        let cluster = (labels::CLUSTER, self.config.cluster.as_str());
        let refused = refused(RuntimeError::Other);
        let all = state::containers(&self.docker, &[cluster]).await.map_err(&refused)?;
        let pods = all.into_iter().filter_map(|one| one.labels).map(|labels| labels::pod(&labels));
        let orphans: BTreeSet<_> =
            pods.filter(|pod| !pod.uid.is_empty() && !nodes.contains(&pod.node)).map(|pod| pod.uid).collect();
        let mut removed = 0;
        for uid in orphans {
            removed += self.clear_sandbox(&uid).await?;
        }
        Ok(removed)
    }

    /// A container alone is started again as its label says.
    fn adopt(&self, found: state::Found) -> Sandbox {
        if let Some(shared) = found.shared {
            self.bare.promise(&found.sandbox.pod.uid, shared);
            self.bare.started(&found.sandbox.pod.uid, found.ids);
        }
        found.sandbox
    }

    /// Waits for one's turn to change something in the engine; the turns are never closed.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }
}

#[async_trait]
impl Runtime for DockerRuntime {
    fn version(&self) -> String {
        self.version.clone()
    }

    async fn check(&self) -> Result<(), RuntimeError> {
        let impatient = self.docker.clone().with_timeout(HEARTBEAT);
        impatient.ping().await.map(drop).map_err(refused(RuntimeError::Unavailable))
    }

    async fn list(&self, node: &str) -> Result<Vec<Sandbox>, RuntimeError> {
        let found = state::sandboxes(&self.docker, &self.volumes, &self.config.cluster, node).await?;
        Ok(found.into_iter().map(|found| self.adopt(found)).collect())
    }

    fn events(&self, node: &str) -> BoxStream<'static, Event> {
        let (docker, volumes, ours) = (self.docker.clone(), self.volumes.clone(), self.ours.clone());
        events::of_node(docker, volumes, &self.config.cluster, node, self.clock.now(), ours)
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, RuntimeError> {
        images::present(&self.docker, &self.guests, reference).await
    }

    async fn pull(&self, reference: &str) -> Result<Image, RuntimeError> {
        images::pull(&self.docker, &self.guests, reference).await
    }

    async fn run_sandbox(&self, spec: SandboxSpec) -> Result<(), RuntimeError> {
        self.make_sandbox(spec).await
    }

    async fn stop_sandbox(&self, pod_uid: &str) -> Result<(), RuntimeError> {
        self.halt_sandbox(pod_uid).await
    }

    async fn remove_sandbox(&self, pod_uid: &str) -> Result<(), RuntimeError> {
        self.clear_sandbox(pod_uid).await.map(drop)
    }

    async fn update_volume(&self, pod_uid: &str, volume: &str, files: Files) -> Result<(), RuntimeError> {
        self.write_volume(pod_uid, volume, files).await
    }

    async fn start(&self, spec: ContainerSpec) -> Result<String, RuntimeError> {
        self.start_container(spec).await
    }

    async fn stop(&self, id: &str, grace: Duration) -> Result<(), RuntimeError> {
        self.stop_container(id, grace).await
    }

    async fn remove(&self, id: &str) -> Result<(), RuntimeError> {
        self.remove_container(id).await
    }

    async fn logs(&self, id: &str, options: LogOptions) -> Result<BoxStream<'static, LogLine>, RuntimeError> {
        let there = found(self.docker.inspect_container(id, None).await).map_err(refused(RuntimeError::Other))?;
        there.map(|_| logs::lines(&self.docker, id, &options)).ok_or_else(|| RuntimeError::NotFound(id.into()))
    }

    async fn exec(&self, id: &str, request: ExecRequest) -> Result<Process, RuntimeError> {
        self.exec_in(id, request).await
    }

    async fn attach(&self, id: &str, request: AttachRequest) -> Result<Process, RuntimeError> {
        self.attach_to(id, request).await
    }

    async fn empty_usage(&self, pod_uid: &str) -> Result<BTreeMap<String, u64>, RuntimeError> {
        self.measure_empty(pod_uid).await
    }

    async fn images(&self) -> Result<Vec<(Vec<String>, u64)>, RuntimeError> {
        images::all(&self.docker).await
    }

    async fn stats(&self, node: &str) -> Result<Vec<Usage>, RuntimeError> {
        stats::of_node(&self.docker, &self.config.cluster, node).await
    }
}
