//! What is at the other end: `version`, `cluster-info`, `api-versions`. Must not change anything.

use clap::Args;
use serde_json::{Value, json};

use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::print::yaml;
use crate::kubectl::rest::Ask;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// The Kubernetes whose kubectl this is.
const VERSION: &str = concat!("v1.36.0+timonel.", env!("CARGO_PKG_VERSION"));

/// Arguments of `version`.
#[derive(Args, Debug)]
pub(crate) struct Version {
    #[arg(hide = true)]
    args: Vec<String>,
    /// Solo la de este programa.
    #[arg(long)]
    client: bool,
    /// json o yaml.
    #[arg(short, long, value_name = "FORMATO")]
    output: Option<String>,
}

impl Verb for Version {
    const NAME: &'static str = "version";
    const ABOUT: &'static str = "Muestra la versión de kubectl y la del servidor";
    const USAGE: &'static str = "[--client] [-o json|yaml]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        if !self.args.is_empty() {
            return Err(Failure::error(format!("extra arguments: [{}]", self.args.join(" "))));
        }
        let mut both = json!({"clientVersion": {"major": "1", "minor": "36", "gitVersion": VERSION}});
        if !self.client {
            both["serverVersion"] = session.ask(Ask::get("/version")).await?;
        }
        match self.output.as_deref() {
            None => {
                session.line(format!("Client Version: {VERSION}"))?;
                if self.client {
                    return Ok(());
                }
                let server = both["serverVersion"]["gitVersion"].as_str().unwrap_or_default();
                session.line(format!("Server Version: {server}"))
            }
            Some("json") => session.line(serde_json::to_string_pretty(&both).unwrap_or_default()),
            Some("yaml") => session.line(yaml::document(&both)),
            Some(_) => Err(Failure::error("--output must be 'yaml' or 'json'")),
        }
    }
}

/// Arguments of `api-versions`.
#[derive(Args, Debug)]
pub(crate) struct ApiVersions {}

impl Verb for ApiVersions {
    const NAME: &'static str = "api-versions";
    const ABOUT: &'static str = "Muestra los grupos del API y sus versiones";
    const USAGE: &'static str = "";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let mut versions = session.discovery().await?.versions.clone();
        versions.sort();
        versions.iter().try_for_each(|version| session.line(version))
    }
}

/// Arguments of `cluster-info`.
#[derive(Args, Debug)]
pub(crate) struct ClusterInfo {
    #[arg(hide = true)]
    args: Vec<String>,
}

impl Verb for ClusterInfo {
    const NAME: &'static str = "cluster-info";
    const ABOUT: &'static str = "Muestra dónde está el clúster";
    const USAGE: &'static str = "";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        if self.args.first().is_some_and(|word| word == "dump") {
            return Err(Failure::Worded(
                "El kubectl de Timonel no trae «cluster-info dump»: usa «kubectl get all -A -o yaml».".into(),
            ));
        }
        let services = "/api/v1/namespaces/kube-system/services";
        let found =
            session.list(Ask::get(services).with("labelSelector", "kubernetes.io/cluster-service=true")).await?;
        let server = session.server();
        session.line(format!("Kubernetes control plane is running at {server}"))?;
        for service in found["items"].as_array().into_iter().flatten() {
            session.line(running_at(service, &server))?;
        }
        session.line("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.")
    }
}

fn running_at(service: &Value, server: &str) -> String {
    let metadata = &service["metadata"];
    let own = metadata["name"].as_str().unwrap_or_default();
    let name = metadata["labels"]["kubernetes.io/name"].as_str().unwrap_or(own);
    let port = service["spec"]["ports"][0]["name"].as_str().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{name} is running at {server}/api/v1/namespaces/kube-system/services/{own}{port}/proxy")
}
