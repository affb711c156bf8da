//! What `apply` decides: the annotation with the last applied configuration, and the patch that leads to the new one.
//! Must not send anything.

pub(crate) mod upgrade;

use serde_json::{Value, json};

use super::discovery::Resource;
use super::print::json;
use super::rest::PatchKind;
use crate::schema::{diff, types};

/// Where the last applied configuration is kept.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object with its own configuration in the annotation.
pub(crate) fn annotated(object: &Value) -> Value {
    let mut bare = object.clone();
    set_annotation(&mut bare, None);
    let mut annotated = object.clone();
    let text = json::compact(&bare) + "\n";
    set_annotation(&mut annotated, Some(text));
    annotated
}

/// Sets or takes away the annotation; `annotations` is there afterwards, if only empty, as kubectl has it.
fn set_annotation(object: &mut Value, text: Option<String>) {
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    let metadata = &mut object["metadata"];
    if !metadata["annotations"].is_object() {
        metadata["annotations"] = json!({});
    }
    let Some(annotations) = metadata["annotations"].as_object_mut() else { return };
    match text {
        Some(text) => drop(annotations.insert(LAST_APPLIED.into(), text.into())),
        None => drop(annotations.remove(LAST_APPLIED)),
    }
}

/// What a live object's annotation says that was applied last.
pub(crate) fn last_applied(live: &Value) -> Option<Value> {
    serde_json::from_str(live["metadata"]["annotations"][LAST_APPLIED].as_str()?).ok()
}

/// The name of a kind's type, if it is one of Kubernetes' own.
pub(crate) fn type_of(resource: &Resource) -> Option<&'static str> {
    let is_own = !resource.group.contains('.') || resource.group.ends_with(".k8s.io");
    types::by_kind(&resource.api_version(), &resource.kind).filter(|_| is_own).map(|def| def.name)
}

/// The patch from the live object to the annotated one.
///
/// # Errors
/// When a list's elements lack their key, in Kubernetes' words.
pub(crate) fn patch(resource: &Resource, modified: &Value, live: &Value) -> Result<(PatchKind, Value), String> {
    let original = last_applied(live).map_or(Value::Null, |applied| annotated_as_live(&applied, live));
    match type_of(resource) {
        Some(name) => Ok((PatchKind::Strategic, diff::three_way(name, &original, modified, live)?)),
        None => Ok((PatchKind::Merge, diff::three_way_json(&original, modified, live))),
    }
}

/// The configuration applied last had its annotation too: a user who deletes it by hand must not see it deleted again.
fn annotated_as_live(applied: &Value, live: &Value) -> Value {
    let mut original = applied.clone();
    let text = live["metadata"]["annotations"][LAST_APPLIED].as_str().map(str::to_string);
    set_annotation(&mut original, text);
    original
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_annotation_holds_the_object_without_itself() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "<1>"}});
        let first = annotated(&object);
        let text = first["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap();
        assert_eq!(
            text,
            "{\"apiVersion\":\"v1\",\"data\":{\"x\":\"\\u003c1\\u003e\"},\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{},\"name\":\"a\"}}\n"
        );
        assert_eq!(annotated(&first), first);
        assert_eq!(last_applied(&first).unwrap()["data"], object["data"]);
    }

    #[test]
    fn own_kinds_have_types_and_others_not() {
        let resource = |group: &str, kind: &str| Resource {
            group: group.into(),
            version: "v1".into(),
            kind: kind.into(),
            ..Resource::default()
        };
        assert_eq!(type_of(&resource("apps", "Deployment")), Some("io.k8s.api.apps.v1.Deployment"));
        assert_eq!(type_of(&resource("apps.example.com", "Deployment")), None);
    }
}
