//! What is parsed beside an object's bytes, and the one serialization of an object. Must not read a store.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::call::is_converted;
use super::object;
use crate::kinds::{self, Kind};
use crate::store::Revision;

/// What lists, watches and selectors need to know of a stored object without parsing it.
#[derive(Debug, Default)]
pub struct Meta {
    /// The object's name.
    pub name: String,
    /// Its namespace; empty for cluster-scoped kinds.
    pub namespace: String,
    /// Its uid.
    pub uid: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Values of the kind's own field selectors.
    pub fields: Vec<(&'static str, String)>,
    /// Whether its deletion has begun.
    pub deleting: bool,
    /// When it was last written; not known of what an earlier run wrote.
    pub written: Option<Timestamp>,
}

impl Meta {
    /// From an object of a kind.
    pub(super) fn of(kind: &Kind, value: &Value) -> Self {
        Self { fields: kind.rules.fields(value), ..Self::plain(value) }
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
            None => Self::plain(value),
        }
    }

    fn plain(value: &Value) -> Self {
        Self {
            name: object::name(value).into(),
            namespace: object::meta(value, "namespace").into(),
            uid: object::meta(value, "uid").into(),
            labels: object::strings(&value["metadata"]["labels"]),
            fields: Vec::new(),
            deleting: object::deleting(value),
            written: None,
        }
    }

    /// The value of a field selector's path; empty for one that it has not.
    pub(super) fn text(&self, path: &str) -> &str {
        match path {
            "metadata.name" => &self.name,
            "metadata.namespace" => &self.namespace,
            _ => self.fields.iter().find(|(name, _)| *name == path).map_or("", |(_, value)| value),
        }
    }

    /// The value of a field selector's path.
    pub(super) fn field(&self, path: &str) -> Option<String> {
        match path {
            "metadata.name" => Some(self.name.clone()),
            "metadata.namespace" => Some(self.namespace.clone()),
            _ => self.fields.iter().find(|(name, _)| *name == path).map(|(_, value)| value.clone()),
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

/// Digits of the largest revision.
const REVISION_DIGITS: usize = 20;

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
        let mut bytes = Vec::with_capacity(self.bytes.len() + REVISION_DIGITS);
        bytes.extend_from_slice(&self.bytes[..self.at]);
        bytes.extend_from_slice(revision.to_string().as_bytes());
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
