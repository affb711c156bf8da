//! Which pods stand behind a service, on which ports, in which state: shared by endpoints and endpoint slices.
//! Must not do IO.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ObjectReference, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Manager;
use crate::base::selector::Selector;
use crate::client::informer::Change;
use crate::client::object::{Key, is_deleting};
use crate::client::pod::Pod;
use crate::client::pods::{ips, is_ready, is_terminal};
use crate::client::queue::Queue;

/// When the last change that the endpoints show happened.
pub(super) const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// The label of everything that belongs to a headless service.
pub(super) const HEADLESS: &str = "service.kubernetes.io/headless";

/// A port of a service as a pod serves it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Port {
    pub name: String,
    pub number: i32,
    pub protocol: String,
    pub app_protocol: Option<String>,
}

/// A pod behind a service.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    pub pod: Arc<Pod>,
    pub ip: String,
    pub ports: Vec<Port>,
    pub ready: bool,
    pub serving: bool,
    pub terminating: bool,
}

/// The service's selector; `None` where somebody else writes its endpoints.
pub(super) fn selector_of(service: &Service) -> Option<Selector> {
    let spec = service.spec.as_ref().filter(|spec| spec.type_.as_deref() != Some("ExternalName"))?;
    spec.selector.as_ref().filter(|selector| !selector.is_empty()).map(Selector::from_labels)
}

/// Whether the service has no address of its own.
pub(super) fn is_headless(service: &Service) -> bool {
    service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref()) == Some("None")
}

/// The labels that a service hands on to its endpoints.
pub(super) fn labels_of(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    if is_headless(service) {
        labels.insert(HEADLESS.into(), String::new());
    }
    labels
}

/// The pods that the service selects and that have an address, by name.
pub(super) fn backends(service: &Service, pods: &[Arc<Pod>]) -> Vec<Backend> {
    let Some(selector) = selector_of(service) else { return Vec::new() };
    let matches = |pod: &Pod| pod.metadata.labels.as_ref().is_some_and(|labels| selector.matches(labels));
    let chosen = pods.iter().filter(|pod| matches(pod) && !is_terminal(pod));
    chosen.filter_map(|pod| backend(service, pod)).collect()
}

fn backend(service: &Service, pod: &Arc<Pod>) -> Option<Backend> {
    let spec = service.spec.as_ref()?;
    let ip = (*ips(pod).first()?).to_string();
    let (serving, terminating) = (is_ready(pod), is_deleting(&pod.metadata));
    let ready = spec.publish_not_ready_addresses == Some(true) || (serving && !terminating);
    let ports = spec.ports.iter().flatten().filter_map(|port| port_of(port, pod)).collect();
    Some(Backend { pod: pod.clone(), ip, ports, ready, serving, terminating })
}

fn port_of(port: &ServicePort, pod: &Pod) -> Option<Port> {
    let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".into());
    let number = match &port.target_port {
        Some(IntOrString::String(name)) => named_port(pod, name, &protocol)?,
        Some(IntOrString::Int(number)) if *number != 0 => *number,
        _ => port.port,
    };
    Some(Port {
        name: port.name.clone().unwrap_or_default(),
        number,
        protocol,
        app_protocol: port.app_protocol.clone(),
    })
}

fn named_port(pod: &Pod, name: &str, protocol: &str) -> Option<i32> {
    let ports =
        pod.spec.iter().flat_map(|spec| &spec.containers).flat_map(|container| container.ports.iter().flatten());
    let is_it = |port: &&k8s_openapi::api::core::v1::ContainerPort| {
        port.name.as_deref() == Some(name) && port.protocol.as_deref().unwrap_or("TCP") == protocol
    };
    ports.filter(is_it).map(|port| port.container_port).next()
}

/// The pod as an address refers to it.
pub(super) fn target_ref(pod: &Pod) -> ObjectReference {
    ObjectReference {
        kind: Some("Pod".into()),
        namespace: pod.metadata.namespace.clone(),
        name: pod.metadata.name.clone(),
        uid: pod.metadata.uid.clone(),
        ..ObjectReference::default()
    }
}

/// The pod's own name within a headless service of its subdomain.
pub(super) fn hostname(service: &Service, pod: &Pod) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let same = spec.subdomain.as_deref() == service.metadata.name.as_deref();
    spec.hostname.clone().filter(|name| same && !name.is_empty())
}

/// Queues the services that a change of a pod or of a service touches.
pub(super) fn subscribe(manager: &Arc<Manager>, queue: &Queue<Key>) {
    let keys = queue.clone();
    manager.informers.services.on_change(move |change| keys.add(Key::of(&**change.object())));
    let (keys, watched) = (queue.clone(), manager.clone());
    manager.informers.pods.on_change(move |change| {
        if matters(change) {
            keys.add_all(services_of(&watched, change));
        }
    });
}

/// Whether the change shows in endpoints (`podEndpointsChanged`).
fn matters(change: &Change<Pod>) -> bool {
    let Change::Updated { old, new } = change else { return true };
    let facts = |pod: &Pod| (is_ready(pod), is_deleting(&pod.metadata), is_terminal(pod), ips(pod).join(","));
    facts(old) != facts(new) || old.metadata.labels != new.metadata.labels || old.metadata.uid != new.metadata.uid
}

fn services_of(manager: &Manager, change: &Change<Pod>) -> Vec<Key> {
    let labels: Vec<_> =
        change.before().into_iter().chain(change.after()).filter_map(|pod| pod.metadata.labels.as_ref()).collect();
    let namespace = change.object().metadata.namespace.as_deref().unwrap_or_default();
    let selects = |service: &Arc<Service>| {
        selector_of(service).is_some_and(|selector| labels.iter().any(|labels| selector.matches(labels)))
    };
    let services = manager.informers.services.in_namespace(namespace);
    services.iter().filter(|service| selects(service)).map(|service| Key::of(&**service)).collect()
}
