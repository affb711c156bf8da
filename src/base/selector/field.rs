//! Field selectors (`status.phase=Running,metadata.name!=x`). Must not know which fields a kind has.

use std::fmt;

use super::SelectorError;

/// One condition of a field selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRequirement {
    /// The field, as `status.phase`.
    pub path: String,
    /// `=` and `==`, or else `!=`.
    pub equal: bool,
    /// The value to compare with.
    pub value: String,
}

/// A conjunction of conditions on fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<FieldRequirement>);

impl FieldSelector {
    /// Reads the text form, with `\` before a literal `,`, `=` or `\` of a value.
    ///
    /// # Errors
    /// With Kubernetes' text, when a term has no operator or an escape is unknown.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let terms = split_terms(text).into_iter().filter(|term| !term.is_empty());
        terms.map(|term| requirement(text, term)).collect::<Result<_, _>>().map(Self)
    }

    /// The conditions, in the order written.
    #[must_use]
    pub fn requirements(&self) -> &[FieldRequirement] {
        &self.0
    }

    /// Whether there is no condition.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every condition holds for fields that are at hand as text.
    pub fn matches_text<'a>(&self, field: impl Fn(&str) -> &'a str) -> bool {
        self.0.iter().all(|requirement| (field(&requirement.path) == requirement.value) == requirement.equal)
    }

    /// Whether every condition holds; an absent field is the empty string.
    pub fn matches(&self, field: impl Fn(&str) -> Option<String>) -> bool {
        self.0.iter().all(|requirement| {
            let actual = field(&requirement.path).unwrap_or_default();
            (actual == requirement.value) == requirement.equal
        })
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, FieldRequirement { path, equal, value }) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let operator = if *equal { "=" } else { "!=" };
            let value = value.replace('\\', r"\\").replace(',', r"\,").replace('=', r"\=");
            write!(f, "{comma}{path}{operator}{value}")?;
        }
        Ok(())
    }
}

/// Splits at commas that no backslash precedes.
fn split_terms(text: &str) -> Vec<&str> {
    let (mut terms, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        if c == ',' && !escaped {
            terms.push(&text[start..at]);
            start = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    terms.push(&text[start..]);
    terms
}

fn requirement(selector: &str, term: &str) -> Result<FieldRequirement, SelectorError> {
    let unclear = || SelectorError(format!("invalid selector: '{selector}'; can't understand '{term}'"));
    let (at, operator) = split_operator(term).ok_or_else(unclear)?;
    let value = unescape(&term[at + operator.len()..])?;
    Ok(FieldRequirement { path: term[..at].to_owned(), equal: operator != "!=", value })
}

fn split_operator(term: &str) -> Option<(usize, &'static str)> {
    term.char_indices().find_map(|(at, _)| {
        let operator = ["!=", "==", "="].into_iter().find(|operator| term[at..].starts_with(operator))?;
        Some((at, operator))
    })
}

fn unescape(text: &str) -> Result<String, SelectorError> {
    let (mut value, mut chars) = (String::with_capacity(text.len()), text.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(next @ ('\\' | ',' | '=')) => value.push(next),
                Some(next) => {
                    return Err(SelectorError(format!(r"invalid field selector: invalid escape sequence: \{next}")));
                }
                None => return Err(SelectorError::new(r"invalid field selector: invalid escape sequence: \")),
            },
            ',' | '=' => {
                return Err(SelectorError(format!("invalid field selector: unescaped character in value: {text}")));
            }
            other => value.push(other),
        }
    }
    Ok(value)
}
