//! The ingress controller: HTTP and HTTPS on this machine, and HTTP inside the network in memory, led to services by host
//! and path as the Ingresses say.
//! Must not choose endpoints by itself: EndpointSlices say which are ready.

mod class;
mod forward;
mod pages;
mod routes;
mod serve;
mod tls;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass, IngressPortStatus};
use kube::api::{Patch, PatchParams};
use kube::runtime::watcher;
use kube::{Api, ResourceExt};
use parking_lot::RwLock;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use self::forward::Gate;
use self::routes::Routes;
use self::tls::{Certificates, certified};
use super::feed::Feed;
use super::table::ServiceTable;
use crate::base::clock::Clock;
use crate::base::net::PodNet;
use crate::base::tasks::Tasks;
use crate::client::informer::Informer;
use crate::client::object::Key;
use crate::client::recorder::Recorder;

/// What the ingress controller is started with.
pub struct Config {
    /// Client that may read Ingresses, classes, services, slices and Secrets, and write the status of Ingresses.
    pub client: kube::Client,
    /// How requests reach pods.
    pub net: Arc<dyn PodNet>,
    /// Where it wants to listen; another port is taken where this one is not to be had.
    pub http: SocketAddr,
    /// The same for HTTPS.
    pub https: SocketAddr,
    /// Time.
    pub clock: Clock,
}

/// Where the controller listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doors {
    /// Plain HTTP.
    pub http: SocketAddr,
    /// HTTPS.
    pub https: SocketAddr,
}

impl Doors {
    /// As the status of an Ingress says where it is served: the ports may be others than 80 and 443.
    fn ports(self) -> Vec<IngressPortStatus> {
        let port = |at: SocketAddr| IngressPortStatus { port: at.port().into(), protocol: "TCP".into(), error: None };
        vec![port(self.http), port(self.https)]
    }
}

impl Config {
    /// The usual ports of 127.0.0.1.
    pub const HTTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);
    /// The usual port of HTTPS.
    pub const HTTPS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 443);
}

/// Where pods find it in the network in memory: on a machine that is no worker.
pub const INSIDE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 168, 255, 80)), 80);

/// Starts the ingress controller; answers where it listens.
///
/// # Errors
/// When nothing can listen at these addresses at all.
pub fn start(config: Config, tasks: &Tasks) -> io::Result<Doors> {
    let (http, https) = (serve::listen(config.http)?, serve::listen(config.https)?);
    let doors = Doors { http: http.local_addr()?, https: https.local_addr()? };
    let table = ServiceTable::new(config.clock);
    let certificates = Certificates::new();
    let tls = TlsAcceptor::from(Arc::new(certificates.server().map_err(io::Error::other)?));
    let routes = Arc::new(RwLock::default());
    let gate = Gate { routes, table, net: config.net, tasks: tasks.clone(), https: doors.https.port() };
    let gate = Arc::new(gate);
    let recorder = Recorder::new(config.client.clone(), "nginx-ingress-controller", None, config.clock, tasks);
    let controller = Controller::new(config.client.clone(), gate.clone(), certificates, recorder, doors);
    tasks.spawn(class::keep(config.client));
    tasks.spawn(serve::serve(http, None, gate.clone()));
    open_inside(&gate);
    tasks.spawn(serve::serve(https, Some(tls), gate));
    tasks.spawn(controller.run());
    Ok(doors)
}

/// Where pods are real processes they reach this machine's door instead.
fn open_inside(gate: &Arc<Gate>) {
    gate.net.attach(INSIDE.ip(), "");
    match gate.net.listen(INSIDE) {
        Ok(listener) => drop(gate.tasks.spawn(serve::serve_inside(listener, gate.clone()))),
        Err(error) => tracing::debug!(%error, "no door inside the pod network"),
    }
}

struct Controller {
    client: kube::Client,
    gate: Arc<Gate>,
    certificates: Certificates,
    recorder: Recorder,
    doors: Doors,
    ingresses: Informer<Ingress>,
    classes: Informer<IngressClass>,
    secrets: Informer<Secret>,
    /// Generation of each Ingress that was last taken, by uid.
    taken: HashMap<String, i64>,
}

impl Controller {
    fn new(
        client: kube::Client,
        gate: Arc<Gate>,
        certificates: Certificates,
        recorder: Recorder,
        doors: Doors,
    ) -> Self {
        let (ingresses, classes, secrets) = (Informer::default(), Informer::default(), Informer::default());
        Self { client, gate, certificates, recorder, doors, ingresses, classes, secrets, taken: HashMap::new() }
    }

    async fn run(mut self) {
        let mut changed = self.watch();
        let mut feed = Feed::start(&self.client, &self.gate.tasks);
        loop {
            tokio::select! {
                names = feed.next(&self.gate.table) => {
                    if names.is_empty() {
                        return;
                    }
                }
                Some(()) = changed.recv() => {
                    while changed.try_recv().is_ok() {}
                    self.take().await;
                }
            }
        }
    }

    fn watch(&self) -> mpsc::UnboundedReceiver<()> {
        let (sender, changed) = mpsc::unbounded_channel();
        let (of_classes, of_secrets) = (sender.clone(), sender.clone());
        self.ingresses.on_change(move |_| sender.send(()).unwrap_or_default());
        self.classes.on_change(move |_| of_classes.send(()).unwrap_or_default());
        self.secrets.on_change(move |_| of_secrets.send(()).unwrap_or_default());
        let (client, tasks) = (&self.client, &self.gate.tasks);
        self.ingresses.start(Api::all(client.clone()), watcher::Config::default(), tasks);
        self.classes.start(Api::all(client.clone()), watcher::Config::default(), tasks);
        let certificates = watcher::Config::default().fields("type=kubernetes.io/tls");
        self.secrets.start(Api::all(client.clone()), certificates, tasks);
        changed
    }

    /// Takes everything as it is now.
    async fn take(&mut self) {
        let classes = self.classes.list();
        let mut ours = self.ingresses.list();
        ours.retain(|ingress| class::is_ours(ingress, &classes));
        let routes = Routes::new(&ours);
        self.take_certificates(&routes);
        *self.gate.routes.write() = Arc::new(routes);
        for ingress in ours {
            self.acknowledge(&ingress).await;
        }
    }

    fn take_certificates(&self, routes: &Routes) {
        let mut hosts = HashMap::new();
        for (host, (namespace, name)) in &routes.certificates {
            let Some(secret) = self.secrets.get(&Key::new(namespace, name)) else { continue };
            match certified(&secret) {
                Ok(key) => drop(hosts.entry(host.clone()).or_insert(Arc::new(key))),
                Err(error) => tracing::warn!("Error getting SSL certificate \"{namespace}/{name}\": {error}"),
            }
        }
        self.certificates.replace(hosts);
    }

    /// Says on the Ingress that it is served, and where.
    async fn acknowledge(&mut self, ingress: &Ingress) {
        let (uid, generation) = (ingress.uid().unwrap_or_default(), ingress.metadata.generation.unwrap_or_default());
        if self.taken.insert(uid, generation) != Some(generation) {
            self.recorder.normal(ingress, "Sync", "Scheduled for sync");
        }
        let (own, ports) = (self.doors.http.ip().to_string(), self.doors.ports());
        let balancer = ingress.status.as_ref().and_then(|status| status.load_balancer.as_ref());
        let mut shown = balancer.into_iter().flat_map(|balancer| balancer.ingress.iter().flatten());
        if shown.any(|one| one.ip.as_ref() == Some(&own) && one.ports.as_ref() == Some(&ports)) {
            return;
        }
        let api: Api<Ingress> = Api::namespaced(self.client.clone(), &ingress.namespace().unwrap_or_default());
        let status = json!({ "status": { "loadBalancer": { "ingress": [{ "ip": own, "ports": ports }] } } });
        let written = api.patch_status(&ingress.name_any(), &PatchParams::default(), &Patch::Merge(status)).await;
        if let Err(error) = written {
            tracing::debug!(%error, ingress = ingress.name_any(), "status not written; the next change tries again");
        }
    }
}
