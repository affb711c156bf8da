//! The parts of a cluster that can be switched, as plain data: names, places, what each is for. Must not start anything.

use std::collections::BTreeMap;

use crate::client::timonel::{Component, ComponentSpec, NODE, PART_OF, PLANE};
use crate::cluster::options::{Options, Part};
use crate::controllers;

/// The controller that plays the cloud provider.
const PROVIDER: &str = "service-lb-controller";
/// The controller manager's own name here.
pub const MANAGER: &str = "controller-manager";
/// With more workers than this, the tunnels are too many to be listed.
const FEW: u32 = 6;
/// With more workers than this, their requests are not told one by one: to tell them would be most of what is asked.
const MANY: u32 = 50;

/// What is pulled to switch a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lever {
    /// The store behind the API server.
    Etcd,
    /// The API server.
    ApiServer,
    /// The controller manager: its copies of objects and its heartbeat.
    Manager,
    /// One controller, by Kubernetes' own name.
    Controller(&'static str),
    /// The scheduler.
    Scheduler,
    /// The proxy of the services.
    Proxy,
    /// The cluster's DNS.
    Dns,
    /// The ingress controller.
    Ingress,
    /// The kubelet of a worker, by its number.
    Kubelet(u32),
    /// The tunnel between two workers.
    Tunnel(String, String),
}

impl Lever {
    /// Whether it acts on copies that a restored store makes stale. A kubelet looks at what runs, and states what it saw.
    pub fn remembers(&self) -> bool {
        matches!(self, Self::Manager | Self::Controller(_) | Self::Scheduler)
    }
}

/// A part that can be switched.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The name of its Component.
    pub name: String,
    /// How it is switched.
    pub lever: Lever,
    /// Whether it begins switched on.
    pub starts: bool,
    /// What it is for, in a line of Spanish.
    pub about: String,
    /// Whose requests are its own; none where it makes none.
    pub asks_as: Option<String>,
    /// Where it belongs.
    pub labels: BTreeMap<String, String>,
}

impl Unit {
    fn new(name: impl Into<String>, plane: &str, lever: Lever, about: impl Into<String>) -> Self {
        let labels = [(PLANE.to_owned(), plane.to_owned())].into();
        Self { name: name.into(), lever, starts: true, about: about.into(), asks_as: None, labels }
    }

    /// Its Component as it is first published.
    pub fn component(&self) -> Component {
        Component::new(&self.name, self.labels.clone(), ComponentSpec { enabled: self.starts })
    }

    fn labelled(mut self, label: &str, value: &str) -> Self {
        self.labels.insert(label.into(), value.into());
        self
    }

    fn asking_as(self, user: impl Into<String>) -> Self {
        Self { asks_as: Some(user.into()), ..self }
    }

    fn only_if(self, starts: bool) -> Self {
        Self { starts, ..self }
    }
}

/// Every part, in the order in which they start. `embedded`: whether the pods' network is in memory, with its own DNS.
pub fn all(options: &Options, embedded: bool) -> Vec<Unit> {
    let masters = masters(options).into_iter().chain(controllers(options));
    let masters = masters.chain([scheduler(options)]);
    masters.chain(network(options, embedded)).chain(kubelets(options)).chain(tunnels(options)).collect()
}

fn masters(options: &Options) -> [Unit; 3] {
    let about_manager = "Lleva dentro los controladores: observa, compara y actúa. Apagarlo los apaga todos.";
    [
        Unit::new("etcd", "control", Lever::Etcd, "Guarda todo el estado del clúster."),
        Unit::new("apiserver", "control", Lever::ApiServer, "La única puerta: todos hablan con él y solo él con etcd."),
        Unit::new(MANAGER, "control", Lever::Manager, about_manager)
            .asking_as("system:kube-controller-manager")
            .only_if(options.starts(Part::ControllerManager)),
    ]
}

fn controllers(options: &Options) -> impl Iterator<Item = Unit> {
    let starts = options.starts(Part::ControllerManager);
    controllers::all().map(move |(name, about)| {
        let plane = if name == PROVIDER { "provider" } else { "control" };
        Unit::new(name, plane, Lever::Controller(name), about)
            .labelled(PART_OF, MANAGER)
            .asking_as(format!("system:serviceaccount:kube-system:{name}"))
            .only_if(starts)
    })
}

fn scheduler(options: &Options) -> Unit {
    Unit::new("scheduler", "control", Lever::Scheduler, "Elige un nodo para cada pod que no tiene, una vez.")
        .asking_as("system:kube-scheduler")
        .only_if(options.starts(Part::Scheduler))
}

fn network(options: &Options, embedded: bool) -> impl Iterator<Item = Unit> {
    let proxy = Unit::new("kube-proxy", "network", Lever::Proxy, "Lleva cada Service a sus pods listos.")
        .asking_as("system:kube-proxy")
        .only_if(options.starts(Part::KubeProxy));
    let dns = Unit::new("dns", "network", Lever::Dns, "Responde por los nombres de los Services (CoreDNS).");
    let about = "Lleva el tráfico HTTP de fuera a los Services según host y ruta.";
    let ingress = Unit::new("ingress-controller", "network", Lever::Ingress, about);
    let dns = embedded.then(|| dns.asking_as("system:coredns"));
    [Some(proxy), dns, Some(ingress.asking_as("system:ingress-controller").only_if(false))].into_iter().flatten()
}

fn kubelets(options: &Options) -> impl Iterator<Item = Unit> {
    let (starts, many) = (options.starts(Part::Kubelet), options.workers > MANY);
    (1..=options.workers).map(move |number| {
        let node = worker(number);
        let about = format!("Arranca y vigila los contenedores de los pods de {node}.");
        let unit = Unit::new(format!("kubelet-{node}"), "worker", Lever::Kubelet(number), about)
            .labelled(NODE, &node)
            .only_if(starts);
        if many { unit } else { unit.asking_as(format!("system:node:{node}")) }
    })
}

fn tunnels(options: &Options) -> impl Iterator<Item = Unit> {
    let workers = if options.workers <= FEW { options.workers } else { 0 };
    let pairs = (1..=workers).flat_map(move |one| (one + 1..=workers).map(move |other| (worker(one), worker(other))));
    pairs.map(|(one, other)| {
        let about = format!("El túnel de la red de pods entre {one} y {other}.");
        Unit::new(format!("tunnel-{one}-{other}"), "network", Lever::Tunnel(one, other), about)
    })
}

/// The name of a worker.
pub fn worker(number: u32) -> String {
    format!("worker-{number}")
}
