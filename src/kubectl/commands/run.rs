//! `kubectl run`: one pod from flags. Must not make controllers.

use clap::Args;
use serde_json::{Value, json};

use super::create::make::{Common, Made, metadata};
use super::create::override_with;
use super::expose::pairs;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `run`.
#[derive(Args, Debug)]
pub(crate) struct Run {
    #[arg(value_name = "NOMBRE", hide = true)]
    args: Vec<String>,
    /// Argumentos del contenedor, después de --.
    #[arg(last = true, value_name = "ARGUMENTOS", hide = true)]
    after: Vec<String>,
    /// Imagen.
    #[arg(long, value_name = "IMAGEN", required = true)]
    image: String,
    /// Cuándo se baja la imagen: Always, IfNotPresent o Never.
    #[arg(long, value_name = "POLÍTICA")]
    image_pull_policy: Option<String>,
    /// Puerto del contenedor.
    #[arg(long, value_name = "PUERTO")]
    port: Option<String>,
    /// Variable de entorno NOMBRE=valor; se puede repetir.
    #[arg(long, value_name = "NOMBRE=VALOR")]
    env: Vec<String>,
    /// Etiquetas, por ejemplo app=web,capa=frontal.
    #[arg(short = 'l', long, value_name = "ETIQUETAS")]
    labels: Option<String>,
    /// Anotación clave=valor; se puede repetir.
    #[arg(long, value_name = "CLAVE=VALOR")]
    annotations: Vec<String>,
    /// Always, OnFailure o Never.
    #[arg(long, value_name = "POLÍTICA", default_value = "Always", hide_default_value = true)]
    restart: String,
    /// Lo que va después de -- es la orden, no sus argumentos.
    #[arg(long)]
    command: bool,
    /// Crea también un Service; pide --port.
    #[arg(long)]
    expose: bool,
    /// El contenedor puede todo en su nodo.
    #[arg(long)]
    privileged: bool,
    /// JSON que se une al pod.
    #[arg(long, value_name = "JSON")]
    overrides: Option<String>,
    /// Cómo se une: merge, json o strategic.
    #[arg(long, value_name = "MODO", default_value = "merge", hide_default_value = true)]
    override_type: String,
    #[command(flatten)]
    common: Common,
}

impl Verb for Run {
    const NAME: &'static str = "run";
    const ABOUT: &'static str = "Crea un pod con una imagen";
    const USAGE: &'static str = "NOMBRE --image=IMAGEN [OPCIONES] [-- ARGUMENTOS…]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        self.check(session)?;
        let name = self.args.first().map(String::as_str).unwrap_or_default();
        if self.expose {
            let object = self.service(name)?;
            let made = Made { object, plural: "services", namespaced: true, failed: "" };
            self.common.make_as(made, "created", "kubectl-run", session).await?;
        }
        let pod = self.overridden(self.pod(name)?)?;
        let made = Made { object: pod, plural: "pods", namespaced: true, failed: "" };
        self.common.make_as(made, "created", "kubectl-run", session).await
    }
}

impl Run {
    fn check(&self, session: &Session<'_>) -> Outcome {
        if self.args.is_empty() {
            return Err(session.usage("NAME is required for run"));
        }
        if self.expose && self.port.is_none() {
            return Err(session.usage("--port must be set when exposing a service"));
        }
        if !matches!(self.restart.as_str(), "Always" | "OnFailure" | "Never") {
            return Err(session.usage(format!("invalid restart policy: {}", self.restart)));
        }
        if self.image.contains(char::is_whitespace) {
            return Err(Failure::error(format!("Invalid image name {:?}: invalid reference format", self.image)));
        }
        Ok(())
    }

    fn pod(&self, name: &str) -> Outcome<Value> {
        let mut metadata = metadata(name);
        metadata["labels"] = self.labels(name)?;
        for annotation in &self.annotations {
            for (key, value) in pairs(annotation)? {
                metadata["annotations"][key] = value;
            }
        }
        let spec = json!({
            "containers": [self.container(name)?],
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": self.restart,
        });
        Ok(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {}}))
    }

    fn labels(&self, name: &str) -> Outcome<Value> {
        match &self.labels {
            Some(text) => Ok(Value::Object(pairs(text)?)),
            None => Ok(json!({ "run": name })),
        }
    }

    fn container(&self, name: &str) -> Outcome<Value> {
        let mut container = json!({ "image": self.image, "name": name, "resources": {} });
        let args: Vec<&String> = self.args.iter().skip(1).chain(&self.after).collect();
        if !args.is_empty() {
            container[if self.command { "command" } else { "args" }] = json!(args);
        }
        if !self.env.is_empty() {
            container["env"] = self.env.iter().map(|text| variable(text)).collect::<Outcome<_>>()?;
        }
        if let Some(port) = self.port()? {
            container["ports"] = json!([{ "containerPort": port }]);
        }
        if let Some(policy) = &self.image_pull_policy {
            container["imagePullPolicy"] = policy.as_str().into();
        }
        if self.privileged {
            container["securityContext"] = json!({ "privileged": true });
        }
        Ok(container)
    }

    fn port(&self) -> Outcome<Option<i64>> {
        let wrong = |port: &str| Failure::error(format!("strconv.Atoi: parsing {port:?}: invalid syntax"));
        self.port.as_deref().map(|port| port.parse().map_err(|_| wrong(port))).transpose()
    }

    fn overridden(&self, pod: Value) -> Outcome<Value> {
        let Some(overrides) = &self.overrides else { return Ok(pod) };
        match self.override_type.as_str() {
            "merge" => override_with(&pod, overrides, None),
            "strategic" => override_with(&pod, overrides, Some("io.k8s.api.core.v1.Pod")),
            "json" => {
                let patch: json_patch::Patch =
                    serde_json::from_str(overrides).map_err(|_| Failure::error("Invalid JSON Patch"))?;
                let mut pod = pod;
                json_patch::patch(&mut pod, &patch).map_err(|error| Failure::error(error.to_string()))?;
                Ok(pod)
            }
            other => Err(Failure::error(format!("invalid override type: {other}"))),
        }
    }

    fn service(&self, name: &str) -> Outcome<Value> {
        let port = self.port()?;
        let ports = json!([{ "port": port, "protocol": "TCP", "targetPort": port }]);
        let spec = json!({ "ports": ports, "selector": self.labels(name)? });
        Ok(
            json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata(name), "spec": spec, "status": {"loadBalancer": {}}}),
        )
    }
}

/// `NAME=value`.
fn variable(text: &str) -> Outcome<Value> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok(json!({ "name": name, "value": value })),
        _ => Err(Failure::error(format!("invalid env: {text}"))),
    }
}
