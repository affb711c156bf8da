//! Composition root: store → API server → clients → components, and their ordered stop.
//! Must not hold logic of its own: only wiring.

pub mod home;
mod options;
mod photos;
mod practice;
mod runtime;
mod signer;
mod supervisor;
mod troubles;
mod workers;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use home::{Home, Opened};
pub use options::{Listen, Options, Part, RuntimeChoice, StoreKind, WorkerCapacity};
pub use practice::{Practice, Visit};

use crate::apiserver::pki::Pki;
use crate::apiserver::{self, ApiServer, kubeconfig};
use crate::base::clock::Clock;
use crate::base::hints::Hint;
use crate::base::names::Names;
use crate::base::pipe::{Identity, pipe};
use crate::base::tasks::Tasks;
use crate::client::pools::Pools;
use crate::network::links::Links;
use crate::store::{Backend, Limits, MemoryBackend, SledBackend, Store};
use runtime::Engine;
pub use runtime::volumes;
use supervisor::{Plant, Supervisor};

/// A running cluster. It stops when [`Cluster::stop`] says so; dropping it leaves the order to chance.
pub struct Cluster {
    home: Home,
    plant: Arc<Plant>,
    supervisor: Supervisor,
    layers: Layers,
    address: Option<SocketAddr>,
}

/// Task groups in the order in which they stop, after the parts that the supervisor runs: who asks before who answers.
#[derive(Default)]
struct Layers {
    /// Who sends test requests and takes photos of the store.
    observers: Tasks,
    runtime: Tasks,
    server: Tasks,
    storage: Tasks,
}

impl Cluster {
    /// Starts every part; returns as soon as the API answers. [`Cluster::ready`] waits for the nodes.
    ///
    /// # Errors
    /// What keeps it from starting, with what to do. Nothing that was stored is lost.
    pub async fn start(home: Home, mut options: Options) -> Result<Self, Hint> {
        workers::check(&options.capacity)?;
        let is_kept = options.store == StoreKind::Sled;
        let stored = home.runtime().filter(|_| is_kept).and_then(|word| RuntimeChoice::called(&word));
        options.runtime = runtime::settle(options.runtime, stored).await?;
        let clock = Clock::new(options.timing);
        let names = Arc::new(options.seed.map_or_else(Names::default, Names::seeded));
        let layers = Layers::default();
        let pki_dir = home.dir().join("pki");
        let pki = Pki::load_or_create(&pki_dir, clock.now()).map_err(|error| troubles::pki(&pki_dir, &error))?;
        let pki = Arc::new(pki);
        let store = open_store(&home, &options, &layers.storage).await?;
        let id = home.cluster_id(&names)?;
        let engine = Engine::open(&options, &id, clock, &names, &layers.runtime).await?;
        if is_kept && stored.is_none() {
            home.remember_runtime(options.runtime.word())?;
        }
        let (dialer, listener) = pipe();
        let config = apiserver::Config {
            store,
            clock,
            names: Arc::clone(&names),
            pods: Arc::clone(&engine.pods),
            service_cidr: options.service_cidr.clone(),
            pki: Some(Arc::clone(&pki)),
        };
        let api = ApiServer::with_access(config, options.access.clone());
        api.bootstrap().await.map_err(|error| troubles::bootstrap(&error))?;
        api.serve_pipe(listener, &layers.server);
        let (disks, pki_too) = (home.disks(), Arc::clone(&pki));
        let doors = Arc::default();
        let plant = Arc::new(Plant {
            clock,
            names,
            dialer,
            api,
            engine,
            options,
            pki: pki_too,
            disks,
            doors,
            pools: Pools::default(),
        });
        let address = listen(&home, &plant, &pki, &layers.server).await?;
        let supervisor = Supervisor::start(Arc::clone(&plant));
        plant.start_prober(&layers.observers);
        photos::start(&plant, supervisor.restorer(), &layers.observers);
        Ok(Self { home, plant, supervisor, layers, address })
    }

    /// Waits until every part has its Component and every worker is Ready.
    ///
    /// # Errors
    /// When the API fails meanwhile.
    pub async fn ready(&self) -> Result<(), Hint> {
        self.supervisor.published().await;
        let options = &self.plant.options;
        let workers = if options.starts(Part::Kubelet) { options.workers } else { 0 };
        let count = usize::try_from(workers).unwrap_or(usize::MAX);
        workers::wait_ready(self.client(Identity::admin()), count).await.map_err(|error| troubles::not_ready(&error))
    }

    /// A client of its own for a component or a person.
    #[must_use]
    pub fn client(&self, identity: Identity) -> kube::Client {
        self.plant.client(identity)
    }

    /// The time of this cluster.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.plant.clock
    }

    /// `https://127.0.0.1:PORT`, when it listens.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        self.address.map(|address| format!("https://{address}"))
    }

    /// The kubeconfig that leads here.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.plant.options.kubeconfig.clone().unwrap_or_else(|| self.home.kubeconfig())
    }

    /// What runs the containers, such as `embedded://0.1.0`.
    #[must_use]
    pub fn runtime(&self) -> String {
        self.plant.engine.runtime.version()
    }

    /// The tunnels between workers, to cut and mend them.
    #[must_use]
    pub fn links(&self) -> Links {
        self.plant.engine.links.clone()
    }

    /// Stops every part, those who ask before those who answer. Docker containers go on running.
    pub async fn stop(self) {
        self.layers.observers.stop().await;
        self.supervisor.stop().await;
        self.layers.runtime.stop().await;
        self.layers.server.stop().await;
        drop(self.plant);
        self.layers.storage.stop().await;
    }
}

/// Listens for others as the options say, and writes how they find us.
async fn listen(home: &Home, plant: &Plant, pki: &Pki, tasks: &Tasks) -> Result<Option<SocketAddr>, Hint> {
    let Some(wanted) = plant.options.listen else { return Ok(None) };
    let listener = bind(wanted, home.last_port()).await?;
    let address = listener.local_addr().map_err(|error| troubles::listen(anywhere(), &error))?;
    let served = plant.api.serve_tls(listener, pki, tasks);
    served.map_err(|error| troubles::pki(home.dir(), &error))?;
    home.remember_port(address.port())?;
    for path in [Some(home.kubeconfig()), plant.options.kubeconfig.clone()].into_iter().flatten() {
        let written = kubeconfig::write(&path, &format!("https://{address}"), pki);
        written.map_err(|error| troubles::kubeconfig(&path, &error))?;
    }
    Ok(Some(address))
}

async fn open_store(home: &Home, options: &Options, tasks: &Tasks) -> Result<Store<apiserver::Meta>, Hint> {
    let backend: Box<dyn Backend> = match options.store {
        StoreKind::Memory => Box::new(MemoryBackend),
        StoreKind::Sled => Box::new(SledBackend::new(home.dir().join("store"))),
    };
    let opened = Store::open(backend, apiserver::Meta::decode, Limits::default(), tasks).await;
    opened.map_err(|error| troubles::store(&error))
}

async fn bind(wanted: Listen, last_port: Option<u16>) -> Result<TcpListener, Hint> {
    match wanted {
        Listen::At(at) if !at.ip().is_loopback() => Err(troubles::not_loopback(at)),
        Listen::At(at) => TcpListener::bind(at).await.map_err(|error| troubles::listen(at, &error)),
        Listen::Anywhere => {
            let before = SocketAddr::from((Ipv4Addr::LOCALHOST, last_port.unwrap_or(0)));
            match TcpListener::bind(before).await {
                Ok(listener) => Ok(listener),
                Err(_) => TcpListener::bind(anywhere()).await.map_err(|error| troubles::listen(anywhere(), &error)),
            }
        }
    }
}

fn anywhere() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
