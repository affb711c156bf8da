//! Strategic merge of objects, directive by directive, in the order of apimachinery's `mergeMap`.
//! Lists are `lists`' matter.

use serde_json::Value;

use super::super::types::{Field, Ty};
use super::{Object, Schema, go_kind, go_print_map, lists, order};

pub(super) const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList/";
const SET_ORDER: &str = "$setElementOrder/";

const BAD_RETAIN_KEYS: &str = "invalid patch format of retainKeys";

pub(super) fn map(def: Schema, mut current: Object, mut patch: Object) -> Result<Object, String> {
    if let Some(directive) = patch.remove(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => Ok(patch),
            Some("delete") => Ok(Object::new()),
            _ => Err(unknown_directive(&directive, &patch)),
        };
    }
    retain_keys(&mut current, &mut patch)?;
    ordered_lists(def, &mut current, &mut patch)?;
    for (key, change) in patch {
        match key.strip_prefix(DELETE_FROM_LIST) {
            Some(list) => delete_from_list(list, &mut current, &change)?,
            None => merge_key(def, &mut current, key, change)?,
        }
    }
    Ok(current)
}

fn merge_key(def: Schema, current: &mut Object, key: String, change: Value) -> Result<(), String> {
    let merged = match (current.remove(&key), change) {
        (_, Value::Null) => return Ok(()),
        (Some(Value::Object(old)), Value::Object(new)) => Value::Object(structure(def, &key, old, new)?),
        (Some(Value::Array(old)), Value::Array(new)) => Value::Array(list(def, &key, old, new)?),
        (_, change) => match without_directives(change) {
            Some(value) => value,
            None => return Ok(()),
        },
    };
    current.insert(key, merged);
    Ok(())
}

fn structure(def: Schema, key: &str, old: Object, new: Object) -> Result<Object, String> {
    let field = lookup(def, key)?;
    if field.is_some_and(|field| field.strategies.replace) {
        return Ok(new);
    }
    map(field.and_then(|field| field.ty.structure()), old, new)
}

pub(super) fn list(def: Schema, key: &str, old: Vec<Value>, new: Vec<Value>) -> Result<Vec<Value>, String> {
    match lookup(def, key)? {
        Some(field) if field.strategies.merge => lists::merge(field.ty.structure(), field.merge_key, old, new),
        _ => Ok(new),
    }
}

/// A structure of the table must know the field; under a map or any JSON there is nothing to know.
pub(super) fn lookup(def: Schema, key: &str) -> Result<Option<&'static Field>, String> {
    let Some(def) = def else { return Ok(None) };
    if matches!(def.scalar, Some(Ty::Fields | Ty::Raw | Ty::Any(_))) {
        return Ok(None);
    }
    let missing = || format!("unable to find api field in struct {} for the json field {key:?}", def.short_name());
    def.field(key).map(Some).ok_or_else(missing)
}

/// `$retainKeys`: what it does not name is cleared, and the patch may not set anything else.
fn retain_keys(current: &mut Object, patch: &mut Object) -> Result<(), String> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(retained) = retained else { return Err(BAD_RETAIN_KEYS.to_owned()) };
    let is_retained = |key: &str| retained.iter().any(|name| name == key);
    let is_directive = |key: &str| key.starts_with(DELETE_FROM_LIST) || key.starts_with(SET_ORDER);
    if patch.iter().any(|(key, value)| !value.is_null() && !is_directive(key) && !is_retained(key)) {
        return Err(BAD_RETAIN_KEYS.to_owned());
    }
    current.retain(|key, _| is_retained(key));
    Ok(())
}

/// `$setElementOrder/NAME`: merges that list now, so that its order can be set.
fn ordered_lists(def: Schema, current: &mut Object, patch: &mut Object) -> Result<(), String> {
    let keys: Vec<String> = patch.keys().filter(|key| key.starts_with(SET_ORDER)).cloned().collect();
    for directive in keys {
        let Some(wanted) = patch.remove(&directive) else { continue };
        let Value::Array(wanted) = wanted else { return Err(bad_argument(&wanted)) };
        let key = &directive[SET_ORDER.len()..];
        let merge_key = lookup(def, key)?.and_then(|field| field.merge_key);
        let (old, new) = (take_list(current, key)?, take_list(patch, key)?);
        order::check(new.as_deref().unwrap_or_default(), &wanted, merge_key)?;
        let server = old.clone().unwrap_or_default();
        let merged = match (old, new) {
            (Some(old), Some(new)) => list(def, key, old, new)?,
            (Some(list), None) => list,
            (None, Some(list)) => list.into_iter().filter_map(without_directives).collect(),
            (None, None) => continue,
        };
        current.insert(key.to_owned(), Value::Array(order::arrange(merged, &wanted, &server, merge_key)));
    }
    Ok(())
}

fn take_list(object: &mut Object, key: &str) -> Result<Option<Vec<Value>>, String> {
    match object.remove(key) {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(other) => Err(bad_argument(&other)),
    }
}

fn delete_from_list(key: &str, current: &mut Object, gone: &Value) -> Result<(), String> {
    let Some(list) = current.get_mut(key) else { return Ok(()) };
    let (Value::Array(items), Value::Array(gone)) = (list, gone) else { return Err(bad_argument(gone)) };
    items.retain(|item| !gone.contains(item));
    Ok(())
}

/// What a patch brings anew carries no directives; `None` is an element that only asked to be deleted.
pub(super) fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(map) if map.get(DIRECTIVE).is_some_and(|directive| directive == "delete") => None,
        Value::Object(map) => Some(Value::Object(
            map.into_iter()
                .filter(|(key, value)| !is_directive(key) && !value.is_null())
                .filter_map(|(key, value)| Some((key, without_directives(value)?)))
                .collect(),
        )),
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_directives).collect())),
        scalar => Some(scalar),
    }
}

fn is_directive(key: &str) -> bool {
    key == DIRECTIVE || key == RETAIN_KEYS || key.starts_with(DELETE_FROM_LIST) || key.starts_with(SET_ORDER)
}

pub(super) fn unknown_directive(directive: &Value, patch: &Object) -> String {
    let mut whole = patch.clone();
    whole.insert(DIRECTIVE.to_owned(), directive.clone());
    format!("unknown patch type: {} in map: {}", super::go_print(directive), go_print_map(&whole))
}

fn bad_argument(found: &Value) -> String {
    format!("expected a []interface {{}}, but received a {}", go_kind(found))
}
