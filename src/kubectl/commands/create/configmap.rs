//! `kubectl create configmap`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Map, json};

use super::data::Sources;
use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::failure::Outcome;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `create configmap`.
#[derive(Args, Debug)]
pub(crate) struct ConfigMap {
    #[arg(hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    common: Common,
}

impl Verb for ConfigMap {
    const NAME: &'static str = "configmap";
    const ABOUT: &'static str = "Crea un ConfigMap con valores o archivos";
    const USAGE: &'static str = "NOMBRE [--from-literal=CLAVE=VALOR] [--from-file=ARCHIVO]";
    const ALIASES: &'static [&'static str] = &["cm"];

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let metadata = metadata(one_name(&self.args, session)?);
        let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
        let (mut texts, mut binaries) = (Map::new(), Map::new());
        for (key, bytes) in self.sources.read("ConfigMap", session.io)? {
            match String::from_utf8(bytes) {
                Ok(text) => drop(texts.insert(key, text.into())),
                Err(error) => drop(binaries.insert(key, STANDARD.encode(error.as_bytes()).into())),
            }
        }
        for (field, data) in [("data", texts), ("binaryData", binaries)] {
            if !data.is_empty() {
                object[field] = data.into();
            }
        }
        let failed = "failed to create configmap:";
        self.common.make(Made { object, plural: "configmaps", namespaced: true, failed }, session).await
    }
}
