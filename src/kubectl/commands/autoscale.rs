//! `kubectl autoscale`. Must not measure anything: the controller does.

use clap::Args;
use serde_json::json;

use super::create::make::{Common, Made, metadata};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::Files;
use crate::kubectl::grammar;
use crate::kubectl::select::{self, Query};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `autoscale`.
#[derive(Args, Debug)]
pub(crate) struct Autoscale {
    /// Qué escalar.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    common: Common,
    /// Réplicas que hay como poco.
    #[arg(long, value_name = "N", default_value_t = -1, hide_default_value = true, value_parser = grammar::int)]
    min: i64,
    /// Réplicas que hay como mucho.
    #[arg(long, value_name = "N", required = true, value_parser = grammar::int)]
    max: i64,
    /// El uso de CPU al que se apunta, en tanto por ciento de lo pedido.
    #[arg(long, value_name = "N", default_value_t = -1, hide_default_value = true, value_parser = grammar::int)]
    cpu_percent: i64,
    /// Nombre del `HorizontalPodAutoscaler`.
    #[arg(long, value_name = "NOMBRE")]
    name: Option<String>,
}

impl Verb for Autoscale {
    const NAME: &'static str = "autoscale";
    const ABOUT: &'static str = "Deja que un HorizontalPodAutoscaler decida cuántas réplicas hay";
    const USAGE: &'static str = "TIPO NOMBRE --max=N [--min=N] [--cpu-percent=N]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        if self.max < 1 {
            return Err(Failure::error(format!("--max=MAXPODS is required and must be at least 1, max: {}", self.max)));
        }
        if self.max < self.min {
            return Err(Failure::error(format!(
                "--max=MAXPODS must be larger or equal to --min=MINPODS, max: {}, min: {}",
                self.max, self.min
            )));
        }
        let query = Query { args: &self.args, files: self.files.clone(), ..Query::default() };
        let (infos, mut failures) = select::infos(session, &query).await?;
        for info in infos {
            let resource = &info.resource;
            if !resource.subresources.iter().any(|name| name == "scale") {
                failures.push(Failure::error(format!("cannot autoscale a {}: no scale subresource", resource.kind)));
                continue;
            }
            let target = json!({ "apiVersion": resource.api_version(), "kind": resource.kind, "name": info.name });
            let mut spec = json!({ "maxReplicas": self.max, "scaleTargetRef": target });
            if self.min > 0 {
                spec["minReplicas"] = self.min.into();
            }
            if self.cpu_percent >= 0 {
                let goal = json!({ "averageUtilization": self.cpu_percent, "type": "Utilization" });
                spec["metrics"] = json!([{ "resource": { "name": "cpu", "target": goal }, "type": "Resource" }]);
            }
            let object = json!({
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": metadata(self.name.as_deref().unwrap_or(&info.name)), "spec": spec,
            });
            let made = Made { object, plural: "horizontalpodautoscalers", namespaced: true, failed: "" };
            session.globals.namespace.get_or_insert_with(|| info.namespace.clone());
            failures.extend(self.common.make_as(made, "autoscaled", "kubectl-autoscale", session).await.err());
        }
        Failure::all(failures)
    }
}
