//! `kubectl edit`. Must not decide what may change: the server does.

use clap::Args;
use serde_json::Value;

use super::change::{self, Change};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::manifests;
use crate::kubectl::print::{json, yaml};
use crate::kubectl::rest::{Ask, PatchKind};
use crate::kubectl::select::Info;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

const HEAD: &str = "\
# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
";
/// How often a text that the server refuses is shown again.
const TRIES: usize = 3;

/// Arguments of `edit`.
#[derive(Args, Debug)]
pub(crate) struct Edit {
    /// Qué cambiar.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    /// Un subrecurso, por ejemplo status.
    #[arg(long, value_name = "NOMBRE")]
    subresource: Option<String>,
    #[command(flatten)]
    change: Change,
}

impl Verb for Edit {
    const NAME: &'static str = "edit";
    const ABOUT: &'static str = "Cambia un objeto en tu editor";
    const USAGE: &'static str = "TIPO NOMBRE";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let (infos, mut failures) = self.change.infos(&self.args, session).await?;
        let mut edited = 0;
        for info in &infos {
            match self.one(info, session).await {
                Ok(true) => edited += 1,
                Ok(false) => {}
                Err(failure) => failures.push(failure),
            }
        }
        if edited == 0 && failures.is_empty() {
            session.line("Edit cancelled, no changes made.")?;
        }
        Failure::all(failures)
    }
}

impl Edit {
    fn is_json(&self) -> bool {
        self.change.output.output.as_deref() == Some("json")
    }

    async fn one(&self, info: &Info, session: &mut Session<'_>) -> Outcome<bool> {
        let mut shown = info.object.clone();
        if let Some(metadata) = shown["metadata"].as_object_mut().filter(|_| !self.change.output.show_managed_fields) {
            metadata.remove("managedFields");
        }
        let (suffix, body) =
            if self.is_json() { (".json", json::document(&shown)) } else { (".yaml", yaml::document(&shown)) };
        let mut text = if self.is_json() { body } else { format!("{HEAD}{body}") };
        for _ in 0..TRIES {
            let left = session.io.edit(&text, suffix).await.map_err(|error| Failure::error(error.to_string()))?;
            let bare = without_notes(&left);
            if bare.trim().is_empty() || bare == without_notes(&text) {
                return Ok(false);
            }
            match self.save(info, &shown, &bare, session).await {
                Ok(same) => return Ok(!same),
                Err(failure) if failure.reason() == "Invalid" || matches!(failure, Failure::Error(_)) => {
                    let why = failure.text();
                    session.note(&why)?;
                    let notes = why.lines().fold(String::new(), |notes, line| notes + "# " + line + "\n");
                    text = format!("{HEAD}{notes}#\n{bare}");
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::error("Edit cancelled, no valid changes were saved."))
    }

    /// Sends what changed; whether nothing did.
    async fn save(&self, info: &Info, shown: &Value, text: &str, session: &mut Session<'_>) -> Outcome<bool> {
        let new = manifests::parse(text.as_bytes()).map_err(Failure::error)?;
        for field in ["apiVersion", "kind"] {
            if new[field] != shown[field] {
                return Err(Failure::error(format!("{field} may not be changed")));
            }
        }
        if new["metadata"]["name"] != shown["metadata"]["name"] {
            return Err(Failure::error("At least one of apiVersion, kind and name was changed"));
        }
        let info = Info { object: shown.clone(), ..info.clone() };
        let (kind, patch) = change::two_way(&info, &new)?;
        if patch == serde_json::json!({}) {
            return Ok(true);
        }
        let object = match &self.subresource {
            None => self.change.send(&info, kind, &patch, "kubectl-edit", session).await?,
            Some(name) => {
                let kind = if kind == PatchKind::Strategic { kind } else { PatchKind::Merge };
                let ask = Ask::patch(format!("{}/{name}", info.path()), kind, patch.to_string());
                session.ask(ask.with("fieldManager", "kubectl-edit")).await?
            }
        };
        self.change.done(&object, "edited", session)?;
        Ok(false)
    }
}

/// The text without its lines of notes.
fn without_notes(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with('#')).fold(String::new(), |bare, line| bare + line + "\n")
}
