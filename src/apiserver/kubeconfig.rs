//! The kubeconfig that lets kubectl and others in as administrator. Must stay readable by its owner only.

use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::pki::Pki;
use crate::base::files::{self, Readable};

/// The name of cluster, user and context.
const NAME: &str = "timonel";

/// A way into a cluster, as its administrator.
#[derive(Clone, Copy, Debug)]
pub struct Door<'a> {
    /// The name of cluster, user and context.
    pub name: &'a str,
    /// A server such as `https://127.0.0.1:6443`.
    pub server: &'a str,
    /// The namespace that its context names, if any.
    pub namespace: Option<&'a str>,
    /// The cluster's certificates.
    pub pki: &'a Pki,
}

impl Door<'_> {
    fn cluster(&self) -> Value {
        let cluster = json!({"certificate-authority-data": STANDARD.encode(&self.pki.ca), "server": self.server});
        json!({"cluster": cluster, "name": self.name})
    }

    fn context(&self) -> Value {
        let mut context = json!({"cluster": self.name, "user": self.name});
        if let Some(namespace) = self.namespace {
            context["namespace"] = namespace.into();
        }
        json!({"context": context, "name": self.name})
    }

    fn user(&self) -> Value {
        let admin = &self.pki.admin;
        let user = json!({
            "client-certificate-data": STANDARD.encode(&admin.certificate),
            "client-key-data": STANDARD.encode(&admin.key),
        });
        json!({"name": self.name, "user": user})
    }
}

/// A kubeconfig with everything embedded, for a server such as `https://127.0.0.1:6443`.
#[must_use]
pub fn kubeconfig(server: &str, pki: &Pki) -> String {
    kubeconfig_to(&[Door { name: NAME, server, namespace: None, pki }], NAME)
}

/// A kubeconfig with everything embedded for several clusters, one of whose contexts is in use.
#[must_use]
pub fn kubeconfig_to(doors: &[Door], current: &str) -> String {
    let config = json!({
        "apiVersion": "v1",
        "clusters": doors.iter().map(Door::cluster).collect::<Vec<_>>(),
        "contexts": doors.iter().map(Door::context).collect::<Vec<_>>(),
        "current-context": current,
        "kind": "Config",
        "users": doors.iter().map(Door::user).collect::<Vec<_>>(),
    });
    // A value of strings and lists always serializes.
    serde_yaml::to_string(&config).unwrap_or_default()
}

/// Writes the kubeconfig of one server.
///
/// # Errors
/// As [`save`].
pub fn write(path: &Path, server: &str, pki: &Pki) -> io::Result<()> {
    save(path, &kubeconfig(server, pki))
}

/// Writes a kubeconfig, whole or not at all, with mode 0600.
///
/// # Errors
/// As the system answers; what was there before then stays.
pub fn save(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        files::create_private_dir(folder)?;
    }
    files::write_atomic(path, text.as_bytes(), Readable::Owner)
}
