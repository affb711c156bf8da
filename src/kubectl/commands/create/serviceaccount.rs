//! `kubectl create serviceaccount`.

use clap::Args;
use serde_json::json;

use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::failure::Outcome;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `create serviceaccount`.
#[derive(Args, Debug)]
pub(crate) struct ServiceAccount {
    #[arg(hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    common: Common,
}

impl Verb for ServiceAccount {
    const NAME: &'static str = "serviceaccount";
    const ABOUT: &'static str = "Crea una cuenta para los pods";
    const USAGE: &'static str = "NOMBRE";
    const ALIASES: &'static [&'static str] = &["sa"];

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let metadata = metadata(one_name(&self.args, session)?);
        let object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata});
        let failed = "failed to create serviceaccount:";
        self.common.make(Made { object, plural: "serviceaccounts", namespaced: true, failed }, session).await
    }
}
