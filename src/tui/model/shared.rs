//! Texts that many objects say alike, kept once: a copy is a pointer. Ten thousand pods have a handful of namespaces,
//! workers and states between them. Pure.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;

use super::facts::Labels;

/// A text that does not change.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

impl Text {
    /// The letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&Text> for String {
    fn from(text: &Text) -> Self {
        text.0.as_ref().into()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        *self.0 == **other
    }
}

impl PartialEq<Text> for String {
    fn eq(&self, other: &Text) -> bool {
        **self == *other.0
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        **self == *other.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// Different texts that are remembered: what is new after that begins a new pool.
const MOST: usize = 4096;

/// What was read lately, so that the same is not kept twice.
#[derive(Debug, Default)]
pub struct Pool {
    texts: HashSet<Text>,
    labels: HashSet<Arc<Labels>>,
}

impl Pool {
    /// The one that is there already, or this one from now on.
    pub fn text(&mut self, text: &mut Text) {
        one(&mut self.texts, text);
    }

    /// The same of labels.
    pub fn labels(&mut self, labels: &mut Arc<Labels>) {
        one(&mut self.labels, labels);
    }
}

fn one<T: Clone + Eq + Hash>(known: &mut HashSet<T>, new: &mut T) {
    match known.get(new) {
        Some(there) => new.clone_from(there),
        None => {
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(new.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_kept_once() {
        let mut pool = Pool::default();
        let (mut first, mut second): (Text, Text) = ("worker-1".into(), "worker-1".into());
        pool.text(&mut first);
        pool.text(&mut second);
        assert!(Arc::ptr_eq(&first.0, &second.0));
        for number in 0..=MOST {
            pool.text(&mut number.to_string().into());
        }
        assert!(pool.texts.len() <= MOST);
    }
}
