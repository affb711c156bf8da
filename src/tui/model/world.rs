//! What is around an object: lists that a view asks for at once, and how they are looked through. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::catalog::{Resource, Target, by_kind, find};
use super::failure::Failure;
use crate::tui::state::State;

/// One list to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The kind.
    pub resource: Arc<Resource>,
    /// In one namespace, or in all.
    pub namespace: Option<String>,
    /// Only objects with these labels; all when empty.
    pub labels: String,
    /// Only objects with these fields, as `spec.nodeName=worker-1`; all when empty.
    pub fields: String,
}

impl Want {
    /// Every object of a kind, by a word for it; `None` where this server does not have it.
    pub fn all(catalog: &[Arc<Resource>], word: &str, namespace: Option<&str>) -> Option<Self> {
        let resource = find(catalog, word).filter(|resource| resource.can("list"))?;
        let namespace = namespace.filter(|_| resource.namespaced).map(Into::into);
        Some(Self { resource, namespace, labels: String::new(), fields: String::new() })
    }
}

/// The lists that came.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The objects, each with its `kind` and `apiVersion`.
    pub objects: Vec<Value>,
    /// What could not be listed, and why.
    pub missing: Vec<(String, Failure)>,
    /// Whether some list was too long to be read whole.
    pub cut: bool,
    /// The kinds that were listed.
    pub listed: BTreeSet<String>,
}

impl World {
    /// The objects of a kind.
    pub fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    /// One object of a kind by its name, in a namespace unless it has none.
    pub fn named<'a>(&'a self, kind: &'a str, namespace: &str, name: &str) -> Option<&'a Value> {
        self.of(kind).find(|object| {
            object["metadata"]["name"] == name
                && object["metadata"]["namespace"].as_str().is_none_or(|its| its == namespace)
        })
    }

    /// Whether a kind was listed, so that what is not in here does not exist.
    pub fn knows(&self, kind: &str) -> bool {
        !self.cut && !self.missing.iter().any(|(missing, _)| missing == kind)
    }
}

/// A text at a path of an object; empty where there is none.
pub fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number at a path of an object.
pub fn number(object: &Value, path: &str) -> Option<i64> {
    object.pointer(path).and_then(Value::as_i64)
}

/// The elements at a path of an object.
pub fn each<'a>(object: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

/// An object's name.
pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// An object's namespace; empty without one.
pub fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// Whether labels have every pair of a plain selector; an empty one takes none.
pub fn carries(labels: &Value, pairs: &Value) -> bool {
    let Some(pairs) = pairs.as_object().filter(|pairs| !pairs.is_empty()) else { return false };
    pairs.iter().all(|(name, value)| labels.get(name) == Some(value))
}

/// Whether labels satisfy a `LabelSelector` with `matchLabels` and `matchExpressions`; an empty one takes all.
pub fn satisfies(labels: &Value, selector: &Value) -> bool {
    let pairs = selector["matchLabels"].as_object().into_iter().flatten();
    let equal = pairs.into_iter().all(|(name, value)| labels.get(name) == Some(value));
    equal && each(selector, "/matchExpressions").all(|expression| holds(labels, expression))
}

fn holds(labels: &Value, expression: &Value) -> bool {
    let found = labels.get(text(expression, "/key"));
    let listed = || each(expression, "/values").any(|value| Some(value) == found);
    match text(expression, "/operator") {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        _ => false,
    }
}

/// `app=web,env=prod`.
pub fn pairs(labels: &Value) -> String {
    let pairs = labels.as_object().into_iter().flatten();
    pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect::<Vec<_>>().join(",")
}

/// The address of an object that one has.
pub fn target(object: &Value, state: &State) -> Option<Target> {
    let resource = by_kind(&state.catalog, text(object, "/apiVersion"), text(object, "/kind"))?;
    let namespace = resource.namespaced.then(|| namespace(object).to_string());
    Some(Target { resource, namespace, name: name(object).into() })
}
