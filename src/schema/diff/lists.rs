//! Differences between lists: element by element where the type says so, else as a whole.

use serde_json::{Value, json};

use super::super::types::Field;
use super::{Count, Object, Schema, maps};

/// Puts the difference of a list into the patch of the object around it.
pub(super) fn fields(
    field: Option<&'static Field>,
    key: &str,
    old: &[Value],
    new: &[Value],
    count: Count,
    patch: &mut Object,
) -> Result<(), String> {
    let Some(field) = field.filter(|field| field.strategies.merge) else {
        if count == Count::Changes && old != new {
            patch.insert(key.to_owned(), new.into());
        }
        return Ok(());
    };
    if old.is_empty() {
        if count == Count::Changes && !new.is_empty() {
            patch.insert(key.to_owned(), new.into());
        }
        return Ok(());
    }
    match field.merge_key {
        Some(merge_key) => keyed(field.ty.structure(), key, merge_key, (old, new), count, patch),
        None => {
            scalars(key, old, new, count, patch);
            Ok(())
        }
    }
}

fn keyed(
    def: Schema,
    key: &str,
    merge_key: &str,
    (old, new): (&[Value], &[Value]),
    count: Count,
    patch: &mut Object,
) -> Result<(), String> {
    let (olds, news) = (keys(old, merge_key)?, keys(new, merge_key)?);
    let mut items = Vec::new();
    for (wanted, id) in new.iter().zip(&news) {
        let before = olds.iter().position(|known| known == id).and_then(|at| old[at].as_object());
        match (before, wanted) {
            (Some(before), Value::Object(wanted)) => {
                let mut inner = maps(def, before, wanted, count)?;
                if !inner.is_empty() {
                    inner.insert(merge_key.to_owned(), (*id).clone());
                    items.push(Value::Object(inner));
                }
            }
            _ if count == Count::Changes => items.push(wanted.clone()),
            _ => {}
        }
    }
    if count == Count::Deletions {
        let gone = olds.iter().filter(|id| !news.contains(id));
        items.extend(gone.map(|id| json!({"$patch": "delete", merge_key: id})));
    }
    let moved = count == Count::Changes && has_other_order(&olds, &news);
    if items.is_empty() && !moved {
        return Ok(());
    }
    let order: Vec<Value> = news.iter().map(|id| json!({ merge_key: id })).collect();
    patch.insert(format!("$setElementOrder/{key}"), order.into());
    if !items.is_empty() {
        patch.insert(key.to_owned(), items.into());
    }
    Ok(())
}

fn keys<'v>(items: &'v [Value], merge_key: &str) -> Result<Vec<&'v Value>, String> {
    let missing = |item: &Value| {
        format!("map: {} does not contain declared merge key: {merge_key}", super::super::merge::printed(item))
    };
    items.iter().map(|item| item.get(merge_key).ok_or_else(|| missing(item))).collect()
}

/// Whether what both lists have stands in another order.
fn has_other_order(old: &[&Value], new: &[&Value]) -> bool {
    let kept = old.iter().filter(|id| new.contains(id));
    let wanted = new.iter().filter(|id| old.contains(id));
    !kept.eq(wanted)
}

fn scalars(key: &str, old: &[Value], new: &[Value], count: Count, patch: &mut Object) {
    let only = |some: &[Value], others: &[Value]| {
        some.iter().filter(|item| !others.contains(item)).cloned().collect::<Vec<Value>>()
    };
    let (added, gone) = (only(new, old), only(old, new));
    let moved = has_other_order(&old.iter().collect::<Vec<_>>(), &new.iter().collect::<Vec<_>>());
    let (name, items) = match count {
        Count::Changes if added.is_empty() && !moved => return,
        Count::Deletions if gone.is_empty() => return,
        Count::Changes => (key.to_owned(), added),
        Count::Deletions => (format!("$deleteFromPrimitiveList/{key}"), gone),
    };
    patch.insert(format!("$setElementOrder/{key}"), new.into());
    if !items.is_empty() {
        patch.insert(name, items.into());
    }
}
