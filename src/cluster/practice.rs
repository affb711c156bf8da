//! Clusters for lessons and their check: in memory, seeded, with nothing in them.
//! Must not be used for a learner's own cluster.

mod desk;
#[cfg(test)]
mod tests;
mod visit;

use std::path::PathBuf;

use async_trait::async_trait;
use futures::future::{OptionFuture, try_join};
use tempfile::TempDir;

use super::{Cluster, Home, Listen, Opened, Options, RuntimeChoice, StoreKind, WorkerCapacity, home, volumes};
use crate::apiserver::kubeconfig::{Door, kubeconfig, kubeconfig_to, save};
use crate::base::clock::Clock;
use crate::base::pipe::Identity;
use crate::kubelet::docker::remove_all;
use crate::lessons::check::{Cluster as CheckedCluster, Clusters, Terminal, Wish};
use crate::lessons::format::OwnCluster;
use desk::Desk;
pub use visit::Visit;

/// Makes a fresh cluster for each play of a lesson, and a second one for those that want it.
#[derive(Clone, Debug, Default)]
pub struct Practice {
    /// Where others find how to reach it; without it nobody listens.
    kubeconfig: Option<PathBuf>,
    /// Whether containers run in Docker.
    docker: bool,
}

impl Practice {
    /// Clusters that other programs reach through a kubeconfig, which is written there.
    #[must_use]
    pub fn reachable(kubeconfig: PathBuf) -> Self {
        Self { kubeconfig: Some(kubeconfig), docker: false }
    }

    /// Clusters whose containers run in Docker, in ranges away from a cluster that a person may have there. They cannot
    /// be told to hurry: their time is the machine's.
    #[must_use]
    pub fn in_docker() -> Self {
        Self { kubeconfig: None, docker: true }
    }

    async fn start(&self, own: &OwnCluster, seed: u64, wish: &Wish) -> Result<Scratch, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let listen = self.kubeconfig.as_ref().map(|_| Listen::Anywhere);
        let mut defaults =
            Options { listen, seed: Some(seed), timing: wish.timing, ..Options::new(folder.path().into()) };
        if self.docker {
            defaults.runtime = RuntimeChoice::Docker;
            (defaults.docker_subnet, defaults.service_cidr) = ("10.200.0.0/16".into(), "10.200.0.0/18".into());
            defaults.pod_cidr = Some("10.200.128.0/17".into());
        } else {
            defaults.runtime = RuntimeChoice::Embedded;
        }
        let Opened::Ours(home) = Home::open(folder.path()).map_err(|hint| hint.to_string())? else {
            return Err(format!("{} está en uso", folder.path().display()));
        };
        let cluster = Cluster::start(home, options(own, defaults)).await.map_err(|hint| hint.to_string())?;
        cluster.ready().await.map_err(|hint| hint.to_string())?;
        Ok(Scratch { cluster, folder, docker: self.docker })
    }

    /// Writes the kubeconfig that other programs read, if there is to be one.
    fn publish(&self, clusters: &[&Cluster], wish: &Wish) -> Result<(), String> {
        let Some(path) = &self.kubeconfig else { return Ok(()) };
        let servers: Option<Vec<String>> = clusters.iter().map(|cluster| cluster.url()).collect();
        let text = leading(clusters, &servers.unwrap_or_default(), wish);
        save(path, &text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// A cluster and the scratch folder of its certificates.
struct Scratch {
    cluster: Cluster,
    folder: TempDir,
    docker: bool,
}

impl Scratch {
    async fn stop(self) {
        self.cluster.stop().await;
        if let Some(id) = home::cluster_id(self.folder.path()).filter(|_| self.docker)
            && let Err(error) = remove_all(&id, &volumes(self.folder.path())).await
        {
            tracing::warn!(%error, "a lesson's containers stay");
        }
        drop(self.folder);
    }
}

/// The clusters of a play, and the terminal from which they are reached.
struct Stage {
    own: Scratch,
    second: Option<Scratch>,
    desk: Desk,
}

#[async_trait]
impl Clusters for Practice {
    async fn fresh(&self, wish: &Wish) -> Result<Box<dyn CheckedCluster>, String> {
        // With the same seed, the pods of both would bear the same names, and nobody could tell one from the other.
        let second = wish.second.as_ref().map(|second| self.start(&second.cluster, wish.seed.wrapping_add(1), wish));
        let second = async { OptionFuture::from(second).await.transpose() };
        let (own, second) = Box::pin(try_join(self.start(&wish.own, wish.seed, wish), second)).await?;
        let clusters: Vec<&Cluster> = std::iter::once(&own).chain(&second).map(|scratch| &scratch.cluster).collect();
        self.publish(&clusters, wish)?;
        let servers: Vec<String> = (0..clusters.len()).map(desk::server).collect();
        let desk = Desk::new(&clusters, leading(&clusters, &servers, wish), wish);
        Ok(Box::new(Stage { own, second, desk }))
    }
}

/// The kubeconfig to clusters at these addresses. Where there are two, the second is in use: as in life, not the one that
/// one has in mind.
fn leading(clusters: &[&Cluster], servers: &[String], wish: &Wish) -> String {
    let reached = clusters.iter().zip(servers).map(|(cluster, server)| (&*cluster.plant.pki, &**server));
    let Some(second) = &wish.second else {
        return reached.map(|(pki, server)| kubeconfig(server, pki)).next().unwrap_or_default();
    };
    let namespace = Some(&*wish.namespace);
    let doors = reached.zip([&*second.own, &*second.context]);
    let doors: Vec<Door> = doors.map(|((pki, server), name)| Door { name, server, namespace, pki }).collect();
    kubeconfig_to(&doors, &second.context)
}

fn options(own: &OwnCluster, defaults: Options) -> Options {
    let usual = WorkerCapacity::default();
    Options {
        store: StoreKind::Memory,
        workers: own.workers.unwrap_or(defaults.workers),
        capacity: WorkerCapacity {
            cpu: own.cpu.clone().unwrap_or(usual.cpu),
            memory: own.memory.clone().unwrap_or(usual.memory),
            pods: own.pods.unwrap_or(usual.pods),
        },
        ..defaults
    }
}

#[async_trait]
impl CheckedCluster for Stage {
    fn client(&self) -> kube::Client {
        self.own.cluster.client(Identity::admin())
    }

    fn second(&self) -> Option<kube::Client> {
        self.second.as_ref().map(|scratch| scratch.cluster.client(Identity::admin()))
    }

    fn clock(&self) -> Clock {
        self.own.cluster.clock()
    }

    fn terminal(&self) -> Option<&dyn Terminal> {
        Some(&self.desk)
    }

    async fn stop(self: Box<Self>) {
        let Self { own, second, .. } = *self;
        if let Some(second) = second {
            second.stop().await;
        }
        own.stop().await;
    }
}
