//! `kubectl create deployment`.

use clap::Args;
use serde_json::{Value, json};

use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::grammar;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `create deployment`.
#[derive(Args, Debug)]
pub(crate) struct Deployment {
    #[arg(hide = true)]
    args: Vec<String>,
    /// La orden del contenedor, después de --.
    #[arg(last = true, value_name = "ORDEN", hide = true)]
    command: Vec<String>,
    /// Imagen; se puede repetir para varios contenedores.
    #[arg(long, value_name = "IMAGEN", required = true, value_delimiter = ',')]
    image: Vec<String>,
    /// Puerto del contenedor.
    #[arg(long, value_name = "PUERTO", value_parser = grammar::int)]
    port: Option<i64>,
    /// Cuántas réplicas [por omisión: 1].
    #[arg(short, long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = grammar::int)]
    replicas: i64,
    #[command(flatten)]
    common: Common,
}

impl Verb for Deployment {
    const NAME: &'static str = "deployment";
    const ABOUT: &'static str = "Crea un Deployment";
    const USAGE: &'static str = "NOMBRE --image=IMAGEN [-- ORDEN…]";
    const ALIASES: &'static [&'static str] = &["deploy"];

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one_name(&self.args, session)?;
        if self.image.len() > 1 && !self.command.is_empty() {
            return Err(Failure::error("cannot specify multiple --image options and command"));
        }
        let labels = json!({ "app": name });
        let mut metadata = metadata(name);
        metadata["labels"] = labels.clone();
        let pod = json!({ "creationTimestamp": null, "labels": labels });
        let containers: Vec<Value> = self.image.iter().map(|image| self.container(image)).collect();
        let object = json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": self.replicas,
                "selector": { "matchLabels": labels },
                "strategy": {},
                "template": { "metadata": pod, "spec": { "containers": containers } },
            },
            "status": {},
        });
        let failed = "failed to create deployment:";
        self.common.make(Made { object, plural: "deployments", namespaced: true, failed }, session).await
    }
}

impl Deployment {
    fn container(&self, image: &str) -> Value {
        let mut container = json!({ "image": image, "name": name_of(image), "resources": {} });
        if !self.command.is_empty() {
            container["command"] = self.command.clone().into();
        }
        if let Some(port) = self.port {
            container["ports"] = json!([{ "containerPort": port }]);
        }
        container
    }
}

/// A container's name from its image: the last part, without tag nor digest, in letters that a name may have.
fn name_of(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    let bare = last.split([':', '@']).next().unwrap_or(last);
    bare.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-")
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn containers_are_named_after_their_image() {
        for (image, name) in [
            ("nginx:1.27", "nginx"),
            ("registry.example:5000/team/My_App@sha256:abc", "my-app"),
            ("ejemplo.invalid/mala:1", "mala"),
        ] {
            assert_eq!(name_of(image), name);
        }
    }
}
