//! The service `kube-system/kube-dns` and who is behind it, so that pods reach DNS as any service.
//! Must not touch them once they are as they should be.

use std::net::IpAddr;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Endpoints, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::serde::de::DeserializeOwned;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde::Serialize;
use serde_json::{Value, json};

use super::PORT;

const NAMESPACE: &str = "kube-system";
const NAME: &str = "kube-dns";
/// Wait while the API server does not answer.
const RETRY: Duration = Duration::from_millis(200);

/// Writes the service and its endpoints, trying until the server takes them.
pub(super) async fn keep(client: kube::Client, address: IpAddr, own: IpAddr) {
    while let Err(error) = write(&client, address, own).await {
        tracing::debug!(%error, "kube-dns not written yet");
        tokio::time::sleep(RETRY).await;
    }
}

async fn write(client: &kube::Client, address: IpAddr, own: IpAddr) -> kube::Result<()> {
    ensure::<Service>(client, service(address)).await?;
    ensure::<Endpoints>(client, endpoints(own)).await?;
    ensure::<EndpointSlice>(client, slice(own)).await
}

/// Creates an object, or brings the one that is there to what it should be.
async fn ensure<K>(client: &kube::Client, wanted: Value) -> kube::Result<()>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Serialize,
{
    let api: Api<K> = Api::namespaced(client.clone(), NAMESPACE);
    let name = wanted["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let object = serde_json::from_value(wanted.clone()).map_err(kube::Error::SerdeError)?;
    match api.create(&PostParams::default(), &object).await {
        Err(kube::Error::Api(status)) if status.is_already_exists() => {
            api.patch(&name, &PatchParams::default(), &Patch::Merge(wanted)).await.map(drop)
        }
        other => other.map(drop),
    }
}

/// As kubeadm writes it, but without a selector: no pods are behind it.
fn service(address: IpAddr) -> Value {
    let port = |name: &str, port: u16, protocol: &str| json!({ "name": name, "port": port, "protocol": protocol, "targetPort": port });
    json!({
        "metadata": { "name": NAME, "labels": {
            "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS",
        } },
        "spec": { "clusterIP": address, "ports": [port("dns", PORT, "UDP"), port("dns-tcp", PORT, "TCP")] },
    })
}

fn ports() -> Value {
    json!([{ "name": "dns", "port": PORT, "protocol": "UDP" }, { "name": "dns-tcp", "port": PORT, "protocol": "TCP" }])
}

fn endpoints(own: IpAddr) -> Value {
    json!({
        "metadata": { "name": NAME, "labels": { "endpointslice.kubernetes.io/skip-mirror": "true" } },
        "subsets": [{ "addresses": [{ "ip": own }], "ports": ports() }],
    })
}

fn slice(own: IpAddr) -> Value {
    json!({
        "metadata": { "name": NAME, "labels": {
            "kubernetes.io/service-name": NAME, "endpointslice.kubernetes.io/managed-by": "timonel-dns",
        } },
        "addressType": "IPv4", "ports": ports(),
        "endpoints": [{ "addresses": [own], "conditions": { "ready": true } }],
    })
}
