//! JSON as Go's `encoding/json` writes it. Must not change what it writes.

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

/// Indented by four blanks, with a line break at the end.
pub(crate) fn document(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    "));
    // A value of strings, numbers and lists always serializes.
    let _ = value.serialize(&mut serializer);
    escaped(&String::from_utf8_lossy(&bytes)) + "\n"
}

/// On one line.
pub(crate) fn compact(value: &Value) -> String {
    escaped(&value.to_string())
}

/// Go escapes what HTML would read. These letters stand only inside strings.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            other => out.push(other),
        }
    }
    out
}
