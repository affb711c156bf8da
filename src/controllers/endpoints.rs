//! The old form of a service's backends: one Endpoints object with the service's name. Must not touch those that
//! people write for services without a selector.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{DeleteParams, PostParams};

use super::endpoint_pods::{self, Backend, Port, TRIGGER_TIME, backends, labels_of, selector_of};
use super::{Manager, Outcome, unless_gone};
use crate::client::object::Key;
use crate::client::pods::node_name;
use crate::client::queue::Next;

/// Reconciles at once (`--concurrent-endpoint-syncs`).
const WORKERS: usize = 5;
/// Addresses that one object holds (`maxCapacity`).
const CAPACITY: usize = 1000;
/// Who writes the object.
const MANAGED_BY: (&str, &str) = ("endpoints.kubernetes.io/managed-by", "endpoint-controller");

pub(super) async fn run(manager: Arc<Manager>) {
    let queue = manager.queue();
    manager.informers.services.wait_synced().await;
    manager.informers.pods.wait_synced().await;
    manager.informers.endpoints.wait_synced().await;
    endpoint_pods::subscribe(&manager, &queue);
    let keys = queue.clone();
    manager.informers.endpoints.on_change(move |change| {
        if change.after().is_none() {
            keys.add(Key::of(&**change.object()));
        }
    });
    queue.run(WORKERS, |key| reconcile(&manager, key)).await;
}

async fn reconcile(manager: &Manager, key: Key) -> Outcome {
    let api: Api<Endpoints> = Api::namespaced(manager.client.clone(), &key.namespace);
    let current = manager.informers.endpoints.get(&key);
    let Some(service) = manager.informers.services.get(&key) else {
        if current.is_some() {
            unless_gone(api.delete(&key.name, &DeleteParams::default()).await)?;
        }
        return Ok(Next::Done);
    };
    if selector_of(&service).is_none() {
        return Ok(Next::Done);
    }
    let backends = backends(&service, &manager.informers.pods.in_namespace(&key.namespace));
    let Some(wanted) = plan(&service, &backends, current.as_deref(), &manager.clock.now().to_string()) else {
        return Ok(Next::Done);
    };
    match current {
        Some(_) => api.replace(&key.name, &PostParams::default(), &wanted).await?,
        None => api.create(&PostParams::default(), &wanted).await?,
    };
    Ok(Next::Done)
}

/// The object as it should be; `None` when it is.
fn plan(service: &Service, backends: &[Backend], current: Option<&Endpoints>, now: &str) -> Option<Endpoints> {
    let subsets = subsets(service, backends);
    let mut labels = labels_of(service);
    labels.insert(MANAGED_BY.0.into(), MANAGED_BY.1.into());
    let (subsets, labels) = ((!subsets.is_empty()).then_some(subsets), Some(labels));
    let old = current.cloned().unwrap_or_default();
    let same = |current: &Endpoints| {
        current.subsets.clone().unwrap_or_default() == subsets.clone().unwrap_or_default()
            && current.metadata.labels == labels
    };
    if current.is_some_and(same) {
        return None;
    }
    let mut annotations = old.metadata.annotations.unwrap_or_default();
    annotations.insert(TRIGGER_TIME.into(), now.into());
    Some(Endpoints {
        metadata: ObjectMeta {
            name: service.metadata.name.clone(),
            namespace: service.metadata.namespace.clone(),
            resource_version: old.metadata.resource_version,
            uid: old.metadata.uid,
            labels,
            annotations: Some(annotations),
            ..ObjectMeta::default()
        },
        subsets,
    })
}

/// One subset for each set of ports that some pods serve.
fn subsets(service: &Service, backends: &[Backend]) -> Vec<EndpointSubset> {
    let mut by_ports: BTreeMap<&[Port], Vec<&Backend>> = BTreeMap::new();
    for backend in backends.iter().filter(|backend| backend.ready || !backend.terminating).take(CAPACITY) {
        by_ports.entry(&backend.ports).or_default().push(backend);
    }
    by_ports.into_iter().map(|(ports, backends)| subset(service, ports, &backends)).collect()
}

fn subset(service: &Service, ports: &[Port], backends: &[&Backend]) -> EndpointSubset {
    let addresses = |ready: bool| {
        let some = backends.iter().filter(|backend| backend.ready == ready);
        let mut addresses: Vec<_> = some.map(|backend| address(service, backend)).collect();
        addresses.sort_by(|a, b| a.ip.cmp(&b.ip));
        (!addresses.is_empty()).then_some(addresses)
    };
    let ports: Vec<_> = ports.iter().map(port).collect();
    EndpointSubset {
        addresses: addresses(true),
        not_ready_addresses: addresses(false),
        ports: (!ports.is_empty()).then_some(ports),
    }
}

fn address(service: &Service, backend: &Backend) -> EndpointAddress {
    EndpointAddress {
        ip: backend.ip.clone(),
        node_name: node_name(&backend.pod).map(Into::into),
        target_ref: Some(endpoint_pods::target_ref(&backend.pod)),
        hostname: endpoint_pods::hostname(service, &backend.pod),
    }
}

fn port(port: &Port) -> EndpointPort {
    EndpointPort {
        name: Some(port.name.clone()).filter(|name| !name.is_empty()),
        port: port.number,
        protocol: Some(port.protocol.clone()),
        app_protocol: port.app_protocol.clone(),
    }
}
