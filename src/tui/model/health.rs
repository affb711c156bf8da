//! How any object is doing, as a light and a word: from what its kind says of itself, else from its conditions. Pure.

use serde::Deserialize;
use serde_json::Value;

use super::facts::Fact;
use super::light::Light;
use super::pod;
use super::world::{each, number, text};
use crate::client::pod::Pod;

/// A light and a word; the word may be empty.
pub fn health(object: &Value) -> (Light, String) {
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return (Light::Leaving, "Terminating".into());
    }
    match text(object, "/kind") {
        "Pod" => of_pod(object),
        "Deployment" if rolls(object) => {
            let (_, word) = replicas(wanted(object), number(object, "/status/readyReplicas"));
            let stuck = each(object, "/status/conditions").any(|it| it["reason"] == "ProgressDeadlineExceeded");
            (if stuck { Light::Bad } else { Light::Busy }, word)
        }
        "Deployment" | "ReplicaSet" | "StatefulSet" | "ReplicationController" => {
            replicas(wanted(object), number(object, "/status/readyReplicas"))
        }
        "DaemonSet" => replicas(
            number(object, "/status/desiredNumberScheduled").unwrap_or(0),
            number(object, "/status/numberReady"),
        ),
        "Job" => job(object),
        "Node" => node(object),
        "PersistentVolumeClaim" | "PersistentVolume" | "Namespace" => phase(text(object, "/status/phase")),
        _ => conditions(object),
    }
}

fn wanted(object: &Value) -> i64 {
    number(object, "/spec/replicas").unwrap_or(1)
}

/// Whether pods of an old version stand in for new ones that are not there yet.
fn rolls(object: &Value) -> bool {
    let (status, updated) = (number(object, "/status/replicas"), number(object, "/status/updatedReplicas"));
    status.is_some_and(|all| all > wanted(object)) || updated.unwrap_or(0) < wanted(object)
}

fn of_pod(object: &Value) -> (Light, String) {
    let Ok(parsed) = Pod::deserialize(object) else { return (Light::Unknown, String::new()) };
    match pod::pod(&parsed) {
        Fact::Pod(fact) => (fact.light, pod::told(&fact)),
        _ => (Light::Unknown, String::new()),
    }
}

fn replicas(wanted: i64, ready: Option<i64>) -> (Light, String) {
    let ready = ready.unwrap_or(0);
    let light = match (wanted, ready) {
        (0, 0) => Light::Done,
        (wanted, ready) if wanted == ready => Light::Good,
        _ => Light::Busy,
    };
    (light, format!("{ready}/{wanted}"))
}

fn job(object: &Value) -> (Light, String) {
    let is = |wanted: &str| {
        each(object, "/status/conditions").any(|each| each["type"] == wanted && each["status"] == "True")
    };
    let wanted = number(object, "/spec/completions").unwrap_or(1);
    let done = format!("{}/{wanted}", number(object, "/status/succeeded").unwrap_or(0));
    match () {
        () if is("Failed") => (Light::Bad, "Failed".into()),
        () if is("Complete") => (Light::Done, done),
        () if is("Suspended") => (Light::Waiting, "suspendido".into()),
        () => (Light::Busy, done),
    }
}

fn node(object: &Value) -> (Light, String) {
    let ready = each(object, "/status/conditions").find(|condition| condition["type"] == "Ready");
    match ready.map(|condition| text(condition, "/status")) {
        Some("True") if object["spec"]["unschedulable"] == true => (Light::Busy, "Ready, acordonado".into()),
        Some("True") => (Light::Good, "Ready".into()),
        _ => (Light::Bad, "NotReady".into()),
    }
}

fn phase(word: &str) -> (Light, String) {
    let light = match word {
        "Bound" | "Active" | "Available" => Light::Good,
        "Pending" | "Released" => Light::Busy,
        "" => Light::Unknown,
        _ => Light::Bad,
    };
    (light, word.into())
}

/// The condition that kinds agree on: `Ready`, else `Available`, else none.
fn conditions(object: &Value) -> (Light, String) {
    let known = ["Ready", "Available"];
    let named = |name: &&str| each(object, "/status/conditions").find(|condition| condition["type"] == **name);
    match known.iter().find_map(named) {
        Some(condition) if condition["status"] == "True" => (Light::Good, String::new()),
        Some(condition) => (Light::Bad, text(condition, "/reason").into()),
        None => (Light::Plain, String::new()),
    }
}
