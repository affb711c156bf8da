//! `kubectl create`: what files say, or what a generator makes up. Must not change what is there already.

mod binding;
mod configmap;
mod cronjob;
mod data;
mod deployment;
mod ingress;
mod job;
pub(super) mod make;
mod namespace;
mod pdb;
mod priorityclass;
mod quota;
mod role;
mod secret;
mod service;
mod serviceaccount;
mod token;

use clap::Args;
use serde_json::Value;

use crate::kubectl::apply;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::Files;
use crate::kubectl::print::Chosen;
use crate::kubectl::rest::Ask;
use crate::kubectl::select::{self, Info, Query};
use crate::kubectl::session::Session;
use crate::kubectl::verb::{Command, Verb};
use make::Common;

/// The generators.
pub(super) const TABLE: &[Command] = &[
    Command::of::<role::ClusterRole>(),
    Command::of::<binding::ClusterRoleBinding>(),
    Command::of::<configmap::ConfigMap>(),
    Command::of::<cronjob::CronJob>(),
    Command::of::<deployment::Deployment>(),
    Command::of::<ingress::Ingress>(),
    Command::of::<job::Job>(),
    Command::of::<namespace::Namespace>(),
    Command::of::<pdb::PodDisruptionBudget>(),
    Command::of::<priorityclass::PriorityClass>(),
    Command::of::<quota::Quota>(),
    Command::of::<role::Role>(),
    Command::of::<binding::RoleBinding>(),
    Command::group("secret", "Crea un Secret", secret::TABLE),
    Command::group("service", "Crea un Service", service::TABLE).called(&["svc"]),
    Command::of::<serviceaccount::ServiceAccount>(),
    Command::of::<token::Token>(),
];

/// Arguments of `create`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    #[arg(hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    common: Common,
    /// Solo los objetos del archivo con estas etiquetas.
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// Manda el archivo tal cual a esta dirección.
    #[arg(long, value_name = "RUTA")]
    raw: Option<String>,
}

impl Verb for Create {
    const NAME: &'static str = "create";
    const ABOUT: &'static str = "Crea un objeto desde un archivo o con opciones";
    const USAGE: &'static str = "-f ARCHIVO | TIPO NOMBRE [OPCIONES]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        if !self.args.is_empty() {
            return Err(session.usage(format!("Unexpected args: [{}]", self.args.join(" "))));
        }
        self.files.required()?;
        let query = Query { files: self.files.clone(), validate: self.common.validate.is_on(), ..Query::default() };
        let (targets, mut failures) = select::targets(session, &query).await?;
        let mut infos: Vec<Info> = targets.into_iter().map(select::from_file).collect();
        if let Some(selector) = &self.selector {
            super::keep_selected(selector, &mut infos)?;
        }
        if infos.is_empty() && failures.is_empty() {
            return Err(Failure::error("no objects passed to create"));
        }
        let chosen = Chosen::of(&self.common.output, session)?;
        for info in infos {
            if let Err(failure) = self.one(&info, &chosen, session).await {
                failures.push(failure);
            }
        }
        Failure::all(failures)
    }
}

impl Create {
    async fn one(&self, info: &Info, chosen: &Chosen, session: &mut Session<'_>) -> Outcome {
        let dry_run = self.common.dry_run.read()?;
        let mut object = if self.common.save_config { apply::annotated(&info.object) } else { info.object.clone() };
        if !dry_run.is_client() {
            let path = self.raw.clone().unwrap_or_else(|| info.list_path());
            let ask = Ask::post(path, &object)
                .maybe("dryRun", dry_run.parameter())
                .with("fieldManager", self.common.field_manager.as_deref().unwrap_or("kubectl-create"))
                .with("fieldValidation", self.common.validate.parameter()?);
            object = session.ask(ask).await.map_err(|failure| failure.when("creating", &info.source))?;
        }
        session.done(chosen, &self.common.output, &object, &dry_run.did("created"))
    }
}

/// Merges `--overrides` into an object: RFC 7386, unless a strategic merge of that type is asked for.
pub(super) fn override_with(object: &Value, overrides: &str, strategic: Option<&str>) -> Outcome<Value> {
    let patch: Value = serde_json::from_str(overrides).map_err(|_| Failure::error("Invalid JSON Patch"))?;
    match strategic {
        Some(name) => crate::schema::merge::strategic(name, object, &patch).map_err(Failure::error),
        None => Ok(crate::schema::merge::merge(object.clone(), patch)),
    }
}
