//! `kubectl create token`. Must not keep the token.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::make::one_name;
use crate::kubectl::duration;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::Output;
use crate::kubectl::print::Chosen;
use crate::kubectl::rest::Ask;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `create token`.
#[derive(Args, Debug)]
pub(crate) struct Token {
    #[arg(hide = true)]
    args: Vec<String>,
    /// Para quién vale el token.
    #[arg(long, value_name = "DESTINATARIO")]
    audience: Vec<String>,
    /// Cuánto vale, por ejemplo 10m.
    #[arg(long, value_name = "TIEMPO", value_parser = duration::parse)]
    duration: Option<Duration>,
    #[command(flatten)]
    output: Output,
}

impl Verb for Token {
    const NAME: &'static str = "token";
    const ABOUT: &'static str = "Pide un token para una cuenta de servicio";
    const USAGE: &'static str = "CUENTA [--duration=TIEMPO]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one_name(&self.args, session)?;
        let chosen = Chosen::of(&self.output, session)?;
        let mut spec = json!({ "audiences": self.audience });
        if let Some(duration) = self.duration {
            spec["expirationSeconds"] = duration.as_secs().into();
        }
        let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec});
        let namespace = session.namespace().await?;
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        let answer = session.ask(Ask::post(path, &request)).await;
        let answer =
            answer.map_err(|failure| Failure::error(format!("failed to create token: {}", failure.message())))?;
        match &chosen {
            Chosen::Human { .. } => session.line(answer["status"]["token"].as_str().unwrap_or_default()),
            Chosen::Object(_) => session.done(&chosen, &self.output, &answer, ""),
        }
    }
}
