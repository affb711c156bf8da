//! From client-side to server-side apply: who owns what, handed over (client-go `csaupgrade`). Must not send anything.

use serde_json::{Map, Value, json};

use super::LAST_APPLIED;

/// The manager of client-side apply.
const CLIENT_SIDE: [&str; 2] = ["kubectl-client-side-apply", "before-first-apply"];
/// The manager that keeps the annotation alive for clients that still need it.
pub(crate) const ANNOTATION_MANAGER: &str = "kubectl-last-applied";

/// The object that applies nothing but the annotation, when the live one has it and no one applied it server-side.
pub(crate) fn annotation_only(live: &Value) -> Option<Value> {
    let metadata = &live["metadata"];
    let text = metadata["annotations"][LAST_APPLIED].as_str()?;
    let owned = entries(live).iter().any(|entry| {
        entry["operation"] == "Apply"
            && !entry["fieldsV1"]["f:metadata"]["f:annotations"][format!("f:{LAST_APPLIED}")].is_null()
    });
    if owned {
        return None;
    }
    let mut wanted = json!({"name": metadata["name"], "annotations": {LAST_APPLIED: text}});
    if !metadata["namespace"].is_null() {
        wanted["namespace"] = metadata["namespace"].clone();
    }
    Some(json!({"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": wanted}))
}

/// The JSON patch that makes what was applied client-side the server-side manager's; `None` when there is nothing.
pub(crate) fn migration(live: &Value, manager: &str) -> Option<Value> {
    let is_client_side = |entry: &&Value| {
        entry["operation"] == "Update"
            && entry["subresource"].as_str().unwrap_or_default().is_empty()
            && CLIENT_SIDE.iter().any(|name| entry["manager"] == *name)
    };
    let all = entries(live);
    let ours: Vec<&Value> = all.iter().filter(is_client_side).collect();
    if ours.is_empty() {
        return None;
    }
    let mut kept: Vec<Value> = all.iter().filter(|entry| !is_client_side(entry)).cloned().collect();
    let is_target = |entry: &Value| entry["operation"] == "Apply" && entry["manager"] == manager;
    let mut target = match kept.iter().position(is_target) {
        Some(at) => kept.remove(at),
        None => {
            let mut first = ours[0].clone();
            first["manager"] = manager.into();
            first["operation"] = "Apply".into();
            first
        }
    };
    let mut fields = target["fieldsV1"].as_object().cloned().unwrap_or_default();
    for entry in ours {
        union(&mut fields, entry["fieldsV1"].as_object());
    }
    target["fieldsV1"] = Value::Object(fields);
    kept.push(target);
    Some(json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": kept},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
    ]))
}

fn entries(live: &Value) -> Vec<Value> {
    live["metadata"]["managedFields"].as_array().cloned().unwrap_or_default()
}

/// Field sets are maps of maps: their union is theirs, level by level.
fn union(into: &mut Map<String, Value>, more: Option<&Map<String, Value>>) {
    for (key, below) in more.into_iter().flatten() {
        let known = into.entry(key.clone()).or_insert_with(|| json!({}));
        if let Some(known) = known.as_object_mut() {
            union(known, below.as_object());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_side_ownership_moves() {
        let live = json!({"metadata": {"resourceVersion": "7", "managedFields": [
            {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": {"f:spec": {"f:a": {}}}},
            {"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:spec": {"f:b": {}}}},
            {"manager": "kubelet", "operation": "Update", "subresource": "status"},
        ]}});
        let patch = migration(&live, "kubectl").unwrap();
        let managers = patch[0]["value"].as_array().unwrap();
        assert_eq!(managers.len(), 2);
        assert_eq!(managers[1]["fieldsV1"], json!({"f:spec": {"f:a": {}, "f:b": {}}}));
        assert_eq!(patch[1]["value"], "7");
        assert!(migration(&json!({"metadata": {}}), "kubectl").is_none());
    }

    #[test]
    fn the_annotation_is_applied_once() {
        let mut live =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "annotations": {LAST_APPLIED: "{}"}}});
        assert_eq!(annotation_only(&live).unwrap()["metadata"]["annotations"][LAST_APPLIED], "{}");
        let field = format!("f:{LAST_APPLIED}");
        live["metadata"]["managedFields"] =
            json!([{"operation": "Apply", "fieldsV1": {"f:metadata": {"f:annotations": {field: {}}}}}]);
        assert!(annotation_only(&live).is_none());
    }
}
