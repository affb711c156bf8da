//! Clusters for lessons and their check: in memory, seeded, with nothing in them.
//! Must not be used for a learner's own cluster.

use std::path::PathBuf;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::{Cluster, Home, Listen, Opened, Options, RuntimeChoice, StoreKind, WorkerCapacity};
use crate::apiserver::kubeconfig::kubeconfig;
use crate::apiserver::pki::Pki;
use crate::base::clock::Clock;
use crate::base::pipe::{Dialer, Identity};
use crate::client;
use crate::kubectl::{self, Memory, Target, Unusable};
use crate::lessons::check::{Cluster as CheckedCluster, Clusters, Terminal, Wish};

/// Where the cluster would listen, as the terminal's kubeconfig says it.
const SERVER: &str = "https://127.0.0.1:6443";
/// Where the terminal's kubeconfig is: in `.kube`, below this.
const HOME: &str = "/home/timonel";

/// Makes a fresh cluster for each play of a lesson.
#[derive(Clone, Debug, Default)]
pub struct Practice {
    /// Where others find how to reach it; without it nobody listens.
    kubeconfig: Option<PathBuf>,
}

impl Practice {
    /// Clusters that other programs reach through a kubeconfig, which is written there.
    #[must_use]
    pub fn reachable(kubeconfig: PathBuf) -> Self {
        Self { kubeconfig: Some(kubeconfig) }
    }
}

/// A cluster and the scratch folder of its certificates.
struct Scratch {
    cluster: Cluster,
    folder: TempDir,
    desk: Desk,
}

/// A terminal with Timonel's own kubectl: its folder holds the lesson's files, and what a line writes the next one finds.
/// Its kubeconfig leads to the cluster, as long as it says where and who.
struct Desk {
    dialer: Dialer,
    pki: Pki,
    world: Mutex<Memory>,
}

impl Desk {
    fn new(cluster: &Cluster, wish: &Wish) -> Result<Self, String> {
        let put = |world: Memory, (name, text): (&String, &String)| world.with_file(name, text.as_str());
        let world = wish.files.iter().fold(Memory::new(cluster.clock()), put);
        let pki = Pki::load_or_create(&cluster.home.dir().join("pki"), cluster.clock().now());
        let pki = pki.map_err(|error| error.to_string())?;
        let world = world.with_env("HOME", HOME).with_file(format!("{HOME}/.kube/config"), kubeconfig(SERVER, &pki));
        Ok(Self { dialer: cluster.plant.dialer.clone(), pki, world: Mutex::new(world) })
    }

    /// Who the kubeconfig says one is: the administrator by certificate, somebody by token, or nobody.
    fn identify(&self, user: &Value) -> kube::Client {
        let certificate = user["client-certificate-data"].as_str().and_then(|data| STANDARD.decode(data).ok());
        let admin = certificate.is_some_and(|data| data == self.pki.admin.certificate.as_bytes());
        let identity = if admin { Identity::admin() } else { Identity::default() };
        let client = client::embedded(self.dialer.clone(), identity);
        match user["token"].as_str() {
            Some(token) => client::with_headers(client, vec![("authorization", format!("Bearer {token}"))]),
            None => client,
        }
    }
}

#[async_trait]
impl kubectl::Clusters for Desk {
    async fn client(&self, target: &Target) -> Result<kube::Client, Unusable> {
        let reached = target.reached()?;
        if reached.server != SERVER {
            let host = reached.server.trim_start_matches("https://");
            let text =
                format!("The connection to the server {host} was refused - did you specify the right host or port?");
            return Err(Unusable(text));
        }
        Ok(self.identify(&reached.user))
    }
}

#[async_trait]
impl Terminal for Desk {
    async fn type_line(&self, line: &str) -> Result<String, String> {
        let mut world = self.world.lock().await;
        let code = kubectl::run_line(line, &mut *world, self).await;
        let said = world.take();
        if code == 0 { Ok(said) } else { Err(said) }
    }
}

#[async_trait]
impl Clusters for Practice {
    async fn fresh(&self, wish: &Wish) -> Result<Box<dyn CheckedCluster>, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let options = Options {
            listen: self.kubeconfig.as_ref().map(|_| Listen::Anywhere),
            kubeconfig: self.kubeconfig.clone(),
            ..options(wish, Options::new(folder.path().into()))
        };
        let Opened::Ours(home) = Home::open(folder.path()).map_err(|hint| hint.to_string())? else {
            return Err(format!("{} está en uso", folder.path().display()));
        };
        let cluster = Cluster::start(home, options).await.map_err(|hint| hint.to_string())?;
        cluster.ready().await.map_err(|hint| hint.to_string())?;
        let desk = Desk::new(&cluster, wish)?;
        Ok(Box::new(Scratch { cluster, folder, desk }))
    }
}

fn options(wish: &Wish, defaults: Options) -> Options {
    let usual = WorkerCapacity::default();
    Options {
        store: StoreKind::Memory,
        runtime: RuntimeChoice::Embedded,
        timing: wish.timing,
        seed: Some(wish.seed),
        workers: wish.own.workers.unwrap_or(defaults.workers),
        capacity: WorkerCapacity {
            cpu: wish.own.cpu.clone().unwrap_or(usual.cpu),
            memory: wish.own.memory.clone().unwrap_or(usual.memory),
            pods: wish.own.pods.unwrap_or(usual.pods),
        },
        ..defaults
    }
}

#[async_trait]
impl CheckedCluster for Scratch {
    fn client(&self) -> kube::Client {
        self.cluster.client(Identity::admin())
    }

    fn clock(&self) -> Clock {
        self.cluster.clock()
    }

    fn terminal(&self) -> Option<&dyn Terminal> {
        Some(&self.desk)
    }

    async fn stop(self: Box<Self>) {
        let Self { cluster, folder, .. } = *self;
        cluster.stop().await;
        drop(folder);
    }
}
