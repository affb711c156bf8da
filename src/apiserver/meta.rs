//! What is parsed beside an object's bytes, and the one serialization of an object. Must not read a store.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::call::is_converted;
use super::object;
use crate::base::selector::Selector;
use crate::kinds::{self, Kind};
use crate::store::Revision;

/// What lists, watches and selectors need to know of a stored object without parsing it. Its texts lie one after the
/// other in one piece: there is one of these for each of a cluster's tens of thousands of objects.
#[derive(Debug, Default)]
pub struct Meta {
    /// Name, namespace, uid; each label's key and value; each field's value.
    texts: Box<str>,
    /// Where each text ends.
    ends: Box<[u32]>,
    /// Paths of the kind's own field selectors, where the object has something there.
    fields: Box<[&'static str]>,
    /// Whether its deletion has begun.
    pub deleting: bool,
    /// When it was last written; not known of what an earlier run wrote.
    pub written: Option<Timestamp>,
}

/// How many texts come before the labels.
const OWN: usize = 3;

impl Meta {
    /// From an object of a kind.
    pub(super) fn of(kind: &Kind, value: &Value) -> Self {
        Self::with(value, kind.rules.fields(value))
    }

    /// From a stored record; one that cannot be read is shown without metadata rather than lost.
    #[must_use]
    pub fn decode(_key: &str, bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).map_or_else(|_| Self::default(), |value| Self::of_stored(&value))
    }

    fn of_stored(value: &Value) -> Self {
        let api_version = value["apiVersion"].as_str().unwrap_or_default();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        match kinds::by_kind(group, version, value["kind"].as_str().unwrap_or_default()) {
            Some(kind) => Self::of(kind, value),
            None => Self::with(value, Vec::new()),
        }
    }

    fn with(value: &Value, mut fields: Vec<(&'static str, String)>) -> Self {
        fields.retain(|(_, text)| !text.is_empty());
        let labels = value["metadata"]["labels"].as_object().into_iter().flatten();
        let labels = labels.filter_map(|(key, label)| Some([key.as_str(), label.as_str()?])).flatten();
        let own = [object::name(value), object::meta(value, "namespace"), object::meta(value, "uid")];
        let all = own.into_iter().chain(labels).chain(fields.iter().map(|(_, text)| text.as_str()));
        let (mut texts, mut ends) = (String::new(), Vec::new());
        for text in all {
            texts.push_str(text);
            ends.push(u32::try_from(texts.len()).unwrap_or(u32::MAX));
        }
        Self {
            texts: texts.into(),
            ends: ends.into(),
            fields: fields.into_iter().map(|(path, _)| path).collect(),
            deleting: object::deleting(value),
            written: None,
        }
    }

    /// One of the texts; empty when there are not so many.
    fn nth(&self, index: usize) -> &str {
        let end = |index: usize| self.ends.get(index).and_then(|end| usize::try_from(*end).ok());
        let begin = index.checked_sub(1).map_or(Some(0), end);
        begin.zip(end(index)).and_then(|(begin, end)| self.texts.get(begin..end)).unwrap_or_default()
    }

    /// Which of the texts is the first field's value.
    fn first_field(&self) -> usize {
        self.ends.len().saturating_sub(self.fields.len())
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.nth(0)
    }

    /// Its namespace; empty for cluster-scoped kinds.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.nth(1)
    }

    /// Its uid.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.nth(2)
    }

    /// Its labels, by key.
    pub(super) fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        (OWN..self.first_field()).step_by(2).map(|at| (self.nth(at), self.nth(at + 1)))
    }

    /// A label's value.
    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.labels().find(|(own, _)| *own == key).map(|(_, value)| value)
    }

    /// Whether its labels hold every requirement of a selector.
    pub(super) fn matches(&self, selector: &Selector) -> bool {
        selector.matches_with(|key| self.label(key))
    }

    /// The value of a field selector's path; empty for one that it has not.
    pub(super) fn text(&self, path: &str) -> &str {
        match path {
            "metadata.name" => self.name(),
            "metadata.namespace" => self.namespace(),
            _ => {
                let found = self.fields.iter().position(|own| *own == path);
                found.map_or("", |at| self.nth(self.first_field() + at))
            }
        }
    }
}

/// An object serialized once, with the place where its revision goes.
#[derive(Debug)]
pub(super) struct Encoded {
    bytes: Vec<u8>,
    at: usize,
    meta: Meta,
}

impl Encoded {
    /// Serializes an object; its own `resourceVersion`, if any, is left out.
    pub(super) fn new(kind: &Kind, value: &Value) -> Self {
        if !is_converted(kind) {
            return Self::stored(Meta::of(kind, value), value);
        }
        let mut stored = value.clone();
        kind.rules.to_stored(&mut stored);
        Self::stored(Meta::of_stored(&stored), &stored)
    }

    fn stored(meta: Meta, value: &Value) -> Self {
        let mut bytes = Vec::with_capacity(1024);
        let mut at = 0;
        for (key, field) in value.as_object().into_iter().flatten() {
            bytes.push(if bytes.is_empty() { b'{' } else { b',' });
            write_key(&mut bytes, key);
            if key == "metadata" {
                at = write_metadata(&mut bytes, field);
            } else {
                write_json(&mut bytes, field);
            }
        }
        bytes.push(b'}');
        Self { bytes, at, meta }
    }

    /// A stored object once more, as it is; nothing when it cannot be read.
    pub(super) fn again(bytes: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        Some(Self::stored(Meta::of_stored(&value), &value))
    }

    /// The same, written at a time.
    pub(super) fn at(mut self, now: Timestamp) -> Self {
        self.meta.written = Some(now);
        self
    }

    /// The stored bytes at a revision.
    pub(super) fn finish(self, revision: Revision) -> (Bytes, Meta) {
        let revision = revision.to_string();
        // Exactly: it stays as long as the object.
        let mut bytes = Vec::with_capacity(self.bytes.len() + revision.len());
        bytes.extend_from_slice(&self.bytes[..self.at]);
        bytes.extend_from_slice(revision.as_bytes());
        bytes.extend_from_slice(&self.bytes[self.at..]);
        (bytes.into(), self.meta)
    }
}

/// Writes the metadata with an empty `resourceVersion` first; answers where its digits go.
fn write_metadata(bytes: &mut Vec<u8>, metadata: &Value) -> usize {
    bytes.extend_from_slice(b"{\"resourceVersion\":\"");
    let at = bytes.len();
    bytes.push(b'"');
    let fields = metadata.as_object().into_iter().flatten();
    for (key, field) in fields.filter(|(key, _)| *key != "resourceVersion") {
        bytes.push(b',');
        write_key(bytes, key);
        write_json(bytes, field);
    }
    bytes.push(b'}');
    at
}

fn write_key(bytes: &mut Vec<u8>, key: &str) {
    write_json(bytes, key);
    bytes.push(b':');
}

/// Serializing JSON values into memory cannot fail.
fn write_json<T: serde::Serialize + ?Sized>(bytes: &mut Vec<u8>, value: &T) {
    let _infallible = serde_json::to_writer(bytes, value);
}
