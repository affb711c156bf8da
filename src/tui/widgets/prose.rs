//! Prose of the lessons: paragraphs flow, lists hang, code stays as it is; `**bold**`, `*italic*` and `` `code` `` in a line.
//! Must not know what it says.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::tui::model::format::width;
use crate::tui::theme::Theme;

/// A word, or a piece of one, in its style.
type Piece = (String, Style);

/// Text broken into lines of at most `room` columns.
pub fn prose(theme: Theme, text: &str, room: usize) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    for block in blocks(text) {
        match block {
            Block::Blank if out.is_empty() => {}
            Block::Blank => out.push(Line::default()),
            Block::Code(line) => out.push(Line::styled(format!("  {line}"), theme.accent())),
            Block::Flow(lead, body) => out.extend(hanging(theme, &lead, &body, theme.text(), room)),
        }
    }
    while out.last().is_some_and(|line| line.width() == 0) {
        out.pop();
    }
    out
}

/// One paragraph behind a lead such as `1. `; its further lines hang under the first.
pub fn hanging(theme: Theme, lead: &str, text: &str, base: Style, room: usize) -> Vec<Line<'static>> {
    let indent = width(lead);
    let lines = flow(words(theme, text, base), room.saturating_sub(indent).max(8));
    let each = lines.into_iter().enumerate().map(|(number, mut spans)| {
        let first = if number == 0 { lead.to_string() } else { " ".repeat(indent) };
        spans.insert(0, Span::styled(first, base));
        Line::from(spans)
    });
    each.collect()
}

enum Block {
    Blank,
    /// A line that stays as it is.
    Code(String),
    /// A paragraph with its lead.
    Flow(String, String),
}

/// Lines put together: what follows a line of text belongs to it, unless it begins a list item or code.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.lines() {
        let lead = lead(line);
        match blocks.last_mut() {
            _ if line.trim().is_empty() => blocks.push(Block::Blank),
            _ if line.starts_with("    ") => blocks.push(Block::Code(line[4..].to_string())),
            Some(Block::Flow(_, body)) if lead.is_empty() => {
                body.push(' ');
                body.push_str(line.trim());
            }
            _ => blocks.push(Block::Flow(lead.to_string(), line[lead.len()..].trim().to_string())),
        }
    }
    blocks
}

/// What a list item begins with: `1. ` or `- `.
fn lead(line: &str) -> &str {
    let digits = line.len() - line.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    match &line[digits..] {
        rest if digits > 0 && rest.starts_with(". ") => &line[..digits + 2],
        rest if digits == 0 && rest.starts_with("- ") => &line[..2],
        _ => "",
    }
}

/// Words, each of pieces: a style may change inside a word.
fn words(theme: Theme, text: &str, base: Style) -> Vec<Vec<Piece>> {
    let (mut bold, mut code, mut italic) = (false, false, false);
    let mut words: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let size = letter.len_utf8();
        if letter == '`' {
            code = !code;
        } else if !code && rest.starts_with("**") {
            bold = !bold;
            rest = &rest[2..];
            continue;
        } else if !code && letter == '*' {
            italic = !italic;
        } else if letter.is_whitespace() {
            words.push(Vec::new());
        } else {
            let style = if code { base.patch(theme.accent()) } else { base };
            let style = if bold { style.add_modifier(Modifier::BOLD) } else { style };
            let style = if italic { style.add_modifier(Modifier::ITALIC) } else { style };
            push(&mut words, letter, style);
        }
        rest = &rest[size..];
    }
    words.retain(|word| !word.is_empty());
    words
}

fn push(words: &mut [Vec<Piece>], letter: char, style: Style) {
    let Some(word) = words.last_mut() else { return };
    match word.last_mut() {
        Some((text, last)) if *last == style => text.push(letter),
        _ => word.push((letter.to_string(), style)),
    }
}

/// Words in lines; a word longer than a line has one for itself.
fn flow(words: Vec<Vec<Piece>>, room: usize) -> Vec<Vec<Span<'static>>> {
    let mut lines: Vec<Vec<Span>> = Vec::new();
    let mut used = 0;
    for word in words {
        let wide: usize = word.iter().map(|(text, _)| width(text)).sum();
        match lines.last_mut() {
            Some(line) if used + 1 + wide <= room => {
                line.push(Span::raw(" "));
                used += 1 + wide;
            }
            _ => {
                lines.push(Vec::new());
                used = wide;
            }
        }
        if let Some(line) = lines.last_mut() {
            line.extend(word.into_iter().map(|(text, style)| Span::styled(text, style)));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Look;

    fn text(source: &str, room: usize) -> Vec<String> {
        let lines = prose(Theme::new(Look::Plain), source, room);
        lines.iter().map(|line| line.spans.iter().map(|span| span.content.as_ref()).collect()).collect()
    }

    #[test]
    fn paragraphs_flow_lists_hang_and_code_stays() {
        let source = "Uno **dos**\ntres `cuatro`.\n\n1. Primero esto\n2. Luego\n\n    kind:  Pod\n";
        let told = ["Uno dos tres", "cuatro.", "", "1. Primero", "   esto", "2. Luego", "", "  kind:  Pod"];
        assert_eq!(text(source, 12), told);
    }

    #[test]
    fn asterisks_inside_code_are_letters() {
        assert_eq!(text("usa `a**b` aquí", 40), ["usa a**b aquí"]);
    }
}
