//! A value at rest: as it is, or as what tells it from an earlier one of its folder. Must not know what values mean.
//!
//! Ten thousand pods of a Deployment, and their events, differ in a few hundred bytes each. Nothing on disk is written so.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use lz4_flex::block::{compress_with_dict, decompress_with_dict};

use super::types::{Event, Record};

/// Values shorter than this are kept as they are.
const SHORT: usize = 256;
/// Folders of which a model is kept; more are forgotten all at once.
const FOLDERS: usize = 1024;

/// A value.
#[derive(Clone, Debug)]
pub struct Value(Form);

#[derive(Clone, Debug)]
enum Form {
    Plain(Bytes),
    Packed(Arc<Packed>),
}

/// A value by its model.
#[derive(Debug)]
struct Packed {
    /// An earlier value, whole, which lives as long as anything that needs it.
    model: Bytes,
    rest: Box<[u8]>,
    length: usize,
}

impl Value {
    /// The value itself.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        match &self.0 {
            Form::Plain(bytes) => bytes.clone(),
            Form::Packed(packed) => packed.unpack(),
        }
    }

    /// How long it is.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Plain(bytes) => bytes.len(),
            Form::Packed(packed) => packed.length,
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that it takes, but for its model.
    pub(super) fn room(&self) -> usize {
        match &self.0 {
            Form::Plain(bytes) => bytes.len(),
            Form::Packed(packed) => packed.rest.len(),
        }
    }
}

impl From<Bytes> for Value {
    fn from(bytes: Bytes) -> Self {
        Self(Form::Plain(bytes))
    }
}

impl Packed {
    fn unpack(&self) -> Bytes {
        // What was packed in this process is whole.
        decompress_with_dict(&self.rest, self.length, &self.model).unwrap_or_default().into()
    }
}

/// Packs values, each by a model of its folder.
#[derive(Debug, Default)]
pub(super) struct Packer {
    models: HashMap<Box<str>, Bytes>,
}

impl Packer {
    /// An event as it is kept once its watchers were told.
    pub(super) fn rest<M>(&mut self, event: &Event<M>) -> Arc<Event<M>> {
        let record = self.at_rest(event.record.clone());
        Arc::new(Event { revision: event.revision, record, previous: event.previous.clone(), deleted: event.deleted })
    }

    /// A record as it is kept.
    pub(super) fn at_rest<M>(&mut self, record: Record<M>) -> Record<M> {
        Record { value: self.pack(&record.key, &record.value), ..record }
    }

    /// The value at rest; one that is like nothing before becomes the model of those to come.
    fn pack(&mut self, key: &str, value: &Value) -> Value {
        let Form::Plain(bytes) = &value.0 else { return value.clone() };
        if bytes.len() < SHORT {
            return value.clone();
        }
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(model) = self.models.get(folder) {
            let rest = compress_with_dict(bytes, model);
            if rest.len() * 4 <= bytes.len() * 3 {
                let packed = Packed { model: model.clone(), rest: rest.into(), length: bytes.len() };
                return Value(Form::Packed(packed.into()));
            }
        }
        if self.models.len() >= FOLDERS {
            self.models.clear();
        }
        self.models.insert(folder.into(), bytes.clone());
        value.clone()
    }
}

/// Bytes that are like no others, for tests.
#[cfg(test)]
pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pod(name: &str, words: &str) -> Value {
        Bytes::from(format!("{{\"name\":\"{name}\",\"spec\":\"{}\"}}", words.repeat(100))).into()
    }

    #[test]
    fn what_is_alike_is_kept_as_a_difference_and_read_whole() {
        let mut packer = Packer::default();
        let first = packer.pack("/pods/default/a", &pod("a", "one two "));
        let second = packer.pack("/pods/default/b", &pod("b", "one two "));
        assert_eq!(first.room(), first.len());
        assert!(second.room() * 10 < second.len(), "{}", second.room());
        drop((packer, first));
        assert_eq!(second.bytes(), pod("b", "one two ").bytes());
    }

    #[test]
    fn what_is_like_nothing_becomes_the_model() {
        let mut packer = Packer::default();
        let noise = |seed| Value::from(Bytes::from(noise(seed, 1000)));
        packer.pack("/pods/default/a", &noise(1));
        let other = packer.pack("/pods/default/b", &noise(2));
        assert_eq!(other.room(), other.len());
        assert!(packer.pack("/pods/default/c", &noise(2)).room() < 100);
        assert_eq!(packer.pack("/nodes/c", &noise(2)).room(), 1000, "each folder has its own");
    }

    proptest! {
        #[test]
        fn nothing_is_lost(values in prop::collection::vec("[a-d]{0,600}", 1..8)) {
            let mut packer = Packer::default();
            for text in values {
                let value = Value::from(Bytes::from(text.clone()));
                prop_assert_eq!(packer.pack("/folder/key", &value).bytes(), Bytes::from(text));
            }
        }
    }
}
