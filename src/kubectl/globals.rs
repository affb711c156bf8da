//! The flags that every command takes. Must not act on them.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::duration;
use crate::client;

/// How this kubectl names itself to the server.
const AGENT: &str = concat!("kubectl/timonel-", env!("CARGO_PKG_VERSION"));

/// The flags that every command takes.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Opciones de todos los comandos")]
pub struct Globals {
    /// Espacio de nombres en el que se actúa.
    #[arg(short, long, value_name = "NOMBRE", global = true)]
    pub namespace: Option<String>,
    /// Archivo kubeconfig que se usa.
    #[arg(long, value_name = "ARCHIVO", global = true)]
    pub kubeconfig: Option<PathBuf>,
    /// Contexto del kubeconfig.
    #[arg(long, value_name = "NOMBRE", global = true)]
    pub context: Option<String>,
    /// Clúster del kubeconfig.
    #[arg(long, value_name = "NOMBRE", global = true)]
    pub cluster: Option<String>,
    /// Usuario del kubeconfig.
    #[arg(long, value_name = "NOMBRE", global = true)]
    pub user: Option<String>,
    /// Usuario en cuyo nombre se actúa.
    #[arg(long = "as", value_name = "USUARIO", global = true)]
    pub act_as: Option<String>,
    /// Grupo en cuyo nombre se actúa; se puede repetir.
    #[arg(long = "as-group", value_name = "GRUPO", global = true)]
    pub as_group: Vec<String>,
    /// UID en cuyo nombre se actúa.
    #[arg(long = "as-uid", value_name = "UID", global = true)]
    pub as_uid: Option<String>,
    /// Cuánto se espera cada respuesta, por ejemplo 5s.
    #[arg(long, value_name = "TIEMPO", global = true, value_parser = duration::seconds_or_duration)]
    pub request_timeout: Option<Duration>,
    /// Se acepta y no cambia nada.
    #[arg(short = 'v', long = "v", value_name = "NIVEL", global = true, hide = true)]
    pub verbosity: Option<String>,
    /// Se acepta y no cambia nada.
    #[arg(long, value_name = "CARPETA", global = true, hide = true)]
    pub cache_dir: Option<String>,
    /// Se acepta y no cambia nada.
    #[arg(long, global = true, hide = true)]
    pub disable_compression: bool,
    /// Se acepta y no cambia nada.
    #[arg(long, global = true, hide = true)]
    pub match_server_version: bool,
    /// Muestra la ayuda.
    #[arg(short = 'h', long, action = clap::ArgAction::Help, global = true)]
    pub help: Option<bool>,
}

impl Globals {
    /// The client, which says that it is kubectl, speaking in the name of whom the flags say.
    pub(crate) fn impersonate(&self, client: kube::Client) -> kube::Client {
        let mut headers = vec![("user-agent", AGENT.to_owned())];
        headers.extend(self.act_as.iter().map(|user| ("impersonate-user", user.clone())));
        headers.extend(self.as_group.iter().map(|group| ("impersonate-group", group.clone())));
        headers.extend(self.as_uid.iter().map(|uid| ("impersonate-uid", uid.clone())));
        client::with_headers(client, headers)
    }
}
