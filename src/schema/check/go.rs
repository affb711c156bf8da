//! How Go's encoding/json names things in its errors. Must not decide what is an error.

use std::borrow::Cow;

use serde_json::Value;

use super::super::types::{Ty, TypeDef};

/// Where the decoder is, as Go tells it: the innermost structure and the fields that lead there, without indexes.
#[derive(Default)]
pub(super) struct Context {
    structure: Option<&'static TypeDef>,
    fields: Vec<&'static str>,
}

impl Context {
    /// Enters a field and returns what `leave` restores.
    pub(super) fn enter(&mut self, def: &'static TypeDef, field: &'static str) -> Option<&'static TypeDef> {
        self.fields.push(field);
        self.structure.replace(def)
    }

    pub(super) fn leave(&mut self, outer: Option<&'static TypeDef>) {
        self.fields.pop();
        self.structure = outer;
    }

    /// Go's `UnmarshalTypeError`.
    pub(super) fn mismatch(&self, found: &str, wanted: &str) -> String {
        let Some(def) = self.structure else {
            return format!("json: cannot unmarshal {found} into Go value of type {wanted}");
        };
        let (name, path) = (def.short_name(), self.fields.join("."));
        format!("json: cannot unmarshal {found} into Go struct field {name}.{path} of type {wanted}")
    }
}

/// Go's word for what the JSON holds.
pub(super) fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Go's name of a type; `known` is the table's, where the name cannot be derived.
pub(super) fn name(ty: Ty, known: Option<&str>) -> Cow<'_, str> {
    match known {
        Some(name) => Cow::Borrowed(name),
        None => derived(ty),
    }
}

fn derived(ty: Ty) -> Cow<'static, str> {
    Cow::Borrowed(match ty {
        Ty::String => "string",
        Ty::Int32 => "int32",
        Ty::Int64 => "int64",
        Ty::Boolean => "bool",
        Ty::Number => "float64",
        Ty::Quantity => "resource.Quantity",
        Ty::IntOrString => "intstr.IntOrString",
        Ty::Time => "v1.Time",
        Ty::MicroTime => "v1.MicroTime",
        Ty::Bytes => "[]uint8",
        Ty::Raw => "runtime.RawExtension",
        Ty::Fields => "v1.FieldsV1",
        Ty::Any(_) => "v1.JSON",
        Ty::Ref(id) => id.get().go_name(),
        Ty::List(element) => return Cow::Owned(format!("[]{}", derived(*element))),
        Ty::Map(element) => return Cow::Owned(format!("map[string]{}", derived(*element))),
    })
}

/// Go's zero value, as JSON.
pub(super) fn zero(ty: Ty) -> Value {
    match ty {
        Ty::Int32 | Ty::Int64 | Ty::Number | Ty::IntOrString => Value::from(0),
        Ty::Boolean => Value::Bool(false),
        Ty::Quantity => Value::from("0"),
        Ty::String | Ty::Bytes => Value::from(""),
        _ => Value::Null,
    }
}
