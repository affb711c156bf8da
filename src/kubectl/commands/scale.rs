//! `kubectl scale`. Must not know kinds: whatever has a scale subresource can be scaled.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::kubectl::duration;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::{DryRun, DryRunFlag, Files, Output};
use crate::kubectl::grammar;
use crate::kubectl::print::Chosen;
use crate::kubectl::rest::{Ask, PatchKind};
use crate::kubectl::select::{self, Info, Query};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;
use crate::kubectl::watching;

/// Arguments of `scale`.
#[derive(Args, Debug)]
pub(crate) struct Scale {
    /// Qué escalar.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    /// Cuántas réplicas.
    #[arg(long, value_name = "N", required = true, value_parser = grammar::int)]
    replicas: i64,
    /// Solo si ahora tiene tantas.
    #[arg(long, value_name = "N", value_parser = grammar::int)]
    current_replicas: Option<i64>,
    /// Solo si está en esta versión.
    #[arg(long, value_name = "VERSIÓN")]
    resource_version: Option<String>,
    /// Espera hasta que estén todas, como mucho este tiempo.
    #[arg(long, value_name = "TIEMPO", value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// Todos los objetos del tipo.
    #[arg(long)]
    all: bool,
    /// Solo los que tengan estas etiquetas.
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    dry_run: DryRunFlag,
}

impl Verb for Scale {
    const NAME: &'static str = "scale";
    const ABOUT: &'static str = "Cambia cuántas réplicas tiene un Deployment, ReplicaSet o StatefulSet";
    const USAGE: &'static str = "--replicas=N TIPO NOMBRE…";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        if self.replicas < 0 {
            return Err(Failure::error(
                "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
            ));
        }
        let dry_run = self.dry_run.read()?;
        let chosen = Chosen::of(&self.output, session)?;
        let query = Query {
            args: &self.args,
            files: self.files.clone(),
            selector: self.selector.as_deref(),
            all: self.all,
            ..Query::default()
        };
        let (infos, failures) = select::infos(session, &query).await?;
        if infos.is_empty() {
            let why: Vec<String> = failures.iter().map(Failure::message).collect();
            return Err(Failure::error(format!("no objects passed to scale {}", why.join(", ")).trim_end()));
        }
        for info in infos {
            if !dry_run.is_client() {
                self.scale(&info, dry_run, session).await?;
            }
            session.done(&chosen, &self.output, &info.object, &dry_run.did("scaled"))?;
        }
        Failure::all(failures)
    }
}

impl Scale {
    async fn scale(&self, info: &Info, dry_run: DryRun, session: &mut Session<'_>) -> Outcome {
        let path = format!("{}/scale", info.path());
        let ask = if self.current_replicas.is_some() || self.resource_version.is_some() {
            Ask::put(path.clone(), &self.expected(session.ask(Ask::get(path)).await?)?)
        } else {
            Ask::patch(path, PatchKind::Merge, json!({"spec": {"replicas": self.replicas}}).to_string())
        };
        session.ask(ask.maybe("dryRun", dry_run.parameter())).await?;
        match self.timeout.filter(|limit| !limit.is_zero() && dry_run == DryRun::None) {
            Some(limit) => self.wait(info, limit, session).await,
            None => Ok(()),
        }
    }

    /// The new scale, if the old one is as expected.
    fn expected(&self, mut scale: Value) -> Outcome<Value> {
        let now = scale["spec"]["replicas"].as_i64().unwrap_or(0);
        if let Some(wanted) = self.current_replicas.filter(|wanted| *wanted >= 0 && *wanted != now) {
            return Err(Failure::error(format!("Expected replicas to be {wanted}, was {now}")));
        }
        let version = scale["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        if let Some(wanted) = self.resource_version.as_deref().filter(|wanted| *wanted != version) {
            return Err(Failure::error(format!("Expected resource version to be {wanted}, was {version}")));
        }
        scale["spec"]["replicas"] = self.replicas.into();
        Ok(scale)
    }

    async fn wait(&self, info: &Info, limit: Duration, session: &mut Session<'_>) -> Outcome {
        let wanted = self.replicas;
        let path = info.list_path();
        let scaled = watching::until(session, &path, &info.name, |_, object| {
            let status = object.map(|object| &object["status"]);
            let there = status.is_none_or(|status| status["replicas"].as_i64().unwrap_or(0) == wanted);
            Ok(there.then_some(()))
        });
        tokio::time::timeout(limit, scaled)
            .await
            .unwrap_or_else(|_| Err(Failure::error("timed out waiting for the condition")))
    }
}
