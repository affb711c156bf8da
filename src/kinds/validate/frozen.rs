//! `immutable: true` of `ConfigMaps` and Secrets, and the size of their bytes. Must not look at anything else.

use serde_json::Value;

use super::FieldError;
use crate::kinds::at::At;

/// What a change touches that `immutable` froze.
pub(in crate::kinds) fn frozen(new: &Value, old: &Value, fields: &[&str]) -> Vec<FieldError> {
    const FROZEN: &str = "field is immutable when `immutable` is set";
    if old["immutable"] != Value::Bool(true) {
        return Vec::new();
    }
    let (new, old) = (At::root(new), At::root(old));
    let thawed = (!new.field("immutable").flag()).then(|| new.field("immutable").forbidden(FROZEN));
    let differs = |name: &&&str| !same(&new.field(name), &old.field(name));
    let changed = fields.iter().filter(differs).map(|name| new.field(name).forbidden(FROZEN));
    thawed.into_iter().chain(changed).collect()
}

/// Equal as Go compares semantically: absent and empty are the same.
pub(in crate::kinds) fn same(a: &At, b: &At) -> bool {
    a.value == b.value || (a.is_empty() && b.is_empty() && !a.value.is_boolean() && !b.value.is_boolean())
}

/// How many bytes a base64 text stands for.
pub(in crate::kinds) fn base64_len(text: &str) -> usize {
    let padding = text.bytes().rev().take_while(|b| *b == b'=').count();
    (text.len() / 4 * 3).saturating_sub(padding)
}
