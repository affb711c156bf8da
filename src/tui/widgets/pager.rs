//! A long text on a screen: where one is in it, and what is searched in it. Must not know what it says.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::input::Input;
use super::panel::{lines, row};
use super::text::span;
use super::window;
use crate::tui::keys::{Action, Binding, bind};
use crate::tui::theme::Theme;

/// Keys of any long text, beside the moves.
pub static SEARCH: &[Binding] = &[
    bind(&["/"], Action::Search, "buscar", "Buscar un texto"),
    bind(&["ctrl-n", "f3"], Action::NextFound, "", "Ir a lo siguiente que se encontró"),
    bind(&["ctrl-p"], Action::PreviousFound, "", "Ir a lo anterior que se encontró"),
];

/// Where one is in a text.
#[derive(Debug, Default)]
pub struct Pager {
    top: usize,
    search: Input,
    typing: bool,
}

impl Pager {
    /// Whether letters go to what is searched.
    pub fn typing(&self) -> bool {
        self.typing
    }

    /// Back to the beginning, with nothing searched.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes away what is searched; `false` when there is nothing.
    pub fn clear(&mut self) -> bool {
        let searched = !self.search.text().is_empty() || self.typing;
        (self.search, self.typing) = (Input::default(), false);
        searched
    }

    /// A key while one types; `false` hands it to the key table.
    pub fn key(&mut self, key: KeyEvent, text: &[Line]) -> bool {
        match key.code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => drop(self.clear()),
            _ if self.search.key(key) => {
                self.find(text, self.top, 1);
            }
            _ => return false,
        }
        true
    }

    /// An action on a text of which so many rows are seen; `false` when it is not one of these.
    pub fn act(&mut self, action: Action, text: &[Line], rows: usize) -> bool {
        match action {
            Action::Search => self.typing = true,
            Action::NextFound => self.find(text, self.top + 1, 1),
            Action::PreviousFound => self.find(text, self.top.saturating_sub(1), -1),
            other => {
                let by = window::by(other, rows);
                if by == 0 {
                    return false;
                }
                self.top = window::step(self.top, text.len().saturating_sub(rows) + 1, by);
            }
        }
        true
    }

    /// Goes to the first line from one on, forwards or backwards, that has what is searched; round the end if need be.
    fn find(&mut self, text: &[Line], from: usize, by: isize) {
        let needle = self.search.text().to_lowercase();
        if needle.is_empty() || text.is_empty() {
            return;
        }
        let total = text.len();
        let mut at = from % total;
        for _ in 0..total {
            if plain(&text[at]).to_lowercase().contains(&needle) {
                self.top = at;
                return;
            }
            at = (at + total).saturating_add_signed(by) % total;
        }
    }

    /// How many lines have what is searched.
    fn count(&self, text: &[Line]) -> usize {
        let needle = self.search.text().to_lowercase();
        text.iter().filter(|line| plain(line).to_lowercase().contains(&needle)).count()
    }

    /// Draws the part of the text that is seen, what is found in it standing out, and what is searched under it.
    pub fn draw(&self, frame: &mut Frame, area: Rect, text: &[Line<'static>], theme: Theme) {
        let searched = self.typing || !self.search.text().is_empty();
        let body = Rect { height: area.height.saturating_sub(u16::from(searched)), ..area };
        let needle = self.search.text().to_lowercase();
        let top = self.top.min(text.len().saturating_sub(1));
        let shown = text.iter().skip(top).take(usize::from(body.height));
        lines(frame, body, shown.map(|line| highlight(line.clone(), &needle, theme.found())));
        if searched {
            let mut line = if self.typing {
                self.search.line(theme, " / ")
            } else {
                Line::from(vec![span(" / ", theme.accent()), span(self.search.text().to_string(), theme.strong())])
            };
            let found = match self.count(text) {
                _ if needle.is_empty() => String::new(),
                0 => "   no está".into(),
                1 => "   1 línea".into(),
                many => format!("   {many} líneas · Ctrl-n la siguiente"),
            };
            line.push_span(span(found, theme.dim()));
            row(frame, area, area.height.saturating_sub(1), line);
        }
    }
}

fn plain(line: &Line) -> String {
    line.spans.iter().map(|span| span.content.as_ref()).collect()
}

/// The line with every place where the needle (in lower case) is found in another style.
pub fn highlight(line: Line<'static>, needle: &str, style: Style) -> Line<'static> {
    let text = plain(&line).to_lowercase();
    // Where lower case changes the length of the text, places in one are not places in the other: rare, and left plain.
    if needle.is_empty() || !text.contains(needle) || text.len() != plain(&line).len() {
        return line;
    }
    let hits: Vec<(usize, usize)> = text.match_indices(needle).map(|(at, found)| (at, at + found.len())).collect();
    let mut spans = Vec::new();
    let mut start = 0;
    for span in line.spans {
        split(&span, start, &hits, style, &mut spans);
        start += span.content.len();
    }
    Line::from(spans)
}

/// Cuts a span that begins at a byte of its line where hits begin and end.
fn split(span: &Span<'static>, start: usize, hits: &[(usize, usize)], style: Style, out: &mut Vec<Span<'static>>) {
    let text = span.content.as_ref();
    let mut at = 0;
    for (from, to) in hits {
        let (from, to) = (from.saturating_sub(start).min(text.len()), to.saturating_sub(start).min(text.len()));
        if to <= at || !text.is_char_boundary(from) || !text.is_char_boundary(to) {
            continue;
        }
        let from = from.max(at);
        if from > at {
            out.push(Span::styled(text[at..from].to_string(), span.style));
        }
        out.push(Span::styled(text[from..to].to_string(), span.style.patch(style)));
        at = to;
    }
    if at < text.len() || text.is_empty() {
        out.push(Span::styled(text[at..].to_string(), span.style));
    }
}
