//! `kubectl create job`.

use clap::Args;
use serde_json::{Value, json};

use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::select::{self, Query};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `create job`.
#[derive(Args, Debug)]
pub(crate) struct Job {
    #[arg(hide = true)]
    args: Vec<String>,
    /// La orden del contenedor, después de --.
    #[arg(last = true, value_name = "ORDEN", hide = true)]
    command: Vec<String>,
    /// Imagen.
    #[arg(long, value_name = "IMAGEN")]
    image: Option<String>,
    /// El objeto del que se toma, por ejemplo cronjob/NOMBRE.
    #[arg(long, value_name = "cronjob/NOMBRE")]
    from: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl Verb for Job {
    const NAME: &'static str = "job";
    const ABOUT: &'static str = "Crea un Job, o lanza ya uno de un CronJob";
    const USAGE: &'static str = "NOMBRE --image=IMAGEN [-- ORDEN…] | NOMBRE --from=cronjob/NOMBRE";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one_name(&self.args, session)?;
        let object = match (&self.image, &self.from) {
            (Some(image), None) => by_hand(name, image, &self.command),
            (None, Some(_)) if !self.command.is_empty() => {
                return Err(Failure::error("cannot specify --from and command"));
            }
            (None, Some(from)) => from_cron_job(name, from, session).await?,
            _ => return Err(Failure::error("either --image or --from must be specified")),
        };
        let failed = "failed to create job:";
        self.common.make(Made { object, plural: "jobs", namespaced: true, failed }, session).await
    }
}

fn by_hand(name: &str, image: &str, command: &[String]) -> Value {
    let spec = json!({"template": pod_template(name, image, command, "Never")});
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(name), "spec": spec, "status": {}})
}

/// A template with one container.
pub(super) fn pod_template(name: &str, image: &str, command: &[String], restart: &str) -> Value {
    let mut container = json!({ "image": image, "name": name, "resources": {} });
    if !command.is_empty() {
        container["command"] = command.into();
    }
    json!({ "metadata": { "creationTimestamp": null }, "spec": { "containers": [container], "restartPolicy": restart } })
}

async fn from_cron_job(name: &str, from: &str, session: &mut Session<'_>) -> Outcome<Value> {
    let args = [from.to_string()];
    let (infos, failures) = select::infos(session, &Query { args: &args, ..Query::default() }).await?;
    Failure::all(failures)?;
    let [cron_job] = infos.as_slice() else {
        return Err(Failure::error("from must be an existing cronjob"));
    };
    if cron_job.resource.kind != "CronJob" {
        let version = &cron_job.resource.version;
        return Err(Failure::error(format!("unknown object type *{version}.{}", cron_job.resource.kind)));
    }
    let (template, own) = (&cron_job.object["spec"]["jobTemplate"], &cron_job.object["metadata"]);
    let mut metadata = metadata(name);
    metadata["annotations"] = template["metadata"]["annotations"].clone();
    metadata["annotations"]["cronjob.kubernetes.io/instantiate"] = "manual".into();
    if !template["metadata"]["labels"].is_null() {
        metadata["labels"] = template["metadata"]["labels"].clone();
    }
    metadata["ownerReferences"] = json!([{
        "apiVersion": "batch/v1", "controller": true, "kind": "CronJob", "name": own["name"], "uid": own["uid"],
    }]);
    Ok(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"], "status": {}}))
}
