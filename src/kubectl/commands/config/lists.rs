//! What the kubeconfig holds: contexts, clusters, users.

use clap::Args;
use serde_json::Value;

use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::print::tabs::Tabs;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `config get-contexts`.
#[derive(Args, Debug)]
pub(crate) struct GetContexts {
    #[arg(hide = true)]
    names: Vec<String>,
    /// Solo name.
    #[arg(short, long, value_name = "FORMATO")]
    output: Option<String>,
    /// Sin la fila de títulos.
    #[arg(long)]
    no_headers: bool,
}

impl Verb for GetContexts {
    const NAME: &'static str = "get-contexts";
    const ABOUT: &'static str = "Muestra los contextos";
    const USAGE: &'static str = "[CONTEXTO…]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let by_name = match self.output.as_deref() {
            None => false,
            Some("name") => true,
            Some(_) => return Err(Failure::error("output must be one of '' or 'name'")),
        };
        let config = session.config()?.clone();
        let (mut text, mut failures) = (String::new(), Vec::new());
        if !by_name && !self.no_headers {
            text += "CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n";
        }
        let all = names(&config.merged()["contexts"]);
        for name in if self.names.is_empty() { &all } else { &self.names } {
            let Some(context) = config.entry("contexts", name) else {
                failures.push(Failure::error(format!("context {name} not found")));
                continue;
            };
            let mark = if *name == config.current_context() { "*" } else { "" };
            let field = |field: &str| context[field].as_str().unwrap_or_default().to_string();
            text += &match by_name {
                true => format!("{name}\n"),
                false => format!("{mark}\t{name}\t{}\t{}\t{}\n", field("cluster"), field("user"), field("namespace")),
            };
        }
        session.print(Tabs::table().align(&text))?;
        Failure::all(failures)
    }
}

/// Arguments of `config get-clusters`.
#[derive(Args, Debug)]
pub(crate) struct GetClusters {}

impl Verb for GetClusters {
    const NAME: &'static str = "get-clusters";
    const ABOUT: &'static str = "Muestra los clústeres del kubeconfig";
    const USAGE: &'static str = "";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        print_names("clusters", session)
    }
}

/// Arguments of `config get-users`.
#[derive(Args, Debug)]
pub(crate) struct GetUsers {}

impl Verb for GetUsers {
    const NAME: &'static str = "get-users";
    const ABOUT: &'static str = "Muestra los usuarios del kubeconfig";
    const USAGE: &'static str = "";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        print_names("users", session)
    }
}

fn print_names(list: &str, session: &mut Session<'_>) -> Outcome {
    let names = names(&session.config()?.merged()[list]);
    session.line("NAME")?;
    names.iter().try_for_each(|name| session.line(name))
}

fn names(entries: &Value) -> Vec<String> {
    let names = entries.as_array().into_iter().flatten().filter_map(|entry| entry["name"].as_str());
    names.map(Into::into).collect()
}
