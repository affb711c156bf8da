//! `kubectl set resources`. Must not judge amounts: the server does.

use clap::Args;
use serde_json::{Map, Value, json};

use super::{containers, each, fits, nothing_named};
use crate::kubectl::commands::change::Change;
use crate::kubectl::commands::expose::pairs;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `set resources`.
#[derive(Args, Debug)]
pub(crate) struct Resources {
    /// Objetos.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    /// En qué contenedores: un nombre o un patrón.
    #[arg(short = 'c', long, value_name = "CONTENEDOR", default_value = "*", hide_default_value = true)]
    containers: String,
    /// Lo más que pueden usar, por ejemplo cpu=200m,memory=512Mi.
    #[arg(long, value_name = "CANTIDADES")]
    limits: Option<String>,
    /// Lo que se les reserva.
    #[arg(long, value_name = "CANTIDADES")]
    requests: Option<String>,
    #[command(flatten)]
    change: Change,
}

impl Verb for Resources {
    const NAME: &'static str = "resources";
    const ABOUT: &'static str = "Cambia la CPU y la memoria que piden los contenedores";
    const USAGE: &'static str = "TIPO NOMBRE --limits=… --requests=…";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        nothing_named(&self.args, &self.change)?;
        let limits = self.limits.as_deref().map(pairs).transpose()?.unwrap_or_default();
        let requests = self.requests.as_deref().map(pairs).transpose()?.unwrap_or_default();
        if limits.is_empty() && requests.is_empty() {
            return Err(Failure::error(
                "you must specify an update to requests or limits (in the form of --requests/--limits)",
            ));
        }
        let alter = |spec: &mut Value| {
            let mut found = false;
            for container in containers(spec, true).filter(|container| fits(&self.containers, container)) {
                set(container, "limits", &limits);
                set(container, "requests", &requests);
                found = true;
            }
            if found {
                return Ok(());
            }
            Err(Failure::error(format!("error: unable to find container named {}", self.containers)))
        };
        each(&self.change, &self.args, "resource requirements", alter, session).await
    }
}

fn set(container: &mut Value, part: &str, amounts: &Map<String, Value>) {
    if amounts.is_empty() {
        return;
    }
    if !container["resources"].is_object() {
        container["resources"] = json!({});
    }
    for (name, amount) in amounts {
        container["resources"][part][name] = amount.clone();
    }
}
