//! `kubectl patch`. Must not compute the patch: the user did.

use clap::Args;
use serde_json::Value;

use super::change::Change;
use crate::kubectl::failure::{Failure, Outcome, go_words};
use crate::kubectl::manifests;
use crate::kubectl::rest::{Ask, PatchKind};
use crate::kubectl::select::Info;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;
use crate::schema::merge;

/// Arguments of `patch`.
#[derive(Args, Debug)]
pub(crate) struct Patch {
    /// Qué cambiar.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    /// El parche, en JSON o YAML.
    #[arg(short, long, value_name = "PARCHE")]
    patch: Option<String>,
    /// Un archivo con el parche.
    #[arg(long, value_name = "ARCHIVO")]
    patch_file: Option<String>,
    /// Cómo se une: strategic, merge o json.
    #[arg(long = "type", value_name = "MODO", default_value = "strategic", hide_default_value = true)]
    kind: String,
    /// Un subrecurso, por ejemplo status o scale.
    #[arg(long, value_name = "NOMBRE")]
    subresource: Option<String>,
    #[command(flatten)]
    change: Change,
}

impl Verb for Patch {
    const NAME: &'static str = "patch";
    const ABOUT: &'static str = "Cambia campos de un objeto con un parche";
    const USAGE: &'static str = "TIPO NOMBRE -p PARCHE [--type=strategic|merge|json]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let kind = self.kind()?;
        let patch = self.read(session)?;
        let (infos, mut failures) = self.change.infos(&self.args, session).await?;
        for info in &infos {
            failures.extend(self.one(info, kind, &patch, session).await.err());
        }
        Failure::all(failures)
    }
}

impl Patch {
    fn kind(&self) -> Outcome<PatchKind> {
        match self.kind.to_lowercase().as_str() {
            "strategic" => Ok(PatchKind::Strategic),
            "merge" => Ok(PatchKind::Merge),
            "json" => Ok(PatchKind::Json),
            _ => Err(Failure::error(format!("--type must be one of [json merge strategic], not {:?}", self.kind))),
        }
    }

    fn read(&self, session: &Session<'_>) -> Outcome<Value> {
        let text = match (&self.patch, &self.patch_file) {
            (Some(_), Some(_)) => return Err(Failure::error("cannot specify --patch and --patch-file together")),
            (Some(text), None) if !text.is_empty() => text.clone(),
            (None, Some(file)) => {
                let read = session.io.read(file.as_ref());
                let read = read.map_err(|error| {
                    Failure::error(format!("unable to read patch file: open {file}: {}", go_words(&error)))
                })?;
                String::from_utf8_lossy(&read).into_owned()
            }
            _ => {
                return Err(Failure::error(
                    "must specify --patch or --patch-file containing the contents of the patch",
                ));
            }
        };
        manifests::parse(text.as_bytes()).map_err(|error| {
            Failure::error(format!(
                "unable to parse {text:?}: {}",
                error.replace("error converting YAML to JSON: ", "")
            ))
        })
    }

    async fn one(&self, info: &Info, kind: PatchKind, patch: &Value, session: &mut Session<'_>) -> Outcome {
        let object = if self.change.stays_here()? {
            patched(info, kind, patch)?
        } else {
            let below = self.subresource.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
            let ask = Ask::patch(format!("{}{below}", info.path()), kind, patch.to_string())
                .maybe("dryRun", self.change.dry_run.read()?.parameter())
                .with("fieldManager", self.change.field_manager.as_deref().unwrap_or("kubectl-patch"));
            session.ask(ask).await.map_err(|failure| self.worded(info, failure))?
        };
        let did = if object == info.object { "patched (no change)" } else { "patched" };
        self.change.done(&object, did, session)
    }

    fn worded(&self, info: &Info, failure: Failure) -> Failure {
        if failure.reason() != "UnsupportedMediaType" {
            return failure;
        }
        failure.before(&format!("{} is not supported by {}: ", self.kind, info.resource.gvk()))
    }
}

/// What the patch makes of the object, where nothing is sent.
fn patched(info: &Info, kind: PatchKind, patch: &Value) -> Outcome<Value> {
    let old = &info.object;
    match kind {
        PatchKind::Json => {
            let read: json_patch::Patch =
                serde_json::from_value(patch.clone()).map_err(|error| Failure::error(error.to_string()))?;
            let mut new = old.clone();
            json_patch::patch(&mut new, &read).map_err(|error| Failure::error(error.to_string()))?;
            Ok(new)
        }
        PatchKind::Strategic => match crate::kubectl::apply::type_of(&info.resource) {
            Some(name) => merge::strategic(name, old, patch).map_err(Failure::error),
            None => Err(Failure::error(format!(
                "strategic merge patch is not supported for {} locally, try --type merge",
                info.resource.gvk()
            ))),
        },
        PatchKind::Merge | PatchKind::Apply => Ok(merge::merge(old.clone(), patch.clone())),
    }
}
