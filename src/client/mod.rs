//! The only builder of `kube::Client`, and what every client needs on top: informers, work queue, event recorder.
//! Must not know where the server is: embedded and remote differ only in the connector.

pub mod api_access;
mod correlator;
pub mod decisions;
pub mod host_ports;
pub mod informer;
pub mod lease;
pub mod node_affinity;
pub mod object;
pub mod on_demand;
pub mod pod;
pub mod pods;
pub mod pool;
pub mod pools;
pub mod queue;
pub mod recorder;
mod reflector;
mod specs;
pub mod streams;
pub mod taints;
pub mod timonel;
pub mod volumes;

use std::path::Path;

use http::Uri;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use tokio::io::DuplexStream;

use crate::base::pipe::{Dialer, Identity};
use on_demand::OnDemand;

/// Why no client could be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The kubeconfig is missing, malformed or lacks the context.
    #[error("kubeconfig: {0}")]
    Kubeconfig(#[from] KubeconfigError),
    /// The configuration does not make a client (certificates, URL).
    #[error("client: {0}")]
    Client(#[source] Box<kube::Error>),
}

/// A client of the embedded API server, with an identity of its own. Plain requests are handed over as they are; what
/// becomes another protocol (exec, port-forward) goes over a connection of the in-memory pipe.
#[must_use]
pub fn embedded(dialer: Dialer, identity: Identity) -> kube::Client {
    embedded_on_demand(dialer, identity).client()
}

/// The same for who seldom asks: a client when it is needed.
#[must_use]
pub fn embedded_on_demand(dialer: Dialer, identity: Identity) -> OnDemand {
    let (pipe, own) = (dialer.clone(), identity.clone());
    let connector = tower::service_fn(move |_: Uri| std::future::ready(pipe.dial(own.clone()).map(PipeIo::new)));
    let http = HttpClient::builder(TokioExecutor::new()).build::<_, Body>(connector);
    let service = tower::service_fn(move |mut request: http::Request<Body>| {
        let (dialer, identity, http) = (dialer.clone(), identity.clone(), http.clone());
        async move {
            if request.headers().contains_key(http::header::UPGRADE) {
                *request.uri_mut() = with_authority(request.uri());
                let response = http.request(request).await?;
                return Ok::<_, tower::BoxError>(response.map(|body| body.map_err(Into::into).boxed_unsync()));
            }
            let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
            Ok(dialer.ask(request, identity).await?)
        }
    });
    OnDemand::new(move || kube::Client::new(service.clone(), "default"))
}

/// A client of any cluster that a kubeconfig names: the given file or kubectl's own rules, the given context or the current one.
///
/// # Errors
/// When the kubeconfig cannot be read or does not describe a usable cluster.
pub async fn remote(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<kube::Client, ClientError> {
    let options = KubeConfigOptions { context: context.map(Into::into), ..KubeConfigOptions::default() };
    let config = match kubeconfig {
        Some(path) => kube::Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await?,
        None => kube::Config::from_kubeconfig(&options).await?,
    };
    kube::Client::try_from(config).map_err(|error| ClientError::Client(Box::new(error)))
}

/// A client of the cluster that a kubeconfig, already read, names.
///
/// # Errors
/// When it does not describe a usable cluster.
pub async fn of_kubeconfig(kubeconfig: Kubeconfig, options: &KubeConfigOptions) -> Result<kube::Client, ClientError> {
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, options).await?;
    kube::Client::try_from(config).map_err(|error| ClientError::Client(Box::new(error)))
}

/// The same client, whose requests carry more headers (impersonation).
#[must_use]
pub fn with_headers(client: kube::Client, headers: Vec<(&'static str, String)>) -> kube::Client {
    let namespace = client.default_namespace().to_string();
    let service = tower::service_fn(move |mut request: http::Request<Body>| {
        for (name, value) in &headers {
            if let Ok(value) = value.parse() {
                request.headers_mut().append(*name, value);
            }
        }
        let client = client.clone();
        async move { client.send(request).await }
    });
    kube::Client::new(service, namespace)
}

/// hyper's pool wants an absolute URI; over a pipe any authority will do.
fn with_authority(uri: &Uri) -> Uri {
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    Uri::builder().scheme("http").authority("timonel").path_and_query(path).build().unwrap_or_default()
}

use pipe_io::PipeIo;

/// The connection type that hyper's client asks of a connector, over a duplex stream.
mod pipe_io {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use hyper::rt::{Read, ReadBufCursor, Write};
    use hyper_util::client::legacy::connect::{Connected, Connection};

    use super::{DuplexStream, TokioIo};

    pub struct PipeIo(TokioIo<DuplexStream>);

    impl PipeIo {
        pub fn new(stream: DuplexStream) -> Self {
            Self(TokioIo::new(stream))
        }
    }

    impl Connection for PipeIo {
        fn connected(&self) -> Connected {
            Connected::new()
        }
    }

    impl Read for PipeIo {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, buf)
        }
    }

    impl Write for PipeIo {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(cx, buf)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }
}
