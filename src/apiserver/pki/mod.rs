//! The cluster's certificates and keys: made on the first start, found again later. Must not open sockets.
//!
//! The files are named as kubeadm names them (`ca.crt`, `apiserver.crt`, `sa.key`…); keys are ECDSA P-256, which are
//! made in a millisecond.

mod identity;
mod issue;
mod request;
mod signing;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rcgen::{Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

pub use identity::identity;
pub use signing::SigningKey;

use crate::base::files::{self, Readable};
use issue::Role;
use request::Authority;

/// Why the certificates cannot be used. Nothing was overwritten.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// One of a pair is missing: a key without its certificate or the reverse.
    #[error("{path} is missing, while its other half is there")]
    Incomplete {
        /// The missing file.
        path: PathBuf,
    },
    /// A file does not hold what its name says.
    #[error("{path} is damaged: {cause}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// A certificate could not be made.
    #[error("no certificate could be issued: {0}")]
    Issue(#[from] rcgen::Error),
    /// TLS does not accept the certificates.
    #[error("the certificates do not make a TLS server: {0}")]
    Tls(String),
}

/// A certificate with its private key, both as PEM.
#[derive(Clone)]
pub struct Credentials {
    /// The certificate.
    pub certificate: String,
    /// The private key (PKCS #8).
    pub key: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// All that the API server needs to prove itself, to know others and to sign tokens.
#[derive(Clone, Debug)]
pub struct Pki {
    /// The certificate of the cluster's authority, as PEM: what clients trust.
    pub ca: String,
    /// The API server's own.
    pub server: Credentials,
    /// The administrator's: `kubernetes-admin` of `system:masters`.
    pub admin: Credentials,
    /// Signs service account tokens.
    pub tokens: Arc<SigningKey>,
    /// The authority's key: signs what others ask to have signed.
    authority: Arc<Authority>,
}

impl Pki {
    /// Finds the certificates in a directory, makes those that are missing and renews those near their end.
    ///
    /// # Errors
    /// When a file cannot be read or written, is damaged, or lacks its other half.
    pub fn load_or_create(dir: &Path, now: Timestamp) -> Result<Self, PkiError> {
        files::create_private_dir(dir).map_err(|source| PkiError::Io { path: dir.into(), source })?;
        let folder = Folder { dir, now };
        let (ca, key) = folder.authority()?;
        let authority = Arc::new(Authority(KeyPair::from_pem(&key.serialize_pem())?));
        let issuer = Issuer::from_ca_cert_pem(&ca, key)?;
        Ok(Self {
            server: folder.credentials(&Role::Server, &issuer, &ca)?,
            admin: folder.credentials(&Role::Admin, &issuer, &ca)?,
            tokens: Arc::new(folder.signing_key()?),
            authority,
            ca,
        })
    }

    /// Signs a certificate request (PEM) for some uses, from one moment to another; the certificate as PEM.
    ///
    /// # Errors
    /// Why it cannot be signed, in words.
    pub fn sign_request(
        &self,
        request: &str,
        usages: &[String],
        validity: (Timestamp, Timestamp),
    ) -> Result<String, String> {
        request::sign(&self.authority, &self.ca, request, usages, validity)
    }

    /// TLS as the API server speaks it: client certificates are optional, and verified against the authority when given.
    ///
    /// # Errors
    /// When the certificates do not fit together.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, PkiError> {
        let tls = |error: &dyn std::fmt::Display| PkiError::Tls(error.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&self.ca).map_err(|e| tls(&e))?).map_err(|e| tls(&e))?;
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|e| tls(&e))?;
        let chain = vec![certificate(&self.server.certificate).map_err(|e| tls(&e))?];
        let key = PrivateKeyDer::from_pem_slice(self.server.key.as_bytes()).map_err(|e| tls(&e))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| tls(&e))?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .map_err(|e| tls(&e))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn certificate(pem: &str) -> Result<CertificateDer<'static>, rustls::pki_types::pem::Error> {
    CertificateDer::from_pem_slice(pem.as_bytes())
}

/// The directory of certificates at a moment.
struct Folder<'a> {
    dir: &'a Path,
    now: Timestamp,
}

impl Folder<'_> {
    /// The authority: its key is kept for good, so that what clients trust stays true across a renewal.
    fn authority(&self) -> Result<(String, KeyPair), PkiError> {
        let key = if let Some(Credentials { certificate, key }) = self.pair("ca")? {
            let key = self.key("ca", &key)?;
            if issue::lasts(&certificate, self.now).map_err(|cause| self.damaged("ca.crt", cause))? {
                return Ok((certificate, key));
            }
            key
        } else {
            KeyPair::generate()?
        };
        let certificate = issue::authority(&key, self.now)?;
        self.save("ca", &Credentials { certificate: certificate.clone(), key: key.serialize_pem() })?;
        Ok((certificate, key))
    }

    fn credentials(&self, role: &Role, issuer: &Issuer<'_, KeyPair>, ca: &str) -> Result<Credentials, PkiError> {
        let name = role.file();
        if let Some(found) = self.pair(name)? {
            let damaged = |cause| self.damaged(&format!("{name}.crt"), cause);
            self.key(name, &found.key)?;
            if issue::lasts(&found.certificate, self.now).map_err(damaged)?
                && issue::is_signed_by(&found.certificate, ca).map_err(damaged)?
            {
                return Ok(found);
            }
        }
        let fresh = issue::credentials(role, issuer, self.now)?;
        self.save(name, &fresh)?;
        Ok(fresh)
    }

    fn signing_key(&self) -> Result<SigningKey, PkiError> {
        let path = self.dir.join("sa.key");
        let found = files::read_if_exists(&path).map_err(|source| PkiError::Io { path, source })?;
        let pem = if let Some(pem) = found {
            pem
        } else {
            let key = KeyPair::generate()?;
            self.write("sa.pub", &key.public_key_pem(), Readable::All)?;
            self.write("sa.key", &key.serialize_pem(), Readable::Owner)?;
            key.serialize_pem()
        };
        SigningKey::new(&self.key("sa", &pem)?).map_err(|cause| self.damaged("sa.key", cause))
    }

    fn key(&self, name: &str, pem: &str) -> Result<KeyPair, PkiError> {
        KeyPair::from_pem(pem).map_err(|error| self.damaged(&format!("{name}.key"), error.to_string()))
    }

    fn damaged(&self, file: &str, cause: String) -> PkiError {
        PkiError::Damaged { path: self.dir.join(file), cause }
    }

    /// Both halves of a pair, or neither.
    fn pair(&self, name: &str) -> Result<Option<Credentials>, PkiError> {
        let read = |file: String| {
            let path = self.dir.join(file);
            files::read_if_exists(&path).map_err(|source| PkiError::Io { path, source })
        };
        match (read(format!("{name}.crt"))?, read(format!("{name}.key"))?) {
            (Some(certificate), Some(key)) => Ok(Some(Credentials { certificate, key })),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(PkiError::Incomplete { path: self.dir.join(format!("{name}.crt")) }),
            (Some(_), None) => Err(PkiError::Incomplete { path: self.dir.join(format!("{name}.key")) }),
        }
    }

    fn save(&self, name: &str, credentials: &Credentials) -> Result<(), PkiError> {
        self.write(&format!("{name}.key"), &credentials.key, Readable::Owner)?;
        self.write(&format!("{name}.crt"), &credentials.certificate, Readable::All)
    }

    fn write(&self, file: &str, content: &str, readable: Readable) -> Result<(), PkiError> {
        let path = self.dir.join(file);
        files::write_atomic(&path, content.as_bytes(), readable).map_err(|source| PkiError::Io { path, source })
    }
}
