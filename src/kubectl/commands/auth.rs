//! `kubectl auth`: what one may do, and who one is. Must not change anything.

use clap::Args;
use serde_json::{Value, json};

use super::describe::access;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::Output;
use crate::kubectl::print::Chosen;
use crate::kubectl::print::tabs::Tabs;
use crate::kubectl::rest::Ask;
use crate::kubectl::session::Session;
use crate::kubectl::verb::{Command, Verb};

/// The commands under `auth`.
pub(super) const TABLE: &[Command] = &[Command::of::<CanI>(), Command::of::<WhoAmI>()];

const REVIEWS: &str = "/apis/authorization.k8s.io/v1";

/// Arguments of `auth can-i`.
#[derive(Args, Debug)]
pub(crate) struct CanI {
    /// VERBO y TIPO, TIPO/NOMBRE o /RUTA.
    #[arg(value_name = "VERBO", hide = true)]
    args: Vec<String>,
    /// En todos los espacios de nombres.
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Todo lo que se puede.
    #[arg(long)]
    list: bool,
    /// Sin decirlo: solo el código de salida.
    #[arg(short, long)]
    quiet: bool,
    /// Sin la fila de títulos.
    #[arg(long)]
    no_headers: bool,
    /// Subrecurso, por ejemplo log.
    #[arg(long, value_name = "NOMBRE", default_value = "", hide_default_value = true)]
    subresource: String,
}

impl Verb for CanI {
    const NAME: &'static str = "can-i";
    const ABOUT: &'static str = "Dice si se puede hacer algo";
    const USAGE: &'static str = "VERBO TIPO [NOMBRE] | --list";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        if self.list {
            if !self.args.is_empty() {
                return Err(Failure::error("list option must be specified with no arguments"));
            }
            return self.rules(session).await;
        }
        let attributes = self.attributes(session).await?;
        let review =
            json!({ "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": attributes });
        let answer = session.ask(Ask::post(format!("{REVIEWS}/selfsubjectaccessreviews"), &review)).await?;
        let status = &answer["status"];
        let (allowed, reason) = (status["allowed"] == true, status["reason"].as_str().unwrap_or_default());
        if !self.quiet {
            let said = if allowed { "yes" } else { "no" };
            let why = if reason.is_empty() || allowed { String::new() } else { format!(" - {reason}") };
            session.line(format!("{said}{why}"))?;
        }
        if allowed { Ok(()) } else { Err(Failure::Exit(1)) }
    }
}

impl CanI {
    async fn attributes(&self, session: &mut Session<'_>) -> Outcome<Value> {
        let (verb, what, name) = match self.args.as_slice() {
            [verb, what] if what.starts_with('/') => {
                return Ok(json!({ "nonResourceAttributes": { "path": what, "verb": verb } }));
            }
            [verb, what] => match what.split_once('/') {
                Some((what, name)) => (verb, what.to_string(), name.to_string()),
                None => (verb, what.clone(), String::new()),
            },
            [verb, what, name] => (verb, what.clone(), name.clone()),
            _ => {
                return Err(Failure::error(
                    "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
                ));
            }
        };
        let mut attributes = json!({ "verb": verb, "resource": what });
        let mut namespaced = true;
        if what == "*" {
            attributes["group"] = "*".into();
        } else if let Ok(resource) = session.resource(&what).await {
            namespaced = resource.namespaced;
            attributes["resource"] = resource.plural.as_str().into();
            if !resource.group.is_empty() {
                attributes["group"] = resource.group.as_str().into();
            }
        } else {
            let (plural, group) = what.split_once('.').unwrap_or((&what, ""));
            let of = if group.is_empty() { String::new() } else { format!(" in group '{group}'") };
            session.warn(format!("the server doesn't have a resource type '{plural}'{of}\n"))?;
        }
        if !namespaced && !self.all_namespaces {
            let (plural, group) = (attributes["resource"].clone(), attributes["group"].clone());
            let of = group.as_str().map(|group| format!(" in group '{group}'")).unwrap_or_default();
            session
                .warn(format!("resource '{}' is not namespace scoped{of}\n", plural.as_str().unwrap_or_default()))?;
        }
        if !self.all_namespaces {
            attributes["namespace"] = session.namespace().await?.into();
        }
        for (field, text) in [("name", &name), ("subresource", &self.subresource)] {
            if !text.is_empty() {
                attributes[field] = text.as_str().into();
            }
        }
        Ok(json!({ "resourceAttributes": attributes }))
    }

    async fn rules(&self, session: &mut Session<'_>) -> Outcome {
        let spec = json!({ "namespace": session.namespace().await? });
        let review = json!({ "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": spec });
        let answer = session.ask(Ask::post(format!("{REVIEWS}/selfsubjectrulesreviews"), &review)).await?;
        let rules = ["resourceRules", "nonResourceRules"].map(|part| answer["status"][part].clone());
        let rules: Vec<Value> = rules.iter().filter_map(Value::as_array).flatten().cloned().collect();
        let rows = access::rows(&rules.into());
        let head = if self.no_headers { "" } else { "Resources\tNon-Resource URLs\tResource Names\tVerbs\n" };
        let table: String = rows.into_iter().map(|row| row + "\n").collect();
        session.print(Tabs::table().align(&format!("{head}{table}")))
    }
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(Into::into)).collect()
}

/// `[get list]`.
fn listed(value: &Value) -> String {
    format!("[{}]", words(value).join(" "))
}

/// Arguments of `auth whoami`.
#[derive(Args, Debug)]
pub(crate) struct WhoAmI {
    #[command(flatten)]
    output: Output,
}

impl Verb for WhoAmI {
    const NAME: &'static str = "whoami";
    const ABOUT: &'static str = "Dice quién eres para el servidor";
    const USAGE: &'static str = "";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let chosen = Chosen::of(&self.output, session)?;
        let review = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
        let answer = session.ask(Ask::post("/apis/authentication.k8s.io/v1/selfsubjectreviews", &review)).await?;
        if chosen.is_whole() {
            return session.done(&chosen, &self.output, &answer, "");
        }
        let user = &answer["status"]["userInfo"];
        let mut table = "ATTRIBUTE\tVALUE\n".to_string();
        for (label, field) in [("Username", "username"), ("UID", "uid")] {
            if let Some(text) = user[field].as_str().filter(|text| !text.is_empty()) {
                table += &format!("{label}\t{text}\n");
            }
        }
        if user["groups"].is_array() {
            table += &format!("Groups\t{}\n", listed(&user["groups"]));
        }
        for (key, values) in user["extra"].as_object().into_iter().flatten() {
            table += &format!("Extra: {key}\t{}\n", listed(values));
        }
        session.print(Tabs::table().align(&table))
    }
}
