//! The services and the pods that really answer behind each.

use crate::tui::model::cluster::Cluster;
use crate::tui::model::facts::{Endpoint, Key, Labels, Service};

/// A service with its addresses.
#[derive(Clone, Debug)]
pub struct ServiceLine<'a> {
    /// The service.
    pub service: &'a Service,
    /// What its slices list, ready or not, by name.
    pub targets: Vec<&'a Endpoint>,
    /// Why nobody answers, when nobody does.
    pub trouble: Option<String>,
}

/// Every service, by namespace and name.
pub fn services<'a>(cluster: &'a Cluster, shown: &dyn Fn(&Key) -> bool) -> Vec<ServiceLine<'a>> {
    cluster.services.values().filter(|service| shown(&service.key)).map(|service| line(cluster, service)).collect()
}

/// The endpoints of a service's slices.
pub fn targets<'a>(cluster: &'a Cluster, service: &'a Key) -> impl Iterator<Item = &'a Endpoint> {
    let mine = cluster
        .slices
        .values()
        .filter(move |slice| slice.service == service.name && slice.key.namespace == service.namespace);
    mine.flat_map(|slice| &slice.endpoints)
}

/// Why nobody answers behind a service, when nobody does.
pub fn service_trouble(cluster: &Cluster, service: &Service) -> Option<String> {
    line(cluster, service).trouble
}

fn line<'a>(cluster: &'a Cluster, service: &'a Service) -> ServiceLine<'a> {
    let mut targets: Vec<&Endpoint> = targets(cluster, &service.key).collect();
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    let trouble = (!targets.iter().any(|target| target.ready)).then(|| trouble(cluster, service, targets.len()));
    ServiceLine { service, targets, trouble }
}

fn trouble(cluster: &Cluster, service: &Service, listed: usize) -> String {
    let chosen = cluster.selected(&service.key.namespace, &service.selector).count();
    match chosen.max(listed) {
        _ if service.kind == "ExternalName" => format!("es otro nombre de {}", service.ip),
        0 if service.selector.is_empty() => "no tiene selector ni direcciones".into(),
        0 => format!("ningún pod tiene {}", selector(&service.selector)),
        1 => "su pod no está listo".into(),
        many => format!("ninguno de sus {many} pods está listo"),
    }
}

/// `app=web,env=prod`.
fn selector(labels: &Labels) -> String {
    labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}
