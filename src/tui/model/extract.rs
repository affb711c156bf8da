//! Objects of the API → facts of the dashboard. Pure. Must not fail: what is absent stays empty.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::facts::{self, Endpoint, Fact, Key};
use super::shared::Text;

/// Label that ties a slice to its service (Kubernetes `discovery.k8s.io/v1` `LabelServiceName`).
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Label of the nodes that run the control plane.
const MASTER: &str = "node-role.kubernetes.io/control-plane";

fn key(meta: &ObjectMeta) -> Key {
    Key::new(meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default())
}

/// A text; empty where there is none.
pub fn text(text: Option<&String>) -> Text {
    text.map(|text| text.as_str().into()).unwrap_or_default()
}

/// A worker.
pub fn node(node: &core::Node) -> Fact {
    let spec = node.spec.clone().unwrap_or_default();
    let status = node.status.clone().unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default();
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready");
    let allocatable = status.allocatable.unwrap_or_default();
    let labels = node.metadata.labels.as_ref();
    Fact::Node(
        facts::Node {
            key: key(&node.metadata),
            ready: ready.map_or_else(|| "Unknown".into(), |condition| condition.status.clone()),
            reason: ready.and_then(|condition| condition.reason.clone()).unwrap_or_default(),
            since: ready.and_then(|condition| condition.last_transition_time.as_ref()).map(|time| time.0),
            cordoned: spec.unschedulable.unwrap_or_default(),
            cpu: allocatable.get("cpu").map_or(0, |cpu| super::amount::milli(&cpu.0)),
            memory: allocatable.get("memory").map_or(0, |memory| super::amount::whole(&memory.0)),
            pod_cidr: spec.pod_cidr.unwrap_or_default(),
            runtime: status.node_info.map(|info| info.container_runtime_version).unwrap_or_default(),
            master: labels.is_some_and(|labels| labels.contains_key(MASTER)),
        }
        .into(),
    )
}

/// A part with a switch.
pub fn component(part: &crate::client::timonel::Component) -> Fact {
    use crate::client::timonel as own;
    let status = part.status.clone().unwrap_or_default();
    let label = |name: &str| {
        let labels = part.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get(name)).map(|label| label.as_str().into()).unwrap_or_default()
    };
    Fact::Component(
        facts::Component {
            key: key(&part.metadata),
            enabled: part.spec.enabled,
            state: format!("{:?}", status.state).into(),
            since: status.since.map(|since| since.0),
            restarts: status.restarts,
            rate: status.requests_per_second.map(i64::from),
            queue: status.queue_length.map(i64::from),
            message: status.message.into(),
            about: status.description.into(),
            plane: label(own::PLANE),
            part_of: label(own::PART_OF),
            node: label(own::NODE),
        }
        .into(),
    )
}

/// A service.
pub fn service(service: &core::Service) -> Fact {
    let spec = service.spec.clone().unwrap_or_default();
    let ports: Vec<String> = spec.ports.iter().flatten().map(port).collect();
    Fact::Service(
        facts::Service {
            key: key(&service.metadata),
            kind: spec.type_.unwrap_or_else(|| "ClusterIP".into()),
            ip: spec.cluster_ip.or(spec.external_name).unwrap_or_default(),
            ports: ports.join(","),
            selector: spec.selector.unwrap_or_default(),
        }
        .into(),
    )
}

fn port(port: &core::ServicePort) -> String {
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    match port.node_port {
        Some(node_port) if node_port > 0 => format!("{}:{node_port}/{protocol}", port.port),
        _ => format!("{}/{protocol}", port.port),
    }
}

/// An EndpointSlice.
pub fn slice(slice: &EndpointSlice) -> Fact {
    let labels = slice.metadata.labels.clone().unwrap_or_default();
    let endpoints = slice.endpoints.iter().flatten().map(|endpoint| {
        let address = endpoint.addresses.first().cloned().unwrap_or_default();
        let pod = endpoint.target_ref.as_ref().and_then(|target| target.name.clone());
        let ready = endpoint.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true);
        Endpoint { name: pod.unwrap_or_else(|| address.clone()).into(), address: address.into(), ready }
    });
    Fact::Slice(
        facts::Slice {
            key: key(&slice.metadata),
            service: labels.get(SERVICE_NAME).map(|name| name.as_str().into()).unwrap_or_default(),
            endpoints: endpoints.collect(),
        }
        .into(),
    )
}

/// A Deployment: settled when the controller has seen the last change and all replicas are new and available.
pub fn deployment(deployment: &Deployment) -> Fact {
    let desired = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let status = deployment.status.clone().unwrap_or_default();
    let observed = status.observed_generation >= deployment.metadata.generation;
    let done = [status.replicas, status.updated_replicas, status.available_replicas]
        .iter()
        .all(|count| count.unwrap_or_default() == desired);
    Fact::Deployment(
        facts::Workload {
            key: key(&deployment.metadata),
            desired,
            ready: status.ready_replicas.unwrap_or_default(),
            settled: observed && done,
            leaving: deployment.metadata.deletion_timestamp.is_some(),
        }
        .into(),
    )
}

/// A ReplicaSet: settled when there are as many pods as wanted, ready or not (readiness is not its work).
pub fn replica_set(set: &ReplicaSet) -> Fact {
    let desired = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let status = set.status.clone().unwrap_or_default();
    Fact::ReplicaSet(
        facts::Workload {
            key: key(&set.metadata),
            desired,
            ready: status.ready_replicas.unwrap_or_default(),
            settled: status.replicas == desired,
            leaving: set.metadata.deletion_timestamp.is_some(),
        }
        .into(),
    )
}

/// A heartbeat.
pub fn lease(lease: &Lease) -> Fact {
    let spec = lease.spec.clone().unwrap_or_default();
    Fact::Lease(
        facts::Lease {
            key: key(&lease.metadata),
            renewed: spec.renew_time.map(|time| time.0),
            seconds: spec.lease_duration_seconds.unwrap_or(40),
        }
        .into(),
    )
}

/// An Event.
pub fn event(event: &core::Event) -> Fact {
    let last = event.last_timestamp.as_ref().map(|time| time.0);
    let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref()).map(|time| time.0);
    let micro = event.event_time.as_ref().map(|time| time.0);
    let created = event.metadata.creation_timestamp.as_ref().map(|time| time.0);
    Fact::Event(
        facts::Happening {
            key: key(&event.metadata),
            at: series.or(last).or(micro).or(created),
            warning: event.type_.as_deref() == Some("Warning"),
            reason: text(event.reason.as_ref()),
            message: text(event.message.as_ref()),
            kind: text(event.involved_object.kind.as_ref()),
            object: text(event.involved_object.name.as_ref()),
            count: event.count.unwrap_or(1),
        }
        .into(),
    )
}
