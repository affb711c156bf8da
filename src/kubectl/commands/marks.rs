//! `kubectl label` and `kubectl annotate`. Must not change anything else of an object.

use clap::Args;
use serde_json::{Map, Value, json};

use super::change::{self, Change};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::rest::PatchKind;
use crate::kubectl::select::Info;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of both.
#[derive(Args, Debug)]
struct Marks {
    /// Objetos, y después los cambios.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    /// Cambia también las que ya tienen otro valor.
    #[arg(long)]
    overwrite: bool,
    /// Muestra las que hay.
    #[arg(long)]
    list: bool,
    /// Solo si está en esta versión.
    #[arg(long, value_name = "VERSIÓN")]
    resource_version: Option<String>,
    #[command(flatten)]
    change: Change,
}

/// Arguments of `label`.
#[derive(Args, Debug)]
pub(crate) struct Label {
    #[command(flatten)]
    marks: Marks,
}

/// Arguments of `annotate`.
#[derive(Args, Debug)]
pub(crate) struct Annotate {
    #[command(flatten)]
    marks: Marks,
}

impl Verb for Label {
    const NAME: &'static str = "label";
    const ABOUT: &'static str = "Pone, cambia o quita etiquetas";
    const USAGE: &'static str = "TIPO NOMBRE CLAVE=VALOR… CLAVE-…";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        self.marks.run(&Kind { word: "label", field: "labels" }, session).await
    }
}

impl Verb for Annotate {
    const NAME: &'static str = "annotate";
    const ABOUT: &'static str = "Pone, cambia o quita anotaciones";
    const USAGE: &'static str = "TIPO NOMBRE CLAVE=VALOR… CLAVE-…";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        self.marks.run(&Kind { word: "annotation", field: "annotations" }, session).await
    }
}

/// Labels or annotations.
struct Kind {
    word: &'static str,
    field: &'static str,
}

/// What is to be set and what to be taken away.
struct Wanted {
    set: Vec<(String, String)>,
    remove: Vec<String>,
}

impl Marks {
    async fn run(&self, kind: &Kind, session: &mut Session<'_>) -> Outcome {
        let (words, changes) = change::split(&self.args, kind.word)?;
        let wanted = kind.read(&changes)?;
        if words.is_empty() && self.change.files.is_empty() {
            return Err(Failure::error(
                "one or more resources must be specified as <resource> <name> or <resource>/<name>",
            ));
        }
        if changes.is_empty() && !self.list {
            return Err(Failure::error(format!("at least one {} update is required", kind.word)));
        }
        let (infos, mut failures) = self.change.infos(&words, session).await?;
        let several = infos.len() > 1;
        for info in &infos {
            let done = match self.list {
                true => kind.list(info, several, session),
                false => self.one(info, kind, &wanted, session).await,
            };
            failures.extend(done.err());
        }
        Failure::all(failures)
    }

    async fn one(&self, info: &Info, kind: &Kind, wanted: &Wanted, session: &mut Session<'_>) -> Outcome {
        let old = info.object["metadata"][kind.field].as_object().cloned().unwrap_or_default();
        if kind.word == "label" && !self.change.stays_here()? {
            for gone in wanted.remove.iter().filter(|name| !old.contains_key(*name)) {
                session.line(format!("label {gone:?} not found."))?;
            }
        }
        if !self.overwrite {
            kind.refuse_overwrites(&old, wanted)?;
        }
        let new = wanted.applied(&old);
        let did = kind.did(&old, &new, self.overwrite);
        let object = if self.change.stays_here()? {
            let mut object = info.object.clone();
            object["metadata"][kind.field] = Value::Object(new);
            object
        } else {
            let patch = self.patch(kind, &old, &new);
            let manager = if kind.word == "label" { "kubectl-label" } else { "kubectl-annotate" };
            self.change.send(info, PatchKind::Merge, &patch, manager, session).await?
        };
        self.change.done(&object, did, session)
    }

    fn patch(&self, kind: &Kind, old: &Map<String, Value>, new: &Map<String, Value>) -> Value {
        let mut change = Map::new();
        change.extend(
            new.iter().filter(|(key, value)| old.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())),
        );
        change.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null)));
        let mut metadata = Map::new();
        if !change.is_empty() {
            metadata.insert(kind.field.into(), Value::Object(change));
        }
        if let Some(version) = &self.resource_version {
            metadata.insert("resourceVersion".into(), version.as_str().into());
        }
        if metadata.is_empty() { json!({}) } else { json!({ "metadata": metadata }) }
    }
}

impl Kind {
    fn read(&self, changes: &[String]) -> Outcome<Wanted> {
        let mut wanted = Wanted { set: Vec::new(), remove: Vec::new() };
        for change in changes {
            match change.split_once('=') {
                Some((_, value)) if self.word == "label" && value.contains('=') => {
                    return Err(Failure::error(format!("invalid label spec: {change}")));
                }
                Some((key, value)) => wanted.set.push((key.into(), value.into())),
                None => wanted.remove.push(change[..change.len() - 1].into()),
            }
        }
        let both: Vec<&str> = wanted.remove.iter().filter(|name| wanted.sets(name)).map(String::as_str).collect();
        match (both.as_slice(), self.word) {
            ([], _) => Ok(wanted),
            (_, "label") => Err(Failure::error("can not both modify and remove a label in the same command")),
            (both, _) => Err(Failure::error(format!(
                "can not both modify and remove the following annotation(s) in the same command: {}",
                both.join(", ")
            ))),
        }
    }

    fn refuse_overwrites(&self, old: &Map<String, Value>, wanted: &Wanted) -> Outcome {
        let taken = wanted.set.iter().filter_map(|(key, value)| {
            let had = old.get(key)?.as_str()?;
            // kubectl lets an equal label through, but no equal annotation.
            (self.word != "label" || had != value).then(|| format!("'{key}' already has a value ({had})"))
        });
        let taken: Vec<String> = taken.collect();
        match (taken.first(), self.word) {
            (None, _) => Ok(()),
            (Some(first), "label") => Err(Failure::error(format!("{first}, and --overwrite is false"))),
            _ => Err(Failure::error(format!(
                "--overwrite is false but found the following declared annotation(s): {}",
                taken.join(", ")
            ))),
        }
    }

    fn did(&self, old: &Map<String, Value>, new: &Map<String, Value>, overwrite: bool) -> &'static str {
        match self.word {
            "label" if old == new => "not labeled",
            "label" if !overwrite && new.len() < old.len() => "unlabeled",
            "label" => "labeled",
            _ => "annotated",
        }
    }

    fn list(&self, info: &Info, several: bool, session: &mut Session<'_>) -> Outcome {
        if several {
            let resource = &info.resource;
            let dotted = format!("{}.{}", resource.kind, resource.group);
            session.line(format!("Listing {} for {dotted}/{}:", self.field, info.name))?;
        }
        let indent = if several { " " } else { "" };
        for (key, value) in info.object["metadata"][self.field].as_object().into_iter().flatten() {
            session.line(format!("{indent}{key}={}", value.as_str().unwrap_or_default()))?;
        }
        Ok(())
    }
}

impl Wanted {
    fn sets(&self, name: &str) -> bool {
        self.set.iter().any(|(key, _)| key == name)
    }

    fn applied(&self, old: &Map<String, Value>) -> Map<String, Value> {
        let mut new = old.clone();
        new.extend(self.set.iter().map(|(key, value)| (key.clone(), value.as_str().into())));
        self.remove.iter().for_each(|key| drop(new.remove(key)));
        new
    }
}
