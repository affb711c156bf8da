//! `kubectl create role` and `clusterrole`.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Verbs that some resource understands; another one earns a warning.
const VERBS: &[&str] = &[
    "*",
    "get",
    "delete",
    "list",
    "create",
    "update",
    "patch",
    "watch",
    "proxy",
    "deletecollection",
    "use",
    "bind",
    "approve",
    "sign",
    "escalate",
    "impersonate",
    "attest",
];

/// What may be done with what.
#[derive(Args, Debug)]
pub(super) struct Rules {
    /// Qué se puede hacer: get, list, create…
    #[arg(long, value_name = "VERBOS", value_delimiter = ',')]
    verb: Vec<String>,
    /// Con qué recursos, por ejemplo pods o deployments.apps.
    #[arg(long, value_name = "RECURSOS", value_delimiter = ',')]
    resource: Vec<String>,
    /// Solo con los objetos de estos nombres.
    #[arg(long, value_name = "NOMBRES", value_delimiter = ',')]
    resource_name: Vec<String>,
}

/// Arguments of `create role`.
#[derive(Args, Debug)]
pub(crate) struct Role {
    #[arg(hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    common: Common,
}

impl Verb for Role {
    const NAME: &'static str = "role";
    const ABOUT: &'static str = "Crea un Role: permisos en un espacio de nombres";
    const USAGE: &'static str = "NOMBRE --verb=VERBOS --resource=RECURSOS";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one_name(&self.args, session)?;
        if self.rules.verb.is_empty() {
            return Err(Failure::error("at least one verb must be specified"));
        }
        if self.rules.resource.is_empty() {
            return Err(Failure::error("at least one resource must be specified"));
        }
        let rules = self.rules.read(session).await?;
        make(&self.common, ("Role", "roles"), name, json!({ "rules": rules }), session).await
    }
}

/// Arguments of `create clusterrole`.
#[derive(Args, Debug)]
pub(crate) struct ClusterRole {
    #[arg(hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    rules: Rules,
    /// Direcciones del API que no son recursos, por ejemplo /healthz.
    #[arg(long = "non-resource-url", value_name = "RUTAS", value_delimiter = ',')]
    urls: Vec<String>,
    /// Une los ClusterRoles con estas etiquetas.
    #[arg(long, value_name = "ETIQUETAS")]
    aggregation_rule: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl Verb for ClusterRole {
    const NAME: &'static str = "clusterrole";
    const ABOUT: &'static str = "Crea un ClusterRole: permisos en todo el clúster";
    const USAGE: &'static str = "NOMBRE --verb=VERBOS --resource=RECURSOS";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one_name(&self.args, session)?;
        let content = match &self.aggregation_rule {
            Some(text) => {
                let labels = crate::kubectl::commands::expose::pairs(text)?;
                json!({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": labels}]}, "rules": null})
            }
            None => json!({ "rules": self.given(session).await? }),
        };
        make(&self.common, ("ClusterRole", "clusterroles"), name, content, session).await
    }
}

impl ClusterRole {
    async fn given(&self, session: &mut Session<'_>) -> Outcome<Vec<Value>> {
        if self.rules.verb.is_empty() {
            return Err(Failure::error("at least one verb must be specified"));
        }
        match (self.rules.resource.is_empty(), self.urls.is_empty()) {
            (true, true) => Err(Failure::error("one of resource or nonResourceURL must be specified")),
            (false, true) => self.rules.read(session).await,
            (true, false) => Ok(vec![json!({ "nonResourceURLs": self.urls, "verbs": self.rules.verb })]),
            (false, false) => {
                let mut rules = self.rules.read(session).await?;
                rules.push(json!({ "nonResourceURLs": self.urls, "verbs": self.rules.verb }));
                Ok(rules)
            }
        }
    }
}

impl Rules {
    /// One rule for each API group, in the groups' order.
    async fn read(&self, session: &mut Session<'_>) -> Outcome<Vec<Value>> {
        let verbs = without_repetition(&self.verb);
        for verb in verbs.iter().filter(|verb| !VERBS.contains(&verb.as_str())) {
            session.warn(format!("'{verb}' is not a standard resource verb"))?;
        }
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for word in without_repetition(&self.resource) {
            let (name, sub) = word.split_once('/').map_or((word.as_str(), ""), |(name, sub)| (name, sub));
            let (group, plural) = if name == "*" { ("*".into(), "*".into()) } else { resolve(name, session).await? };
            let full = if sub.is_empty() { plural } else { format!("{plural}/{sub}") };
            groups.entry(group).or_default().push(full);
        }
        let rule = |(group, resources): (String, Vec<String>)| {
            let mut rule = json!({ "apiGroups": [group], "resources": resources, "verbs": verbs });
            if !self.resource_name.is_empty() {
                rule["resourceNames"] = self.resource_name.clone().into();
            }
            rule
        };
        Ok(groups.into_iter().map(rule).collect())
    }
}

/// The group and plural that a word means.
async fn resolve(word: &str, session: &mut Session<'_>) -> Outcome<(String, String)> {
    let found = session.resource(word).await.map_err(|_| {
        let (name, group) = word.split_once('.').unwrap_or((word, ""));
        let within = if group.is_empty() { String::new() } else { format!(" in group {group:?}") };
        Failure::Worded(format!("the server doesn't have a resource type {name:?}{within}"))
    })?;
    Ok((found.group.clone(), found.plural.clone()))
}

fn without_repetition(words: &[String]) -> Vec<String> {
    let mut seen = Vec::new();
    for word in words {
        if !seen.contains(word) {
            seen.push(word.clone());
        }
    }
    seen
}

async fn make(
    common: &Common,
    (kind, plural): (&str, &'static str),
    name: &str,
    content: Value,
    session: &mut Session<'_>,
) -> Outcome {
    let mut object = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata(name)});
    for (field, value) in content.as_object().into_iter().flatten() {
        object[field] = value.clone();
    }
    common.make(Made { object, plural, namespaced: kind == "Role", failed: "" }, session).await
}
