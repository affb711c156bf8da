//! The table of commands: one file and one line each, in the order of kubectl's own help. Must not hold logic of one.

mod api_resources;
mod apply;
mod auth;
mod autoscale;
mod change;
mod config;
mod cordon;
mod create;
mod delete;
mod describe;
mod diff;
mod drain;
mod edit;
mod exec;
mod explain;
mod expose;
mod get;
mod info;
mod logs;
mod marks;
mod patch;
mod pods;
mod port_forward;
mod replace;
mod rollout;
mod run;
mod scale;
mod set;
mod taint;
mod top;
mod wait;

use serde_json::Value;

use super::failure::{Failure, Outcome};
use super::select::Info;
use super::session::Session;
use super::verb::Command;
use crate::base::selector::Selector;

/// Every command.
pub(crate) const TABLE: &[Command] = &[
    Command::of::<create::Create>().with(create::TABLE),
    Command::of::<expose::Expose>(),
    Command::of::<run::Run>(),
    Command::group("set", "Cambia partes de los pods que hace un objeto", set::TABLE),
    Command::of::<explain::Explain>(),
    Command::of::<get::Get>(),
    Command::of::<edit::Edit>(),
    Command::of::<delete::Delete>(),
    Command::group("rollout", "Dirige el paso de una versión a otra", rollout::TABLE),
    Command::of::<scale::Scale>(),
    Command::of::<autoscale::Autoscale>(),
    Command::of::<info::ClusterInfo>(),
    Command::group("top", "Muestra cuánta CPU y memoria se usa", top::TABLE),
    Command::of::<cordon::Cordon>(),
    Command::of::<cordon::Uncordon>(),
    Command::of::<drain::Drain>(),
    Command::of::<taint::Taint>(),
    Command::of::<describe::Describe>(),
    Command::of::<logs::Logs>(),
    Command::of::<exec::Exec>(),
    Command::of::<port_forward::PortForward>(),
    Command::group("auth", "Dice quién eres y qué puedes hacer", auth::TABLE),
    Command::of::<diff::Diff>(),
    Command::of::<apply::Apply>(),
    Command::of::<patch::Patch>(),
    Command::of::<replace::Replace>(),
    Command::of::<wait::Wait>(),
    Command::of::<marks::Label>(),
    Command::of::<marks::Annotate>(),
    Command::of::<api_resources::ApiResources>(),
    Command::of::<info::ApiVersions>(),
    Command::group("config", "Lee y cambia el kubeconfig", config::TABLE),
    Command::of::<info::Version>(),
];

/// Commands of kubectl that are not here: (word, what to use instead).
const ABSENT: &[(&str, &str)] = &[
    ("attach", "usa «kubectl logs -f» para ver lo que escribe, o «kubectl exec -it POD -- sh» para entrar"),
    ("certificate", "usa «kubectl get csr» para ver las peticiones"),
    ("completion", "usa el kubectl instalado"),
    ("debug", "usa «kubectl exec -it POD -- sh» para entrar en un contenedor"),
    ("kustomize", "escribe los manifiestos completos y aplícalos con «kubectl apply -f»"),
    ("plugin", "usa el kubectl instalado"),
    ("proxy", "usa «kubectl get --raw RUTA» para pedir algo al API, o «kubectl port-forward»"),
    ("alpha", "usa el kubectl instalado"),
    ("options", "mira «kubectl get --help», al final están las opciones de todos los comandos"),
];

/// What to say of a command that kubectl has and Timonel does not.
pub(crate) fn absent(args: &[String]) -> Option<Failure> {
    let word = args.iter().find(|arg| !arg.starts_with('-'))?;
    let (name, instead) = ABSENT.iter().find(|(name, _)| name == word)?;
    Some(Failure::Worded(format!("El kubectl de Timonel no trae «kubectl {name}»: {instead}.")))
}

/// Keeps the objects of files whose labels fit.
fn keep_selected(selector: &str, infos: &mut Vec<Info>) -> Outcome {
    let selector = Selector::parse(selector).map_err(|error| Failure::error(error.to_string()))?;
    infos.retain(|info| selector.matches_with(|key| info.object["metadata"]["labels"][key].as_str()));
    Ok(())
}

/// An object that is on its way out is told so.
fn warn_if_deleting(object: &Value, session: &mut Session<'_>) -> Outcome {
    let metadata = &object["metadata"];
    if metadata["deletionTimestamp"].is_null() {
        return Ok(());
    }
    let name = metadata["name"].as_str().unwrap_or_default();
    session.warn(format!("Detected changes to resource {name} which is currently being deleted."))
}
