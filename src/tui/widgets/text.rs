//! Lines and spans: bars, labels with lights, two-sided lines.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::tui::model::format::width;
use crate::tui::model::light::Light;
use crate::tui::theme::Theme;

/// A light's glyph in its colour, and a blank.
pub fn light(theme: Theme, light: Light) -> Span<'static> {
    Span::styled(format!("{} ", light.glyph()), theme.light(light))
}

/// A bar of a share in percent: thick where it is used, thin where it is free, so that it reads without colour.
pub fn bar(theme: Theme, percent: i64, room: usize) -> Vec<Span<'static>> {
    let share = usize::try_from(percent.clamp(0, 100)).unwrap_or(0);
    let used = (share * room).div_ceil(100).min(room);
    let style = if percent >= 90 { theme.warn() } else { theme.accent() };
    vec![Span::styled("━".repeat(used), style), Span::styled("─".repeat(room - used), theme.dim())]
}

/// One text at each side of a line; the right one gives way.
pub fn sides(left: Line<'static>, right: Line<'static>, room: usize) -> Line<'static> {
    let used = left.width() + right.width();
    if used + 1 > room {
        return left;
    }
    let mut spans = left.spans;
    spans.push(Span::raw(" ".repeat(room - used)));
    spans.extend(right.spans);
    Line::from(spans)
}

/// Spans cut at a number of columns, with `…`.
pub fn clip(spans: Vec<Span<'static>>, room: usize) -> Line<'static> {
    let mut left = room;
    let mut kept = Vec::with_capacity(spans.len());
    for span in spans {
        let text = crate::tui::model::format::fit(&span.content, left);
        left -= width(&text);
        let cut = text != span.content;
        kept.push(Span::styled(text, span.style));
        if cut {
            break;
        }
    }
    Line::from(kept)
}

/// The title of a section: quiet capitals.
pub fn heading(theme: Theme, text: &str) -> Line<'static> {
    Line::styled(format!(" {}", text.to_uppercase()), theme.dim())
}

/// Text broken into lines of at most `room` columns at blanks.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && width(&line) + 1 + width(word) > room {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            while width(&line) > room {
                let rest = line.split_off(split_at(&line, room));
                lines.push(std::mem::replace(&mut line, rest));
            }
        }
        lines.push(line);
    }
    lines
}

/// The byte where the columns of a text pass `room`, at least one letter on.
fn split_at(text: &str, room: usize) -> usize {
    let mut used = 0;
    for (at, letter) in text.char_indices() {
        used += width(letter.encode_utf8(&mut [0; 4]));
        if used > room && at > 0 {
            return at;
        }
    }
    text.len()
}

/// A styled text.
pub fn span(text: impl Into<String>, style: Style) -> Span<'static> {
    Span::styled(text.into(), style)
}
