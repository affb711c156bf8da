//! `kubectl create cronjob`.

use clap::Args;
use serde_json::json;

use super::job::pod_template;
use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::failure::Outcome;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `create cronjob`.
#[derive(Args, Debug)]
pub(crate) struct CronJob {
    #[arg(hide = true)]
    args: Vec<String>,
    /// La orden del contenedor, después de --.
    #[arg(last = true, value_name = "ORDEN", hide = true)]
    command: Vec<String>,
    /// Imagen.
    #[arg(long, value_name = "IMAGEN", required = true)]
    image: String,
    /// Cuándo, por ejemplo "*/5 * * * *".
    #[arg(long, value_name = "CRON", required = true)]
    schedule: String,
    /// OnFailure o Never.
    #[arg(long, value_name = "POLÍTICA", default_value = "OnFailure", hide_default_value = true)]
    restart: String,
    #[command(flatten)]
    common: Common,
}

impl Verb for CronJob {
    const NAME: &'static str = "cronjob";
    const ABOUT: &'static str = "Crea un CronJob, que lanza Jobs a sus horas";
    const USAGE: &'static str = "NOMBRE --image=IMAGEN --schedule='MIN HORA DÍA MES SEMANA' [-- ORDEN…]";
    const ALIASES: &'static [&'static str] = &["cj"];

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one_name(&self.args, session)?;
        let template = pod_template(name, &self.image, &self.command, &self.restart);
        let job = json!({ "metadata": metadata(name), "spec": { "template": template } });
        let spec = json!({ "jobTemplate": job, "schedule": self.schedule });
        let object = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata(name), "spec": spec, "status": {}});
        let failed = "failed to create cronjob:";
        self.common.make(Made { object, plural: "cronjobs", namespaced: true, failed }, session).await
    }
}
