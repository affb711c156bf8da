//! `metadata.managedFields`: reading, writing, and what managers gain, lose and quarrel about.
//! Must not walk objects.

use serde_json::{Map, Value, json};

use super::set::{self, Set};
use super::walk::Changes;
use super::{ApplyError, Conflict, Writer};

/// Who owns a set of fields; two entries are one when all of this is equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Manager {
    operation: String,
    name: String,
    api_version: String,
    subresource: String,
}

impl Manager {
    pub(super) fn applier(writer: &Writer<'_>) -> Self {
        Self::new("Apply", writer)
    }

    pub(super) fn updater(writer: &Writer<'_>) -> Self {
        Self::new("Update", writer)
    }

    fn new(operation: &str, writer: &Writer<'_>) -> Self {
        Self {
            operation: operation.to_owned(),
            name: writer.manager.to_owned(),
            api_version: writer.api_version.to_owned(),
            subresource: writer.subresource.to_owned(),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) manager: Manager,
    pub(super) time: String,
    pub(super) set: Set,
}

/// The entries of an object; malformed ones are read as empty.
pub(super) fn read(object: Option<&Value>) -> Vec<Entry> {
    let entries = object.and_then(|object| object.pointer("/metadata/managedFields")).and_then(Value::as_array);
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let entry = |entry: &Value| Entry {
        manager: Manager {
            operation: text(entry, "operation"),
            name: text(entry, "manager"),
            api_version: text(entry, "apiVersion"),
            subresource: text(entry, "subresource"),
        },
        time: text(entry, "time"),
        set: Set::from_json(&entry["fieldsV1"]),
    };
    entries.into_iter().flatten().map(entry).filter(|entry| !entry.set.is_empty()).collect()
}

/// Kubernetes' order: appliers first, then by time and name.
pub(super) fn write(object: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|entry| !entry.set.is_empty());
    entries.sort_by(|a, b| {
        let key = |entry: &Entry| (entry.manager.operation.clone(), entry.time.clone(), entry.manager.clone());
        key(a).cmp(&key(b))
    });
    let entries: Vec<Value> = entries.iter().map(entry_json).collect();
    if entries.is_empty() {
        return;
    }
    if let Some(object) = object.as_object_mut() {
        let metadata = object.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        metadata["managedFields"] = Value::from(entries);
    }
}

fn entry_json(entry: &Entry) -> Value {
    let mut value = json!({
        "apiVersion": entry.manager.api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": entry.set.to_json(),
        "manager": entry.manager.name,
        "operation": entry.manager.operation,
        "time": entry.time,
    });
    if !entry.manager.subresource.is_empty() {
        value["subresource"] = Value::from(entry.manager.subresource.clone());
    }
    value
}

/// The object without its entries.
pub(super) fn strip(object: &Value) -> Value {
    let Value::Object(fields) = object else { return object.clone() };
    // Never copied to be thrown away: they are half of an object.
    let metadata = |metadata: &serde_json::Map<String, Value>| {
        let kept = metadata.iter().filter(|(name, _)| *name != "managedFields");
        Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    let field = |(name, value): (&String, &Value)| match value.as_object().filter(|_| name == "metadata") {
        Some(inner) => (name.clone(), metadata(inner)),
        None => (name.clone(), value.clone()),
    };
    Value::Object(fields.iter().map(field).collect())
}

/// The entries that a write starts from: the client's own if it sent any, else the live ones; none after one empty
/// entry, which is how a client makes the server forget all owners.
pub(super) fn declared(live: Option<&Value>, old: &[Entry], new: &Value) -> Vec<Entry> {
    let sent = new.pointer("/metadata/managedFields");
    // Most writes bring them back as they were: no need to read them twice.
    if sent.is_none() || sent == live.and_then(|live| live.pointer("/metadata/managedFields")) {
        return old.to_vec();
    }
    if sent == Some(&json!([{}])) {
        return Vec::new();
    }
    let sent = read(Some(new));
    if sent.is_empty() { old.to_vec() } else { sent }
}

/// Nobody owns what identifies an object or what the server sets (apimachinery `stripMeta`).
pub(super) fn owned(mut set: Set) -> Set {
    const SERVERS: [&str; 9] = [
        "f:name",
        "f:namespace",
        "f:creationTimestamp",
        "f:selfLink",
        "f:uid",
        "f:clusterName",
        "f:generation",
        "f:managedFields",
        "f:resourceVersion",
    ];
    for field in SERVERS {
        set.exclude(&["f:metadata", field]);
    }
    for field in ["f:apiVersion", "f:kind", "f:metadata"] {
        set.exclude(&[field]);
    }
    set
}

pub(super) fn replace(entries: &mut Vec<Entry>, manager: &Manager, set: Set) {
    match entries.iter_mut().find(|entry| entry.manager == *manager) {
        Some(entry) => entry.set = set,
        None => entries.push(Entry { manager: manager.clone(), time: String::new(), set }),
    }
    entries.retain(|entry| !entry.set.is_empty());
}

/// What others own of the changes.
pub(super) fn conflicts(entries: &[Entry], me: &Manager, changes: &Changes) -> Vec<Entry> {
    let touched = changes.modified.union(&changes.added);
    let others = entries.iter().filter(|entry| entry.manager != *me);
    let quarrels = others.map(|entry| Entry { set: entry.set.intersection(&touched), ..entry.clone() });
    let mut conflicts: Vec<Entry> = quarrels.filter(|entry| !entry.set.is_empty()).collect();
    conflicts.sort_by(|a, b| a.manager.name.cmp(&b.manager.name));
    conflicts
}

/// Who is overruled loses what changed or went away.
pub(super) fn lose(entries: &mut Vec<Entry>, me: &Manager, changes: &Changes) {
    let gone = changes.modified.union(&changes.added).union(&changes.removed);
    for entry in entries.iter_mut().filter(|entry| entry.manager != *me) {
        entry.set = entry.set.difference(&gone);
    }
    entries.retain(|entry| !entry.set.is_empty());
}

/// Kubernetes' words (apimachinery `managedfields/internal/conflict.go`).
pub(super) fn refusal(conflicts: &[Entry]) -> ApplyError {
    let of_each = conflicts.iter().map(|entry| {
        let paths: Vec<String> = entry.set.paths().iter().map(|path| set::print(path)).collect();
        (print_manager(entry), paths)
    });
    let of_each: Vec<(String, Vec<String>)> = of_each.collect();
    let cause =
        |manager: &str, field: &String| Conflict { field: field.clone(), message: format!("conflict with {manager}") };
    let causes: Vec<Conflict> =
        of_each.iter().flat_map(|(manager, paths)| paths.iter().map(move |path| cause(manager, path))).collect();
    let lines = || {
        let lines =
            of_each.iter().map(|(manager, paths)| format!("conflicts with {manager}:\n- {}", paths.join("\n- ")));
        lines.collect::<Vec<_>>().join("\n")
    };
    let message = if let [only] = causes.as_slice() {
        format!("Apply failed with 1 conflict: {}: {}", only.message, only.field)
    } else {
        format!("Apply failed with {} conflicts: {}", causes.len(), lines())
    };
    ApplyError::Conflicts { message, causes }
}

fn print_manager(entry: &Entry) -> String {
    let Manager { operation, name, api_version, subresource } = &entry.manager;
    let through = if subresource.is_empty() { String::new() } else { format!(" with subresource {subresource:?}") };
    match operation.as_str() {
        "Update" if entry.time.is_empty() => format!("{name:?}{through} using {api_version}"),
        "Update" => format!("{name:?}{through} using {api_version} at {}", entry.time),
        _ => format!("{name:?}{through}"),
    }
}
