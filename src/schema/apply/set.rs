//! A set of field paths, as `fieldsV1` writes it: a tree whose keys are path elements (`f:spec`, `k:{"name":"a"}`,
//! `v:"x"`) and whose `.` says that the path up to there is a member too. Must not know schemas.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value};

/// One path: its elements in `fieldsV1`'s own form.
pub(super) type Path = Vec<String>;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Set(BTreeMap<String, Node>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    member: bool,
    below: Set,
}

impl Set {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn insert(&mut self, path: &[String]) {
        let Some((first, rest)) = path.split_first() else { return };
        let node = self.0.entry(first.clone()).or_default();
        if rest.is_empty() {
            node.member = true;
        } else {
            node.below.insert(rest);
        }
    }

    /// Whether the path, or anything below it, is in the set.
    pub(super) fn covers(&self, path: &[String]) -> bool {
        let Some((first, rest)) = path.split_first() else { return !self.is_empty() };
        self.0.get(first).is_some_and(|node| if rest.is_empty() { true } else { node.below.covers(rest) })
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (element, theirs) in &other.0 {
            let ours = all.0.entry(element.clone()).or_default();
            ours.member |= theirs.member;
            ours.below = ours.below.union(&theirs.below);
        }
        all
    }

    pub(super) fn difference(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| ours && !theirs, true)
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| ours && theirs, false)
    }

    fn combine(&self, other: &Self, member: fn(bool, bool) -> bool, keep_alone: bool) -> Self {
        let nodes = self.0.iter().filter_map(|(element, ours)| {
            let node = match other.0.get(element) {
                Some(theirs) => Node {
                    member: member(ours.member, theirs.member),
                    below: ours.below.combine(&theirs.below, member, keep_alone),
                },
                None if keep_alone => ours.clone(),
                None => return None,
            };
            (node.member || !node.below.is_empty()).then(|| (element.clone(), node))
        });
        Self(nodes.collect())
    }

    /// Without these top-level fields and all below them.
    pub(super) fn without(mut self, fields: &[&str]) -> Self {
        self.0.retain(|element, _| !element.strip_prefix("f:").is_some_and(|name| fields.contains(&name)));
        self
    }

    /// Without exactly this path; what is below it stays.
    pub(super) fn exclude(&mut self, path: &[&str]) {
        let Some((first, rest)) = path.split_first() else { return };
        let Some(node) = self.0.get_mut(*first) else { return };
        if rest.is_empty() {
            node.member = false;
        } else {
            node.below.exclude(rest);
        }
        if !node.member && node.below.is_empty() {
            self.0.remove(*first);
        }
    }

    /// Every member; at each level first its own members, then what is below, as structured-merge-diff iterates.
    pub(super) fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, prefix: &mut Path, paths: &mut Vec<Path>) {
        for (element, _) in self.0.iter().filter(|(_, node)| node.member) {
            paths.push(prefix.iter().chain(std::iter::once(element)).cloned().collect());
        }
        for (element, node) in &self.0 {
            prefix.push(element.clone());
            node.below.collect(prefix, paths);
            prefix.pop();
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let node = |node: &Node| {
            let mut below = node.below.to_json();
            if let (Value::Object(map), true, false) = (&mut below, node.member, node.below.is_empty()) {
                map.insert(".".to_owned(), Value::Object(Map::new()));
            }
            below
        };
        Value::Object(self.0.iter().map(|(element, below)| (element.clone(), node(below))).collect())
    }

    /// What is not a tree of objects is read as empty.
    pub(super) fn from_json(value: &Value) -> Self {
        let Value::Object(map) = value else { return Self::default() };
        let node = |value: &Value| {
            let below = Self::from_json(value);
            Node { member: below.is_empty() || value.get(".").is_some(), below }
        };
        Self(map.iter().filter(|(key, _)| *key != ".").map(|(key, value)| (key.clone(), node(value))).collect())
    }
}

/// A path as conflicts print it: `.spec.containers[name="web"].image`.
pub(super) fn print(path: &[String]) -> String {
    let mut text = String::new();
    for element in path {
        match element.split_once(':') {
            Some(("f", name)) => text.extend([".", name]),
            Some(("v", value)) => text.extend(["[=", value, "]"]),
            Some(("k", keys)) => print_keys(keys, &mut text),
            _ => text.push_str(element),
        }
    }
    text
}

fn print_keys(keys: &str, text: &mut String) {
    let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
    let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
    // Writing into a String cannot fail.
    let _ = write!(text, "[{}]", keys.join(","));
}
