//! What is typed after `/`, in k9s' vocabulary: text or expression, `!` the others, `-f` letters in order, `-l` labels. Pure.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use crate::tui::model::table::Row;

/// How a text is looked for.
#[derive(Clone, Debug, Default)]
enum Pattern {
    /// Everything passes.
    #[default]
    Any,
    /// An expression, or a text taken literally.
    Regex(Regex),
    /// Letters that come in this order, with others between them.
    Letters(Vec<char>),
}

/// A filter of rows, without regard to case.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pattern: Pattern,
    inverse: bool,
    literal: bool,
}

/// What was typed, read: the labels go to the server, the rest is looked for here.
#[derive(Debug)]
pub struct Wanted {
    /// A label selector such as `app=web`; empty without one.
    pub labels: String,
    /// What rows have to pass.
    pub filter: Filter,
}

impl Wanted {
    /// Reads what was typed.
    pub fn read(text: &str) -> Self {
        match text.trim_start().strip_prefix("-l ") {
            None => Self { labels: String::new(), filter: Filter::new(text) },
            Some(rest) => {
                let (labels, filter) = rest.trim_start().split_once(' ').unwrap_or((rest.trim_start(), ""));
                Self { labels: labels.into(), filter: Filter::new(filter) }
            }
        }
    }
}

impl Filter {
    /// Reads what was typed; an invalid expression is taken literally.
    pub fn new(text: &str) -> Self {
        let (inverse, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let pattern = match text.strip_prefix("-f") {
            _ if text.is_empty() => Pattern::Any,
            Some(letters) => Pattern::Letters(letters.trim().chars().flat_map(char::to_lowercase).collect()),
            None => expression(text).or_else(|| expression(&regex::escape(text))).map_or(Pattern::Any, Pattern::Regex),
        };
        let literal = !text.starts_with("-f") && !text.is_empty() && expression(text).is_none();
        Self { pattern, inverse, literal }
    }

    /// Whether what was typed is no expression, and so looked for letter by letter.
    pub fn literal(&self) -> bool {
        self.literal
    }

    /// Whether everything passes.
    pub fn open(&self) -> bool {
        matches!(self.pattern, Pattern::Any)
    }

    /// Whether a text passes.
    pub fn passes(&self, text: &str) -> bool {
        self.open() || self.finds(text) != self.inverse
    }

    /// Whether a row passes: something in it is found, or with `!` nothing is.
    pub fn passes_row(&self, row: &Row) -> bool {
        let found = || self.finds(&row.namespace) || row.cells.iter().any(|cell| self.finds(cell));
        self.open() || found() != self.inverse
    }

    /// Where in a text what is looked for stands; nowhere for what is not an expression, or looks for the others.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        match &self.pattern {
            Pattern::Regex(regex) if !self.inverse => {
                regex.find_iter(text).map(|found| found.range()).filter(|found| !found.is_empty()).collect()
            }
            _ => Vec::new(),
        }
    }

    fn finds(&self, text: &str) -> bool {
        match &self.pattern {
            Pattern::Any => true,
            Pattern::Regex(regex) => regex.is_match(text),
            Pattern::Letters(letters) => {
                let mut all = text.chars().flat_map(char::to_lowercase);
                letters.iter().all(|wanted| all.any(|letter| letter == *wanted))
            }
        }
    }
}

fn expression(text: &str) -> Option<Regex> {
    RegexBuilder::new(text).case_insensitive(true).size_limit(1 << 20).build().ok()
}
