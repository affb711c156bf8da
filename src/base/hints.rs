//! Errors for people: what went wrong, where, and what to do next, in Spanish. Must not be used on the wire.

use std::fmt;

/// An error that a person reads at the edge of the program.
#[derive(Debug)]
pub struct Hint {
    what: String,
    cause: Option<String>,
    todo: String,
}

impl Hint {
    /// What failed and what to do next, both whole sentences in Spanish.
    pub fn new(what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { what: what.into(), cause: None, todo: todo.into() }
    }

    /// The technical cause, as it came.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.what)?;
        if let Some(cause) = &self.cause {
            writeln!(f, "  causa: {cause}")?;
        }
        write!(f, "  qué hacer: {}", self.todo)
    }
}

impl std::error::Error for Hint {}
