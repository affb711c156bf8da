//! The objects that every cluster starts with, made where they are missing. Must not touch what is there.

mod api_services;
mod roles;

pub(super) use roles::rules_of;

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::{Value, json};

use super::authn::User;
use super::call::{self, Call};
use super::errors::{ApiError, ApiResult};
use super::meta::Encoded;
use super::negotiate::Form;
use super::params::Params;
use super::request::{ResourceRequest, Verb};
use super::server::ApiServer;
use super::{object, verbs};
use crate::kinds::{self, Kind};
use crate::schema;
use crate::store::{Expect, WriteError};

/// Makes whatever is missing, in an order in which each finds what it needs.
pub(super) async fn run(server: &ApiServer) -> ApiResult<()> {
    let namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"].map(namespace);
    let classes = priority_classes();
    let others = classes
        .into_iter()
        .chain(roles::objects())
        .chain(api_services::objects())
        .chain([storage_class(), service(server)]);
    for object in namespaces.into_iter().chain(others) {
        create(server, object).await?;
    }
    Ok(())
}

fn namespace(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })
}

/// The classes of the system's own pods (`scheduling.SystemPriorityClasses`).
fn priority_classes() -> Vec<Value> {
    let class = |name: &str, value: i64, text: &str| {
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": { "name": name },
            "value": value, "description": text, "preemptionPolicy": "PreemptLowerPriority",
        })
    };
    let critical =
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.";
    let node = "Used for system critical pods that must not be moved from their current node.";
    vec![class("system-cluster-critical", 2_000_000_000, critical), class("system-node-critical", 2_000_001_000, node)]
}

/// The class of claims that name none, as the distributions of Kubernetes with a local provisioner bring it.
fn storage_class() -> Value {
    json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {
            "name": "local-path", "annotations": { "storageclass.kubernetes.io/is-default-class": "true" },
        },
        "provisioner": "rancher.io/local-path", "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    })
}

/// `default/kubernetes`: the API server as pods find it, at the first address of the services' range.
fn service(server: &ApiServer) -> Value {
    let base = server.service_cidr.split('/').next().and_then(|base| base.parse::<Ipv4Addr>().ok());
    let address = base.map_or_else(String::new, |base| Ipv4Addr::from(u32::from(base) + 1).to_string());
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": "kubernetes", "namespace": "default",
            "labels": { "component": "apiserver", "provider": "kubernetes" },
        },
        "spec": {
            "type": "ClusterIP", "clusterIP": address, "sessionAffinity": "None",
            "ports": [{ "name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443 }],
        },
    })
}

/// Creates an object unless its kind is not served or it exists.
async fn create(server: &ApiServer, object: Value) -> ApiResult<()> {
    let Some(kind) = kind_of(&object) else { return Ok(()) };
    let call = internal(server, kind, object::meta(&object, "namespace"));
    if server.store.get(&call.key(object::name(&object))).is_some() {
        return Ok(());
    }
    let checked = schema::check(kind.schema, object).map_err(ApiError::internal)?;
    verbs::insert(&call, checked.value).await.map(|_| ())
}

fn kind_of(object: &Value) -> Option<&'static Kind> {
    let text = |field: &str| object[field].as_str().unwrap_or_default();
    let (group, version) = text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
    kinds::by_kind(group, version, text("kind"))
}

/// A call of the server's own.
fn internal(server: &ApiServer, kind: &'static Kind, namespace: &str) -> Call {
    let request = ResourceRequest {
        group: kind.group.into(),
        version: kind.version.into(),
        namespace: namespace.into(),
        resource: kind.plural.into(),
        ..ResourceRequest::default()
    };
    Call {
        server: server.clone(),
        user: User::authenticated("system:apiserver", &["system:masters".into()]),
        verb: Verb::Create,
        kind,
        request,
        subresource: None,
        params: Params::default(),
        headers: http::HeaderMap::new(),
        form: Form::default(),
    }
}

/// Writes the endpoints of `default/kubernetes`, replacing those of an earlier address.
///
/// Straight into the store: our address is a loopback one, which no client may write.
pub(super) async fn advertise(server: &ApiServer, address: SocketAddr) -> ApiResult<()> {
    let (ip, port) = (address.ip().to_string(), address.port());
    let ports = json!([{ "name": "https", "port": port, "protocol": "TCP" }]);
    let endpoints = json!({
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": { "labels": { "endpointslice.kubernetes.io/skip-mirror": "true" } },
        "subsets": [{ "addresses": [{ "ip": ip }], "ports": ports }],
    });
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": { "labels": { "kubernetes.io/service-name": "kubernetes" } },
        "endpoints": [{ "addresses": [ip], "conditions": { "ready": true } }], "ports": ports,
    });
    for object in [endpoints, slice] {
        overwrite(server, object).await?;
    }
    Ok(())
}

async fn overwrite(server: &ApiServer, mut wanted: Value) -> ApiResult<()> {
    let Some(kind) = kind_of(&wanted) else { return Ok(()) };
    let key = call::key(kind, "default", "kubernetes");
    let current = server.store.get(&key);
    let (uid, created) = match &current {
        Some(record) => {
            let old = super::respond::parse(&record.value.bytes())?;
            (object::meta(&old, "uid").to_owned(), object::meta(&old, "creationTimestamp").to_owned())
        }
        None => (server.names.uid(), object::time(server.clock.now())),
    };
    for (field, text) in
        [("name", "kubernetes"), ("namespace", "default"), ("uid", &uid), ("creationTimestamp", &created)]
    {
        object::set_meta(&mut wanted, field, text.into());
    }
    let encoded = Encoded::new(kind, &wanted).at(server.clock.now());
    let expect = current.map_or(Expect::Absent, |record| Expect::Revision(record.modified));
    match server.store.put(&key, expect, move |revision| encoded.finish(revision)).await {
        Ok(_) => Ok(()),
        Err(WriteError::Conflict { .. }) => Err(ApiError::modified(kind, "kubernetes")),
        Err(WriteError::Backend(error)) => Err(ApiError::internal(error)),
    }
}
