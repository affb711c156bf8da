//! What the generators share: their flags, and sending what they made. Must not know any kind.

use clap::Args;
use serde_json::{Value, json};

use crate::kubectl::apply;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::{DryRunFlag, Output, Validate};
use crate::kubectl::print::Chosen;
use crate::kubectl::rest::Ask;
use crate::kubectl::session::Session;

/// The flags of everything that creates.
#[derive(Args, Debug)]
pub(in crate::kubectl::commands) struct Common {
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub dry_run: DryRunFlag,
    #[command(flatten)]
    pub validate: Validate,
    /// Guarda la configuración en el objeto, para usar después apply.
    #[arg(long)]
    pub save_config: bool,
    /// Quién queda como dueño de los campos.
    #[arg(long, value_name = "NOMBRE")]
    pub field_manager: Option<String>,
}

/// An object that was made up from flags.
pub(in crate::kubectl::commands) struct Made {
    pub object: Value,
    pub plural: &'static str,
    pub namespaced: bool,
    /// What stands before the server's refusal; empty leaves it as it came.
    pub failed: &'static str,
}

impl Common {
    /// Creates it, or shows what would be created.
    pub async fn make(&self, made: Made, session: &mut Session<'_>) -> Outcome {
        self.make_as(made, "created", "kubectl-create", session).await
    }

    /// As [`Common::make`], in another command's words.
    pub async fn make_as(&self, made: Made, did: &str, manager: &str, session: &mut Session<'_>) -> Outcome {
        let dry_run = self.dry_run.read()?;
        let chosen = Chosen::of(&self.output, session)?;
        let Made { mut object, plural, namespaced, failed } = made;
        if let Some(namespace) = session.globals.namespace.as_ref().filter(|_| namespaced) {
            object["metadata"]["namespace"] = namespace.as_str().into();
        }
        if self.save_config {
            object = apply::annotated(&object);
        }
        if !dry_run.is_client() {
            let within = if namespaced { format!("/namespaces/{}", session.namespace().await?) } else { String::new() };
            let version = object["apiVersion"].as_str().unwrap_or_default();
            let root = if version.contains('/') { "/apis" } else { "/api" };
            let ask = Ask::post(format!("{root}/{version}{within}/{plural}"), &object)
                .maybe("dryRun", dry_run.parameter())
                .with("fieldManager", self.field_manager.as_deref().unwrap_or(manager))
                .with("fieldValidation", self.validate.parameter()?);
            object = session.ask(ask).await.map_err(|failure| worded(failed, failure))?;
        }
        session.done(&chosen, &self.output, &object, &dry_run.did(did))
    }
}

fn worded(failed: &str, failure: Failure) -> Failure {
    match failure {
        failure if failed.is_empty() => failure,
        Failure::Worded(text) => Failure::Worded(text),
        failure => Failure::error(format!("{failed} {}", failure.message())),
    }
}

/// The one name that a generator takes.
pub(in crate::kubectl::commands) fn one_name<'a>(args: &'a [String], session: &Session<'_>) -> Outcome<&'a str> {
    match args {
        [name] => Ok(name),
        args => Err(session.usage(format!("exactly one NAME is required, got {}", args.len()))),
    }
}

/// Metadata as kubectl's own types write it.
pub(in crate::kubectl::commands) fn metadata(name: &str) -> Value {
    json!({ "creationTimestamp": null, "name": name })
}
