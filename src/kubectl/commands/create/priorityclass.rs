//! `kubectl create priorityclass`.

use clap::Args;
use serde_json::json;

use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::failure::Outcome;
use crate::kubectl::grammar;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `create priorityclass`.
#[derive(Args, Debug)]
pub(crate) struct PriorityClass {
    #[arg(hide = true)]
    args: Vec<String>,
    /// La prioridad; más es antes.
    #[arg(long, value_name = "N", default_value = "0", hide_default_value = true, value_parser = grammar::int)]
    value: i64,
    /// Vale para los pods que no dicen ninguna.
    #[arg(long)]
    global_default: bool,
    /// Para qué es.
    #[arg(long, value_name = "TEXTO")]
    description: Option<String>,
    /// PreemptLowerPriority o Never.
    #[arg(long, value_name = "POLÍTICA", default_value = "PreemptLowerPriority", hide_default_value = true)]
    preemption_policy: String,
    #[command(flatten)]
    common: Common,
}

impl Verb for PriorityClass {
    const NAME: &'static str = "priorityclass";
    const ABOUT: &'static str = "Crea un PriorityClass: qué pods van antes";
    const USAGE: &'static str = "NOMBRE --value=N";
    const ALIASES: &'static [&'static str] = &["pc"];

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let mut object = json!({
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": metadata(one_name(&self.args, session)?),
            "preemptionPolicy": self.preemption_policy,
            "value": self.value,
        });
        if self.global_default {
            object["globalDefault"] = true.into();
        }
        if let Some(description) = &self.description {
            object["description"] = description.as_str().into();
        }
        let failed = "failed to create priorityclass:";
        self.common.make(Made { object, plural: "priorityclasses", namespaced: false, failed }, session).await
    }
}
