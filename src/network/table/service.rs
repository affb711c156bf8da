//! A service as its users need it, from its object and its slices. Must not do IO, nor choose an endpoint.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Service as Object, ServicePort, ServiceSpec};
use k8s_openapi::api::discovery::v1::{Endpoint as Listed, EndpointSlice};
use kube::ResourceExt;
use serde::{Deserialize, Serialize};

/// Label of a slice that names its service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// How long a client keeps its endpoint when the service does not say (`DefaultClientIPServiceAffinitySeconds`).
const AFFINITY_SECONDS: i32 = 10_800;

/// Namespace and name of a service.
pub(crate) type Name = (String, String);

/// What a port speaks; what is neither is not carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Protocol {
    #[default]
    Tcp,
    Udp,
}

/// One service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Service {
    pub(crate) name: Name,
    /// ClusterIPs; none when headless.
    pub(crate) addresses: Vec<IpAddr>,
    /// Addresses that lead here from outside: of its load balancer and `externalIPs`.
    pub(crate) outside: Vec<IpAddr>,
    /// Of an ExternalName service.
    pub(crate) external_name: Option<String>,
    /// How long a client keeps its endpoint, in seconds (`sessionAffinity: ClientIP`).
    pub(crate) affinity: Option<u64>,
    /// From inside only endpoints on the caller's node (`internalTrafficPolicy: Local`).
    pub(crate) internal_local: bool,
    /// From outside only endpoints on the node that was asked (`externalTrafficPolicy: Local`).
    pub(crate) external_local: bool,
    pub(crate) ports: Vec<Port>,
    /// Every endpoint, whatever its ports, for names.
    pub(crate) hosts: Vec<Host>,
}

/// One port of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) protocol: Protocol,
    pub(crate) port: u16,
    pub(crate) node_port: Option<u16>,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// One endpoint of a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) at: SocketAddr,
    pub(crate) node: String,
    pub(crate) ready: bool,
    /// Not ready any more only because it is ending.
    pub(crate) serving_out: bool,
}

/// An endpoint as a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Host {
    pub(crate) ip: IpAddr,
    /// Of a pod with `hostname` and `subdomain`; empty for others.
    pub(crate) hostname: String,
    pub(crate) ready: bool,
}

/// The service that a slice belongs to.
pub(crate) fn service_of(slice: &EndpointSlice) -> Option<Name> {
    Some((slice.namespace()?, slice.labels().get(SERVICE_NAME)?.clone()))
}

impl Service {
    /// What the object and its slices say.
    pub(crate) fn new(object: &Object, slices: &[Arc<EndpointSlice>]) -> Self {
        let spec = object.spec.clone().unwrap_or_default();
        let local = |policy: &Option<String>| policy.as_deref() == Some("Local");
        Self {
            name: (object.namespace().unwrap_or_default(), object.name_any()),
            addresses: addresses(&spec),
            outside: outside(object, &spec),
            affinity: affinity(&spec),
            internal_local: local(&spec.internal_traffic_policy),
            external_local: local(&spec.external_traffic_policy),
            ports: spec.ports.iter().flatten().filter_map(|port| Port::new(port, slices)).collect(),
            hosts: slices.iter().flat_map(|slice| slice.endpoints.iter().flatten()).flat_map(hosts).collect(),
            external_name: spec.external_name.filter(|_| spec.type_.as_deref() == Some("ExternalName")),
        }
    }
}

fn addresses(spec: &ServiceSpec) -> Vec<IpAddr> {
    let listed = spec.cluster_ips.clone().unwrap_or_else(|| spec.cluster_ip.clone().into_iter().collect());
    listed.iter().filter_map(|ip| ip.parse().ok()).collect()
}

fn outside(object: &Object, spec: &ServiceSpec) -> Vec<IpAddr> {
    let balancer = object.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let given = balancer.into_iter().flat_map(|balancer| balancer.ingress.iter().flatten());
    let given = given.filter_map(|ingress| ingress.ip.as_deref());
    given.chain(spec.external_ips.iter().flatten().map(String::as_str)).filter_map(|ip| ip.parse().ok()).collect()
}

fn affinity(spec: &ServiceSpec) -> Option<u64> {
    if spec.session_affinity.as_deref() != Some("ClientIP") {
        return None;
    }
    let config = spec.session_affinity_config.as_ref().and_then(|config| config.client_ip.as_ref());
    u64::try_from(config.and_then(|client| client.timeout_seconds).unwrap_or(AFFINITY_SECONDS)).ok()
}

impl Port {
    /// Whether any endpoint answers.
    pub(crate) fn has_somebody(&self) -> bool {
        self.endpoints.iter().any(|one| one.ready || one.serving_out)
    }

    fn new(port: &ServicePort, slices: &[Arc<EndpointSlice>]) -> Option<Self> {
        let name = port.name.clone().unwrap_or_default();
        Some(Self {
            endpoints: slices.iter().flat_map(|slice| endpoints(slice, &name)).collect(),
            protocol: Protocol::parse(port.protocol.as_deref())?,
            port: number(port.port)?,
            node_port: port.node_port.and_then(number),
            name,
        })
    }
}

impl Protocol {
    fn parse(text: Option<&str>) -> Option<Self> {
        match text {
            None | Some("TCP") => Some(Self::Tcp),
            Some("UDP") => Some(Self::Udp),
            Some(_) => None,
        }
    }
}

/// The endpoints of a slice that serve the port of this name.
fn endpoints(slice: &EndpointSlice, name: &str) -> Vec<Endpoint> {
    let ports = slice.ports.iter().flatten();
    let mut named = ports.filter(|port| port.name.as_deref().unwrap_or_default() == name);
    let Some(port) = named.find_map(|port| port.port.and_then(number)) else { return Vec::new() };
    slice.endpoints.iter().flatten().flat_map(|listed| endpoint(listed, port)).collect()
}

fn endpoint(listed: &Listed, port: u16) -> impl Iterator<Item = Endpoint> {
    let conditions = listed.conditions.clone().unwrap_or_default();
    let (serving, terminating) = (conditions.serving.unwrap_or(true), conditions.terminating.unwrap_or(false));
    listed.addresses.iter().filter_map(|ip| ip.parse().ok()).map(move |ip| Endpoint {
        at: SocketAddr::new(ip, port),
        node: listed.node_name.clone().unwrap_or_default(),
        ready: is_ready(listed),
        serving_out: serving && terminating,
    })
}

fn hosts(listed: &Listed) -> impl Iterator<Item = Host> {
    listed.addresses.iter().filter_map(|ip| ip.parse().ok()).map(|ip| Host {
        ip,
        hostname: listed.hostname.clone().unwrap_or_default(),
        ready: is_ready(listed),
    })
}

/// An endpoint that does not say counts as ready (the rule of `EndpointConditions`).
fn is_ready(listed: &Listed) -> bool {
    listed.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true)
}

fn number(port: i32) -> Option<u16> {
    u16::try_from(port).ok()
}
