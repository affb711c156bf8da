//! `kubectl rollout pause`, `resume` and `restart`. Must not wait for what follows.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{About, told};
use crate::kubectl::commands::change;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::Output;
use crate::kubectl::print::Chosen;
use crate::kubectl::rest::{Ask, PatchKind};
use crate::kubectl::select::Info;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of the three.
#[derive(Args, Debug)]
struct Steer {
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    output: Output,
    /// Quién queda como dueño de los campos.
    #[arg(long, value_name = "NOMBRE", default_value = "kubectl-rollout", hide_default_value = true)]
    field_manager: String,
}

/// Arguments of `rollout pause`.
#[derive(Args, Debug)]
pub(crate) struct Pause {
    #[command(flatten)]
    steer: Steer,
}

/// Arguments of `rollout resume`.
#[derive(Args, Debug)]
pub(crate) struct Resume {
    #[command(flatten)]
    steer: Steer,
}

/// Arguments of `rollout restart`.
#[derive(Args, Debug)]
pub(crate) struct Restart {
    #[command(flatten)]
    steer: Steer,
}

impl Verb for Pause {
    const NAME: &'static str = "pause";
    const ABOUT: &'static str = "Detiene los cambios de un Deployment";
    const USAGE: &'static str = "TIPO NOMBRE";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        self.steer.run(pause, "paused", session).await
    }
}

impl Verb for Resume {
    const NAME: &'static str = "resume";
    const ABOUT: &'static str = "Sigue con los cambios de un Deployment detenido";
    const USAGE: &'static str = "TIPO NOMBRE";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        self.steer.run(resume, "resumed", session).await
    }
}

impl Verb for Restart {
    const NAME: &'static str = "restart";
    const ABOUT: &'static str = "Reemplaza los pods por otros iguales, poco a poco";
    const USAGE: &'static str = "TIPO NOMBRE";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        self.steer.run(restart, "restarted", session).await
    }
}

/// The patch for an object, or why there is none.
type Decide = fn(&Info, Timestamp) -> Outcome<Value>;

impl Steer {
    async fn run(&self, decide: Decide, did: &str, session: &mut Session<'_>) -> Outcome {
        let (infos, mut failures) = self.about.infos(session).await?;
        let chosen = Chosen::of(&self.output, session)?;
        for info in &infos {
            let patch = match decide(info, session.io.now()) {
                Ok(patch) => patch,
                Err(failure) => {
                    let refused = format!("error: {} {}", told(info), failure.message());
                    failures.push(Failure::error(refused));
                    continue;
                }
            };
            let ask = Ask::patch(info.path(), PatchKind::Strategic, patch.to_string());
            match session.ask(ask.with("fieldManager", self.field_manager.clone())).await {
                Ok(object) => session.done(&chosen, &self.output, &object, did)?,
                Err(failure) => failures.push(failure.before("failed to patch: ")),
            }
        }
        change::together(failures)
    }
}

fn is_paused(info: &Info) -> bool {
    info.object["spec"]["paused"] == true
}

fn only_deployments(info: &Info, deed: &str) -> Outcome {
    if info.resource.kind == "Deployment" { Ok(()) } else { Err(Failure::error(format!("{deed} is not supported"))) }
}

fn pause(info: &Info, _: Timestamp) -> Outcome<Value> {
    only_deployments(info, "pausing")?;
    if is_paused(info) { Err(Failure::error("is already paused")) } else { Ok(json!({ "spec": { "paused": true } })) }
}

fn resume(info: &Info, _: Timestamp) -> Outcome<Value> {
    only_deployments(info, "resuming")?;
    if is_paused(info) { Ok(json!({ "spec": { "paused": null } })) } else { Err(Failure::error("is not paused")) }
}

fn restart(info: &Info, now: Timestamp) -> Outcome<Value> {
    if !matches!(info.resource.kind.as_str(), "Deployment" | "DaemonSet" | "StatefulSet") {
        return Err(Failure::error("restarting is not supported"));
    }
    if is_paused(info) {
        return Err(Failure::error("can't restart paused deployment (run rollout resume first)"));
    }
    let at = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Ok(
        json!({ "spec": { "template": { "metadata": { "annotations": { "kubectl.kubernetes.io/restartedAt": at } } } } }),
    )
}
