//! `kubectl delete`. Must not decide what the server deletes with an object.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::kubectl::duration;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::{DryRun, DryRunFlag, Files, Selectors};
use crate::kubectl::grammar;
use crate::kubectl::manifests;
use crate::kubectl::rest::Ask;
use crate::kubectl::select::{self, Info, Query, Target};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;
use crate::kubectl::watching;

/// How long kubectl waits when it is not told: a week.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Arguments of `delete`.
#[derive(Args, Debug)]
pub(crate) struct Delete {
    /// Qué borrar.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    selectors: Selectors,
    #[command(flatten)]
    dry_run: DryRunFlag,
    /// Todos los objetos del tipo.
    #[arg(long)]
    all: bool,
    /// Qué pasa con lo que depende de él: background, orphan o foreground.
    #[arg(long, value_name = "MODO", num_args = 0..=1, require_equals = true, default_missing_value = "background")]
    cascade: Option<String>,
    /// Segundos que tiene para despedirse; 0 con --force es «ya».
    #[arg(long, value_name = "SEGUNDOS", value_parser = grammar::int)]
    grace_period: Option<i64>,
    /// No espera a que el nodo confirme.
    #[arg(long)]
    force: bool,
    /// Como --grace-period=1.
    #[arg(long)]
    now: bool,
    /// Espera hasta que ya no esté (así es si no dices --wait=false).
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = grammar::boolean)]
    wait: Option<bool>,
    /// Cuánto se espera como mucho.
    #[arg(long, value_name = "TIEMPO", value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// Que no exista no es un error.
    #[arg(long)]
    ignore_not_found: bool,
    /// Pregunta antes.
    #[arg(short, long)]
    interactive: bool,
    /// Solo name.
    #[arg(short, long, value_name = "FORMATO")]
    output: Option<String>,
    /// Manda DELETE a esta dirección.
    #[arg(long, value_name = "RUTA")]
    raw: Option<String>,
}

impl Verb for Delete {
    const NAME: &'static str = "delete";
    const ABOUT: &'static str = "Borra objetos por nombre, por etiquetas o por archivo";
    const USAGE: &'static str = "TIPO NOMBRE… | TIPO -l SELECTOR | -f ARCHIVO";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        if let Some(path) = &self.raw {
            let answer = session.bytes(Ask::delete(path.clone(), &json!({}))).await?;
            return session.print(answer);
        }
        let run = Run { dry_run: self.dry_run.read()?, options: self.options()?, verb: &self };
        run.all(session).await
    }
}

impl Delete {
    /// The body of the requests.
    fn options(&self) -> Outcome<Value> {
        let cascade = match self.cascade.as_deref() {
            None | Some("background" | "true") => "Background",
            Some("orphan" | "false") => "Orphan",
            Some("foreground") => "Foreground",
            Some(other) => {
                return Err(Failure::error(format!(
                    "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
                )));
            }
        };
        if let Some(format) = self.output.as_deref().filter(|format| *format != "name") {
            return Err(Failure::error(format!("unexpected -o output mode: {format}. We only support '-o name'")));
        }
        let mut options = json!({ "propagationPolicy": cascade });
        if let Some(seconds) = self.grace()? {
            options["gracePeriodSeconds"] = seconds.into();
        }
        Ok(options)
    }

    fn grace(&self) -> Outcome<Option<i64>> {
        let asked = self.grace_period.filter(|seconds| *seconds >= 0);
        match (asked, self.now, self.force) {
            (Some(_), true, _) => Err(Failure::error("--now and --grace-period cannot be specified together")),
            (Some(1..), _, true) => {
                Err(Failure::error("--force and --grace-period greater than 0 cannot be specified together"))
            }
            (_, true, _) => Ok(Some(1)),
            (_, _, true) => Ok(Some(0)),
            // Without --force, nothing is torn down before the node has heard of it.
            (Some(0), ..) => Ok(Some(1)),
            (asked, ..) => Ok(asked),
        }
    }

    fn waits(&self) -> bool {
        self.wait.unwrap_or(true)
    }
}

struct Run<'v> {
    dry_run: DryRun,
    options: Value,
    verb: &'v Delete,
}

impl Run<'_> {
    async fn all(&self, session: &mut Session<'_>) -> Outcome {
        let verb = self.verb;
        let query = Query {
            args: &verb.args,
            files: verb.files.clone(),
            selector: verb.selectors.selector.as_deref(),
            fields: verb.selectors.field_selector.as_deref(),
            all: verb.all,
            all_namespaces: verb.selectors.all_namespaces,
            ..Query::default()
        };
        if verb.force && !self.dry_run.is_client() {
            session.warn("Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.")?;
        }
        let (targets, mut failures) = select::targets(session, &query).await?;
        let mut infos = Vec::new();
        for target in targets {
            match self.found(target, session).await {
                Ok(found) => infos.extend(found),
                Err(failure) => failures.push(failure),
            }
        }
        if infos.is_empty() {
            if failures.is_empty() {
                session.line("No resources found")?;
            }
            return Failure::all(failures);
        }
        if verb.interactive && !self.confirmed(&infos, session).await? {
            return session.line("deletion is cancelled");
        }
        self.delete(infos, failures, session).await
    }

    /// A list is read first; a named object is deleted unseen.
    async fn found(&self, target: Target, session: &mut Session<'_>) -> Outcome<Vec<Info>> {
        if !target.resource.namespaced && session.globals.namespace.is_some() {
            session.warn("deleting cluster-scoped resources, not scoped to the provided namespace")?;
        }
        if target.name.is_none() { select::fetch(session, &target).await } else { Ok(vec![select::from_file(target)]) }
    }

    async fn confirmed(&self, infos: &[Info], session: &mut Session<'_>) -> Outcome<bool> {
        session.line(format!("You are about to delete the following {} resource(s):", infos.len()))?;
        for info in infos {
            session.line(info.label())?;
        }
        session.print("Do you want to continue? (y/n): ")?;
        let answer = manifests::stdin(session.io).await?;
        Ok(matches!(String::from_utf8_lossy(&answer).trim(), "y" | "Y" | "yes" | "YES" | "Yes"))
    }

    async fn delete(&self, infos: Vec<Info>, mut failures: Vec<Failure>, session: &mut Session<'_>) -> Outcome {
        let is_list = self.verb.all || self.verb.selectors.selector.is_some();
        let ignores = self.verb.ignore_not_found || is_list;
        let mut deleted = Vec::new();
        for info in infos {
            match self.one(&info, session).await {
                Ok(uid) => deleted.push((info, uid)),
                Err(failure) if ignores && failure.is_not_found() => {}
                Err(failure) => failures.push(failure),
            }
        }
        if self.verb.waits() && self.dry_run == DryRun::None {
            for (info, uid) in deleted {
                failures.extend(gone(&info, &uid, self.verb.timeout, session).await.err());
            }
        }
        Failure::all(failures)
    }

    /// Deletes one object; answers its uid.
    async fn one(&self, info: &Info, session: &mut Session<'_>) -> Outcome<String> {
        let mut uid = String::new();
        if !self.dry_run.is_client() {
            if info.name.is_empty() {
                return Err(Failure::error("resource name may not be empty").when("deleting", &info.source));
            }
            let ask = Ask::delete(info.path(), &self.options).maybe("dryRun", self.dry_run.parameter());
            let answer = session.ask(ask).await.map_err(|failure| failure.when("deleting", &info.source))?;
            uid = uid_of(&answer);
        }
        let done = if self.verb.force { "force deleted" } else { "deleted" };
        match &self.verb.output {
            Some(_) => session.line(info.label())?,
            None => session.line(format!("{} {:?} {}", info.resource.label(), info.name, self.dry_run.did(done)))?,
        }
        Ok(uid)
    }
}

/// The uid in an answer to DELETE: of the object itself, or of a Status about it.
fn uid_of(answer: &Value) -> String {
    let uid = answer["metadata"]["uid"].as_str().or_else(|| answer["details"]["uid"].as_str());
    uid.unwrap_or_default().to_string()
}

/// Waits until the object is gone, or another of its name is there.
async fn gone(info: &Info, uid: &str, limit: Option<Duration>, session: &mut Session<'_>) -> Outcome {
    let path = info.list_path();
    let waiting = watching::until(session, &path, &info.name, |_, object| {
        let is_same = |object: &Value| uid.is_empty() || object["metadata"]["uid"] == uid;
        Ok((!object.is_some_and(is_same)).then_some(()))
    });
    let limit = limit.filter(|limit| !limit.is_zero()).unwrap_or(PATIENCE);
    let waited = tokio::time::timeout(limit, waiting).await;
    let late = || format!("timed out waiting for the condition on {}/{}", info.resource.qualified(), info.name);
    match waited.unwrap_or_else(|_| Err(Failure::error(late()))) {
        // Who may delete may not be allowed to look.
        Err(failure) if matches!(failure.reason(), "Forbidden" | "MethodNotAllowed") => Ok(()),
        other => other,
    }
}

/// Deletes an object and waits until it is gone, for commands that put another in its place.
pub(super) async fn and_wait(info: &Info, grace: Option<i64>, session: &mut Session<'_>) -> Outcome {
    let mut options = json!({ "propagationPolicy": "Background" });
    if let Some(seconds) = grace {
        options["gracePeriodSeconds"] = seconds.into();
    }
    let answer = session.ask(Ask::delete(info.path(), &options)).await?;
    gone(info, &uid_of(&answer), None, session).await
}
