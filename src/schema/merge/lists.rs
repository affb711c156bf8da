//! Strategic merge of lists whose strategy is `merge`: by key for structures, as a set for scalars
//! (apimachinery's `mergeSlice`).

use serde_json::Value;

use super::strategic::{DIRECTIVE, map, unknown_directive, without_directives};
use super::{Object, Schema, go_print_map, order};

pub(super) fn merge(
    def: Schema,
    merge_key: Option<&str>,
    old: Vec<Value>,
    new: Vec<Value>,
) -> Result<Vec<Value>, String> {
    let server = old.clone();
    let wanted = new.clone();
    let merged = match kind(&old, &new)? {
        Kind::Empty => return Ok(old),
        Kind::Scalars => union(old, new),
        Kind::Objects => objects(def, merge_key, old, new)?,
    };
    let wanted: Vec<Value> = wanted.into_iter().filter(|item| item.get(DIRECTIVE).is_none()).collect();
    Ok(order::arrange(merged, &wanted, &server, merge_key))
}

enum Kind {
    Empty,
    Scalars,
    Objects,
}

/// All elements must be of one kind, and lists of lists are not supported.
fn kind(old: &[Value], new: &[Value]) -> Result<Kind, String> {
    let mut all = old.iter().chain(new);
    let Some(first) = all.next() else { return Ok(Kind::Empty) };
    if first.is_array() {
        return Err("lists of lists are not supported".to_owned());
    }
    if let Some(other) = all.find(|item| std::mem::discriminant(*item) != std::mem::discriminant(first)) {
        let (first, other) = (super::go_kind(first), super::go_kind(other));
        return Err(format!("list element types are not identical: {first}, {other}"));
    }
    Ok(if first.is_object() { Kind::Objects } else { Kind::Scalars })
}

fn union(old: Vec<Value>, new: Vec<Value>) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::with_capacity(old.len() + new.len());
    for item in old.into_iter().chain(new) {
        if !merged.contains(&item) {
            merged.push(item);
        }
    }
    merged
}

fn objects(def: Schema, merge_key: Option<&str>, old: Vec<Value>, new: Vec<Value>) -> Result<Vec<Value>, String> {
    let Some(merge_key) = merge_key else {
        let name = def.map_or("", |def| def.short_name());
        return Err(format!("cannot merge lists without merge key for {name}"));
    };
    let (mut merged, changes) = obey_directives(merge_key, old, new)?;
    for change in changes {
        let wanted = change.get(merge_key).ok_or_else(|| no_merge_key(&change, merge_key))?;
        let found = merged.iter_mut().find(|item| item.get(merge_key) == Some(wanted));
        match found {
            Some(Value::Object(item)) => *item = map(def, std::mem::take(item), change)?,
            _ => merged.extend(without_directives(Value::Object(change))),
        }
    }
    Ok(merged)
}

/// `$patch: delete` takes its element out, `$patch: replace` empties the list first. What is left is merged.
fn obey_directives(merge_key: &str, old: Vec<Value>, new: Vec<Value>) -> Result<(Vec<Value>, Vec<Object>), String> {
    let (mut kept, mut changes, mut replace) = (old, Vec::new(), false);
    for item in new {
        let Value::Object(item) = item else { continue };
        match item.get(DIRECTIVE).map(|directive| (directive, directive.as_str())) {
            None => changes.push(item),
            Some((_, Some("replace"))) => replace = true,
            Some((_, Some("delete"))) => {
                let gone = item.get(merge_key).ok_or_else(|| no_merge_key(&item, merge_key))?;
                kept.retain(|element| element.get(merge_key) != Some(gone));
            }
            Some((_, Some("merge"))) => return Err("merging lists cannot yet be specified in the patch".to_owned()),
            Some((directive, _)) => return Err(unknown_directive(directive, &item)),
        }
    }
    if replace {
        kept.clear();
    }
    Ok((kept, changes))
}

fn no_merge_key(item: &Object, merge_key: &str) -> String {
    format!("map: {} does not contain declared merge key: {merge_key}", go_print_map(item))
}
