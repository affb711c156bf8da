//! Reads YAML as Kubernetes' clients do (YAML 1.1's booleans and octals, duplicate keys named) and words its errors
//! as they do. Must not know types.

use serde_yaml::Deserializer;

pub use super::document::Parsed;
use super::document::{Floats, read};

mod plain;
#[cfg(test)]
mod tests;

/// Reads the first document of a YAML text (JSON is YAML too).
///
/// # Errors
/// `yaml: line 5: mapping values are not allowed in this context`, as kubectl says it.
pub fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "yaml: invalid leading UTF-8 octet".to_owned())?;
    let text = plain::resolve(text);
    match Deserializer::from_str(&text).next() {
        Some(document) => read(document, Floats::Integral).map_err(|error| go_words(&error)),
        None => Ok(Parsed { value: serde_json::Value::Null, duplicates: Vec::new() }),
    }
}

/// Both libraries descend from libyaml: the words are the same, only the place is told differently.
fn go_words(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    let problem = text.split(" at line").next().unwrap_or(&text);
    let problem = if problem.contains("repetition limit") { "document contains excessive aliasing" } else { problem };
    match error.location() {
        // go-yaml counts a parser's lines from zero and a scanner's from one.
        Some(place) if is_parsers(problem) && place.line() > 1 => format!("yaml: line {}: {problem}", place.line() - 1),
        Some(place) if !is_parsers(problem) => format!("yaml: line {}: {problem}", place.line()),
        _ => format!("yaml: {problem}"),
    }
}

fn is_parsers(problem: &str) -> bool {
    ["key", "'-' indicator", "node content", "',' or", "<document start>"]
        .iter()
        .any(|what| problem.strip_prefix("did not find expected ").is_some_and(|rest| rest.starts_with(what)))
}
