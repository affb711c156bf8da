//! `kubectl replace`. Must not merge anything.

use clap::Args;
use serde_json::Value;

use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::{DryRunFlag, Files, Output, Validate};
use crate::kubectl::print::Chosen;
use crate::kubectl::rest::Ask;
use crate::kubectl::select::{self, Info, Query};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `replace`.
#[derive(Args, Debug)]
pub(crate) struct Replace {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    validate: Validate,
    /// Borra el objeto y lo crea de nuevo.
    #[arg(long)]
    force: bool,
    /// Segundos que tiene para despedirse, con --force.
    #[arg(long, value_name = "SEGUNDOS", value_parser = crate::kubectl::grammar::int)]
    grace_period: Option<i64>,
    /// Un subrecurso, por ejemplo status o scale.
    #[arg(long, value_name = "NOMBRE")]
    subresource: Option<String>,
    /// Quién queda como dueño de los campos.
    #[arg(long, value_name = "NOMBRE", default_value = "kubectl-replace", hide_default_value = true)]
    field_manager: String,
}

impl Verb for Replace {
    const NAME: &'static str = "replace";
    const ABOUT: &'static str = "Reemplaza objetos por lo que dicen los manifiestos";
    const USAGE: &'static str = "-f ARCHIVO [--force]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        self.files.required()?;
        let dry_run = self.dry_run.read()?;
        let chosen = Chosen::of(&self.output, session)?;
        let query = Query { files: self.files.clone(), validate: self.validate.is_on(), ..Query::default() };
        let (targets, mut failures) = select::targets(session, &query).await?;
        for info in targets.into_iter().map(select::from_file) {
            if dry_run.is_client() {
                session.done(&chosen, &self.output, &info.object, &dry_run.did("replaced"))?;
                continue;
            }
            match self.one(&info, session).await {
                Ok(object) => session.done(&chosen, &self.output, &object, &dry_run.did("replaced"))?,
                Err(failure) => failures.push(failure.when("replacing", &info.source)),
            }
        }
        Failure::all(failures)
    }
}

impl Replace {
    async fn one(&self, info: &Info, session: &mut Session<'_>) -> Outcome<Value> {
        let dry_run = self.dry_run.read()?.parameter();
        let validation = self.validate.parameter()?;
        let dress = |ask: Ask| {
            ask.maybe("dryRun", dry_run)
                .with("fieldManager", self.field_manager.clone())
                .with("fieldValidation", validation)
        };
        if self.force {
            match super::delete::and_wait(info, self.grace_period.or(Some(0)), session).await {
                Err(failure) if !failure.is_not_found() => return Err(failure),
                _ => {}
            }
            return session.ask(dress(Ask::post(info.list_path(), &info.object))).await;
        }
        let mut object = info.object.clone();
        if object["metadata"]["resourceVersion"].as_str().is_none_or(str::is_empty) {
            let live = session.ask(Ask::get(info.path())).await?;
            object["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
        }
        let below = self.subresource.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
        session.ask(dress(Ask::put(format!("{}{below}", info.path()), &object))).await
    }
}
