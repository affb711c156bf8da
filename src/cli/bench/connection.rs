//! Keep-alive connections over TLS with the client certificate of a kubeconfig. Must not know what is asked.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::load::Request;
use crate::base::tasks::Tasks;

/// Where to connect, and as whom.
#[derive(Clone)]
pub struct Target {
    /// `127.0.0.1:6443`.
    address: String,
    tls: TlsConnector,
    tasks: Tasks,
}

impl Target {
    /// From a kubeconfig with everything embedded.
    pub fn read(kubeconfig: &Path) -> anyhow::Result<Self> {
        let config: Value = serde_yaml::from_str(&std::fs::read_to_string(kubeconfig)?)?;
        let (cluster, user) = (&config["clusters"][0]["cluster"], &config["users"][0]["user"]);
        let pem = |value: &Value| STANDARD.decode(value.as_str().unwrap_or_default());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&pem(&cluster["certificate-authority-data"])?)?)?;
        let certificate = CertificateDer::from_pem_slice(&pem(&user["client-certificate-data"])?)?;
        let key = PrivateKeyDer::from_pem_slice(&pem(&user["client-key-data"])?)?;
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate], key)?;
        let server = cluster["server"].as_str().context("no server")?;
        let address = server.trim_start_matches("https://").to_owned();
        Ok(Self { address, tls: TlsConnector::from(Arc::new(tls)), tasks: Tasks::new() })
    }

    /// A new connection.
    pub async fn connect(&self) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let name = self.address.split(':').next().unwrap_or_default().to_owned();
        let stream = self.tls.connect(ServerName::try_from(name)?, stream).await?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        self.tasks.spawn(async move {
            // Its end is seen by whoever reads the answer.
            let _ended = connection.await;
        });
        Ok(Connection { sender, host: self.address.clone() })
    }
}

/// One connection: one request at a time.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Connection {
    /// Asks, and waits for the whole answer; anything but success is an error.
    pub async fn send(&mut self, request: &Request) -> anyhow::Result<Bytes> {
        Ok(self.open(request).await?.collect().await?.to_bytes())
    }

    /// Asks, and gives the answer as it comes.
    pub async fn open(&mut self, request: &Request) -> anyhow::Result<Incoming> {
        self.sender.ready().await?;
        let http = http::Request::builder()
            .method(&request.method)
            .uri(&request.path)
            .header("host", &self.host)
            .header("content-type", request.media)
            .header("accept", "application/json")
            .body(Full::new(Bytes::from(request.body.clone())))?;
        let response = self.sender.send_request(http).await?;
        anyhow::ensure!(response.status().is_success(), "{} {}: {}", request.method, request.path, response.status());
        Ok(response.into_body())
    }
}
