//! `kubectl create poddisruptionbudget`.

use clap::Args;
use serde_json::json;

use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::commands::expose::{number_or_name, pairs};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `create poddisruptionbudget`.
#[derive(Args, Debug)]
pub(crate) struct PodDisruptionBudget {
    #[arg(hide = true)]
    args: Vec<String>,
    /// De qué pods, por ejemplo app=web.
    #[arg(long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// Cuántos deben quedar, como número o porcentaje.
    #[arg(long, value_name = "N")]
    min_available: Option<String>,
    /// Cuántos pueden faltar, como número o porcentaje.
    #[arg(long, value_name = "N")]
    max_unavailable: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl Verb for PodDisruptionBudget {
    const NAME: &'static str = "poddisruptionbudget";
    const ABOUT: &'static str = "Crea un PodDisruptionBudget: cuántos pods pueden faltar a la vez";
    const USAGE: &'static str = "NOMBRE --selector=SELECTOR --min-available=N|--max-unavailable=N";
    const ALIASES: &'static [&'static str] = &["pdb"];

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let metadata = metadata(one_name(&self.args, session)?);
        let selector = self.selector.as_deref().ok_or_else(|| Failure::error("a selector must be specified"))?;
        let mut spec = json!({ "selector": { "matchLabels": pairs(selector)? } });
        match (&self.min_available, &self.max_unavailable) {
            (Some(least), None) => spec["minAvailable"] = number_or_name(least),
            (None, Some(most)) => spec["maxUnavailable"] = number_or_name(most),
            (None, None) => return Err(Failure::error("one of min-available or max-unavailable must be specified")),
            (Some(_), Some(_)) => {
                return Err(Failure::error("min-available and max-unavailable cannot be both specified"));
            }
        }
        let status = json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0});
        let object = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec, "status": status});
        let failed = "failed to create poddisruptionbudgets:";
        self.common.make(Made { object, plural: "poddisruptionbudgets", namespaced: true, failed }, session).await
    }
}
