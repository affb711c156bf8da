//! YAML in colours, line by line: keys, values, comments. Must not parse: a wrong file has colours too.

use ratatui::text::Span;

use super::text::span;
use crate::tui::theme::Theme;

/// The spans of one line; together they say exactly the line.
pub fn line(theme: Theme, line: &str) -> Vec<Span<'static>> {
    let (code, comment) = line.split_at(comment_at(line));
    let mut spans = match key_end(code) {
        None => values(theme, code),
        Some(end) => {
            let (key, rest) = code.split_at(end);
            let dash = key.len() - key.trim_start_matches([' ', '-']).len();
            let mut spans = vec![span(&key[..dash], theme.dim()), span(&key[dash..], theme.accent())];
            spans.push(span(&rest[..1], theme.dim()));
            spans.extend(values(theme, &rest[1..]));
            spans
        }
    };
    if !comment.is_empty() {
        spans.push(span(comment, theme.dim()));
    }
    spans
}

fn values(theme: Theme, text: &str) -> Vec<Span<'static>> {
    let word = text.trim();
    let literal = matches!(word, "true" | "false" | "null" | "~") || word.parse::<f64>().is_ok();
    let style = match word {
        "---" | "..." | "|" | ">" | "-" | "{}" | "[]" => theme.dim(),
        _ if literal => theme.warn(),
        quoted if quoted.starts_with(['"', '\'']) => theme.value(),
        _ => theme.text(),
    };
    if word.is_empty() && text.is_empty() { Vec::new() } else { vec![span(text, style)] }
}

/// Where the comment begins: at a `#` after a blank, outside quotes.
fn comment_at(line: &str) -> usize {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (None, '#') if before.is_whitespace() => return at,
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
        before = letter;
    }
    line.len()
}

/// The byte of the colon that ends a key, if the line begins with one.
fn key_end(code: &str) -> Option<usize> {
    let at = code.find(": ").or_else(|| code.trim_end().ends_with(':').then(|| code.trim_end().len() - 1))?;
    let key = code[..at].trim_start_matches([' ', '-']);
    (!key.is_empty() && !key.contains([' ', '{', '['])).then_some(at)
}
