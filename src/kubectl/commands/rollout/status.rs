//! `kubectl rollout status`. Must not change anything.

use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::About;
use crate::kubectl::duration;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::grammar;
use crate::kubectl::select::Info;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;
use crate::kubectl::watching;

/// Arguments of `rollout status`.
#[derive(Args, Debug)]
pub(crate) struct Status {
    #[command(flatten)]
    about: About,
    /// Espera hasta que termine (así es si no dices --watch=false).
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = grammar::boolean)]
    watch: Option<bool>,
    /// Cuánto se espera como mucho.
    #[arg(long, value_name = "TIEMPO", value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// Solo si es esta revisión.
    #[arg(long, value_name = "N", value_parser = grammar::int)]
    revision: Option<i64>,
}

impl Verb for Status {
    const NAME: &'static str = "status";
    const ABOUT: &'static str = "Muestra cómo va el cambio, hasta que termine";
    const USAGE: &'static str = "TIPO NOMBRE [OPCIONES]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let (infos, mut failures) = self.about.infos(session).await?;
        for info in &infos {
            failures.extend(self.one(info, session).await.err());
        }
        Failure::all(failures)
    }
}

impl Status {
    async fn one(&self, info: &Info, session: &mut Session<'_>) -> Outcome {
        if !matches!(info.resource.kind.as_str(), "Deployment" | "DaemonSet" | "StatefulSet") {
            let of = [info.resource.kind.as_str(), &info.resource.group].join(".");
            let of = of.trim_end_matches('.');
            return Err(Failure::error(format!("no status viewer has been implemented for {of}")));
        }
        let watches = self.watch.unwrap_or(true);
        let path = info.list_path();
        let mut last = String::new();
        let looking = watching::until(session, &path, &info.name, |session, object| {
            let Some(object) = object else { return Err(Failure::error("object has been deleted")) };
            let (text, done) = told(object, &info.resource.kind, self.revision.unwrap_or(0))?;
            // In the same process we look before the controller has written all: the same news is told once.
            if text != last {
                session.line(&text)?;
                last = text;
            }
            Ok((done || !watches).then_some(()))
        });
        match self.timeout.filter(|limit| !limit.is_zero()) {
            None => looking.await,
            Some(limit) => tokio::time::timeout(limit, looking)
                .await
                .unwrap_or_else(|_| Err(Failure::error("timed out waiting for the condition"))),
        }
    }
}

/// How it goes in words, and whether it is over (kubectl `polymorphichelpers/rollout_status.go`).
fn told(object: &Value, kind: &str, revision: i64) -> Outcome<(String, bool)> {
    let seen = number(&object["status"]["observedGeneration"]);
    let observed = number(&object["metadata"]["generation"]) <= seen && (kind != "StatefulSet" || seen > 0);
    match kind {
        "Deployment" => deployment(object, observed, revision),
        "DaemonSet" => daemon_set(object, observed),
        _ => stateful_set(object, observed),
    }
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// It is not over yet.
fn going(text: impl Into<String>) -> (String, bool) {
    (text.into(), false)
}

fn deployment(object: &Value, observed: bool, wanted: i64) -> Outcome<(String, bool)> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let running = object["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str();
    let running = running.and_then(|text| text.parse().ok()).unwrap_or(0);
    if wanted > 0 && wanted != running {
        return Err(Failure::error(format!(
            "desired revision ({wanted}) is different from the running revision ({running})"
        )));
    }
    if !observed {
        return Ok(going("Waiting for deployment spec update to be observed..."));
    }
    let status = &object["status"];
    let conditions = status["conditions"].as_array().into_iter().flatten();
    if conditions.clone().any(|one| one["type"] == "Progressing" && one["reason"] == "ProgressDeadlineExceeded") {
        return Err(Failure::error(format!("deployment {name:?} exceeded its progress deadline")));
    }
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let (all, updated, available) =
        (number(&status["replicas"]), number(&status["updatedReplicas"]), number(&status["availableReplicas"]));
    let waiting = |rest: String| -> Outcome<_> {
        Ok(going(format!("Waiting for deployment {name:?} rollout to finish: {rest}...")))
    };
    if updated < wanted {
        return waiting(format!("{updated} out of {wanted} new replicas have been updated"));
    }
    if all > updated {
        return waiting(format!("{} old replicas are pending termination", all - updated));
    }
    if available < updated {
        return waiting(format!("{available} of {updated} updated replicas are available"));
    }
    Ok((format!("deployment {name:?} successfully rolled out"), true))
}

fn only_rolling(object: &Value) -> Outcome {
    if object["spec"]["updateStrategy"]["type"] == "OnDelete" {
        return Err(Failure::error("rollout status is only available for RollingUpdate strategy type"));
    }
    Ok(())
}

fn daemon_set(object: &Value, observed: bool) -> Outcome<(String, bool)> {
    only_rolling(object)?;
    if !observed {
        return Ok(going("Waiting for daemon set spec update to be observed..."));
    }
    let (name, status) = (object["metadata"]["name"].as_str().unwrap_or_default(), &object["status"]);
    let desired = number(&status["desiredNumberScheduled"]);
    let (updated, available) = (number(&status["updatedNumberScheduled"]), number(&status["numberAvailable"]));
    let waiting = |rest: String| -> Outcome<_> {
        Ok(going(format!("Waiting for daemon set {name:?} rollout to finish: {rest}...")))
    };
    if updated < desired {
        return waiting(format!("{updated} out of {desired} new pods have been updated"));
    }
    if available < desired {
        return waiting(format!("{available} of {desired} updated pods are available"));
    }
    Ok((format!("daemon set {name:?} successfully rolled out"), true))
}

fn stateful_set(object: &Value, observed: bool) -> Outcome<(String, bool)> {
    only_rolling(object)?;
    if !observed {
        return Ok(going("Waiting for statefulset spec update to be observed..."));
    }
    let (spec, status) = (&object["spec"], &object["status"]);
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let (ready, updated) = (number(&status["readyReplicas"]), number(&status["updatedReplicas"]));
    if ready < wanted {
        return Ok(going(format!("Waiting for {} pods to be ready...", wanted - ready)));
    }
    let rolling = &spec["updateStrategy"]["rollingUpdate"];
    if rolling.is_object() {
        let new = wanted - number(&rolling["partition"]);
        if updated < new {
            return Ok(going(format!(
                "Waiting for partitioned roll out to finish: {updated} out of {new} new pods have been updated..."
            )));
        }
        return Ok((format!("partitioned roll out complete: {updated} new pods have been updated..."), true));
    }
    let text = |field: &str| status[field].as_str().unwrap_or_default().to_string();
    if text("updateRevision") != text("currentRevision") {
        return Ok(going(format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {}...",
            text("updateRevision")
        )));
    }
    let current = number(&status["currentReplicas"]);
    Ok((format!("statefulset rolling update complete {current} pods at revision {}...", text("currentRevision")), true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words(kind: &str, object: Value) -> (String, bool) {
        told(&object, kind, 0).unwrap_or_else(|failure| (failure.text(), false))
    }

    #[test]
    fn a_deployment_tells_what_it_waits_for() {
        let object = |status: Value| json!({ "metadata": { "name": "web", "generation": 2 }, "spec": { "replicas": 3 }, "status": status });
        for (status, text) in [
            (json!({ "observedGeneration": 1 }), "Waiting for deployment spec update to be observed..."),
            (
                json!({ "observedGeneration": 2, "updatedReplicas": 1 }),
                "Waiting for deployment \"web\" rollout to finish: 1 out of 3 new replicas have been updated...",
            ),
            (
                json!({ "observedGeneration": 2, "updatedReplicas": 3, "replicas": 4 }),
                "Waiting for deployment \"web\" rollout to finish: 1 old replicas are pending termination...",
            ),
            (
                json!({ "observedGeneration": 2, "updatedReplicas": 3, "replicas": 3, "availableReplicas": 2 }),
                "Waiting for deployment \"web\" rollout to finish: 2 of 3 updated replicas are available...",
            ),
            (
                json!({ "observedGeneration": 2, "conditions": [{ "type": "Progressing", "reason": "ProgressDeadlineExceeded" }] }),
                "error: deployment \"web\" exceeded its progress deadline",
            ),
        ] {
            assert_eq!(words("Deployment", object(status)), (text.to_string(), false));
        }
    }

    #[test]
    fn a_stateful_set_that_never_was_looked_at_waits() {
        let object = json!({ "metadata": { "generation": 0 }, "status": { "observedGeneration": 0 } });
        assert!(!words("StatefulSet", object).1);
    }
}
