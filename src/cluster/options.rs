//! What a cluster is made of, as plain data with its defaults. Must not start anything.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::apiserver::Access;
use crate::base::clock::Timing;

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where state, certificates and volumes lie.
    pub data_dir: PathBuf,
    /// Where state is kept.
    pub store: StoreKind,
    /// How many workers, named `worker-1`, `worker-2`…
    pub workers: u32,
    /// What each worker offers.
    pub capacity: WorkerCapacity,
    /// Where containers run.
    pub runtime: RuntimeChoice,
    /// How fast the slow waits pass.
    pub timing: Timing,
    /// Where the API server listens for others, with TLS; `None` listens nowhere.
    pub listen: Option<Listen>,
    /// Kubeconfig files to write beside the one in the data directory.
    pub kubeconfig: Option<PathBuf>,
    /// Range of the pods' addresses; `None` is the runtime's default.
    pub pod_cidr: Option<String>,
    /// Range of the services' addresses.
    pub service_cidr: String,
    /// Range of the Docker network that holds both.
    pub docker_subnet: String,
    /// The program that guests in containers are made of; `None` is the one that runs.
    pub executable: Option<PathBuf>,
    /// Parts that are not started.
    pub disabled: Vec<Part>,
    /// How the API server knows people and decides for them.
    pub access: Access,
    /// Makes names and uids repeat themselves.
    pub seed: Option<u64>,
}

impl Options {
    /// Whether a part is to be started.
    #[must_use]
    pub fn starts(&self, part: Part) -> bool {
        !self.disabled.contains(&part)
    }

    /// The defaults over a data directory: three workers, sled, no listener.
    #[must_use]
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            store: StoreKind::Sled,
            workers: 3,
            capacity: WorkerCapacity::default(),
            runtime: RuntimeChoice::Auto,
            timing: Timing::Real,
            listen: None,
            kubeconfig: None,
            pod_cidr: None,
            service_cidr: "10.96.0.0/12".into(),
            docker_subnet: "10.96.0.0/11".into(),
            executable: None,
            disabled: Vec::new(),
            access: Access::default(),
            seed: None,
        }
    }
}

/// A part of the cluster that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Every controller.
    ControllerManager,
    /// The kubelets of all workers.
    Kubelet,
    /// The proxy of the services.
    KubeProxy,
    /// The scheduler.
    Scheduler,
}

/// Where the API server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Exactly there, or not at all.
    At(SocketAddr),
    /// On the port of the last run if it is free, else on any.
    Anywhere,
}

/// Where state is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// On disk, in the data directory.
    Sled,
    /// In memory, forgotten at the end.
    Memory,
}

/// Where containers run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuntimeChoice {
    /// Docker where an engine answers, else embedded.
    Auto,
    /// Tasks of this process.
    Embedded,
    /// A Docker engine.
    Docker,
}

impl RuntimeChoice {
    /// Its word, as `--runtime` takes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Embedded => "embedded",
            Self::Docker => "docker",
        }
    }

    /// The one with that word.
    #[must_use]
    pub fn called(word: &str) -> Option<Self> {
        [Self::Auto, Self::Embedded, Self::Docker].into_iter().find(|choice| choice.word() == word)
    }
}

/// What a worker offers to pods, in Kubernetes' quantities.
#[derive(Clone, Debug)]
pub struct WorkerCapacity {
    /// CPU, such as `2` or `500m`.
    pub cpu: String,
    /// Memory, such as `4Gi`.
    pub memory: String,
    /// Most pods.
    pub pods: u32,
}

impl Default for WorkerCapacity {
    fn default() -> Self {
        Self { cpu: "2".into(), memory: "4Gi".into(), pods: 110 }
    }
}
