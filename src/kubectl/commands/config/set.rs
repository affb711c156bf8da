//! Making and changing clusters, contexts and users of the kubeconfig.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Map, Value};

use crate::kubectl::failure::{Failure, Outcome, go_words};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `config set-context`; the fields' flags are those that every command takes.
#[derive(Args, Debug)]
pub(crate) struct SetContext {
    #[arg(hide = true)]
    args: Vec<String>,
    /// El contexto actual.
    #[arg(long)]
    current: bool,
}

impl Verb for SetContext {
    const NAME: &'static str = "set-context";
    const ABOUT: &'static str = "Crea o cambia un contexto";
    const USAGE: &'static str = "NOMBRE|--current [--namespace=] [--cluster=] [--user=]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let mut config = session.config()?.clone();
        let name = match (self.args.as_slice(), self.current) {
            ([name], false) => name.clone(),
            ([], true) if config.current_context().is_empty() => {
                return Err(Failure::error("no current context is set"));
            }
            ([], true) => config.current_context(),
            ([_, ..], true) => return Err(Failure::error("you cannot specify both a context name and --current")),
            _ => return Err(Failure::error("you must specify a non-empty context name or --current")),
        };
        let done = if config.has_context(&name) { "modified" } else { "created" };
        let globals = session.globals.clone();
        config.set_entry("contexts", &name, |context| {
            set(context, "cluster", globals.cluster);
            set(context, "user", globals.user);
            set(context, "namespace", globals.namespace);
            for field in ["cluster", "user"] {
                context.entry(field).or_insert_with(|| "".into());
            }
        });
        config.save(session.io)?;
        session.line(format!("Context {name:?} {done}."))
    }
}

/// Arguments of `config set-cluster`.
#[derive(Args, Debug)]
pub(crate) struct SetCluster {
    #[arg(hide = true)]
    args: Vec<String>,
    /// Dirección del servidor.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Archivo con el certificado de la CA.
    #[arg(long, value_name = "ARCHIVO")]
    certificate_authority: Option<String>,
    /// Guarda los certificados dentro del kubeconfig.
    #[arg(long)]
    embed_certs: bool,
    /// No comprueba el certificado del servidor.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    insecure_skip_tls_verify: Option<bool>,
    /// Nombre que debe tener el certificado del servidor.
    #[arg(long, value_name = "NOMBRE")]
    tls_server_name: Option<String>,
}

impl Verb for SetCluster {
    const NAME: &'static str = "set-cluster";
    const ABOUT: &'static str = "Crea o cambia un clúster";
    const USAGE: &'static str = "NOMBRE [--server=URL] [--certificate-authority=ARCHIVO]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one(&self.args)?;
        let authority = file("certificate-authority", self.certificate_authority, self.embed_certs, session)?;
        let mut config = session.config()?.clone();
        config.set_entry("clusters", &name, |cluster| {
            set(cluster, "server", self.server);
            set(cluster, "tls-server-name", self.tls_server_name);
            if let Some(skip) = self.insecure_skip_tls_verify {
                cluster.insert("insecure-skip-tls-verify".into(), skip.into());
            }
            cluster.extend(authority);
            cluster.entry("server").or_insert_with(|| "".into());
        });
        config.save(session.io)?;
        session.line(format!("Cluster {name:?} set."))
    }
}

/// Arguments of `config set-credentials`.
#[derive(Args, Debug)]
pub(crate) struct SetCredentials {
    #[arg(hide = true)]
    args: Vec<String>,
    /// Token.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Usuario, con --password.
    #[arg(long, value_name = "USUARIO")]
    username: Option<String>,
    /// Contraseña, con --username.
    #[arg(long, value_name = "CONTRASEÑA")]
    password: Option<String>,
    /// Archivo con el certificado.
    #[arg(long, value_name = "ARCHIVO")]
    client_certificate: Option<String>,
    /// Archivo con la clave.
    #[arg(long, value_name = "ARCHIVO")]
    client_key: Option<String>,
    /// Guarda los certificados dentro del kubeconfig.
    #[arg(long)]
    embed_certs: bool,
}

impl Verb for SetCredentials {
    const NAME: &'static str = "set-credentials";
    const ABOUT: &'static str = "Crea o cambia un usuario";
    const USAGE: &'static str = "NOMBRE [--token=TOKEN] [--client-certificate=ARCHIVO --client-key=ARCHIVO]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one(&self.args)?;
        if self.token.is_some() && (self.username.is_some() || self.password.is_some()) {
            return Err(Failure::error(
                "you cannot specify more than one authentication method at the same time: --token, --username/--password",
            ));
        }
        let mut files = file("client-certificate", self.client_certificate, self.embed_certs, session)?;
        files.extend(file("client-key", self.client_key, self.embed_certs, session)?);
        let mut config = session.config()?.clone();
        config.set_entry("users", &name, |user| {
            set(user, "token", self.token);
            set(user, "username", self.username);
            set(user, "password", self.password);
            user.extend(files);
        });
        config.save(session.io)?;
        session.line(format!("User {name:?} set."))
    }
}

fn one(args: &[String]) -> Outcome<String> {
    match args {
        [name] => Ok(name.clone()),
        args => Err(Failure::error(format!("Unexpected args: [{}]", args.join(" ")))),
    }
}

fn set(content: &mut Map<String, Value>, field: &str, value: Option<String>) {
    if let Some(value) = value {
        content.insert(field.into(), value.into());
    }
}

/// The field that names a file, or holds its content.
fn file(field: &str, path: Option<String>, embeds: bool, session: &Session<'_>) -> Outcome<Map<String, Value>> {
    let Some(path) = path else { return Ok(Map::new()) };
    if !embeds {
        return Ok(Map::from_iter([(field.into(), path.into())]));
    }
    let bytes = session.io.read(path.as_ref());
    let bytes = bytes.map_err(|error| {
        Failure::error(format!("could not read {field} data from {path}: open {path}: {}", go_words(&error)))
    })?;
    Ok(Map::from_iter([(format!("{field}-data"), STANDARD.encode(bytes).into())]))
}
