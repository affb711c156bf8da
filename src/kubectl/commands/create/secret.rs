//! `kubectl create secret generic|tls|docker-registry`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Map, Value, json};

use super::data::{Data, Sources};
use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::failure::{Failure, Outcome, go_words};
use crate::kubectl::session::Session;
use crate::kubectl::verb::{Command, Verb};

/// The kinds of Secret.
pub(super) const TABLE: &[Command] = &[Command::of::<DockerRegistry>(), Command::of::<Generic>(), Command::of::<Tls>()];

/// Arguments of `create secret generic`.
#[derive(Args, Debug)]
pub(crate) struct Generic {
    #[arg(hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    sources: Sources,
    /// Tipo del Secret.
    #[arg(long = "type", value_name = "TIPO")]
    kind: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl Verb for Generic {
    const NAME: &'static str = "generic";
    const ABOUT: &'static str = "Crea un Secret con valores o archivos";
    const USAGE: &'static str = "NOMBRE [--from-literal=CLAVE=VALOR] [--from-file=ARCHIVO]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one_name(&self.args, session)?;
        let data = self.sources.read("Secret", session.io)?;
        make(&self.common, secret(name, self.kind.as_deref(), data), session).await
    }
}

/// Arguments of `create secret tls`.
#[derive(Args, Debug)]
pub(crate) struct Tls {
    #[arg(hide = true)]
    args: Vec<String>,
    /// Archivo PEM con el certificado.
    #[arg(long, value_name = "ARCHIVO")]
    cert: Option<String>,
    /// Archivo PEM con la clave privada.
    #[arg(long, value_name = "ARCHIVO")]
    key: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl Verb for Tls {
    const NAME: &'static str = "tls";
    const ABOUT: &'static str = "Crea un Secret con un certificado y su clave";
    const USAGE: &'static str = "NOMBRE --cert=ARCHIVO --key=ARCHIVO";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one_name(&self.args, session)?;
        let (Some(cert), Some(key)) = (&self.cert, &self.key) else {
            return Err(Failure::error("key and cert must be specified"));
        };
        let read = |path: &String| {
            let read = session.io.read(path.as_ref());
            read.map_err(|error| Failure::error(format!("Cannot read file {path}, open {path}: {}", go_words(&error))))
        };
        let (cert, key) = (read(cert)?, read(key)?);
        for (bytes, what) in [(&cert, "certificate"), (&key, "key")] {
            if !String::from_utf8_lossy(bytes).contains("-----BEGIN ") {
                return Err(Failure::error(format!("tls: failed to find any PEM data in {what} input")));
            }
        }
        let data = Data::from([("tls.crt".to_string(), cert), ("tls.key".to_string(), key)]);
        make(&self.common, secret(name, Some("kubernetes.io/tls"), data), session).await
    }
}

/// Arguments of `create secret docker-registry`.
#[derive(Args, Debug)]
pub(crate) struct DockerRegistry {
    #[arg(hide = true)]
    args: Vec<String>,
    /// Usuario del registro.
    #[arg(long, value_name = "USUARIO")]
    docker_username: Option<String>,
    /// Contraseña del registro.
    #[arg(long, value_name = "CONTRASEÑA")]
    docker_password: Option<String>,
    /// Correo.
    #[arg(long, value_name = "CORREO")]
    docker_email: Option<String>,
    /// Dirección del registro.
    #[arg(long, value_name = "URL", default_value = "https://index.docker.io/v1/", hide_default_value = true)]
    docker_server: String,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    common: Common,
}

impl Verb for DockerRegistry {
    const NAME: &'static str = "docker-registry";
    const ABOUT: &'static str = "Crea un Secret para un registro de imágenes";
    const USAGE: &'static str = "NOMBRE --docker-username=USUARIO --docker-password=CONTRASEÑA";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one_name(&self.args, session)?;
        let data = match (&self.docker_username, &self.docker_password) {
            (Some(user), Some(password)) => {
                Data::from([(".dockerconfigjson".to_string(), self.config(user, password))])
            }
            _ if self.sources.has_files() => self.sources.read("Secret", session.io)?,
            _ => {
                return Err(Failure::error(
                    "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required",
                ));
            }
        };
        make(&self.common, secret(name, Some("kubernetes.io/dockerconfigjson"), data), session).await
    }
}

impl DockerRegistry {
    /// Docker's configuration, its fields in Go's order.
    fn config(&self, user: &str, password: &str) -> Vec<u8> {
        let text = |value: &str| Value::from(value).to_string();
        let email = self.docker_email.as_deref().map(|email| format!(",\"email\":{}", text(email))).unwrap_or_default();
        let auth = STANDARD.encode(format!("{user}:{password}"));
        format!(
            "{{\"auths\":{{{}:{{\"username\":{},\"password\":{}{email},\"auth\":{}}}}}}}",
            text(&self.docker_server),
            text(user),
            text(password),
            text(&auth)
        )
        .into_bytes()
    }
}

fn secret(name: &str, kind: Option<&str>, data: Data) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata(name)});
    if !data.is_empty() {
        let data: Map<_, _> = data.into_iter().map(|(key, bytes)| (key, STANDARD.encode(bytes).into())).collect();
        object["data"] = data.into();
    }
    if let Some(kind) = kind {
        object["type"] = kind.into();
    }
    object
}

async fn make(common: &Common, object: Value, session: &mut Session<'_>) -> Outcome {
    common.make(Made { object, plural: "secrets", namespaced: true, failed: "failed to create secret" }, session).await
}
