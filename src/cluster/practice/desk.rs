//! A terminal with Timonel's own kubectl, for plays of a lesson. Must lead to no cluster that its kubeconfig does not name.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::apiserver::pki::Pki;
use crate::base::clock::Clock;
use crate::base::pipe::{Dialer, Identity};
use crate::client;
use crate::cluster::Cluster;
use crate::kubectl::{self, Memory, Target, Unusable};
use crate::lessons::check::{Terminal, Wish};

/// Where its kubeconfig is: in `.kube`, below this.
const HOME: &str = "/home/timonel";
/// Where the first cluster would listen, as the kubeconfig says it; each other one, a port further.
const PORT: usize = 6443;

/// Where the cluster of that place would listen.
pub(super) fn server(place: usize) -> String {
    format!("https://127.0.0.1:{}", PORT + place)
}

/// Its folder holds the lesson's files, and what a line writes the next one finds. Its kubeconfig leads to the clusters,
/// as long as it says where and who.
pub(super) struct Desk {
    entrances: Vec<Entrance>,
    world: Mutex<Memory>,
}

/// How a cluster is reached, and whom it knows.
struct Entrance {
    dialer: Dialer,
    pki: Arc<Pki>,
}

impl Desk {
    pub(super) fn new(clusters: &[&Cluster], kubeconfig: String, wish: &Wish) -> Self {
        let world = furnished(clusters[0].clock(), kubeconfig, wish);
        let entrance =
            |cluster: &&Cluster| Entrance { dialer: cluster.plant.dialer.clone(), pki: Arc::clone(&cluster.plant.pki) };
        Self { entrances: clusters.iter().map(entrance).collect(), world: Mutex::new(world) }
    }
}

/// A terminal whose folder holds the lesson's files.
pub(super) fn furnished(clock: Clock, kubeconfig: String, wish: &Wish) -> Memory {
    let put = |world: Memory, (name, text): (&String, &String)| world.with_file(name, text.as_str());
    let world = wish.files.iter().fold(Memory::new(clock), put);
    world.with_env("HOME", HOME).with_file(format!("{HOME}/.kube/config"), kubeconfig)
}

/// What a line answers; as an error when it fails.
pub(super) async fn typed(
    line: &str,
    world: &Mutex<Memory>,
    clusters: &dyn kubectl::Clusters,
) -> Result<String, String> {
    let mut world = world.lock().await;
    let code = kubectl::run_line(line, &mut *world, clusters).await;
    let said = world.take();
    if code == 0 { Ok(said) } else { Err(said) }
}

impl Entrance {
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
        let found = self.entrances.iter().enumerate().find(|(place, _)| server(*place) == reached.server);
        let Some((_, entrance)) = found else {
            let host = reached.server.trim_start_matches("https://");
            let text =
                format!("The connection to the server {host} was refused - did you specify the right host or port?");
            return Err(Unusable(text));
        };
        Ok(entrance.identify(&reached.user))
    }
}

#[async_trait]
impl Terminal for Desk {
    async fn type_line(&self, line: &str) -> Result<String, String> {
        typed(line, &self.world, self).await
    }
}
