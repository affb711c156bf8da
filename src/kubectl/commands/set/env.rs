//! `kubectl set env`. Must not read what ConfigMaps and Secrets hold beyond their keys.

use clap::Args;
use serde_json::{Value, json};

use super::{containers, each, fits, nothing_named, pod_spec};
use crate::kubectl::commands::change::{self, Change};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::rest::Ask;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `set env`.
#[derive(Args, Debug)]
pub(crate) struct Env {
    /// Objetos, y después NOMBRE=VALOR o NOMBRE-.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    /// En qué contenedores: un nombre o un patrón.
    #[arg(short = 'c', long, value_name = "CONTENEDOR", default_value = "*", hide_default_value = true)]
    containers: String,
    /// Una variable NOMBRE=VALOR; se puede repetir.
    #[arg(short, long, value_name = "NOMBRE=VALOR")]
    env: Vec<String>,
    /// Toma las claves de configmap/NOMBRE o secret/NOMBRE.
    #[arg(long, value_name = "OBJETO")]
    from: Option<String>,
    /// Lo que va delante de los nombres que vienen de --from.
    #[arg(long, value_name = "TEXTO", default_value = "", hide_default_value = true)]
    prefix: String,
    /// De --from, solo estas claves.
    #[arg(long, value_name = "CLAVES", value_delimiter = ',')]
    keys: Vec<String>,
    /// Muestra las que hay.
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    change: Change,
}

impl Verb for Env {
    const NAME: &'static str = "env";
    const ABOUT: &'static str = "Pone o quita variables de entorno de los contenedores";
    const USAGE: &'static str = "TIPO NOMBRE NOMBRE=VALOR… NOMBRE-…";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let (words, mut changes) = change::split(&self.args, "environment")?;
        nothing_named(&words, &self.change)?;
        if self.list {
            return self.show(&words, session).await;
        }
        changes.extend(self.env.iter().cloned());
        let mut set: Vec<Value> = Vec::new();
        if let Some(from) = &self.from {
            set.extend(self.taken(from, session).await?);
        }
        let pairs = changes.iter().filter_map(|change| change.split_once('='));
        set.extend(pairs.map(|(name, value)| json!({ "name": name, "value": value })));
        let removed = changes.iter().filter(|change| !change.contains('='));
        let removed: Vec<&str> = removed.map(|change| change.trim_end_matches('-')).collect();
        let alter = |spec: &mut Value| {
            let mut found = false;
            for container in containers(spec, true).filter(|container| fits(&self.containers, container)) {
                update(container, &set, &removed);
                found = true;
            }
            if found { Ok(()) } else { Err(Failure::error(format!("no containers matching {:?}", self.containers))) }
        };
        each(&self.change, &words, "env", alter, session).await
    }
}

/// Known variables change in their place, new ones come last.
fn update(container: &mut Value, set: &[Value], removed: &[&str]) {
    let mut env = container["env"].as_array().cloned().unwrap_or_default();
    env.retain(|one| !removed.iter().any(|name| one["name"] == *name));
    for variable in set {
        match env.iter_mut().find(|one| one["name"] == variable["name"]) {
            Some(known) => *known = variable.clone(),
            None => env.push(variable.clone()),
        }
    }
    if let Some(container) = container.as_object_mut() {
        if env.is_empty() { drop(container.remove("env")) } else { drop(container.insert("env".into(), env.into())) }
    }
}

impl Env {
    /// A variable for each key of a ConfigMap or Secret.
    async fn taken(&self, from: &str, session: &mut Session<'_>) -> Outcome<Vec<Value>> {
        let (kind, name) = from.split_once('/').unwrap_or(("", from));
        let resource = session.resource(kind).await?;
        let field = match resource.kind.as_str() {
            "ConfigMap" => "configMapKeyRef",
            "Secret" => "secretKeyRef",
            other => return Err(Failure::error(format!("unsupported resource specified in --from: {other}"))),
        };
        let namespace = session.namespace().await?;
        let object = session.ask(Ask::get(resource.item(&namespace, name))).await?;
        let keys = object["data"].as_object().into_iter().flatten().map(|(key, _)| key);
        let wanted = keys.filter(|key| self.keys.is_empty() || self.keys.contains(key));
        let variable = |key: &String| {
            let letters = key.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
            let own = format!("{}{}", self.prefix, letters.collect::<String>().to_uppercase());
            json!({ "name": own, "valueFrom": { field: { "key": key, "name": name } } })
        };
        Ok(wanted.map(variable).collect())
    }

    async fn show(&self, words: &[String], session: &mut Session<'_>) -> Outcome {
        let (infos, failures) = self.change.infos(words, session).await?;
        for mut info in infos {
            let kind = info.resource.kind.clone();
            let Some(spec) = pod_spec(&mut info.object, &kind) else { continue };
            for container in containers(spec, true).filter(|container| fits(&self.containers, container)) {
                let name = container["name"].as_str().unwrap_or_default();
                session.line(format!("# {kind} {}, container {name}", info.name))?;
                for variable in container["env"].as_array().into_iter().flatten() {
                    session.line(told(variable))?;
                }
            }
        }
        Failure::all(failures)
    }
}

fn told(variable: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let (name, from) = (text(&variable["name"]), &variable["valueFrom"]);
    for (field, word) in [("configMapKeyRef", "configmap"), ("secretKeyRef", "secret")] {
        if from[field].is_object() {
            return format!("# {name} from {word} {}, key {}", text(&from[field]["name"]), text(&from[field]["key"]));
        }
    }
    if from["fieldRef"].is_object() {
        return format!("# {name} from field path {}", text(&from["fieldRef"]["fieldPath"]));
    }
    format!("{name}={}", text(&variable["value"]))
}
