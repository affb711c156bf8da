//! Two patches as one, without applying either: what is gone, then what was added or changed.

use serde_json::Value;

use super::{Object, Schema};

/// Puts the second patch over the first.
pub(super) fn maps(def: Schema, mut first: Object, second: Object) -> Object {
    for (key, new) in second {
        let field = def.and_then(|def| def.field(&key));
        let inner = field.and_then(|field| field.ty.structure());
        let merged = match (first.remove(&key), new) {
            (Some(Value::Object(old)), Value::Object(new)) => Value::Object(maps(inner, old, new)),
            (Some(Value::Array(old)), Value::Array(new)) if !key.starts_with('$') => {
                Value::Array(lists(inner, field.and_then(|field| field.merge_key), old, new))
            }
            (_, new) => new,
        };
        first.insert(key, merged);
    }
    in_order(def, &mut first);
    first
}

/// Before the name of a list, in the key that tells its order.
const ORDER: &str = "$setElementOrder/";

/// Elements stand as `$setElementOrder` says, deleted ones behind them: the server refuses a list that contradicts it.
fn in_order(def: Schema, object: &mut Object) {
    let orders = object.iter().filter_map(|(key, order)| Some((key.strip_prefix(ORDER)?, order.as_array()?)));
    let orders: Vec<(String, Vec<Value>)> = orders.map(|(name, order)| (name.to_owned(), order.clone())).collect();
    for (name, order) in orders {
        let Some(merge_key) = def.and_then(|def| def.field(&name)).and_then(|field| field.merge_key) else { continue };
        let Some(list) = object.get_mut(&name).and_then(Value::as_array_mut) else { continue };
        let place = |item: &Value| order.iter().position(|one| one.get(merge_key) == item.get(merge_key));
        list.sort_by_key(|item| place(item).unwrap_or(usize::MAX));
    }
}

fn lists(def: Schema, merge_key: Option<&str>, mut first: Vec<Value>, second: Vec<Value>) -> Vec<Value> {
    let Some(merge_key) = merge_key else { return second };
    let mut added = Vec::new();
    for new in second {
        let same = first.iter_mut().find(|old| old.get(merge_key) == new.get(merge_key));
        match (same, new) {
            (Some(Value::Object(old)), Value::Object(new)) => *old = maps(def, std::mem::take(old), new),
            (_, new) => added.push(new),
        }
    }
    added.extend(first);
    added
}
