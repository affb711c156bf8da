//! What the commands that change a part of objects share: their flags, their words, the patch and its sending.
//! Must not know what changes.

use clap::Args;
use serde_json::Value;

use crate::kubectl::apply;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::{DryRun, DryRunFlag, Files, Output, Selectors};
use crate::kubectl::print::Chosen;
use crate::kubectl::rest::{Ask, PatchKind};
use crate::kubectl::select::{self, Info, Query};
use crate::kubectl::session::Session;
use crate::schema::diff;

/// The flags of everything that changes objects.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Change {
    #[command(flatten)]
    pub files: Files,
    #[command(flatten)]
    pub selectors: Selectors,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub dry_run: DryRunFlag,
    /// Todos los objetos del tipo.
    #[arg(long)]
    pub all: bool,
    /// Solo cambia lo que dice el archivo, sin mandarlo.
    #[arg(long)]
    pub local: bool,
    /// Quién queda como dueño de los campos.
    #[arg(long, value_name = "NOMBRE")]
    pub field_manager: Option<String>,
}

impl Change {
    /// The objects that the words and flags name.
    pub async fn infos(&self, words: &[String], session: &mut Session<'_>) -> Outcome<(Vec<Info>, Vec<Failure>)> {
        let query = Query {
            args: words,
            files: self.files.clone(),
            selector: self.selectors.selector.as_deref(),
            fields: self.selectors.field_selector.as_deref(),
            all: self.all,
            all_namespaces: self.selectors.all_namespaces,
            ..Query::default()
        };
        if !self.local {
            return select::infos(session, &query).await;
        }
        let (targets, failures) = select::targets(session, &query).await?;
        Ok((targets.into_iter().map(select::from_file).collect(), failures))
    }

    /// Whether nothing is sent to the server.
    pub fn stays_here(&self) -> Outcome<bool> {
        Ok(self.local || self.dry_run.read()?.is_client())
    }

    /// Patches the object into the new one, or only shows it; answers how it is then.
    pub async fn patch(&self, info: &Info, new: &Value, manager: &str, session: &mut Session<'_>) -> Outcome<Value> {
        if self.stays_here()? {
            return Ok(new.clone());
        }
        let (kind, patch) = two_way(info, new)?;
        self.send(info, kind, &patch, manager, session).await
    }

    /// Sends a patch.
    pub async fn send(
        &self,
        info: &Info,
        kind: PatchKind,
        patch: &Value,
        manager: &str,
        session: &mut Session<'_>,
    ) -> Outcome<Value> {
        let ask = Ask::patch(info.path(), kind, patch.to_string())
            .maybe("dryRun", self.dry_run.read()?.parameter())
            .with("fieldManager", self.field_manager.as_deref().unwrap_or(manager));
        session.ask(ask).await
    }

    /// Says what was done.
    pub fn done(&self, object: &Value, did: &str, session: &mut Session<'_>) -> Outcome {
        let chosen = Chosen::of(&self.output, session)?;
        let dry_run = if self.local { DryRun::None } else { self.dry_run.read()? };
        session.done(&chosen, &self.output, object, &dry_run.did(did))
    }
}

/// The patch from the object to the new one, as the kind wants it.
pub(super) fn two_way(info: &Info, new: &Value) -> Outcome<(PatchKind, Value)> {
    let old = &info.object;
    match apply::type_of(&info.resource) {
        Some(name) => {
            diff::three_way(name, old, new, old).map(|patch| (PatchKind::Strategic, patch)).map_err(Failure::error)
        }
        None => Ok((PatchKind::Merge, diff::three_way_json(old, new, old))),
    }
}

/// Parts the words into what names objects and what says changes (`a=b`, `a-`); changes come last.
pub(super) fn split(args: &[String], what: &str) -> Outcome<(Vec<String>, Vec<String>)> {
    let (mut objects, mut changes) = (Vec::new(), Vec::new());
    for arg in args {
        let is_change = (arg.contains('=') && !arg.starts_with('=')) || (arg.ends_with('-') && arg != "-");
        match (is_change, changes.is_empty()) {
            (true, _) => changes.push(arg.clone()),
            (false, true) => objects.push(arg.clone()),
            (false, false) => {
                return Err(Failure::error(format!("all resources must be specified before {what} changes: {arg}")));
            }
        }
    }
    Ok((objects, changes))
}

/// All of them as kubectl's aggregate prints them: each as it is, without `error: ` before.
pub(super) fn together(failures: Vec<Failure>) -> Outcome {
    if failures.is_empty() { Ok(()) } else { Err(Failure::Several(failures)) }
}
