//! What the kubelet asks of a container runtime, in plain types. Must not know Kubernetes' API objects nor any engine.
//!
//! One runtime serves every virtual node of the process. A *sandbox* is what the containers of a pod share: the
//! network with its fixed IP, the host name and the volumes. The kubelet resolves everything beforehand (env, volume
//! contents, command): a runtime only carries out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

/// A container runtime: the embedded one or Docker.
///
/// Every call is idempotent: asking for what is already so succeeds, so that a restarted kubelet may repeat itself.
#[async_trait]
pub trait Runtime: Send + Sync {
    /// Name and version as `containerRuntimeVersion` shows them, such as `embedded://0.1.0` or `docker://20.10.24`.
    fn version(&self) -> String;

    /// Whether containers can be started now; an error makes the node NotReady with its text.
    async fn check(&self) -> Result<(), RuntimeError>;

    /// Every sandbox of a node with its containers, running or exited: what a restarted kubelet adopts.
    async fn list(&self, node: &str) -> Result<Vec<Sandbox>, RuntimeError>;

    /// What happens to the containers of a node from now on. The stream's end means that the connection was lost:
    /// the kubelet lists and subscribes again.
    fn events(&self, node: &str) -> BoxStream<'static, Event>;

    /// The image if it is already on this machine.
    async fn image(&self, reference: &str) -> Result<Option<Image>, RuntimeError>;

    /// Fetches an image, whether or not it is already here; [`RuntimeError::Pull`] when that fails.
    async fn pull(&self, reference: &str) -> Result<Image, RuntimeError>;

    /// Creates a pod's sandbox with its fixed address.
    async fn run_sandbox(&self, spec: SandboxSpec) -> Result<(), RuntimeError>;

    /// Gives the address and the host ports of a finished pod back, keeping its exited containers and their logs.
    /// A runtime that cannot answers [`RuntimeError::Unsupported`], and the address stays taken until the removal.
    async fn stop_sandbox(&self, _pod_uid: &str) -> Result<(), RuntimeError> {
        Err(RuntimeError::Unsupported("stopping a sandbox without removing it".into()))
    }

    /// Removes a pod's sandbox with all its containers (killed if they still run), logs and volumes.
    async fn remove_sandbox(&self, pod_uid: &str) -> Result<(), RuntimeError>;

    /// Replaces the contents of a [`VolumeSource::Files`] volume, atomically for its readers.
    async fn update_volume(&self, pod_uid: &str, volume: &str, files: Files) -> Result<(), RuntimeError>;

    /// Creates and starts a container in its pod's sandbox; answers its id (without the `docker://` prefix).
    async fn start(&self, spec: ContainerSpec) -> Result<String, RuntimeError>;

    /// Asks a container to end (SIGTERM) and kills it after `grace`; answers once it has ended, after the [`Event`].
    async fn stop(&self, id: &str, grace: Duration) -> Result<(), RuntimeError>;

    /// Forgets an exited container with its log.
    async fn remove(&self, id: &str) -> Result<(), RuntimeError>;

    /// A container's output so far and, if asked, from now on until it ends.
    async fn logs(&self, id: &str, options: LogOptions) -> Result<BoxStream<'static, LogLine>, RuntimeError>;

    /// Runs another process in a running container.
    async fn exec(&self, id: &str, request: ExecRequest) -> Result<Process, RuntimeError>;

    /// The main process's own standard streams (only what is written from now on).
    async fn attach(&self, id: &str, request: AttachRequest) -> Result<Process, RuntimeError>;

    /// Bytes that each emptyDir on disk of a pod holds, where that is known.
    async fn empty_usage(&self, _pod_uid: &str) -> Result<BTreeMap<String, u64>, RuntimeError> {
        Ok(BTreeMap::new())
    }

    /// The images on this machine: their names and sizes.
    async fn images(&self) -> Result<Vec<(Vec<String>, u64)>, RuntimeError> {
        Ok(Vec::new())
    }

    /// What the running containers of a node use now.
    async fn stats(&self, node: &str) -> Result<Vec<Usage>, RuntimeError>;
}

/// Which pod something belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodId {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `spec.nodeName`.
    pub node: String,
}

/// What the containers of a pod share.
#[derive(Clone, Debug)]
pub struct SandboxSpec {
    /// The pod.
    pub pod: PodId,
    /// The pod's address, chosen by the kubelet from its node's podCIDR.
    pub ip: IpAddr,
    /// The pod's host name.
    pub hostname: String,
    /// The pod's labels, for people who look with the engine's own tools.
    pub labels: BTreeMap<String, String>,
    /// Lines of `/etc/hosts` beyond the pod's own.
    pub hosts: Vec<(IpAddr, Vec<String>)>,
    /// Contents of `/etc/resolv.conf`.
    pub dns: Dns,
    /// Ports of this machine that lead to the pod.
    pub host_ports: Vec<HostPort>,
    /// The pod's volumes, ready to be mounted.
    pub volumes: Vec<Volume>,
    /// One container is all that the pod will ever have: what would be shared may be that container's own.
    pub alone: bool,
}

/// How a pod resolves names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dns {
    /// `nameserver` lines; empty leaves the engine's own.
    pub servers: Vec<IpAddr>,
    /// The `search` list.
    pub searches: Vec<String>,
    /// The `options` list.
    pub options: Vec<String>,
}

/// A `hostPort`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// Address on this machine; `None` is 127.0.0.1.
    pub host_ip: Option<IpAddr>,
    /// Port on this machine.
    pub host_port: u16,
    /// Port of the pod.
    pub container_port: u16,
    /// UDP instead of TCP.
    pub udp: bool,
}

/// A volume of a pod.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Name in `spec.volumes`.
    pub name: String,
    /// Where its contents come from.
    pub source: VolumeSource,
}

/// Where a volume's contents come from.
#[derive(Clone, Debug)]
pub enum VolumeSource {
    /// Files written by the kubelet: configMap, secret, downwardAPI, projected.
    Files(Files),
    /// A directory that starts empty and ends with the pod.
    Empty {
        /// In memory (`medium: Memory`).
        memory: bool,
        /// Most bytes that it may hold.
        limit: Option<u64>,
    },
    /// A directory or file of this machine: hostPath, or a PersistentVolume's.
    Host(PathBuf),
    /// A folder that outlives the pod, made if it is not there; it may be written.
    Disk(PathBuf),
}

/// Files by relative path, in its order.
pub type Files = Arc<[(String, File)]>;

/// A file of a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Contents.
    pub data: Bytes,
    /// Unix permission bits, such as `0o644`.
    pub mode: u32,
}

/// A volume in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Name of a volume of the sandbox.
    pub volume: String,
    /// Absolute path in the container.
    pub path: String,
    /// Path inside the volume; empty is its root.
    pub sub_path: String,
    /// Writes are refused.
    pub read_only: bool,
}

/// A container to run, with everything resolved.
#[derive(Clone, Debug, Default)]
pub struct ContainerSpec {
    /// The pod whose sandbox it joins.
    pub pod: PodId,
    /// Name in the pod's spec.
    pub name: String,
    /// Image reference as the spec writes it.
    pub image: String,
    /// How often a container of this name was started before in this pod: its restart count.
    pub attempt: u32,
    /// Hash of the container's spec, to notice a change after a restart of the kubelet.
    pub hash: String,
    /// Replaces the image's entrypoint when not empty.
    pub command: Vec<String>,
    /// Replaces the image's arguments when not empty.
    pub args: Vec<String>,
    /// Environment in order, expanded.
    pub env: Vec<(String, String)>,
    /// Replaces the image's working directory when not empty.
    pub working_dir: String,
    /// Volumes to mount.
    pub mounts: Vec<Mount>,
    /// Ports that the spec declares, for programs that listen where they are told.
    pub ports: Vec<u16>,
    /// Limits and requests.
    pub resources: Resources,
    /// Allocates a terminal.
    pub tty: bool,
    /// Keeps standard input open.
    pub stdin: bool,
    /// Standard input ends when the first who attaches leaves.
    pub stdin_once: bool,
    /// `runAsUser`, with `:runAsGroup` if given; empty is the image's own.
    pub user: String,
    /// The last of the log is the termination message when it fails (`FallbackToLogsOnError`).
    pub message_from_log: bool,
    /// The pod is meant to end (restartPolicy Never or OnFailure): stand-ins for unknown images then end with 0.
    pub finite: bool,
}

/// What a container may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// CPU request in thousandths.
    pub cpu_request: Option<i64>,
    /// CPU limit in thousandths.
    pub cpu_limit: Option<i64>,
    /// Memory limit in bytes.
    pub memory_limit: Option<i64>,
}

/// A sandbox as the runtime knows it.
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// The pod.
    pub pod: PodId,
    /// Its address.
    pub ip: Option<IpAddr>,
    /// The network is up; a sandbox that is not is removed and made again.
    pub ready: bool,
    /// Its containers, of every attempt that was not removed.
    pub containers: Vec<Container>,
}

/// A container as the runtime knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// The runtime's id.
    pub id: String,
    /// Name in the pod's spec.
    pub name: String,
    /// Image reference it was started from.
    pub image: String,
    /// The image's id or digest.
    pub image_id: String,
    /// See [`ContainerSpec::attempt`].
    pub attempt: u32,
    /// See [`ContainerSpec::hash`].
    pub hash: String,
    /// When it was started.
    pub started_at: Timestamp,
    /// How it ended; `None` while it runs.
    pub exit: Option<Exit>,
}

/// How a container ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// Exit code; 137 after SIGKILL, 143 after SIGTERM.
    pub code: i32,
    /// Killed because it went over its memory limit.
    pub oom_killed: bool,
    /// The termination message (`/dev/termination-log`), or the engine's error.
    pub message: String,
    /// When it ended.
    pub at: Timestamp,
}

/// Something that happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A container ended.
    Exited {
        /// Uid of its pod.
        pod_uid: String,
        /// The runtime's id.
        id: String,
        /// How.
        exit: Exit,
    },
    /// A sandbox was lost from outside (someone removed the pause container).
    SandboxLost {
        /// Uid of its pod.
        pod_uid: String,
    },
}

/// An image on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Id or digest, as `imageID` shows it.
    pub id: String,
    /// Size in bytes.
    pub size: u64,
}

/// Which part of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Go on until the container ends.
    pub follow: bool,
    /// Only this many of the last lines.
    pub tail: Option<usize>,
    /// Only what was written at or after this time.
    pub since: Option<Timestamp>,
}

/// A line of a container's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// From standard error.
    pub stderr: bool,
    /// The line with its final line feed, if it had one.
    pub line: Bytes,
}

/// A process to run in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecRequest {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Standard input is given.
    pub stdin: bool,
    /// In a terminal: standard error comes with standard output.
    pub tty: bool,
}

/// How to join a container's main process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachRequest {
    /// Standard input is given.
    pub stdin: bool,
    /// The container has a terminal.
    pub tty: bool,
}

/// A running process's streams. Dropping it leaves the process.
pub struct Process {
    /// Standard input, when asked for; dropping it is end of file.
    pub stdin: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    /// Standard output.
    pub stdout: Box<dyn AsyncRead + Send + Unpin>,
    /// Standard error; `None` with a terminal.
    pub stderr: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// Takes new terminal sizes (columns, rows).
    pub resize: mpsc::Sender<(u16, u16)>,
    /// The exit code, once it ended.
    pub exit: BoxFuture<'static, Result<i32, RuntimeError>>,
}

/// What a container uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Uid of its pod.
    pub pod_uid: String,
    /// The runtime's id.
    pub id: String,
    /// CPU time since its start, in nanoseconds.
    pub cpu_nanos: u64,
    /// Working set in bytes.
    pub memory: u64,
    /// When it was measured.
    pub at: Timestamp,
}

/// Why a runtime could not do something. The texts end in conditions, events and `kubectl`: English, as engines give them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// The image could not be fetched (ErrImagePull).
    #[error("{0}")]
    Pull(String),
    /// The image reference is malformed (InvalidImageName).
    #[error("{0}")]
    InvalidImage(String),
    /// The container could not be created or started (CreateContainerError, RunContainerError).
    #[error("{0}")]
    Start(String),
    /// The sandbox could not be made (FailedCreatePodSandBox).
    #[error("{0}")]
    Sandbox(String),
    /// No such container or sandbox.
    #[error("{0} not found")]
    NotFound(String),
    /// The engine does not answer; everything may be tried again.
    #[error("container runtime is down: {0}")]
    Unavailable(String),
    /// This runtime cannot do that.
    #[error("{0}")]
    Unsupported(String),
    /// Anything else that the engine refused.
    #[error("{0}")]
    Other(String),
}
