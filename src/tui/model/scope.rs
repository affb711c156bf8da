//! Which namespaces are looked at: all, one or several. Pure.

use std::collections::BTreeSet;

/// The namespaces looked at; all when there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(BTreeSet<String>);

impl Scope {
    /// One namespace.
    pub fn one(name: &str) -> Self {
        Self(BTreeSet::from([name.to_string()]))
    }

    /// As it is typed: `tienda`, `tienda,default`, `*` or `todos`.
    pub fn read(text: &str) -> Self {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let names: BTreeSet<String> = names.map(Into::into).collect();
        if names.contains("*") || names.contains("todos") { Self::default() } else { Self(names) }
    }

    /// Whether every namespace is looked at.
    pub fn all(&self) -> bool {
        self.0.is_empty()
    }

    /// The namespace, when it is exactly one.
    pub fn only(&self) -> Option<&str> {
        self.0.first().filter(|_| self.0.len() == 1).map(String::as_str)
    }

    /// Whether a namespace is looked at.
    pub fn has(&self, namespace: &str) -> bool {
        self.all() || self.0.contains(namespace)
    }

    /// Looks at one more, or at one less.
    pub fn toggle(&mut self, namespace: &str) {
        if !self.0.remove(namespace) {
            self.0.insert(namespace.into());
        }
    }

    /// The names, in order; none when all are looked at.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How it is told: `todos`, `tienda`, `default, tienda`.
    pub fn title(&self) -> String {
        if self.all() { "todos".into() } else { self.names().collect::<Vec<_>>().join(", ") }
    }

    /// What lists have to be asked for: one in all namespaces, or one in each.
    pub fn parts(&self) -> Vec<Option<String>> {
        if self.all() { vec![None] } else { self.names().map(|name| Some(name.to_string())).collect() }
    }
}
