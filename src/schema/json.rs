//! Reads JSON and names duplicate keys as strict decoding does. Must not know types.

use serde_json::error::Category;

pub use super::document::Parsed;
use super::document::{Floats, read};

/// Reads one JSON document.
///
/// # Errors
/// What Go's encoding/json says: `unexpected end of JSON input`, `invalid character 'x' looking for beginning of value`.
pub fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = read(&mut deserializer, Floats::Kept).map_err(|error| go_words(&error, bytes))?;
    deserializer.end().map_err(|error| go_words(&error, bytes))?;
    Ok(parsed)
}

fn go_words(error: &serde_json::Error, bytes: &[u8]) -> String {
    match error.classify() {
        Category::Eof => "unexpected end of JSON input".to_owned(),
        Category::Syntax => syntax(error, bytes),
        Category::Io | Category::Data => error.to_string(),
    }
}

fn syntax(error: &serde_json::Error, bytes: &[u8]) -> String {
    let text = error.to_string();
    let found = bytes.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1)).and_then(|line| {
        let from = line.get(error.column().saturating_sub(1)..)?;
        String::from_utf8_lossy(from).chars().next()
    });
    let Some(found) = found else { return text };
    let place = match text.split(" at line").next().unwrap_or_default() {
        "expected value" | "trailing comma" => "looking for beginning of value",
        "key must be a string" => "looking for beginning of object key string",
        "expected `:`" => "after object key",
        "expected `,` or `}`" => "after object key:value pair",
        "expected `,` or `]`" => "after array element",
        "trailing characters" => "after top-level value",
        other => return other.to_owned(),
    };
    format!("invalid character {found:?} {place}")
}
