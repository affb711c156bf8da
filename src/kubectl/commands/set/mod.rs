//! `kubectl set`: parts of the pods that an object makes. One file each. Must not know which objects make pods beyond
//! where their pod's specification stands.

mod env;
mod image;
mod resources;

use serde_json::Value;

use super::change::{self, Change};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::select::Info;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Command;

/// The commands under `set`.
pub(super) const TABLE: &[Command] =
    &[Command::of::<env::Env>(), Command::of::<image::Image>(), Command::of::<resources::Resources>()];

/// Where the pod's specification stands in an object.
fn pod_spec<'a>(object: &'a mut Value, kind: &str) -> Option<&'a mut Value> {
    let path = match kind {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    object.pointer_mut(path)
}

/// The containers of a pod's specification, those that prepare it too.
fn containers(spec: &mut Value, with_init: bool) -> impl Iterator<Item = &mut Value> {
    let lists: &[&str] = if with_init { &["initContainers", "containers"] } else { &["containers"] };
    let map = spec.as_object_mut().into_iter().flatten();
    map.filter(|(name, _)| lists.contains(&name.as_str())).filter_map(|(_, list)| list.as_array_mut()).flatten()
}

/// Whether a container's name fits `*`, `web` or `w*`.
fn fits(pattern: &str, container: &Value) -> bool {
    let name = container["name"].as_str().unwrap_or_default();
    match pattern.split_once('*') {
        Some((head, tail)) => name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail),
        None => name == pattern,
    }
}

/// Nothing was named.
fn nothing_named(words: &[String], change: &Change) -> Outcome {
    if words.is_empty() && change.files.is_empty() {
        return Err(Failure::error(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    Ok(())
}

/// Changes the pod's specification of each object and says so; an object that would not change is left alone.
async fn each(
    change: &Change,
    words: &[String],
    what: &str,
    alter: impl Fn(&mut Value) -> Outcome,
    session: &mut Session<'_>,
) -> Outcome {
    let (infos, mut failures) = change.infos(words, session).await?;
    for info in &infos {
        failures.extend(one(change, info, what, &alter, session).await.err());
    }
    change::together(failures)
}

async fn one(
    change: &Change,
    info: &Info,
    what: &str,
    alter: impl Fn(&mut Value) -> Outcome,
    session: &mut Session<'_>,
) -> Outcome {
    let mut new = info.object.clone();
    let Some(spec) = pod_spec(&mut new, &info.resource.kind) else {
        let resource = &info.resource;
        return Err(Failure::error(format!(
            "error: {}/{} the object is not a pod or does not have a pod template: {}",
            resource.qualified(),
            info.name,
            resource.kind
        )));
    };
    alter(spec)?;
    if new == info.object {
        return Ok(());
    }
    let patched = change.patch(info, &new, "kubectl-set", session).await;
    let object =
        patched.map_err(|failure| failure.before(&format!("failed to patch {what} update to pod template: ")))?;
    change.done(&object, &format!("{what} updated"), session)
}
