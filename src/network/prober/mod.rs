//! `TrafficProbe`s: streams of test requests, and on each what became of them. Must never retry: a user sees each failure.

mod ask;
mod run;
mod tally;
mod target;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use kube::runtime::watcher;
use kube::{Api, ResourceExt};
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};

use super::ingress::Doors;
use crate::base::clock::Clock;
use crate::base::net::PodNet;
use crate::base::tasks::Tasks;
use crate::client::informer::Informer;
use crate::client::object::Key;
use crate::client::timonel::TrafficProbe;

/// The address from which a worker speaks; none where there is no such worker. An empty name is the first one.
pub type Origins = Arc<dyn Fn(&str) -> Option<IpAddr> + Send + Sync>;

/// Where the ingress controller listens, while it is on.
pub type OpenDoors = Arc<Mutex<Option<Doors>>>;

/// What the prober is started with.
#[derive(Clone)]
pub struct Config {
    /// Client that may read services, and read and write probes.
    pub client: kube::Client,
    /// How requests reach services.
    pub net: Arc<dyn PodNet>,
    /// From where.
    pub origins: Origins,
    /// The way in for hosts of Ingresses.
    pub doors: OpenDoors,
    /// Time.
    pub clock: Clock,
}

/// What every stream of requests shares.
struct Shared {
    config: Config,
    services: Informer<Service>,
}

/// Runs every `TrafficProbe` until the tasks stop.
pub fn start(config: Config, tasks: &Tasks) {
    let (services, probes) = (Informer::<Service>::default(), Informer::<TrafficProbe>::default());
    let (sender, changed) = mpsc::unbounded_channel();
    probes.on_change(move |change| {
        let heard = (Key::of(&**change.object()), change.after().cloned());
        sender.send(heard).unwrap_or_default();
    });
    services.start(Api::all(config.client.clone()), watcher::Config::default(), tasks);
    probes.start(Api::all(config.client.clone()), watcher::Config::default(), tasks);
    tasks.spawn(keep(Arc::new(Shared { config, services }), changed, tasks.clone()));
}

type Heard = (Key, Option<Arc<TrafficProbe>>);

/// A probe under way: the way to tell it of its new spec, and its tasks.
struct Stream {
    uid: String,
    spec: watch::Sender<Arc<TrafficProbe>>,
    tasks: Tasks,
}

async fn keep(shared: Arc<Shared>, mut changed: mpsc::UnboundedReceiver<Heard>, tasks: Tasks) {
    let mut streams: HashMap<Key, Stream> = HashMap::new();
    while let Some((key, probe)) = changed.recv().await {
        let uid = probe.as_ref().and_then(|probe| probe.uid()).unwrap_or_default();
        match (probe, streams.get(&key)) {
            (Some(probe), Some(stream)) if stream.uid == uid => {
                let other = probe.metadata.generation != stream.spec.borrow().metadata.generation;
                stream.spec.send_if_modified(|known| other.then(|| *known = probe).is_some());
            }
            (probe, _) => {
                if let Some(gone) = streams.remove(&key) {
                    gone.tasks.stop().await;
                }
                if let Some(probe) = probe {
                    let (spec, follow) = watch::channel(probe);
                    let own = tasks.child();
                    own.spawn(run::run(shared.clone(), follow));
                    streams.insert(key, Stream { uid, spec, tasks: own });
                }
            }
        }
    }
}
