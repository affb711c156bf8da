//! The patch that leads from what there is to what is wanted, given what was wanted last: the three-way patches of
//! `kubectl apply` (apimachinery's `strategicpatch` and `jsonmergepatch`). `merge` applies them. Must not send anything.

use serde_json::{Map, Value};

use super::types::{self, Field, TypeDef};

mod combine;
mod lists;
#[cfg(test)]
mod tests;

type Object = Map<String, Value>;
type Schema = Option<&'static TypeDef>;

/// Which differences count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    /// What was added or changed.
    Changes,
    /// What is gone.
    Deletions,
}

/// A strategic merge patch: `original` is the last applied configuration, `modified` the one to apply, `current` the
/// live object. What others set and we never did stays.
///
/// # Errors
/// When an element of a keyed list lacks its key, in Kubernetes' words.
pub fn three_way(type_name: &str, original: &Value, modified: &Value, current: &Value) -> Result<Value, String> {
    let def = types::get(type_name);
    let (original, modified, current) = (fields(original), fields(modified), fields(current));
    let changes = maps(def, &current, &modified, Count::Changes)?;
    let deletions = maps(def, &original, &modified, Count::Deletions)?;
    Ok(Value::Object(combine::maps(def, deletions, changes)))
}

/// A JSON merge patch (RFC 7386) by the same rule, for kinds without a known type.
#[must_use]
pub fn three_way_json(original: &Value, modified: &Value, current: &Value) -> Value {
    let (original, modified, current) = (fields(original), fields(modified), fields(current));
    let changes = plain(&current, &modified, Count::Changes);
    let deletions = plain(&original, &modified, Count::Deletions);
    super::merge::merge_patches(Value::Object(deletions), Value::Object(changes))
}

fn fields(value: &Value) -> Object {
    value.as_object().cloned().unwrap_or_default()
}

/// Differences between two objects of a type.
fn maps(def: Schema, old: &Object, new: &Object, count: Count) -> Result<Object, String> {
    let mut patch = Object::new();
    for (key, wanted) in new {
        let field = def.and_then(|def| def.field(key));
        match (old.get(key), wanted) {
            (Some(Value::Object(old)), Value::Object(new)) => structure(field, key, old, new, count, &mut patch)?,
            (Some(Value::Array(old)), Value::Array(new)) => lists::fields(field, key, old, new, count, &mut patch)?,
            (had, wanted) if count == Count::Changes && had != Some(wanted) => {
                patch.insert(key.clone(), wanted.clone());
            }
            _ => {}
        }
    }
    if count == Count::Deletions {
        let gone = old.keys().filter(|key| !new.contains_key(*key));
        patch.extend(gone.map(|key| (key.clone(), Value::Null)));
    }
    Ok(patch)
}

fn structure(
    field: Option<&'static Field>,
    key: &str,
    old: &Object,
    new: &Object,
    count: Count,
    patch: &mut Object,
) -> Result<(), String> {
    if field.is_some_and(|field| field.strategies.replace) {
        if count == Count::Changes && old != new {
            patch.insert(key.to_owned(), Value::Object(new.clone()));
        }
        return Ok(());
    }
    let mut inner = maps(field.and_then(|field| field.ty.structure()), old, new, count)?;
    if inner.is_empty() {
        return Ok(());
    }
    if field.is_some_and(|field| field.strategies.retain_keys) {
        let keys = new.keys().map(|key| Value::from(key.as_str())).collect();
        inner.insert("$retainKeys".to_owned(), keys);
    }
    patch.insert(key.to_owned(), Value::Object(inner));
    Ok(())
}

/// Differences without types: lists count as a whole.
fn plain(old: &Object, new: &Object, count: Count) -> Object {
    let mut patch = Object::new();
    for (key, wanted) in new {
        match (old.get(key), wanted) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                let inner = plain(old, new, count);
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
            (had, wanted) if count == Count::Changes && had != Some(wanted) => {
                patch.insert(key.clone(), wanted.clone());
            }
            _ => {}
        }
    }
    if count == Count::Deletions {
        let gone = old.keys().filter(|key| !new.contains_key(*key));
        patch.extend(gone.map(|key| (key.clone(), Value::Null)));
    }
    patch
}
