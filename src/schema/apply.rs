//! Server-side apply as pure functions: who owns which field, by the schema, and what an apply or any other write
//! does to that (structured-merge-diff and apimachinery `managedfields`). Must not store or ask the time.

use serde_json::Value;

use super::types::{self, TypeDef};
use managed::{Entry, Manager};
use set::Set;
use walk::{Changes, Shape};

mod managed;
mod set;
#[cfg(test)]
mod tests;
mod walk;

/// Who writes, as `metadata.managedFields` will tell it.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// The field manager, such as `kubectl`.
    pub manager: &'a str,
    /// The version that it writes in, such as `apps/v1`.
    pub api_version: &'a str,
    /// The subresource that it writes through, or empty.
    pub subresource: &'a str,
    /// Now, as RFC 3339.
    pub time: &'a str,
    /// Top-level fields that this endpoint leaves alone: `status` for the object, `spec` for its status.
    pub ignored: &'a [&'a str],
}

/// Why nothing was applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The configuration cannot be applied.
    #[error("{0}")]
    Invalid(String),
    /// Others own fields that it would change (HTTP 409).
    #[error("{message}")]
    Conflicts {
        /// `Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas`.
        message: String,
        /// Each conflict, for the causes of the Status (reason `FieldManagerConflict`).
        causes: Vec<Conflict>,
    },
}

/// One field that somebody else owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// `.spec.template.spec.containers[name="web"].image`.
    pub field: String,
    /// `conflict with "kubectl"`.
    pub message: String,
}

/// Applies `config` (as the client sent it, unknown fields pruned) over the live object, which is absent when it is
/// created. An apply that changes nothing gives the live object back, unchanged.
///
/// # Errors
/// [`ApplyError::Conflicts`] without `force`, when other managers own fields that would change.
pub fn apply(
    type_name: &str,
    live: Option<&Value>,
    config: &Value,
    writer: &Writer<'_>,
    force: bool,
) -> Result<Value, ApplyError> {
    let def = known(type_name)?;
    if config.pointer("/metadata/managedFields").is_some_and(|fields| !fields.is_null()) {
        return Err(ApplyError::Invalid("metadata.managedFields must be nil".to_owned()));
    }
    let empty = Value::Object(serde_json::Map::new());
    let before = managed::strip(live.unwrap_or(&empty));
    let mut config = without_nulls(managed::strip(config));
    writer.ignored.iter().for_each(|field| drop(config.as_object_mut().and_then(|map| map.remove(*field))));
    let old = managed::read(live);
    let mut entries = old.clone();
    if let (Some(_), true) = (live, entries.is_empty()) {
        entries.push(before_first_apply(def, &before, writer));
    }
    let me = Manager::applier(writer);
    let last = entries.iter().find(|entry| entry.manager == me).map(|entry| entry.set.clone()).unwrap_or_default();
    let mine = managed::owned(walk::fields(def, &config));
    let merged = walk::merge(Shape::Struct(def), Some(before.clone()), config);
    managed::replace(&mut entries, &me, mine);
    let merged = prune(def, merged, &last, &entries);
    let changes = walk::compare(def, &before, &merged);
    let conflicts = managed::conflicts(&entries, &me, &changes);
    if !force && !conflicts.is_empty() {
        return Err(managed::refusal(&conflicts));
    }
    managed::lose(&mut entries, &me, &changes);
    Ok(finish((live, &old), &before, merged, entries, &me, writer.time))
}

/// Records who changed what in any other write: `new` with its `managedFields`. Entries that the client itself
/// wrote into `new` are believed, as in Kubernetes (kubectl migrates its own that way).
#[must_use]
pub fn update(type_name: &str, live: Option<&Value>, new: &Value, writer: &Writer<'_>) -> Value {
    let Ok(def) = known(type_name) else { return new.clone() };
    let empty = super::check(type_name, Value::Object(serde_json::Map::new())).map(|checked| checked.value);
    let before = managed::strip(live.unwrap_or(&empty.unwrap_or_default()));
    let after = managed::strip(new);
    let old = managed::read(live);
    let mut entries = managed::declared(live, &old, new);
    let me = Manager::updater(writer);
    let changes = walk::compare(def, &before, &after).without(writer.ignored);
    managed::lose(&mut entries, &me, &changes);
    let mine = entries.iter().find(|entry| entry.manager == me).map(|entry| entry.set.clone()).unwrap_or_default();
    let Changes { added, modified, removed } = changes;
    let mine = mine.difference(&removed).union(&modified).union(&added);
    managed::replace(&mut entries, &me, managed::owned(mine));
    finish((live, &old), &before, after, entries, &me, writer.time)
}

fn known(type_name: &str) -> Result<&'static TypeDef, ApplyError> {
    types::get(type_name).ok_or_else(|| ApplyError::Invalid(format!("no type {type_name} is known")))
}

/// Objects older than their tracking: what they hold belongs to this manager, as in Kubernetes.
fn before_first_apply(def: &'static TypeDef, live: &Value, writer: &Writer<'_>) -> Entry {
    let time = live.pointer("/metadata/creationTimestamp").and_then(Value::as_str).unwrap_or(writer.time);
    let set = managed::owned(walk::fields(def, live)).without(writer.ignored);
    let manager = Manager::updater(&Writer { manager: "before-first-apply", subresource: "", ..*writer });
    Entry { manager, time: time.to_owned(), set }
}

/// Takes away what the manager applied before, no longer applies, and nobody else owns.
fn prune(def: &'static TypeDef, mut merged: Value, last: &Set, entries: &[Entry]) -> Value {
    let owned = entries.iter().fold(Set::default(), |all, entry| all.union(&entry.set));
    for path in last.paths().iter().filter(|path| !owned.covers(path)) {
        walk::remove(Shape::Struct(def), &mut merged, path, &owned);
    }
    merged
}

/// Writes the entries back; who changed something gets the time, and nobody when nothing changed.
fn finish(
    (live, old): (Option<&Value>, &[Entry]),
    before: &Value,
    mut after: Value,
    mut entries: Vec<Entry>,
    me: &Manager,
    time: &str,
) -> Value {
    let is_same = |entry: &Entry| old.iter().any(|old| old.manager == entry.manager && old.set == entry.set);
    let changed = &after != before || entries.len() != old.len() || !entries.iter().all(is_same);
    if let (Some(live), false) = (live, changed) {
        return live.clone();
    }
    for entry in entries.iter_mut().filter(|entry| entry.manager == *me && (entry.time.is_empty() || !is_same(entry))) {
        time.clone_into(&mut entry.time);
    }
    managed::write(&mut after, entries);
    after
}

/// A null in a configuration says nothing.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        scalar => scalar,
    }
}
