//! Decodes a value as the API server's Go code does in strict mode: the first type error in Go's own words, unknown
//! fields named and pruned, nulls and empties dropped as a round trip through Go's structures drops them.
//! Must not validate: what a value means is the kinds' matter.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::types::{self, Field, Ty, TypeDef};
use go::Context;

mod go;
mod scalar;
#[cfg(test)]
mod tests;
mod time;

/// sigs.k8s.io/json stops collecting strict errors there.
const MAX_UNKNOWN: usize = 100;

/// A value as Go would hold it, and what strict decoding complained about.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The value without unknown fields, nulls and omitted empties.
    pub value: Value,
    /// `unknown field "spec.x"`, in the order of the document.
    pub unknown: Vec<String>,
}

/// Decodes `value` as the type of that name.
///
/// # Errors
/// Go's JSON error text, such as `json: cannot unmarshal bool into Go struct field EnvVar.value of type string`.
pub fn check(type_name: &str, value: Value) -> Result<Checked, String> {
    let Some(def) = types::get(type_name) else { return Err(format!("no type {type_name} is known")) };
    let mut decoder = Decoder::default();
    let value = match def.scalar {
        Some(ty) => decoder.value(ty, None, value)?,
        None => decoder.structure(def, value)?,
    };
    match decoder.first_error {
        Some(error) => Err(error),
        None => Ok(Checked { value: value.unwrap_or_default(), unknown: decoder.unknown }),
    }
}

/// Go's decoder remembers its first type error and goes on; only a type's own decoder (`Quantity`, `Time`) stops it.
/// So `Err` here is the error that stops, and `None` a value that leaves its field as it was.
#[derive(Default)]
struct Decoder {
    context: Context,
    path: String,
    unknown: Vec<String>,
    first_error: Option<String>,
}

type Decoded = Result<Option<Value>, String>;

impl Decoder {
    fn value(&mut self, ty: Ty, go: Option<&str>, value: Value) -> Decoded {
        if value.is_null() {
            return Ok(None);
        }
        match ty {
            Ty::Ref(id) => self.structure(id.get(), value),
            Ty::List(element) => self.list(*element, ty, go, value),
            Ty::Map(element) => self.map(*element, ty, go, value),
            _ => scalar::decode(self, ty, go, value),
        }
    }

    fn structure(&mut self, def: &'static TypeDef, value: Value) -> Decoded {
        let Value::Object(object) = value else { return Ok(self.mismatch(go::word(&value), def.go_name())) };
        let mut decoded = Map::new();
        for (name, value) in object {
            match def.field(&name) {
                Some(field) => {
                    if let Some(value) = self.field(def, field, value)? {
                        decoded.insert(name, value);
                    }
                }
                None => self.unknown_field(&name),
            }
        }
        self.fill(def, &mut decoded)?;
        Ok(Some(Value::Object(decoded)))
    }

    /// Structures that Go holds by value are there even when nobody wrote them: `status: {}`, `resources: {}`.
    fn fill(&mut self, def: &'static TypeDef, object: &mut Map<String, Value>) -> Result<(), String> {
        for field in def.fields().iter().filter(|field| field.always) {
            if let Ty::Ref(id) = field.ty
                && !object.contains_key(field.name)
                && let Some(empty) = self.structure(id.get(), Value::Object(Map::new()))?
            {
                object.insert(field.name.to_owned(), empty);
            }
        }
        Ok(())
    }

    fn field(&mut self, def: &'static TypeDef, field: &'static Field, value: Value) -> Decoded {
        let outer = self.context.enter(def, field.name);
        let length = self.push_key(field.name);
        let decoded = self.value(field.ty, field.go, value)?;
        self.path.truncate(length);
        self.context.leave(outer);
        Ok(decoded.filter(|value| field.pointer || field.always || !is_omitted(field.ty, value)))
    }

    fn list(&mut self, element: Ty, ty: Ty, go: Option<&str>, value: Value) -> Decoded {
        let Value::Array(items) = value else { return Ok(self.mismatch(go::word(&value), &go::name(ty, go))) };
        let element_go = go.and_then(|name| name.strip_prefix("[]"));
        let mut decoded = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let length = self.path.len();
            // Writing into a String cannot fail.
            let _ = write!(self.path, "[{index}]");
            decoded.extend(self.element(element, element_go, item)?);
            self.path.truncate(length);
        }
        Ok(Some(Value::Array(decoded)))
    }

    fn map(&mut self, element: Ty, ty: Ty, go: Option<&str>, value: Value) -> Decoded {
        let Value::Object(object) = value else { return Ok(self.mismatch(go::word(&value), &go::name(ty, go))) };
        let mut decoded = Map::new();
        for (key, item) in object {
            let length = self.push_key(&key);
            let item = self.element(element, None, item)?;
            self.path.truncate(length);
            if let Some(item) = item {
                decoded.insert(key, item);
            }
        }
        Ok(Some(Value::Object(decoded)))
    }

    /// A null among the elements is Go's zero value.
    fn element(&mut self, ty: Ty, go: Option<&str>, value: Value) -> Decoded {
        if value.is_null() {
            return match ty {
                Ty::Ref(id) => self.structure(id.get(), Value::Object(Map::new())),
                _ => Ok(Some(go::zero(ty))),
            };
        }
        self.value(ty, go, value)
    }

    fn mismatch(&mut self, found: &str, wanted: &str) -> Option<Value> {
        let error = self.context.mismatch(found, wanted);
        self.first_error.get_or_insert(error);
        None
    }

    /// The error of a type's own decoder, which Go decorates with where it is.
    fn stop(&self, found: &str, wanted: &str) -> String {
        self.context.mismatch(found, wanted)
    }

    fn push_key(&mut self, key: &str) -> usize {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        length
    }

    fn unknown_field(&mut self, name: &str) {
        let length = self.push_key(name);
        let text = format!("unknown field {:?}", self.path);
        self.path.truncate(length);
        if self.unknown.len() < MAX_UNKNOWN && !self.unknown.contains(&text) {
            self.unknown.push(text);
        }
    }
}

/// What `omitempty` leaves out: zero scalars and empty lists and maps, but no structure.
fn is_omitted(ty: Ty, value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty() && ty != Ty::Quantity && ty != Ty::IntOrString,
        Value::Number(number) => number.as_f64() == Some(0.0) && ty != Ty::IntOrString,
        Value::Bool(value) => !value && ty == Ty::Boolean,
        Value::Array(items) => items.is_empty() && matches!(ty, Ty::List(_)),
        Value::Object(map) => map.is_empty() && matches!(ty, Ty::Map(_)),
        Value::Null => true,
    }
}
