//! The part of Go's `text/template` that `-o go-template=…` is used with: fields, variables, pipes, `if`, `with`,
//! `range`, comparisons, `printf`, `len`, `index`, `base64decode`. Must not do IO.

mod eval;
mod functions;
mod parse;
#[cfg(test)]
mod tests;

use serde_json::Value;

/// A parsed template.
#[derive(Debug)]
pub(crate) struct Template {
    source: String,
    nodes: Vec<Node>,
}

#[derive(Debug, PartialEq)]
enum Node {
    Text(String),
    Show(Pipe),
    /// `{{$x := …}}`
    Set(String, Pipe),
    If(Pipe, Vec<Node>, Vec<Node>),
    With(Pipe, Vec<Node>, Vec<Node>),
    /// `{{range $key, $value := …}}`
    Range(Vec<String>, Pipe, Vec<Node>, Vec<Node>),
}

/// Commands, each given what the one before made.
#[derive(Debug, PartialEq)]
struct Pipe(Vec<Vec<Operand>>);

#[derive(Debug, PartialEq)]
enum Operand {
    /// `.a.b`; no name is `.` itself.
    Fields(Vec<String>),
    /// `$x.a`; an empty name is `$`, the document.
    Variable(String, Vec<String>),
    Literal(Value),
    Function(String),
    /// `(…).a`
    Group(Pipe, Vec<String>),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it, in Go's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { source: text.into(), nodes: parse::template(text)? })
    }

    /// The text that the document makes of it.
    ///
    /// # Errors
    /// Why it cannot be evaluated.
    pub fn execute(&self, document: &Value) -> Result<String, String> {
        let source = &self.source;
        eval::execute(&self.nodes, document)
            .map_err(|error| format!("error executing template {source:?}: template: output:1: {error}"))
    }
}
