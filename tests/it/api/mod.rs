//! The API server through `kube::Client` over the pipe, on the memory store and with the clock paused.

mod access;
mod admission;
mod deletion;
mod facts;
mod fuzz;
mod lists;
mod objects;
mod watches;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};
use timonel::apiserver::pki::Pki;
use timonel::apiserver::{ApiServer, Config, Meta};
use timonel::base::clock::{Clock, Timing};
use timonel::base::names::Names;
use timonel::base::net::{BoxStream, NetListener, PodNet};
use timonel::base::pipe::{Dialer, Identity, pipe};
use timonel::base::tasks::Tasks;
use timonel::client;
use timonel::client::pod::Pod;
use timonel::store::{Limits, MemoryBackend, Store};

/// A server with the bootstrap objects, and the administrator's client.
pub(crate) struct World {
    pub(crate) client: kube::Client,
    pub(crate) dialer: Dialer,
    pub(crate) server: ApiServer,
    pub(crate) tasks: Tasks,
}

/// No pod answers.
struct NoPods;

#[async_trait::async_trait]
impl PodNet for NoPods {
    fn listen(&self, _at: SocketAddr) -> io::Result<NetListener> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn dial(&self, _from: Option<IpAddr>, _to: SocketAddr) -> io::Result<BoxStream> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

pub(crate) async fn world() -> World {
    world_of(None).await
}

/// The same with certificates and keys of its own.
pub(crate) async fn world_of(pki: Option<Arc<Pki>>) -> World {
    let tasks = Tasks::new();
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    let store = Store::open(Box::new(MemoryBackend), Meta::decode, Limits::default(), &tasks).await.unwrap();
    let server = ApiServer::new(Config {
        store,
        clock: Clock::starting_at(start, Timing::Real),
        names: Arc::new(Names::seeded(1)),
        pods: Arc::new(NoPods),
        pki,
        service_cidr: "10.96.0.0/12".into(),
    });
    server.bootstrap().await.unwrap();
    let (dialer, listener) = pipe();
    server.serve_pipe(listener, &tasks);
    let world = World { client: client::embedded(dialer.clone(), Identity::admin()), dialer, server, tasks };
    // Pods run as an account that a controller makes in life.
    let account = serde_json::from_value(json!({ "metadata": { "name": "default" } })).unwrap();
    world.api::<ServiceAccount>().create(&PostParams::default(), &account).await.unwrap();
    world
}

impl World {
    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), "default")
    }

    /// Sends a raw request; answers the status and the body as JSON (null when it is none).
    pub(crate) async fn raw(&self, method: &str, path: &str, media: &str, body: &str) -> (u16, Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", media)
            .body(kube::client::Body::from(body.as_bytes().to_vec()))
            .unwrap();
        let response = self.client.send(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    pub(crate) async fn config_map(&self, name: &str) -> ConfigMap {
        let value = json!({ "metadata": { "name": name, "labels": { "app": name } }, "data": { "a": "1" } });
        self.api().create(&PostParams::default(), &serde_json::from_value(value).unwrap()).await.unwrap()
    }

    pub(crate) async fn pod(&self, name: &str) -> Pod {
        let value =
            json!({ "metadata": { "name": name }, "spec": { "containers": [{ "name": "c", "image": "nginx" }] } });
        self.api().create(&PostParams::default(), &serde_json::from_value(value).unwrap()).await.unwrap()
    }
}

/// The text of an API error.
#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, kube::Error>) -> (u16, String, String) {
    match result {
        Err(kube::Error::Api(status)) => (status.code, status.reason.clone(), status.message.clone()),
        other => panic!("expected a refusal, got {other:?}"),
    }
}
