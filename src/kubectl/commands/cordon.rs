//! `kubectl cordon` and `kubectl uncordon`. Must not move any pod.

use clap::Args;
use serde_json::json;

use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::{DryRun, DryRunFlag};
use crate::kubectl::rest::{Ask, PatchKind};
use crate::kubectl::select::{self, Info, Query, words};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of both, and of `drain`.
#[derive(Args, Debug)]
pub(super) struct Nodes {
    /// Nodos.
    #[arg(value_name = "NODO", hide = true)]
    args: Vec<String>,
    /// Solo los que tengan estas etiquetas.
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    #[command(flatten)]
    pub dry_run: DryRunFlag,
}

/// Arguments of `cordon`.
#[derive(Args, Debug)]
pub(crate) struct Cordon {
    #[command(flatten)]
    nodes: Nodes,
}

/// Arguments of `uncordon`.
#[derive(Args, Debug)]
pub(crate) struct Uncordon {
    #[command(flatten)]
    nodes: Nodes,
}

impl Verb for Cordon {
    const NAME: &'static str = "cordon";
    const ABOUT: &'static str = "Cierra un nodo: no recibe pods nuevos";
    const USAGE: &'static str = "NODO…";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let (infos, failures) = self.nodes.infos(session).await?;
        self.nodes.mark(&infos, true, session).await?;
        Failure::all(failures)
    }
}

impl Verb for Uncordon {
    const NAME: &'static str = "uncordon";
    const ABOUT: &'static str = "Abre un nodo cerrado";
    const USAGE: &'static str = "NODO…";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let (infos, failures) = self.nodes.infos(session).await?;
        self.nodes.mark(&infos, false, session).await?;
        Failure::all(failures)
    }
}

impl Nodes {
    /// The nodes that are named.
    pub async fn infos(&self, session: &mut Session<'_>) -> Outcome<(Vec<Info>, Vec<Failure>)> {
        if self.args.is_empty() && self.selector.is_none() {
            return Err(session.usage(format!("USAGE: {} NODE [flags]", session.path.replacen("kubectl ", "", 1))));
        }
        if !self.args.is_empty() && self.selector.is_some() {
            return Err(session.usage("error: cannot specify both a node name and a --selector option"));
        }
        let mut args: Vec<String> = vec!["nodes".into()];
        for arg in &self.args {
            match arg.contains('/') {
                true => args.push(words::pair(arg)?.1),
                false => args.push(arg.clone()),
            }
        }
        let query = Query { args: &args, selector: self.selector.as_deref(), ..Query::default() };
        select::infos(session, &query).await
    }

    /// Closes or opens them.
    pub async fn mark(&self, infos: &[Info], closed: bool, session: &mut Session<'_>) -> Outcome {
        let dry_run = self.dry_run.read()?;
        let did = if closed { "cordoned" } else { "uncordoned" };
        let mut failures = Vec::new();
        for info in infos {
            if (info.object["spec"]["unschedulable"] == true) == closed {
                session.line(format!("node/{} already {}", info.name, dry_run.did(did)))?;
                continue;
            }
            match set(info, closed, dry_run, session).await {
                Ok(()) => session.line(format!("node/{} {}", info.name, dry_run.did(did)))?,
                Err(failure) => failures.push(failure.before(&format!(
                    "unable to {} node {:?}: ",
                    &did[..did.len() - 2],
                    info.name
                ))),
            }
        }
        Failure::all(failures)
    }
}

async fn set(info: &Info, closed: bool, dry_run: DryRun, session: &mut Session<'_>) -> Outcome {
    if dry_run.is_client() {
        return Ok(());
    }
    let value = closed.then_some(true);
    let patch = json!({ "spec": { "unschedulable": value } });
    let ask = Ask::patch(info.path(), PatchKind::Strategic, patch.to_string());
    session.ask(ask.maybe("dryRun", dry_run.parameter())).await.map(drop)
}
