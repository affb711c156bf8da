//! The patch that makes a live object say what a document says: kubectl's three-way apply, and kubectl edit. Pure.

use serde_json::{Map, Value, json};

use crate::schema::types::{self, Ty, TypeDef};
use crate::tui::msg::Draft;

/// Annotation of `kubectl apply`, so that kubectl can carry on from here.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// How patches of kinds whose lists have keys are sent.
const STRATEGIC: &str = "application/strategic-merge-patch+json";
/// How the others are.
const MERGE: &str = "application/merge-patch+json";

/// The content type and body of the patch for a draft.
pub fn patch(live: &Value, draft: &Draft) -> (&'static str, Value) {
    if let Some(original) = &draft.original {
        return (MERGE, difference(original, &draft.object));
    }
    let last = live["metadata"]["annotations"][LAST_APPLIED].as_str();
    let last = last.and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or(Value::Null);
    let definition = types::by_kind(&draft.target.resource.api_version(), &draft.target.resource.kind);
    let mut patch = annotated(&draft.object);
    forget(&mut patch, &last, &draft.object, definition);
    (if definition.is_some() { STRATEGIC } else { MERGE }, patch)
}

/// The document with what was applied written into it.
pub fn annotated(object: &Value) -> Value {
    let mut copy = object.clone();
    let written = Value::String(format!("{object}\n"));
    if let Some(meta) =
        copy.as_object_mut().and_then(|root| root.entry("metadata").or_insert_with(|| json!({})).as_object_mut())
    {
        let notes = meta.entry("annotations").or_insert_with(|| json!({}));
        if !notes.is_object() {
            *notes = json!({});
        }
        notes[LAST_APPLIED] = written;
    }
    copy
}

/// Writes into the patch that what the last document had and this one has not is to go.
fn forget(patch: &mut Value, last: &Value, wanted: &Value, definition: Option<&TypeDef>) {
    let (Some(last), Some(patch)) = (last.as_object(), patch.as_object_mut()) else { return };
    for (name, old) in last {
        let field = definition.and_then(|definition| definition.field(name));
        let inner = field.and_then(|field| field.ty.structure());
        match (wanted.get(name), patch.get_mut(name), field.and_then(|field| field.merge_key)) {
            (None, ..) => drop(patch.entry(name.clone()).or_insert(Value::Null)),
            (Some(Value::Array(new)), Some(Value::Array(items)), Some(key)) => {
                forget_items(items, old, new, key, inner);
            }
            (Some(new), Some(items), _) if field.is_none_or(|field| !matches!(field.ty, Ty::List(_))) => {
                forget(items, old, new, inner);
            }
            _ => {}
        }
    }
}

/// The same for the elements of a list that are told apart by a key.
fn forget_items(items: &mut Vec<Value>, old: &Value, new: &[Value], key: &str, inner: Option<&TypeDef>) {
    for gone in old.as_array().into_iter().flatten() {
        let same = |item: &&Value| item[key] == gone[key];
        match (new.iter().find(same), items.iter_mut().find(|item| item[key] == gone[key])) {
            (Some(wanted), Some(item)) => forget(item, gone, wanted, inner),
            (None, _) if !gone[key].is_null() => items.push(json!({"$patch": "delete", key: gone[key]})),
            _ => {}
        }
    }
}

/// The merge patch (RFC 7386) from one value to another; `null` where they agree cannot happen below the top.
pub fn difference(from: &Value, to: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (from, to) else { return to.clone() };
    let mut patch = Map::new();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, value) in new {
        match old.get(name) {
            Some(same) if same == value => {}
            Some(before) => drop(patch.insert(name.clone(), difference(before, value))),
            None => drop(patch.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{LAST_APPLIED, MERGE, STRATEGIC, difference, patch};
    use crate::tui::model::catalog::{Target, essentials, find};
    use crate::tui::msg::Draft;

    fn draft(word: &str, object: Value, original: Option<Value>) -> Draft {
        let resource = find(&essentials(), word).unwrap();
        Draft { target: Target { resource, namespace: None, name: "x".into() }, object, original }
    }

    #[test]
    fn what_a_document_no_longer_says_is_taken_away() {
        let container = |name: &str, image: &str| json!({"name": name, "image": image});
        let pod = |containers: Vec<Value>| json!({"spec": {"containers": containers}});
        let last = json!({"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": pod(vec![container("a", "v1"), container("b", "v1")])["spec"]});
        let live = json!({"metadata": {"annotations": {LAST_APPLIED: last.to_string()}}});
        let wanted = json!({"metadata": {"labels": {"a": "1"}}, "spec": pod(vec![container("a", "v2")])["spec"]});
        let (how, body) = patch(&live, &draft("po", wanted, None));
        assert_eq!(how, STRATEGIC);
        assert_eq!(body["metadata"]["labels"], json!({"a": "1", "b": null}));
        assert_eq!(
            body["spec"]["containers"],
            json!([{"name": "a", "image": "v2"}, {"$patch": "delete", "name": "b"}])
        );
        assert!(body["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap().contains("v2"));
    }

    #[test]
    fn an_edit_sends_only_what_changed() {
        let original = json!({"spec": {"replicas": 3, "paused": true, "selector": {"a": "b"}}});
        let edited = json!({"spec": {"replicas": 5, "selector": {"a": "b"}}});
        let (how, body) = patch(&Value::Null, &draft("deploy", edited, Some(original)));
        assert_eq!((how, body), (MERGE, json!({"spec": {"replicas": 5, "paused": null}})));
    }

    #[test]
    fn equal_values_differ_in_nothing() {
        let value = json!({"a": [1, {"b": null}], "c": {}});
        assert_eq!(difference(&value, &value), json!({}));
    }
}
