//! A place in an object: the value and its path as Kubernetes writes it. Must not judge what it reads.

use serde_json::{Map, Value};

use super::validate::{Bad, Cause, FieldError};

static NULL: Value = Value::Null;

/// A value and where it stands. What is absent reads as null, so that no rule asks twice.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    pub(super) path: String,
    pub(super) value: &'a Value,
}

impl<'a> At<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { path: String::new(), value }
    }

    /// A value at a path given in words.
    pub(super) fn named(path: impl Into<String>, value: &'a Value) -> Self {
        Self { path: path.into(), value }
    }

    /// The field of this name; several names with dots go deeper.
    pub(super) fn field(&self, names: &str) -> At<'a> {
        let value = names.split('.').fold(self.value, |value, name| value.get(name).unwrap_or(&NULL));
        let path = if self.path.is_empty() { names.to_owned() } else { format!("{}.{names}", self.path) };
        At { path, value }
    }

    /// The elements of a list.
    pub(super) fn items(&self) -> impl Iterator<Item = At<'a>> + use<'a> {
        let path = self.path.clone();
        let items = self.value.as_array().map_or(&[][..], Vec::as_slice);
        items.iter().enumerate().map(move |(index, value)| At { path: format!("{path}[{index}]"), value })
    }

    /// The entries of a map, in the order of their keys.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, At<'a>)> + use<'a> {
        let path = self.path.clone();
        let entries = self.value.as_object().into_iter().flatten();
        entries.map(move |(key, value)| (key.as_str(), At { path: format!("{path}[{key}]"), value }))
    }

    pub(super) fn map(&self) -> Option<&'a Map<String, Value>> {
        self.value.as_object()
    }

    pub(super) fn len(&self) -> usize {
        self.value.as_array().map_or(0, Vec::len)
    }

    pub(super) fn text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    /// The number, or zero.
    pub(super) fn int(&self) -> i64 {
        self.value.as_i64().unwrap_or_default()
    }

    pub(super) fn number(&self) -> Option<i64> {
        self.value.as_i64()
    }

    pub(super) fn flag(&self) -> bool {
        self.value.as_bool().unwrap_or_default()
    }

    pub(super) fn is_null(&self) -> bool {
        self.value.is_null()
    }

    pub(super) fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// Whether it is absent, or an empty text, list or map.
    pub(super) fn is_empty(&self) -> bool {
        match self.value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn error(&self, cause: Cause, bad: Option<Bad>, detail: impl Into<String>) -> FieldError {
        FieldError { field: self.path.clone(), cause, bad, detail: detail.into() }
    }

    pub(super) fn required(&self, detail: impl Into<String>) -> FieldError {
        self.error(Cause::Required, None, detail)
    }

    pub(super) fn invalid(&self, detail: impl Into<String>) -> FieldError {
        self.error(Cause::Invalid, Some(Bad::Value(self.value.clone())), detail)
    }

    /// One error for each text.
    pub(super) fn all(&self, texts: Vec<String>) -> Vec<FieldError> {
        texts.into_iter().map(|text| self.invalid_as(self.shown(), text)).collect()
    }

    /// The value as an error shows it: an absent text is an empty one.
    fn shown(&self) -> Value {
        if self.is_null() { Value::from("") } else { self.value.clone() }
    }

    /// Invalid, with another value shown than the one that stands here.
    pub(super) fn invalid_as(&self, shown: impl Into<Bad>, detail: impl Into<String>) -> FieldError {
        self.error(Cause::Invalid, Some(shown.into()), detail)
    }

    pub(super) fn forbidden(&self, detail: impl Into<String>) -> FieldError {
        self.error(Cause::Forbidden, None, detail)
    }

    pub(super) fn duplicate(&self) -> FieldError {
        self.error(Cause::Duplicate, Some(Bad::Value(self.value.clone())), "")
    }

    pub(super) fn duplicate_as(&self, shown: impl Into<Bad>) -> FieldError {
        self.error(Cause::Duplicate, Some(shown.into()), "")
    }

    pub(super) fn not_found(&self) -> FieldError {
        self.error(Cause::NotFound, Some(Bad::Value(self.shown())), "")
    }

    pub(super) fn too_long(&self, limit: usize) -> FieldError {
        self.error(Cause::TooLong, None, format!("may not be more than {limit} bytes"))
    }

    pub(super) fn too_many(&self, limit: usize) -> FieldError {
        let actual =
            Value::from(self.value.as_array().map_or_else(|| self.value.as_object().map_or(0, Map::len), Vec::len));
        self.error(Cause::TooMany, Some(Bad::Value(actual)), format!("must have at most {limit} items"))
    }

    /// Unsupported, unless the text is one of the supported ones.
    pub(super) fn one_of(&self, supported: &[&str]) -> Option<FieldError> {
        (!supported.contains(&self.text())).then(|| self.unsupported(supported))
    }

    pub(super) fn unsupported(&self, supported: &[&str]) -> FieldError {
        let quoted: Vec<String> = supported.iter().map(|text| format!("{text:?}")).collect();
        let detail = if quoted.is_empty() { String::new() } else { format!("supported values: {}", quoted.join(", ")) };
        self.error(Cause::NotSupported, Some(Bad::Value(self.shown())), detail)
    }
}
