//! From what a probe names to where its requests go. Must not send any.

use std::net::{IpAddr, SocketAddr};

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Shared;
use crate::client::object::Key;
use crate::client::timonel::{ProbeTarget, TrafficProbeSpec};

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Through the machine's own network, as somebody outside; else through that of the pods.
    pub outside: bool,
    pub from: Option<IpAddr>,
    pub to: SocketAddr,
    /// The `Host` of the request.
    pub host: String,
}

/// Where the requests of a probe go now; why they cannot, for a person.
pub(super) fn way(shared: &Shared, namespace: &str, spec: &TrafficProbeSpec) -> Result<Way, String> {
    let target = &spec.target;
    if !target.host.is_empty() {
        let doors = *shared.config.doors.lock();
        let doors = doors.ok_or("el controlador de Ingress está apagado (ingress-controller)")?;
        return Ok(Way { outside: true, from: None, to: doors.http, host: target.host.clone() });
    }
    let from = from(shared, spec)?;
    let to = match target.address.parse::<IpAddr>() {
        Ok(address) => SocketAddr::new(address, plain_port(target)?),
        Err(_) => service(shared, namespace, target)?,
    };
    let host = if target.service.is_empty() { target.address.clone() } else { target.service.clone() };
    Ok(Way { outside: false, from, to, host })
}

fn from(shared: &Shared, spec: &TrafficProbeSpec) -> Result<Option<IpAddr>, String> {
    let source = spec.from.clone().unwrap_or_default();
    if source.outside {
        return Ok(None);
    }
    match (shared.config.origins)(&source.node) {
        Some(address) => Ok(Some(address)),
        None if source.node.is_empty() => Ok(None),
        None => Err(format!("no hay ningún worker {}", source.node)),
    }
}

fn service(shared: &Shared, namespace: &str, target: &ProbeTarget) -> Result<SocketAddr, String> {
    let (name, namespace) = target.service.split_once('.').unwrap_or((&target.service, namespace));
    let found = shared.services.get(&Key::new(namespace, name));
    let found = found.ok_or_else(|| format!("no hay ningún Service {name} en {namespace}"))?;
    address(&found, target).ok_or_else(|| format!("el Service {name} no tiene esa dirección y ese puerto"))
}

fn address(service: &Service, target: &ProbeTarget) -> Option<SocketAddr> {
    let spec = service.spec.as_ref()?;
    let wanted = |port: &&ServicePort| match &target.port {
        None => true,
        Some(IntOrString::Int(number)) => port.port == *number,
        Some(IntOrString::String(name)) => port.name.as_ref() == Some(name),
    };
    let port = spec.ports.iter().flatten().find(wanted)?;
    Some(SocketAddr::new(spec.cluster_ip.as_ref()?.parse().ok()?, u16::try_from(port.port).ok()?))
}

fn plain_port(target: &ProbeTarget) -> Result<u16, String> {
    match &target.port {
        None => Ok(80),
        Some(IntOrString::Int(port)) => u16::try_from(*port).map_err(|_| format!("{port} no es un puerto")),
        Some(IntOrString::String(name)) => Err(format!("el puerto {name} de una dirección debe ser un número")),
    }
}
