//! `kubectl apply`: from manifests to objects, by a three-way patch or by the server. Must not compute the patch itself.

use clap::Args;
use serde_json::{Value, json};

use crate::kubectl::apply::{self, upgrade};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::{DryRun, DryRunFlag, Files, Output, Validate};
use crate::kubectl::print::Chosen;
use crate::kubectl::rest::{Ask, PatchKind};
use crate::kubectl::select::{self, Info, Query};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// How often a patch is tried again when somebody else was faster.
const TRIES: usize = 5;

/// Arguments of `apply`.
#[derive(Args, Debug)]
pub(crate) struct Apply {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    validate: Validate,
    /// Solo los objetos del archivo con estas etiquetas.
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// Deja que el servidor una los cambios y guarde quién puso cada campo.
    #[arg(long)]
    server_side: bool,
    /// Con --server-side, toma los campos que son de otros.
    #[arg(long)]
    force_conflicts: bool,
    /// Quién queda como dueño de los campos.
    #[arg(long, value_name = "NOMBRE")]
    field_manager: Option<String>,
    /// Los cambios a mano se pisan (así es siempre si no dices --overwrite=false).
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    overwrite: Option<bool>,
    /// Si cambia un campo que no se puede cambiar, borra el objeto y lo crea de nuevo.
    #[arg(long)]
    force: bool,
    /// Borrar lo que ya no está en los archivos: no está en Timonel.
    #[arg(long, hide = true)]
    prune: bool,
}

impl Verb for Apply {
    const NAME: &'static str = "apply";
    const ABOUT: &'static str = "Lleva el clúster a lo que dicen los manifiestos";
    const USAGE: &'static str = "-f ARCHIVO [OPCIONES]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let dry_run = self.dry_run.read()?;
        self.check(dry_run)?;
        let chosen = Chosen::of(&self.output, session)?;
        let query = Query { files: self.files.clone(), validate: self.validate.is_on(), ..Query::default() };
        let (targets, mut failures) = select::targets(session, &query).await?;
        let mut infos: Vec<Info> = targets.into_iter().map(select::from_file).collect();
        if let Some(selector) = &self.selector {
            super::keep_selected(selector, &mut infos)?;
        }
        if infos.is_empty() && failures.is_empty() {
            return Err(Failure::error("no objects passed to apply"));
        }
        let run = Run { verb: &self, dry_run };
        let mut whole = Vec::new();
        for info in infos {
            match run.one(&info, session).await {
                Ok((object, _)) if chosen.is_whole() => whole.push(object),
                Ok((object, did)) => session.done(&chosen, &self.output, &object, &dry_run.did(did))?,
                Err(failure) => failures.push(failure),
            }
        }
        match whole.as_slice() {
            [] => {}
            [one] => session.done(&chosen, &self.output, one, "")?,
            all => {
                let list = json!({"apiVersion": "v1", "items": all, "kind": "List", "metadata": {}});
                session.done(&chosen, &self.output, &list, "")?;
            }
        }
        Failure::all(failures)
    }
}

impl Apply {
    fn check(&self, dry_run: DryRun) -> Outcome {
        self.files.required()?;
        if self.prune {
            return Err(Failure::Worded(
                "Timonel no trae apply --prune: borra lo que sobra con «kubectl delete -f ARCHIVO» o por etiquetas con «kubectl delete TIPO -l SELECTOR».".into(),
            ));
        }
        match () {
            () if self.force_conflicts && !self.server_side => {
                Err(Failure::error("--force-conflicts only works with --server-side"))
            }
            () if dry_run.is_client() && self.server_side => Err(Failure::error(
                "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
            )),
            () if self.force && dry_run == DryRun::Server => {
                Err(Failure::error("--dry-run=server cannot be used with --force"))
            }
            () if self.force && self.server_side => Err(Failure::error("--force cannot be used with --server-side")),
            () => Ok(()),
        }
    }

    fn manager(&self) -> &str {
        let usual = if self.server_side { "kubectl" } else { "kubectl-client-side-apply" };
        self.field_manager.as_deref().unwrap_or(usual)
    }
}

struct Run<'v> {
    verb: &'v Apply,
    dry_run: DryRun,
}

impl Run<'_> {
    /// The object after it, and what was done.
    async fn one(&self, info: &Info, session: &mut Session<'_>) -> Outcome<(Value, &'static str)> {
        if self.verb.server_side {
            return Ok((self.server_side(info, session).await?, "serverside-applied"));
        }
        self.client_side(info, session).await
    }

    fn ask(&self, ask: Ask) -> Outcome<Ask> {
        let ask = ask.maybe("dryRun", self.dry_run.parameter()).with("fieldManager", self.verb.manager());
        Ok(ask.with("fieldValidation", self.verb.validate.parameter()?))
    }

    async fn client_side(&self, info: &Info, session: &mut Session<'_>) -> Outcome<(Value, &'static str)> {
        let modified = apply::annotated(&info.object);
        let live = match self.live(info, session).await {
            Err(failure) if failure.is_not_found() => return self.create(info, modified, session).await,
            live => live.map_err(|failure| retrieving(failure, info))?,
        };
        if live["metadata"]["annotations"][apply::LAST_APPLIED].is_null() {
            let label = format!("{}/{}", info.resource.plural, info.name);
            session.warn(format!("resource {label} is missing the {} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.", apply::LAST_APPLIED))?;
        }
        let (object, patched) = self.patch(info, &modified, live, session).await?;
        super::warn_if_deleting(&object, session)?;
        Ok((object, if patched { "configured" } else { "unchanged" }))
    }

    /// What the server has; an object without a name is not asked for.
    async fn live(&self, info: &Info, session: &mut Session<'_>) -> Outcome<Value> {
        if info.name.is_empty() {
            return Err(match info.object["metadata"]["generateName"].as_str() {
                Some(prefix) => Failure::error(format!("from {prefix}: cannot use generate name with apply")),
                None => Failure::error("resource name may not be empty"),
            });
        }
        session.ask(Ask::get(info.path())).await
    }

    async fn create(&self, info: &Info, modified: Value, session: &mut Session<'_>) -> Outcome<(Value, &'static str)> {
        if self.dry_run.is_client() {
            return Ok((modified, "created"));
        }
        let ask = self.ask(Ask::post(info.list_path(), &modified))?;
        let created = session.ask(ask).await.map_err(|failure| failure.when("creating", &info.source))?;
        Ok((created, "created"))
    }

    /// Patches until nobody else is in between; whether there was anything to patch.
    async fn patch(
        &self,
        info: &Info,
        modified: &Value,
        mut live: Value,
        session: &mut Session<'_>,
    ) -> Outcome<(Value, bool)> {
        for tries_left in (0..TRIES).rev() {
            let patch = apply::patch(&info.resource, modified, &live);
            let (kind, patch) = patch.map_err(|error| {
                Failure::error(format!("error when applying patch:\n{error}")).when("patching", &info.source)
            })?;
            if patch == json!({}) {
                return Ok((live, false));
            }
            if self.dry_run.is_client() {
                return Ok((merged(info, &live, &patch), true));
            }
            let ask = self.ask(Ask::patch(info.path(), kind, patch.to_string()))?;
            match session.ask(ask).await {
                Ok(object) => return Ok((object, true)),
                Err(failure) if failure.is_conflict() && tries_left > 0 => live = self.live(info, session).await?,
                Err(failure) if self.verb.force && matches!(failure.reason(), "Invalid" | "Conflict") => {
                    return Ok((self.anew(info, modified, session).await?, true));
                }
                Err(failure) => return Err(patching(failure, info, &patch)),
            }
        }
        Ok((live, false))
    }

    /// Deletes the object and creates it again.
    async fn anew(&self, info: &Info, modified: &Value, session: &mut Session<'_>) -> Outcome<Value> {
        super::delete::and_wait(info, Some(0), session).await?;
        session.ask(self.ask(Ask::post(info.list_path(), modified))?).await
    }

    async fn server_side(&self, info: &Info, session: &mut Session<'_>) -> Outcome<Value> {
        if info.name.is_empty() {
            return Err(Failure::error("metadata.name is required"));
        }
        let applied = self.apply_patch(info, &info.object, session).await?;
        let handed_over = self.hand_over(info, &applied, session).await?;
        let object = if handed_over { self.apply_patch(info, &info.object, session).await? } else { applied };
        super::warn_if_deleting(&object, session)?;
        Ok(object)
    }

    async fn apply_patch(&self, info: &Info, object: &Value, session: &mut Session<'_>) -> Outcome<Value> {
        let ask = self.ask(Ask::patch(info.path(), PatchKind::Apply, object.to_string()))?;
        let ask = ask.with("force", self.verb.force_conflicts.to_string());
        session.ask(ask).await.map_err(conflict)
    }

    /// After client-side apply: the annotation is kept alive, and its fields become ours.
    async fn hand_over(&self, info: &Info, applied: &Value, session: &mut Session<'_>) -> Outcome<bool> {
        if self.verb.manager() != "kubectl" || self.dry_run != DryRun::None {
            return Ok(false);
        }
        let mut live = applied.clone();
        if let Some(annotation) = upgrade::annotation_only(&live) {
            let ask = Ask::patch(info.path(), PatchKind::Apply, annotation.to_string())
                .with("fieldManager", upgrade::ANNOTATION_MANAGER)
                .with("force", "false");
            live = session.ask(ask).await?;
        }
        self.migrate(info, live, session).await
    }

    /// Gives the fields of client-side apply to the server's; a controller may write in between.
    async fn migrate(&self, info: &Info, mut live: Value, session: &mut Session<'_>) -> Outcome<bool> {
        for tries_left in (0..TRIES).rev() {
            let Some(patch) = upgrade::migration(&live, self.verb.manager()) else { return Ok(false) };
            match session.ask(Ask::patch(info.path(), PatchKind::Json, patch.to_string())).await {
                Ok(_) => return Ok(true),
                Err(failure) if failure.is_conflict() && tries_left > 0 => {
                    live = session.ask(Ask::get(info.path())).await?;
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(false)
    }
}

/// What the patch would make of the live object, where nothing is sent.
fn merged(info: &Info, live: &Value, patch: &Value) -> Value {
    let typed = apply::type_of(&info.resource);
    let merged = typed.and_then(|name| crate::schema::merge::strategic(name, live, patch).ok());
    merged.unwrap_or_else(|| crate::schema::merge::merge(live.clone(), patch.clone()))
}

/// `Resource: …, GroupVersionKind: …`, as kubectl tells which object it is.
pub(super) fn told(info: &Info) -> String {
    let resource = &info.resource;
    format!(
        "Resource: \"{}/{}, Resource={}\", GroupVersionKind: \"{}\"\nName: {:?}, Namespace: {:?}",
        resource.group,
        resource.version,
        resource.plural,
        resource.gvk(),
        info.name,
        info.namespace
    )
}

fn retrieving(failure: Failure, info: &Info) -> Failure {
    failure.when(&format!("retrieving current configuration of:\n{}\nfrom server for:", told(info)), &info.source)
}

fn patching(failure: Failure, info: &Info, patch: &Value) -> Failure {
    if failure.reason() == "Invalid" {
        return failure;
    }
    let what = format!("applying patch:\n{patch}\nto:\n{}\nfor:", told(info));
    failure.when(&what, &info.source)
}

fn conflict(failure: Failure) -> Failure {
    if !failure.is_conflict() {
        return failure;
    }
    Failure::error(format!(
        "{}
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts",
        failure.message()
    ))
}
