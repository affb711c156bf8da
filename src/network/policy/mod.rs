//! `NetworkPolicies`: who may speak to whom in the network in memory. Must not carry nor drop anything: it says.

mod rules;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, PodSpec};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Api;
use kube::runtime::watcher;
use parking_lot::RwLock;
use tokio::sync::mpsc;

use self::rules::Rules;
use super::table::Protocol;
use crate::base::tasks::Tasks;
use crate::client::informer::Informer;
use crate::client::pod::Pod;

/// The policies as the network asks them. Clones share them.
#[derive(Clone, Default)]
pub struct Policies(Arc<RwLock<Option<Arc<Rules>>>>);

impl Policies {
    /// Whether a packet may go from an address (`None` is the machine outside) to another.
    pub(super) fn allow(&self, from: Option<IpAddr>, to: SocketAddr, protocol: Protocol) -> bool {
        let rules = self.0.read().clone();
        rules.is_none_or(|rules| rules.allow(from, to, protocol))
    }
}

/// Keeps the policies as the API has them.
pub fn start(client: kube::Client, policies: Policies, tasks: &Tasks) {
    let keeper = Keeper { client, policies, tasks: tasks.clone() };
    tasks.spawn(keeper.run());
}

struct Keeper {
    client: kube::Client,
    policies: Policies,
    tasks: Tasks,
}

/// What policies speak of.
struct Watched {
    policies: Informer<NetworkPolicy>,
    pods: Informer<Pod>,
    namespaces: Informer<Namespace>,
}

impl Keeper {
    async fn run(self) {
        let watched = Watched {
            policies: Informer::default(),
            pods: Informer::default().trimmed(trim),
            namespaces: Informer::default(),
        };
        let (sender, mut changed) = mpsc::unbounded_channel();
        tell(&watched.policies, &sender);
        tell(&watched.pods, &sender);
        tell(&watched.namespaces, &sender);
        let config = watcher::Config::default;
        watched.policies.start(Api::all(self.client.clone()), config(), &self.tasks);
        let mut looking = false;
        while changed.recv().await.is_some() {
            while changed.try_recv().is_ok() {}
            // Most clusters have no policy: only then are all pods worth following.
            if !looking && !watched.policies.is_empty() {
                looking = true;
                watched.pods.start(Api::all(self.client.clone()), config(), &self.tasks);
                watched.namespaces.start(Api::all(self.client.clone()), config(), &self.tasks);
            }
            *self.policies.0.write() = self.rules(&watched).map(Arc::new);
        }
    }

    fn rules(&self, watched: &Watched) -> Option<Rules> {
        let policies = watched.policies.list();
        (!policies.is_empty()).then(|| Rules::new(&policies, &watched.pods.list(), &watched.namespaces.list()))
    }
}

fn tell<K>(informer: &Informer<K>, sender: &mpsc::UnboundedSender<()>)
where
    K: kube::Resource + Send + Sync + 'static,
{
    let sender = sender.clone();
    informer.on_change(move |_| sender.send(()).unwrap_or_default());
}

/// Only labels, addresses and ports matter here.
fn trim(pod: &mut Pod) {
    if let Some(mut spec) = pod.spec.take() {
        let containers = std::mem::take(&mut spec.containers);
        pod.spec = Some(PodSpec { containers, ..PodSpec::default() }.into());
    }
    if let Some(status) = &mut pod.status {
        (status.conditions, status.container_statuses, status.init_container_statuses) = (None, None, None);
    }
}
