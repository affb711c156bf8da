//! How a service's backends are laid out in slices, with as few changes as possible. Must not do IO.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::adoption::controller_reference;
use super::super::endpoint_pods::{Backend, Port, TRIGGER_TIME, hostname, labels_of, target_ref};
use crate::client::pods::node_name;

/// Who writes the slices.
pub(super) const MANAGED_BY: (&str, &str) =
    ("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");
/// Endpoints of a slice (`--max-endpoints-per-slice`).
const CAPACITY: usize = 100;

/// One write.
#[derive(Debug, PartialEq)]
pub(super) enum Action {
    Create(Box<EndpointSlice>),
    Update(Box<EndpointSlice>),
    Delete(String),
}

/// The writes that bring the slices to the backends.
pub(super) fn plan(
    service: &Service,
    backends: &[Backend],
    slices: &[Arc<EndpointSlice>],
    zone_of: &dyn Fn(&str) -> Option<String>,
    now: &str,
) -> Vec<Action> {
    let mut wanted: BTreeMap<Option<Vec<String>>, Group> = BTreeMap::new();
    for backend in backends {
        let ports = ports(&backend.ports);
        let group = wanted.entry(port_key(ports.as_ref())).or_insert_with(|| Group { ports, ..Group::default() });
        group.endpoints.push(endpoint(service, backend, zone_of));
    }
    for slice in slices {
        // A slice of ports that nobody serves any more is kept only to be emptied.
        let group = wanted.entry(port_key(slice.ports.as_ref()));
        group.or_insert_with(|| Group { ports: slice.ports.clone(), ..Group::default() }).slices.push(slice.clone());
    }
    let mut laid: Vec<Laid> = wanted.into_values().flat_map(Group::lay_out).collect();
    keep_one(&mut laid);
    laid.into_iter().filter_map(|laid| laid.action(service, now)).collect()
}

/// The endpoints with the same ports, and the slices that hold such.
#[derive(Default)]
struct Group {
    ports: Option<Vec<EndpointPort>>,
    endpoints: Vec<Endpoint>,
    slices: Vec<Arc<EndpointSlice>>,
}

/// What a slice, there or not yet, shall hold.
struct Laid {
    slice: Option<Arc<EndpointSlice>>,
    ports: Option<Vec<EndpointPort>>,
    endpoints: Vec<Endpoint>,
    keep: bool,
}

impl Group {
    /// Leaves each endpoint in the slice where it is, and fills the gaps with the new ones.
    fn lay_out(self) -> Vec<Laid> {
        let mut left: HashMap<String, Endpoint> = HashMap::new();
        let mut order = Vec::new();
        for endpoint in self.endpoints {
            order.push(identity(&endpoint));
            left.insert(identity(&endpoint), endpoint);
        }
        let mut laid: Vec<Laid> = Vec::new();
        for slice in self.slices {
            let kept = slice.endpoints.iter().flatten().filter_map(|old| left.remove(&identity(old))).collect();
            laid.push(Laid { slice: Some(slice), ports: self.ports.clone(), endpoints: kept, keep: false });
        }
        for id in order {
            let Some(endpoint) = left.remove(&id) else { continue };
            match laid.iter_mut().find(|laid| laid.endpoints.len() < CAPACITY) {
                Some(room) => room.endpoints.push(endpoint),
                None => {
                    laid.push(Laid { slice: None, ports: self.ports.clone(), endpoints: vec![endpoint], keep: false });
                }
            }
        }
        laid
    }
}

/// A service without backends has one empty slice.
fn keep_one(laid: &mut Vec<Laid>) {
    if laid.iter().any(|laid| !laid.endpoints.is_empty()) {
        return;
    }
    match laid.first_mut() {
        Some(first) => first.keep = true,
        None => laid.push(Laid { slice: None, ports: None, endpoints: Vec::new(), keep: true }),
    }
}

impl Laid {
    fn action(self, service: &Service, now: &str) -> Option<Action> {
        if self.endpoints.is_empty() && !self.keep {
            return self.slice.and_then(|slice| slice.metadata.name.clone()).map(Action::Delete);
        }
        let labels = labels(service);
        let Some(slice) = self.slice else {
            return Some(Action::Create(Box::new(build(service, labels, self.ports, self.endpoints, now))));
        };
        let same = slice.endpoints.as_ref().map_or(0, Vec::len) == self.endpoints.len()
            && slice.endpoints.iter().flatten().all(|old| self.endpoints.contains(old))
            && slice.metadata.labels.as_ref() == Some(&labels);
        if same {
            return None;
        }
        let mut updated = (*slice).clone();
        updated.metadata.labels = Some(labels);
        updated.metadata.annotations.get_or_insert_default().insert(TRIGGER_TIME.into(), now.into());
        updated.endpoints = Some(self.endpoints);
        Some(Action::Update(Box::new(updated)))
    }
}

fn labels(service: &Service) -> BTreeMap<String, String> {
    let mut labels = labels_of(service);
    labels.insert(MANAGED_BY.0.into(), MANAGED_BY.1.into());
    labels.insert("kubernetes.io/service-name".into(), service.metadata.name.clone().unwrap_or_default());
    labels
}

fn build(
    service: &Service,
    labels: BTreeMap<String, String>,
    ports: Option<Vec<EndpointPort>>,
    endpoints: Vec<Endpoint>,
    now: &str,
) -> EndpointSlice {
    EndpointSlice {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", service.metadata.name.as_deref().unwrap_or_default())),
            namespace: service.metadata.namespace.clone(),
            labels: Some(labels),
            annotations: Some(BTreeMap::from([(TRIGGER_TIME.into(), now.into())])),
            owner_references: Some(vec![controller_reference(service)]),
            ..ObjectMeta::default()
        },
        address_type: "IPv4".into(),
        endpoints: Some(endpoints),
        ports,
    }
}

/// An endpoint is the same while its pod is.
fn identity(endpoint: &Endpoint) -> String {
    let uid = endpoint.target_ref.as_ref().and_then(|target| target.uid.as_deref()).unwrap_or_default();
    format!("{uid} {}", endpoint.addresses.join(","))
}

fn endpoint(service: &Service, backend: &Backend, zone_of: &dyn Fn(&str) -> Option<String>) -> Endpoint {
    let node = node_name(&backend.pod);
    Endpoint {
        addresses: vec![backend.ip.clone()],
        conditions: Some(EndpointConditions {
            ready: Some(backend.ready),
            serving: Some(backend.serving),
            terminating: Some(backend.terminating),
        }),
        hostname: hostname(service, &backend.pod),
        node_name: node.map(Into::into),
        target_ref: Some(target_ref(&backend.pod)),
        zone: node.and_then(zone_of),
        ..Endpoint::default()
    }
}

fn ports(ports: &[Port]) -> Option<Vec<EndpointPort>> {
    let slice_port = |port: &Port| EndpointPort {
        name: Some(port.name.clone()),
        port: Some(port.number),
        protocol: Some(port.protocol.clone()),
        app_protocol: port.app_protocol.clone(),
    };
    (!ports.is_empty()).then(|| ports.iter().map(slice_port).collect())
}

/// Ports as text that can be compared whatever their order.
fn port_key(ports: Option<&Vec<EndpointPort>>) -> Option<Vec<String>> {
    let mut keys: Vec<_> = ports.filter(|ports| !ports.is_empty())?.iter().map(|port| format!("{port:?}")).collect();
    keys.sort_unstable();
    Some(keys)
}
