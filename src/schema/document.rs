//! What `json` and `yaml` share: one value built by serde, with the keys that appear twice named by their path.
//! Bounded in nodes, so that YAML's aliases cannot grow it without end. Must not know types.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Number, Value};

/// More nodes than any manifest has; a request of 10 MB stays below it unless it is an attack.
const MAX_NODES: usize = 2_000_000;
/// sigs.k8s.io/json stops collecting strict errors there.
const MAX_DUPLICATES: usize = 100;

/// A document as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The value; of a repeated key the last one, as Go keeps it.
    pub value: Value,
    /// `duplicate field "spec.x"`, in the order of the document.
    pub duplicates: Vec<String>,
}

/// What an integral number with a fraction (`1.0`) is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Floats {
    /// JSON keeps it: Go refuses it as an integer.
    Kept,
    /// Converting YAML to JSON writes it without the fraction.
    Integral,
}

pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D, floats: Floats) -> Result<Parsed, D::Error> {
    let reader = Reader { floats, path: RefCell::default(), duplicates: RefCell::default(), nodes: Cell::default() };
    let value = Node(&reader).deserialize(deserializer)?;
    Ok(Parsed { value, duplicates: reader.duplicates.into_inner() })
}

struct Reader {
    floats: Floats,
    path: RefCell<String>,
    duplicates: RefCell<Vec<String>>,
    nodes: Cell<usize>,
}

impl Reader {
    fn enter(&self, segment: fmt::Arguments<'_>) -> usize {
        let mut path = self.path.borrow_mut();
        let length = path.len();
        path.push_str(&segment.to_string());
        length
    }

    fn enter_key(&self, key: &str) -> usize {
        let dot = if self.path.borrow().is_empty() { "" } else { "." };
        self.enter(format_args!("{dot}{key}"))
    }

    fn leave(&self, length: usize) {
        self.path.borrow_mut().truncate(length);
    }

    fn duplicate(&self) {
        let text = format!("duplicate field {:?}", self.path.borrow());
        let mut duplicates = self.duplicates.borrow_mut();
        if duplicates.len() < MAX_DUPLICATES && !duplicates.contains(&text) {
            duplicates.push(text);
        }
    }

    fn count<E: de::Error>(&self) -> Result<(), E> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > MAX_NODES { Err(E::custom("document contains excessive aliasing")) } else { Ok(()) }
    }
}

#[derive(Clone, Copy)]
struct Node<'a>(&'a Reader);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // Above 2^53 a double no longer tells integers apart.
        let is_integral = self.0.floats == Floats::Integral && value.fract() == 0.0 && value.abs() < 9e15;
        #[allow(clippy::cast_possible_truncation)]
        Ok(if is_integral {
            Value::from(value as i64)
        } else {
            Number::from_f64(value).map_or(Value::Null, Value::Number)
        })
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    /// A document of comments alone.
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let length = self.0.enter(format_args!("[{}]", list.len()));
            let item = items.next_element_seed(self)?;
            self.0.leave(length);
            let Some(item) = item else { return Ok(Value::Array(list)) };
            list.push(item);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key_seed(self)? {
            let key = key_text(key);
            let length = self.0.enter_key(&key);
            if map.contains_key(&key) {
                self.0.duplicate();
            }
            let value = entries.next_value_seed(self)?;
            self.0.leave(length);
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }

    /// A YAML tag of the author's own, which Kubernetes ignores.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (_tag, value) = tagged.variant_seed(self)?;
        value.newtype_variant_seed(self)
    }
}

/// YAML's keys may be numbers or booleans: JSON writes them as text.
fn key_text(key: Value) -> String {
    match key {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
