//! `kubectl taint`. Must not touch anything but nodes.

use clap::Args;
use serde_json::{Value, json};

use super::change::{self, Change};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::select::Info;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `taint`.
#[derive(Args, Debug)]
pub(crate) struct Taint {
    /// node NOMBRE…, y después los cambios.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    /// Cambia también las que ya están.
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    change: Change,
}

impl Verb for Taint {
    const NAME: &'static str = "taint";
    const ABOUT: &'static str = "Pone o quita taints de los nodos";
    const USAGE: &'static str = "node NOMBRE… CLAVE=VALOR:EFECTO… CLAVE:EFECTO-…";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        if self.args.is_empty() {
            return Err(Failure::error("one or more resources must be specified as <resource> <name>"));
        }
        let (words, changes) = split(&self.args)?;
        let wanted = read(&changes)?;
        let (infos, mut failures) = self.change.infos(&words, session).await?;
        for info in &infos {
            if info.resource.kind != "Node" {
                failures.push(Failure::error(format!(
                    "invalid resource type {}, only node(s) is supported",
                    info.resource.plural
                )));
                continue;
            }
            failures.extend(self.one(info, &wanted, session).await.err());
        }
        Failure::all(failures)
    }
}

/// A taint that is to be there, or to be gone.
#[derive(Clone, Debug, Default)]
struct One {
    key: String,
    value: String,
    effect: String,
}

struct Wanted {
    add: Vec<One>,
    remove: Vec<One>,
}

/// Unlike other changes, `key:Effect` without a value is one too.
fn split(args: &[String]) -> Outcome<(Vec<String>, Vec<String>)> {
    let is_change = |arg: &&String| arg.contains(['=', ':']) || arg.ends_with('-');
    let at = args.iter().position(|arg| is_change(&arg)).unwrap_or(args.len());
    let (words, changes) = args.split_at(at);
    if let Some(late) = changes.iter().find(|arg| !is_change(arg)) {
        return Err(Failure::error(format!("all resources must be specified before taint changes: {late}")));
    }
    if changes.is_empty() {
        return Err(Failure::error("at least one taint update is required"));
    }
    Ok((words.to_vec(), changes.to_vec()))
}

fn read(changes: &[String]) -> Outcome<Wanted> {
    let mut wanted = Wanted { add: Vec::new(), remove: Vec::new() };
    for change in changes {
        match change.strip_suffix('-') {
            Some(gone) => {
                let (pair, effect) = gone.split_once(':').unwrap_or((gone, ""));
                let key = pair.split('=').next().unwrap_or(pair);
                wanted.remove.push(One { key: key.into(), effect: effect.into(), ..One::default() });
            }
            None => wanted.add.push(added(change)?),
        }
    }
    Ok(wanted)
}

fn added(text: &str) -> Outcome<One> {
    let invalid = || Failure::error(format!("invalid taint spec: {text}"));
    let (pair, effect) = text.rsplit_once(':').ok_or_else(invalid)?;
    if !matches!(effect, "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
        return Err(Failure::error(format!("invalid taint effect: {effect}, unsupported taint effect")));
    }
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    if key.is_empty() {
        return Err(invalid());
    }
    Ok(One { key: key.into(), value: value.into(), effect: effect.into() })
}

impl One {
    fn is_of(&self, taint: &Value) -> bool {
        taint["key"] == self.key.as_str() && (self.effect.is_empty() || taint["effect"] == self.effect.as_str())
    }

    fn told(&self) -> String {
        if self.effect.is_empty() { self.key.clone() } else { format!("{}:{}", self.key, self.effect) }
    }

    fn json(&self) -> Value {
        let mut taint = json!({ "key": self.key, "effect": self.effect });
        if !self.value.is_empty() {
            taint["value"] = self.value.as_str().into();
        }
        taint
    }
}

impl Taint {
    async fn one(&self, info: &Info, wanted: &Wanted, session: &mut Session<'_>) -> Outcome {
        let old = info.object["spec"]["taints"].as_array().cloned().unwrap_or_default();
        if !self.overwrite {
            let there = |one: &&One| old.iter().any(|taint| one.is_of(taint));
            let there: Vec<&str> = wanted.add.iter().filter(there).map(|one| one.key.as_str()).collect();
            if !there.is_empty() {
                return Err(Failure::error(format!(
                    "node {} already has {} taint(s) with same effect(s) and --overwrite is false",
                    info.name,
                    there.join(",")
                )));
            }
        }
        let new = changed(&old, wanted)?;
        let did = match (wanted.add.is_empty(), wanted.remove.is_empty()) {
            _ if self.overwrite => "modified",
            (false, true) => "tainted",
            (true, _) => "untainted",
            (false, false) => "modified",
        };
        let mut object = info.object.clone();
        object["spec"]["taints"] = new.into();
        let object = self.change.patch(info, &object, "kubectl-taint", session).await?;
        self.change.done(&object, did, session)
    }
}

fn changed(old: &[Value], wanted: &Wanted) -> Outcome<Vec<Value>> {
    let is_new = |taint: &&Value| !wanted.add.iter().any(|one| one.is_of(taint));
    let mut new: Vec<Value> = wanted.add.iter().map(One::json).collect();
    new.extend(old.iter().filter(is_new).cloned());
    let mut failures = Vec::new();
    for gone in &wanted.remove {
        let before = new.len();
        new.retain(|taint| !gone.is_of(taint));
        if new.len() == before {
            failures.push(Failure::error(format!("taint {:?} not found", gone.told())));
        }
    }
    change::together(failures).map_err(|failure| match failure {
        Failure::Several(mut all) if all.len() == 1 => all.remove(0),
        other => other,
    })?;
    Ok(new)
}
