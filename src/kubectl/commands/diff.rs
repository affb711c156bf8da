//! `kubectl diff`: what apply would change. Must not change anything.

use clap::Args;
use serde_json::{Value, json};
use similar::TextDiff;

use crate::kubectl::apply;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::Files;
use crate::kubectl::print::yaml;
use crate::kubectl::rest::{Ask, PatchKind};
use crate::kubectl::select::{self, Info, Query};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// The exit code of what went wrong: 1 says that there are differences.
const FAILED: u8 = 2;

/// Lines around a change.
const CONTEXT: usize = 3;

/// Arguments of `diff`.
#[derive(Args, Debug)]
pub(crate) struct Diff {
    #[command(flatten)]
    files: Files,
    /// Como apply --server-side.
    #[arg(long)]
    server_side: bool,
    /// Con --server-side, toma los campos que son de otros.
    #[arg(long)]
    force_conflicts: bool,
    /// Quién queda como dueño de los campos.
    #[arg(long, value_name = "NOMBRE", default_value = "kubectl-client-side-apply", hide_default_value = true)]
    field_manager: String,
    /// Solo los objetos del archivo con estas etiquetas.
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// Muestra también metadata.managedFields.
    #[arg(long)]
    show_managed_fields: bool,
}

impl Verb for Diff {
    const NAME: &'static str = "diff";
    const ABOUT: &'static str = "Muestra lo que cambiaría apply";
    const USAGE: &'static str = "-f ARCHIVO";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.differs(session).await {
            Ok(false) => Ok(()),
            Ok(true) => Err(Failure::Exit(1)),
            Err(failure) => {
                session.note(failure.text())?;
                Err(Failure::Exit(FAILED))
            }
        }
    }
}

impl Diff {
    /// Prints the differences; whether there are any.
    async fn differs(&self, session: &mut Session<'_>) -> Outcome<bool> {
        self.files.required()?;
        let query = Query { files: self.files.clone(), validate: true, ..Query::default() };
        let (targets, failures) = select::targets(session, &query).await?;
        Failure::all(failures)?;
        let mut infos: Vec<Info> = targets.into_iter().map(select::from_file).collect();
        if let Some(selector) = &self.selector {
            super::keep_selected(selector, &mut infos)?;
        }
        let mut differs = false;
        for info in &infos {
            let (live, merged) = self.both(info, session).await?;
            let text = self.told(info, live, merged);
            differs |= !text.is_empty();
            session.print(text)?;
        }
        Ok(differs)
    }

    /// The object as it is, and as it would be.
    async fn both(&self, info: &Info, session: &mut Session<'_>) -> Outcome<(Option<Value>, Value)> {
        let live = match session.ask(Ask::get(info.path())).await {
            Ok(live) => Some(live),
            Err(failure) if failure.is_not_found() => None,
            Err(failure) => return Err(failure),
        };
        if self.server_side {
            let ask = Ask::patch(info.path(), PatchKind::Apply, info.object.to_string())
                .with("force", self.force_conflicts.to_string());
            return Ok((live, session.ask(self.tried(ask, "kubectl")).await?));
        }
        let Some(live) = live else {
            let ask = self.tried(Ask::post(info.list_path(), &info.object), &self.field_manager);
            return Ok((None, session.ask(ask).await?));
        };
        // What apply remembers is no difference that anybody looks for.
        let mut modified = info.object.clone();
        if let Some(text) = live["metadata"]["annotations"][apply::LAST_APPLIED].as_str() {
            modified["metadata"]["annotations"][apply::LAST_APPLIED] = text.into();
        }
        let (kind, patch) = apply::patch(&info.resource, &modified, &live).map_err(Failure::error)?;
        if patch == json!({}) {
            return Ok((Some(live.clone()), live));
        }
        let ask = self.tried(Ask::patch(info.path(), kind, patch.to_string()), &self.field_manager);
        Ok((Some(live), session.ask(ask).await?))
    }

    fn tried(&self, ask: Ask, manager: &str) -> Ask {
        ask.with("dryRun", "All").with("fieldManager", manager)
    }

    fn told(&self, info: &Info, live: Option<Value>, merged: Value) -> String {
        let (live, merged) = if info.resource.kind == "Secret" { masked(live, merged) } else { (live, merged) };
        let text = |object: Option<Value>| object.map(|object| self.document(object)).unwrap_or_default();
        let (old, new) = (text(live), text(Some(merged)));
        if old == new {
            return String::new();
        }
        let resource = &info.resource;
        let group = if resource.group.is_empty() { String::new() } else { format!("{}.", resource.group) };
        let name = format!("{group}{}.{}.{}.{}", resource.version, resource.kind, info.namespace, info.name);
        let difference = TextDiff::from_lines(&old, &new);
        let mut shown = difference.unified_diff();
        let shown =
            shown.context_radius(CONTEXT).header(&format!("LIVE/{name}"), &format!("MERGED/{name}")).to_string();
        format!("diff -u -N LIVE/{name} MERGED/{name}\n{shown}")
    }

    fn document(&self, mut object: Value) -> String {
        if let Some(metadata) = object["metadata"].as_object_mut().filter(|_| !self.show_managed_fields) {
            metadata.remove("managedFields");
        }
        yaml::document(&object)
    }
}

/// What a Secret holds is not shown, only that it changes.
fn masked(mut live: Option<Value>, mut merged: Value) -> (Option<Value>, Value) {
    let old = live.as_ref().map(|live| live["data"].clone()).unwrap_or_default();
    let new = merged["data"].clone();
    if let Some(data) = live.as_mut().and_then(|live| live["data"].as_object_mut()) {
        for (key, value) in data.iter_mut() {
            let changes = new.get(key).is_some_and(|other| other != value);
            *value = if changes { "*** (before)" } else { "***" }.into();
        }
    }
    for (key, value) in merged["data"].as_object_mut().into_iter().flatten() {
        let changes = old.get(key).is_some_and(|other| other != value);
        *value = if changes { "*** (after)" } else { "***" }.into();
    }
    (live, merged)
}
