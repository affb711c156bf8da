//! `kubectl wait`. Must not change anything.

use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::timeout;

use crate::kubectl::duration;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::{Files, Output, Selectors};
use crate::kubectl::print::{Chosen, jsonpath};
use crate::kubectl::select::{self, Info, Query};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;
use crate::kubectl::watching;

/// A negative time-out is a week.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often is looked for something that is not there yet.
const LOOK: Duration = Duration::from_millis(500);

/// Arguments of `wait`.
#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// Qué esperar.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    /// create, delete, condition=NOMBRE[=VALOR] o jsonpath='{CAMPO}'[=VALOR].
    #[arg(long = "for", value_name = "QUÉ", default_value = "", hide_default_value = true)]
    what: String,
    /// Cuánto se espera como mucho.
    #[arg(long, value_name = "TIEMPO", default_value = "30s", hide_default_value = true)]
    timeout: String,
    /// Todos los objetos del tipo.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    selectors: Selectors,
    #[command(flatten)]
    output: Output,
}

/// What is waited for.
enum Goal {
    Created,
    Deleted,
    Condition { name: String, value: String },
    Path { path: jsonpath::Template, value: Option<String> },
}

impl Verb for Wait {
    const NAME: &'static str = "wait";
    const ABOUT: &'static str = "Espera a que los objetos cumplan una condición";
    const USAGE: &'static str = "TIPO NOMBRE --for=CONDICIÓN [--timeout=30s]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let goal = Goal::read(&self.what)?;
        let chosen = Chosen::of(&self.output, session)?;
        let until = session.io.now() + SignedDuration::try_from(self.limit()?).unwrap_or(SignedDuration::MAX);
        let infos = self.found(&goal, until, session).await?;
        let mut failures = Vec::new();
        for info in &infos {
            let left = left(until, session);
            let waited = timeout(left, self.one(&goal, info, session)).await.unwrap_or_else(|_| Err(late(info)));
            match waited {
                Ok(object) => session.done(&chosen, &self.output, &object, "condition met")?,
                Err(failure) => failures.push(failure),
            }
        }
        Failure::all(failures)
    }
}

/// The time that is left until then.
fn left(until: Timestamp, session: &Session<'_>) -> Duration {
    Duration::try_from(until.duration_since(session.io.now())).unwrap_or_default()
}

fn late(info: &Info) -> Failure {
    Failure::error(format!("timed out waiting for the condition on {}/{}", info.resource.plural, info.name))
}

impl Wait {
    fn limit(&self) -> Outcome<Duration> {
        if self.timeout.starts_with('-') {
            return Ok(WEEK);
        }
        duration::parse(&self.timeout).map_err(|error| {
            Failure::error(format!("invalid argument {:?} for \"--timeout\" flag: {error}", self.timeout))
        })
    }

    /// The objects; one that is waited for to be created is looked for until it is there.
    async fn found(&self, goal: &Goal, until: Timestamp, session: &mut Session<'_>) -> Outcome<Vec<Info>> {
        let query = Query {
            args: &self.args,
            files: self.files.clone(),
            selector: self.selectors.selector.as_deref(),
            fields: self.selectors.field_selector.as_deref(),
            all: self.all,
            all_namespaces: self.selectors.all_namespaces,
            ..Query::default()
        };
        loop {
            let (infos, failures) = select::infos(session, &query).await?;
            let missing = failures.iter().all(Failure::is_not_found);
            match goal {
                Goal::Created if infos.is_empty() && missing => {
                    if left(until, session) < LOOK {
                        return Err(Failure::error("timed out waiting for the condition"));
                    }
                    tokio::time::sleep(LOOK).await;
                    continue;
                }
                // What is not there has been deleted.
                Goal::Deleted if missing => return Ok(infos),
                _ => {}
            }
            Failure::all(failures)?;
            if infos.is_empty() && !matches!(goal, Goal::Deleted) {
                return Err(Failure::error("no matching resources found"));
            }
            return Ok(infos);
        }
    }

    /// Waits for one object; answers how it is then.
    async fn one(&self, goal: &Goal, info: &Info, session: &mut Session<'_>) -> Outcome<Value> {
        if matches!(goal, Goal::Created) {
            return Ok(info.object.clone());
        }
        let path = info.list_path();
        watching::until(session, &path, &info.name, |_, object| match (goal, object) {
            (Goal::Deleted, None) => Ok(Some(info.object.clone())),
            (Goal::Deleted, Some(object)) => {
                let replaced = object["metadata"]["uid"] != info.object["metadata"]["uid"];
                Ok(replaced.then(|| info.object.clone()))
            }
            (_, None) => Err(Failure::error(format!("{} {:?} not found", info.resource.qualified(), info.name))),
            (goal, Some(object)) => Ok(goal.is_met(object)?.then(|| typed(info, object))),
        })
        .await
    }
}

/// Objects of a list do not say what they are.
fn typed(info: &Info, object: &Value) -> Value {
    let mut object = object.clone();
    object["apiVersion"] = info.resource.api_version().into();
    object["kind"] = info.resource.kind.as_str().into();
    object
}

impl Goal {
    fn read(text: &str) -> Outcome<Self> {
        if let Some(rest) = text.strip_prefix("condition=") {
            let (name, value) = rest.split_once('=').unwrap_or((rest, "true"));
            return Ok(Self::Condition { name: name.into(), value: value.into() });
        }
        if let Some(rest) = text.strip_prefix("jsonpath=") {
            return path(rest);
        }
        match text.to_lowercase().as_str() {
            "create" => Ok(Self::Created),
            "delete" => Ok(Self::Deleted),
            _ => Err(Failure::error(format!("unrecognized condition: {text:?}"))),
        }
    }

    fn is_met(&self, object: &Value) -> Outcome<bool> {
        Ok(match self {
            Self::Created => true,
            Self::Deleted => false,
            Self::Condition { name, value } => is_condition(object, name, value),
            Self::Path { path, value } => {
                // A field that is not there yet is no mistake.
                let found = path.find(object).unwrap_or_default();
                match (found.as_slice(), value) {
                    ([], _) => false,
                    ([_], None) => true,
                    ([one], Some(value)) => plain(one)? == *value,
                    _ => {
                        return Err(Failure::error("given jsonpath expression matches more than one value"));
                    }
                }
            }
        })
    }
}

/// `{.status.phase}=Running`, `.status.phase=Running`.
fn path(text: &str) -> Outcome<Goal> {
    let text = text.trim_matches(['\'', '"']);
    // A comparison inside the expression has its own equal signs.
    let (path, value) = match (text.find('}'), text.find('=')) {
        (Some(end), _) if text.starts_with('{') => (&text[..=end], text[end + 1..].strip_prefix('=')),
        (_, Some(at)) => (&text[..at], Some(&text[at + 1..])),
        _ => (text, None),
    };
    if value == Some("") {
        return Err(Failure::error("jsonpath wait value cannot be empty"));
    }
    let path = path.trim_matches(['\'', '"']);
    let braced =
        if path.starts_with('{') { path.to_string() } else { format!("{{.{}}}", path.trim_start_matches('.')) };
    let parsed = jsonpath::Template::parse(&braced).map_err(Failure::error)?;
    Ok(Goal::Path { path: parsed, value: value.map(|value| value.trim_matches(['\'', '"']).into()) })
}

fn plain(value: &Value) -> Outcome<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Object(_) | Value::Array(_) => {
            Err(Failure::error("jsonpath leads to a nested object or list which is not supported"))
        }
        other => Ok(other.to_string()),
    }
}

/// Whether a condition has a value, as of the object's present generation.
fn is_condition(object: &Value, name: &str, value: &str) -> bool {
    let generation = object["metadata"]["generation"].as_i64().unwrap_or(0);
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let mut fitting = conditions.filter(|one| one["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case(name)));
    let seen = |one: &Value| {
        let of = one["observedGeneration"].as_i64().or_else(|| object["status"]["observedGeneration"].as_i64());
        of.is_none_or(|of| of >= generation)
    };
    fitting.any(|one| seen(one) && one["status"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(value)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn met(goal: &str, object: Value) -> bool {
        Goal::read(goal).unwrap().is_met(&object).unwrap()
    }

    #[test]
    fn conditions_and_paths_are_compared() {
        let pod = json!({ "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] } });
        assert!(met("condition=ready", pod.clone()) && !met("condition=Ready=false", pod.clone()));
        assert!(met("jsonpath='{.status.phase}'=Running", pod.clone()) && met("jsonpath=.status.phase", pod.clone()));
        assert!(!met("jsonpath={.status.nada}", pod.clone()) && !met("jsonpath={.status.phase}=Failed", pod));
        assert!(Goal::read("nada").is_err() && Goal::read("jsonpath={.a}=").is_err());
    }

    #[test]
    fn a_condition_of_an_older_generation_does_not_count() {
        let object = json!({ "metadata": { "generation": 2 },
            "status": { "observedGeneration": 1, "conditions": [{ "type": "Available", "status": "True" }] } });
        assert!(!met("condition=Available", object));
    }
}
