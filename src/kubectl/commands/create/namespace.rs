//! `kubectl create namespace`.

use clap::Args;
use serde_json::json;

use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::failure::Outcome;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `create namespace`.
#[derive(Args, Debug)]
pub(crate) struct Namespace {
    #[arg(hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    common: Common,
}

impl Verb for Namespace {
    const NAME: &'static str = "namespace";
    const ABOUT: &'static str = "Crea un espacio de nombres";
    const USAGE: &'static str = "NOMBRE";
    const ALIASES: &'static [&'static str] = &["ns"];

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let metadata = metadata(one_name(&self.args, session)?);
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": {}, "status": {}});
        self.common.make(Made { object, plural: "namespaces", namespaced: false, failed: "" }, session).await
    }
}
