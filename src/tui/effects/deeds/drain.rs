//! A node emptied, as `kubectl drain --ignore-daemonsets --delete-emptydir-data` does: cordoned first, then its pods evicted
//! one by one; a budget that forbids an eviction is asked again until it allows it, for a while.

use std::time::Duration;

use http::{Request, header};
use serde_json::{Value, json};

use super::{Change, MERGE, Went, bytes, patch};
use crate::tui::model::failure::Failure;
use crate::tui::model::kubectl;
use crate::tui::model::undo::Repair;
use crate::tui::model::world::{each, name, namespace};
use crate::tui::msg::Deed;

/// The pause before asking a disruption budget again (kubectl `pkg/drain`).
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// How many times it is asked.
const TIMES: usize = 24;

pub(super) async fn drain(change: &Change<'_>) -> Went {
    let path = change.target.path();
    let switch = |on: bool| json!({"spec": {"unschedulable": on}});
    patch(change.shared, &path, MERGE, &switch(true)).await?;
    let node = &change.target.name;
    let list = change.shared.get(&format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{node}")).await?;
    let pods: Vec<&Value> = each(&list, "/items").filter(|pod| leaves(pod)).collect();
    for pod in &pods {
        evict(change, pod).await?;
    }
    let command = kubectl::deed(change.target, &Deed::Cordon(false));
    let undo = change.undo(command, Repair::Patch { path, how: MERGE, body: switch(false) });
    Ok((format!("{}: acordonado, y {} pods desalojados", change.name(), pods.len()), Some(undo)))
}

/// Pods of DaemonSets come back to a cordoned node, and mirror pods and ended ones have nothing to evict.
fn leaves(pod: &Value) -> bool {
    let daemon = each(pod, "/metadata/ownerReferences").any(|owner| owner["kind"] == "DaemonSet");
    let mirror = !pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null();
    let ended = pod["status"]["phase"] == "Succeeded" || pod["status"]["phase"] == "Failed";
    !daemon && !mirror && !ended
}

async fn evict(change: &Change<'_>, pod: &Value) -> Result<(), Failure> {
    let (space, name) = (namespace(pod), name(pod));
    let body = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": space}});
    let path = format!("/api/v1/namespaces/{space}/pods/{name}/eviction");
    let mut answer = Ok(());
    for _ in 0..TIMES {
        let request = Request::post(&path).header(header::CONTENT_TYPE, "application/json");
        answer = change.shared.json(request, bytes(&body)).await.map(drop);
        match &answer {
            Err(failure) if failure.code == 429 => tokio::time::sleep(AGAIN_AFTER).await,
            Err(failure) if failure.missing() => return Ok(()),
            _ => break,
        }
    }
    answer
}
