//! Kubernetes' JSONPath (`k8s.io/client-go/util/jsonpath`): parse, then evaluate over one document. Must not do IO.

mod eval;
mod parse;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::go;
use super::json;

/// What kubectl says of a path that is none.
const NO_PATH: &str =
    "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'";

/// A parsed template.
#[derive(Debug)]
pub(crate) struct Template {
    source: String,
    blocks: Vec<Block>,
}

/// What stands in a template.
#[derive(Debug, PartialEq)]
enum Block {
    Text(String),
    Path(Vec<Node>),
    /// `{range …}` with what is repeated.
    Range(Vec<Node>, Vec<Block>),
}

/// One step of a path.
#[derive(Debug, PartialEq)]
enum Node {
    Field(String),
    /// `.*`
    Wildcard,
    /// `..`
    Recursive,
    Slice(Slice),
    /// `[0,2]`, `['a','b']`
    Union(Vec<Vec<Node>>),
    /// `[?(@.x == 1)]`
    Filter(Vec<Node>, Option<(Comparison, Vec<Node>)>),
    Literal(Value),
}

#[derive(Debug, PartialEq)]
struct Slice {
    from: Option<i64>,
    to: Option<i64>,
    step: Option<i64>,
    /// `[2]` and not `[2:3]`.
    single: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Template {
    /// Reads a template such as `{.items[*].metadata.name}`.
    ///
    /// # Errors
    /// What is wrong with it, in client-go's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { source: text.into(), blocks: parse::blocks(text)? })
    }

    /// Reads a bare path too, as custom columns and `--sort-by` write it: `.metadata.name`, `metadata.name`.
    ///
    /// # Errors
    /// In kubectl's words.
    pub fn relaxed(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        if path.is_empty() || path.contains(['{', '}']) {
            return Err(NO_PATH.into());
        }
        let path = path.strip_prefix('.').unwrap_or(path);
        let dot = if path.starts_with('[') || path.starts_with('.') { "" } else { "." };
        Self::parse(&format!("{{{dot}{path}}}"))
    }

    /// The text that the document makes of it.
    ///
    /// # Errors
    /// Why it cannot be evaluated, in client-go's words.
    pub fn execute(&self, document: &Value) -> Result<String, String> {
        let mut out = String::new();
        eval::write(&self.blocks, document, &mut out).map_err(|error| self.explained(&error, document))?;
        Ok(out)
    }

    /// The values that its paths find, in their order.
    ///
    /// # Errors
    /// As [`Template::execute`], without the long explanation.
    pub fn find<'v>(&'v self, document: &'v Value) -> Result<Vec<&'v Value>, String> {
        let mut found = Vec::new();
        for block in &self.blocks {
            if let Block::Path(path) = block {
                found.extend(eval::path(path, vec![document])?);
            }
        }
        Ok(found)
    }

    fn explained(&self, error: &str, document: &Value) -> String {
        let (source, object) = (&self.source, go::syntax(document));
        format!(
            "error executing jsonpath {source:?}: Error executing template: {error}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{source}\n\tobject given to jsonpath engine was:\n\t\t{object}\n\n"
        )
    }
}

/// A value as JSONPath prints it: text bare, lists and maps as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => json::compact(other),
    }
}
