//! Which pod and container a command enters: `POD`, `TIPO/NOMBRE`, the first of those that an object selects.
//! Must not enter it.

use serde_json::Value;

use crate::base::selector::Selector;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::rest::Ask;
use crate::kubectl::select::{self, Info, Query};
use crate::kubectl::session::Session;

/// The object that a word means; alone it is a pod.
pub(super) async fn object(word: &str, session: &mut Session<'_>) -> Outcome<Info> {
    let word = if word.contains('/') { word.to_string() } else { format!("pod/{word}") };
    let query = Query { args: &[word], ..Query::default() };
    let (mut infos, failures) = select::infos(session, &query).await?;
    Failure::all(failures)?;
    infos.pop().ok_or_else(select::nothing_named)
}

/// The pods of an object, the ones worth looking at first: it itself, or those that it selects.
pub(super) async fn of(info: &Info, session: &mut Session<'_>) -> Outcome<Vec<Value>> {
    if info.resource.kind == "Pod" {
        return Ok(vec![info.object.clone()]);
    }
    let Some(selector) = selector(info) else {
        return Err(Failure::error(format!("cannot attach to {}: not implemented", info.resource.kind)));
    };
    let path = format!("/api/v1/namespaces/{}/pods", info.namespace);
    let mut found = session.list(Ask::get(path).with("labelSelector", selector)).await?;
    let mut pods = found["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
    // Running and ready ones before others, the older ones before the newer.
    pods.sort_by_key(|pod| {
        let running = pod["status"]["phase"] == "Running";
        (pod["spec"]["nodeName"].is_null(), !running, !is_ready(pod), text(&pod["metadata"]["creationTimestamp"]))
    });
    if pods.is_empty() {
        return Err(Failure::error(format!("timed out waiting for the condition on {}", info.label())));
    }
    Ok(pods)
}

/// What selects an object's pods.
fn selector(info: &Info) -> Option<String> {
    let selector = &info.object["spec"]["selector"];
    match info.resource.kind.as_str() {
        "Service" | "ReplicationController" => {
            let pairs = selector.as_object()?.iter().map(|(key, value)| format!("{key}={}", text(value)));
            Some(pairs.collect::<Vec<_>>().join(","))
        }
        _ => {
            let selector = serde_json::from_value(selector.clone()).ok()?;
            Selector::from_label_selector(&selector).ok().map(|selector| selector.to_string())
        }
    }
    .filter(|selector| !selector.is_empty())
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.clone().any(|one| one["type"] == "Ready" && one["status"] == "True")
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().into()
}

/// A pod's containers by name: those that run, those that a person added, those that prepare.
pub(super) fn containers(pod: &Value) -> Vec<(String, &'static str)> {
    let lists = [("containers", ""), ("ephemeralContainers", " (ephem)"), ("initContainers", " (init)")];
    let named = |(list, suffix): (&str, &'static str)| {
        let all = pod["spec"][list].as_array().cloned().unwrap_or_default();
        all.into_iter().map(move |container| (text(&container["name"]), suffix)).collect::<Vec<_>>()
    };
    lists.into_iter().flat_map(named).collect()
}

/// The container that is meant, and a word about it where it was not said and there are several.
pub(super) fn container(pod: &Value, asked: Option<&str>, session: &mut Session<'_>, quiet: bool) -> Outcome<String> {
    let all = containers(pod);
    if let Some(asked) = asked {
        if all.iter().any(|(name, _)| name == asked) {
            return Ok(asked.into());
        }
        return Err(Failure::error(format!("container {asked} not found in pod {}", text(&pod["metadata"]["name"]))));
    }
    let annotated = &pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"];
    if let Some(name) = annotated.as_str().filter(|name| all.iter().any(|(known, _)| known == name)) {
        return Ok(name.into());
    }
    let first = all.first().map(|(name, _)| name.clone()).unwrap_or_default();
    if all.len() > 1 && !quiet {
        let told: Vec<String> = all.iter().map(|(name, suffix)| format!("{name}{suffix}")).collect();
        session.note(format!("Defaulted container {first:?} out of: {}", told.join(", ")))?;
    }
    Ok(first)
}
