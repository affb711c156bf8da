//! Merges patches into objects: RFC 7386's merge, and Kubernetes' strategic merge with its directives.
//! JSON Patch is the API server's matter. Must not validate the result.

use serde_json::{Map, Value};

use super::types::{self, TypeDef};

mod lists;
mod order;
mod strategic;
#[cfg(test)]
mod tests;

/// RFC 7386: objects merge, null deletes, anything else replaces.
#[must_use]
pub fn merge(target: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let mut target = if let Value::Object(target) = target { target } else { Map::new() };
    for (key, change) in patch {
        match (target.remove(&key), change) {
            (_, Value::Null) => {}
            (old, change) => {
                target.insert(key, merge(old.unwrap_or_default(), change));
            }
        }
    }
    Value::Object(target)
}

/// Two RFC 7386 patches as one: nulls stay.
#[must_use]
pub(super) fn merge_patches(first: Value, second: Value) -> Value {
    let Value::Object(second) = second else { return second };
    let mut first = if let Value::Object(first) = first { first } else { Map::new() };
    for (key, new) in second {
        let merged = match first.remove(&key) {
            Some(old @ Value::Object(_)) if new.is_object() => merge_patches(old, new),
            _ => new,
        };
        first.insert(key, merged);
    }
    Value::Object(first)
}

/// A value as these errors show it.
pub(super) fn printed(value: &Value) -> String {
    go_print(value)
}

/// Kubernetes' strategic merge of `patch` into `current`, an object of the type of that name (apimachinery
/// `strategicpatch`).
///
/// # Errors
/// In Kubernetes' words, such as `map: map[image:nginx] does not contain declared merge key: name`.
pub fn strategic(type_name: &str, current: &Value, patch: &Value) -> Result<Value, String> {
    let def = types::get(type_name);
    match (current, patch) {
        (Value::Object(current), Value::Object(patch)) => {
            strategic::map(def, current.clone(), patch.clone()).map(Value::Object)
        }
        _ => Err("invalid JSON document".to_owned()),
    }
}

type Object = Map<String, Value>;
type Schema = Option<&'static TypeDef>;

/// What Go prints for the value's kind in these errors.
fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A value as Go's `%v` prints it.
fn go_print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(go_print).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => go_print_map(map),
        other => other.to_string(),
    }
}

fn go_print_map(map: &Object) -> String {
    let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}:{}", go_print(value))).collect();
    format!("map[{}]", entries.join(" "))
}
