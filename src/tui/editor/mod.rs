//! What the editor knows about a text of manifests, without drawing or IO: documents, places, problems, explanations.

pub mod check;
pub mod documents;
pub mod explain;
mod flow;
pub mod places;
pub mod refusal;
pub mod templates;
#[cfg(test)]
mod tests;

/// Who found a problem; in this order they look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finder {
    /// The YAML does not read.
    Syntax,
    /// kubectl itself would not send it.
    Client,
    /// The field does not exist or has another type.
    Schema,
    /// The server refused it.
    Server,
}

impl Finder {
    /// Who it is, for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Syntax => "YAML",
            Self::Client => "kubectl",
            Self::Schema => "esquema",
            Self::Server => "servidor",
        }
    }
}

/// Something wrong, at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 0.
    pub line: usize,
    /// Column in letters, from 0.
    pub column: usize,
    /// Letters that it takes up.
    pub length: usize,
    /// Who found it.
    pub finder: Finder,
    /// Kubernetes' own words.
    pub english: String,
    /// What it means, why, and what to do.
    pub spanish: String,
}
