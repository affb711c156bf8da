//! Small readers and writers of an object's metadata in JSON. Must not hold rules.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A string of `metadata`; empty when missing.
pub(super) fn meta<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// The object's name.
pub(super) fn name(object: &Value) -> &str {
    meta(object, "name")
}

/// A string anywhere in the object by its path of keys; empty when missing.
pub(super) fn text<'a>(object: &'a Value, path: &[&str]) -> &'a str {
    at(object, path).as_str().unwrap_or_default()
}

/// A value anywhere in the object by its path of keys; null when missing.
pub(super) fn at<'a>(object: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(object, |value, key| &value[*key])
}

/// The object's `metadata`, made when missing; `None` when the object is no map.
pub(super) fn metadata_mut(object: &mut Value) -> Option<&mut Map<String, Value>> {
    child_mut(object.as_object_mut()?, "metadata")
}

/// A child map, made when missing or of another type.
pub(super) fn child_mut<'a>(map: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    let child = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !child.is_object() {
        *child = Value::Object(Map::new());
    }
    child.as_object_mut()
}

/// Sets a field of `metadata`; null removes it.
pub(super) fn set_meta(object: &mut Value, field: &str, value: Value) {
    let Some(metadata) = metadata_mut(object) else { return };
    if value.is_null() {
        metadata.remove(field);
    } else {
        metadata.insert(field.into(), value);
    }
}

/// The elements of a list to change, without making the list where there is none (as indexing would).
pub(super) fn items_mut<'a>(object: &'a mut Value, path: &[&str]) -> impl Iterator<Item = &'a mut Value> + use<'a> {
    let found = path.iter().try_fold(object, |value, key| value.get_mut(*key));
    found.and_then(Value::as_array_mut).into_iter().flatten()
}

/// A map of strings, such as labels.
pub(super) fn strings(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The object's finalizers.
pub(super) fn finalizers(object: &Value) -> Vec<String> {
    let list = object["metadata"]["finalizers"].as_array().into_iter().flatten();
    list.filter_map(|value| value.as_str().map(Into::into)).collect()
}

/// Replaces the finalizers, removing the field when there are none.
pub(super) fn set_finalizers(object: &mut Value, finalizers: Vec<String>) {
    set_meta(object, "finalizers", if finalizers.is_empty() { Value::Null } else { finalizers.into() });
}

/// Whether its deletion has begun.
pub(super) fn deleting(object: &Value) -> bool {
    !meta(object, "deletionTimestamp").is_empty()
}

/// A time as Kubernetes writes it: seconds, UTC.
pub(super) fn time(now: jiff::Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whether two objects differ in nothing but their `resourceVersion`.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else { return a == b };
    a.len() == b.len()
        && a.iter().all(|(key, left)| match b.get(key) {
            Some(right) if key == "metadata" => same_metadata(left, right),
            Some(right) => left == right,
            None => false,
        })
}

fn same_metadata(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else { return a == b };
    let fields = |map: &Map<String, Value>| map.keys().filter(|key| *key != "resourceVersion").count();
    fields(a) == fields(b) && a.iter().all(|(key, value)| key == "resourceVersion" || b.get(key) == Some(value))
}
