//! The certificate of each host, from Secrets; for others one of the controller's own that nobody trusts.
//! Must not write keys anywhere.

use std::collections::HashMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Subject of the certificate for hosts that have none (ingress-nginx).
const FAKE: &str = "Kubernetes Ingress Controller Fake Certificate";

/// Certificates by host. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Certificates {
    hosts: Arc<RwLock<HashMap<String, Arc<CertifiedKey>>>>,
    fake: Option<Arc<CertifiedKey>>,
}

impl Certificates {
    /// Only the controller's own.
    pub(super) fn new() -> Self {
        Self { hosts: Arc::default(), fake: fake().map(Arc::new) }
    }

    /// Takes the certificates as they are now.
    pub(super) fn replace(&self, hosts: HashMap<String, Arc<CertifiedKey>>) {
        *self.hosts.write() = hosts;
    }

    /// A TLS server that shows each host's own.
    pub(super) fn server(&self) -> Result<ServerConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = config.with_no_client_auth().with_cert_resolver(Arc::new(self.clone()));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name().unwrap_or_default().to_lowercase();
        let wildcard = host.split_once('.').map(|(_, rest)| format!("*.{rest}")).unwrap_or_default();
        let hosts = self.hosts.read();
        hosts.get(&host).or_else(|| hosts.get(&wildcard)).cloned().or_else(|| self.fake.clone())
    }
}

/// The certificate and key in a Secret of type `kubernetes.io/tls`, or what is wrong with them.
pub(super) fn certified(secret: &Secret) -> Result<CertifiedKey, String> {
    let data = |key: &str| secret.data.as_ref().and_then(|data| data.get(key)).ok_or(format!("no key {key:?}"));
    let chain = CertificateDer::pem_slice_iter(&data("tls.crt")?.0).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| format!("tls.crt: {error}"))?;
    if chain.is_empty() {
        return Err("tls.crt: no certificate".into());
    }
    let key = PrivateKeyDer::from_pem_slice(&data("tls.key")?.0).map_err(|error| format!("tls.key: {error}"))?;
    let key = any_supported_type(&key).map_err(|error| format!("tls.key: {error}"))?;
    Ok(CertifiedKey::new(chain, key))
}

fn fake() -> Option<CertifiedKey> {
    let mut parameters = rcgen::CertificateParams::new(vec!["ingress.local".into()]).ok()?;
    parameters.distinguished_name.push(rcgen::DnType::CommonName, FAKE);
    let key = rcgen::KeyPair::generate().ok()?;
    let certificate = parameters.self_signed(&key).ok()?;
    let signer = any_supported_type(&PrivateKeyDer::try_from(key.serialize_der()).ok()?).ok()?;
    Some(CertifiedKey::new(vec![certificate.der().clone()], signer))
}
