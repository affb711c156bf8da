//! `kubectl rollout undo`. Must not decide how pods are replaced: the controller does.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Map, Value, json};

use super::About;
use super::past::{REVISION, Revision};
use crate::kubectl::apply::LAST_APPLIED;
use crate::kubectl::commands::describe::template;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::{DryRun, DryRunFlag};
use crate::kubectl::grammar;
use crate::kubectl::print;
use crate::kubectl::rest::{Ask, PatchKind};
use crate::kubectl::select::Info;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Annotations that stay the Deployment's own (kubectl `annotationsToSkip`).
const OWN: [&str; 6] = [
    LAST_APPLIED,
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

/// Arguments of `rollout undo`.
#[derive(Args, Debug)]
pub(crate) struct Undo {
    #[command(flatten)]
    about: About,
    /// A qué revisión; 0 es la anterior.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = grammar::int)]
    to_revision: i64,
    #[command(flatten)]
    dry_run: DryRunFlag,
}

impl Verb for Undo {
    const NAME: &'static str = "undo";
    const ABOUT: &'static str = "Vuelve a una revisión anterior";
    const USAGE: &'static str = "TIPO NOMBRE [--to-revision=N]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let dry_run = self.dry_run.read()?;
        let (pasts, mut failures) = self.about.pasts(session).await?;
        for (info, past) in &pasts {
            match self.one(info, past, dry_run, session).await {
                Ok(did) => session.line(format!("{} {did}", print::name(&info.object)))?,
                Err(failure) => failures.push(failure),
            }
        }
        Failure::all(failures)
    }
}

impl Undo {
    async fn one(
        &self,
        info: &Info,
        past: &BTreeMap<i64, Revision>,
        dry_run: DryRun,
        session: &mut Session<'_>,
    ) -> Outcome<String> {
        let (number, revision) = self.chosen(info, past)?;
        if dry_run.is_client() {
            return Ok(template::page(&revision.template));
        }
        if info.object["spec"]["paused"] == true {
            return Err(Failure::error(
                "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
            ));
        }
        if bare(&revision.template) == bare(&info.object["spec"]["template"]) {
            return Ok(format!("skipped rollback (current template already matches revision {number})"));
        }
        let ask = if info.resource.kind == "Deployment" {
            Ask::patch(info.path(), PatchKind::Json, restoration(info, revision).to_string())
        } else {
            Ask::patch(info.path(), PatchKind::Strategic, revision.object["data"].to_string())
        };
        session
            .ask(ask.maybe("dryRun", dry_run.parameter()))
            .await
            .map_err(|failure| failure.before(&format!("failed restoring revision {}: ", self.to_revision)))?;
        Ok(dry_run.did("rolled back"))
    }

    /// The revision asked for, or the one before the newest.
    fn chosen<'p>(&self, info: &Info, past: &'p BTreeMap<i64, Revision>) -> Outcome<(i64, &'p Revision)> {
        if self.to_revision != 0 {
            let found = past.get(&self.to_revision).map(|revision| (self.to_revision, revision));
            return found.ok_or_else(|| {
                Failure::error(format!("unable to find specified revision {} in history", self.to_revision))
            });
        }
        let previous = past.iter().rev().nth(1).map(|(number, revision)| (*number, revision));
        previous.ok_or_else(|| match info.resource.kind.as_str() {
            "Deployment" => Failure::error(format!("no rollout history found for deployment {:?}", info.name)),
            _ => Failure::error("no last revision to roll back to"),
        })
    }
}

/// A template without the hash that only tells ReplicaSets apart.
fn bare(template: &Value) -> Value {
    let mut bare = template.clone();
    if let Some(labels) = bare.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    bare
}

/// The JSON patch that brings template and annotations back.
fn restoration(info: &Info, revision: &Revision) -> Value {
    let of = |object: &Value| object["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    let is_own = |key: &str| OWN.contains(&key);
    let mut annotations: Map<String, Value> = of(&info.object).into_iter().filter(|(key, _)| is_own(key)).collect();
    annotations.extend(of(&revision.object).into_iter().filter(|(key, _)| !is_own(key)));
    json!([
        { "op": "replace", "path": "/spec/template", "value": bare(&revision.template) },
        { "op": "replace", "path": "/metadata/annotations", "value": annotations },
    ])
}
