//! `kubectl create quota`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `create quota`.
#[derive(Args, Debug)]
pub(crate) struct Quota {
    #[arg(hide = true)]
    args: Vec<String>,
    /// Límites, por ejemplo pods=10,cpu=2.
    #[arg(long, value_name = "RECURSO=CANTIDAD,…")]
    hard: Option<String>,
    /// A qué pods afecta, por ejemplo BestEffort.
    #[arg(long, value_name = "ÁMBITOS", value_delimiter = ',')]
    scopes: Vec<String>,
    #[command(flatten)]
    common: Common,
}

impl Verb for Quota {
    const NAME: &'static str = "quota";
    const ABOUT: &'static str = "Crea un ResourceQuota: límites de un espacio de nombres";
    const USAGE: &'static str = "NOMBRE --hard=RECURSO=CANTIDAD,…";
    const ALIASES: &'static [&'static str] = &["resourcequota"];

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let metadata = metadata(one_name(&self.args, session)?);
        let mut spec = json!({});
        let hard = self.hard()?;
        if !hard.is_empty() {
            spec["hard"] = hard.into();
        }
        if !self.scopes.is_empty() {
            spec["scopes"] = self.scopes.clone().into();
        }
        let object =
            json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": spec, "status": {}});
        let failed = "failed to create quota:";
        self.common.make(Made { object, plural: "resourcequotas", namespaced: true, failed }, session).await
    }
}

impl Quota {
    fn hard(&self) -> Outcome<Map<String, Value>> {
        let pair = |part: &str| match part.split_once('=') {
            Some((name, amount)) if !amount.contains('=') => Ok((name.to_string(), amount.into())),
            _ => Err(Failure::error(format!("Invalid argument syntax {part}, expected <resource>=<value>"))),
        };
        self.hard.as_deref().unwrap_or_default().split(',').filter(|part| !part.is_empty()).map(pair).collect()
    }
}
