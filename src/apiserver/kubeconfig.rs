//! The kubeconfig that lets kubectl and others in as administrator. Must stay readable by its owner only.

use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::pki::Pki;
use crate::base::files::{self, Readable};

/// The name of cluster, user and context.
const NAME: &str = "timonel";

/// A kubeconfig with everything embedded, for a server such as `https://127.0.0.1:6443`.
#[must_use]
pub fn kubeconfig(server: &str, pki: &Pki) -> String {
    let data = |pem: &str| STANDARD.encode(pem);
    let cluster = json!({"certificate-authority-data": data(&pki.ca), "server": server});
    let user = json!({
        "client-certificate-data": data(&pki.admin.certificate),
        "client-key-data": data(&pki.admin.key),
    });
    let config = json!({
        "apiVersion": "v1",
        "clusters": [{"cluster": cluster, "name": NAME}],
        "contexts": [{"context": {"cluster": NAME, "user": NAME}, "name": NAME}],
        "current-context": NAME,
        "kind": "Config",
        "users": [{"name": NAME, "user": user}],
    });
    // A value of strings and lists always serializes.
    serde_yaml::to_string(&config).unwrap_or_default()
}

/// Writes the kubeconfig, whole or not at all, with mode 0600.
///
/// # Errors
/// As the system answers; what was there before then stays.
pub fn write(path: &Path, server: &str, pki: &Pki) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        files::create_private_dir(folder)?;
    }
    files::write_atomic(path, kubeconfig(server, pki).as_bytes(), Readable::Owner)
}
