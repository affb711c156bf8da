//! The log of commands: what was done, as the kubectl command that would have done it; to be copied.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Entry;
use crate::tui::keys::{self, Action, Binding, bind};
use crate::tui::model::format::{ago, fit, pad, seconds_between, width};
use crate::tui::msg::{Reply, Ticket};
use crate::tui::state::{Fate, State};
use crate::tui::view::{Step, Steps, View, copied, save, saved};
use crate::tui::widgets::panel::lines;
use crate::tui::widgets::text::{span, wrap};
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "comandos",
    words: &["comandos", "log"],
    about: "Los comandos kubectl equivalentes a lo que hiciste",
    keys: KEYS,
    go: |_, _| Ok(vec![Step::Push(open())]),
};

static KEYS: &[&[Binding]] = &[
    &[
        bind(&["c"], Action::Copy, "copiar", "Copiar el comando elegido"),
        bind(&["ctrl-s"], Action::Save, "guardar", "Guardarlos todos como guion de shell en la carpeta de datos"),
    ],
    keys::MOVES,
];

/// Columns of a line beside the command and its answer.
const BESIDE: usize = 22;

/// The choice counts from the newest.
#[derive(Debug, Default)]
struct Commands {
    ticket: Ticket,
    chosen: usize,
}

/// The log.
pub fn open() -> Box<dyn View> {
    Box::<Commands>::default()
}

impl View for Commands {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        "Comandos".into()
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn opened(&mut self, ticket: Ticket, _: &State) -> Steps {
        self.ticket = ticket;
        Steps::new()
    }

    fn reply(&mut self, reply: Reply, _: &State) -> Steps {
        match reply {
            Reply::Saved(answer) => saved(answer),
            _ => Steps::new(),
        }
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        match action {
            Action::Copy => return self.copy(state),
            Action::Save => return save(self.ticket, ("comandos", "sh"), script(state), state),
            _ => {}
        }
        let by = window::by(action, 10);
        self.chosen = window::step(self.chosen, state.log.len(), by);
        Steps::new()
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn ticks(&self, state: &State) -> Option<Duration> {
        let newest = seconds_between(state.log.last()?.at, state.now);
        Some(Duration::from_secs(if newest < 120 { 1 } else { 60 }))
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        if state.log.is_empty() {
            let text = "  Nada todavía. Lo que hagas aquí aparecerá como el comando kubectl que haría lo mismo.";
            return lines(frame, area, [Line::default(), Line::styled(text, state.theme.dim())]);
        }
        let whole = self.whole(area, state);
        let below = u16::try_from(whole.len()).unwrap_or(0).min(area.height / 2);
        let above = Rect { height: area.height - below, ..area };
        let shown = window::around(self.chosen, state.log.len(), usize::from(above.height));
        lines(frame, above, shown.map(|index| self.line(index, usize::from(area.width), state)));
        lines(frame, Rect { y: above.bottom(), height: below, ..area }, whole);
    }
}

/// The log as a script, oldest first; what was refused stays as a comment.
fn script(state: &State) -> String {
    let mut text =
        String::from("#!/bin/sh\n# Lo que se hizo en el tablero de Timonel, como comandos de kubectl.\nset -e\n\n");
    for entry in &state.log {
        let lead = if matches!(entry.fate, Fate::Refused(_)) { "# rechazado: " } else { "" };
        text += &format!("# {}\n{lead}{}\n", entry.at, entry.command);
    }
    text
}

impl Commands {
    fn copy(&self, state: &State) -> Steps {
        let Some(entry) = state.log.iter().rev().nth(self.chosen) else { return Steps::new() };
        copied(entry.command.clone())
    }

    /// The answer to the chosen command, when it does not fit beside it.
    fn whole(&self, area: Rect, state: &State) -> Vec<Line<'static>> {
        let room = usize::from(area.width);
        let Some(entry) = state.log.iter().rev().nth(self.chosen) else { return Vec::new() };
        let (Fate::Done(text) | Fate::Refused(text)) = &entry.fate else { return Vec::new() };
        if text.lines().count() <= 1 && width(text) + width(&entry.command) + BESIDE <= room {
            return Vec::new();
        }
        let rule = Line::styled("─".repeat(room), state.theme.dim());
        let pieces = wrap(text, room.saturating_sub(2)).into_iter().map(|piece| Line::raw(format!(" {piece}")));
        std::iter::once(rule).chain(pieces).collect()
    }

    fn line(&self, index: usize, room: usize, state: &State) -> Line<'static> {
        let theme = state.theme;
        let Some(entry) = state.log.iter().rev().nth(index) else { return Line::default() };
        let (sign, end) = match &entry.fate {
            Fate::Sent => (span("◐", theme.warn()), String::new()),
            // What only reads claims nothing.
            Fate::Done(text) if text.is_empty() => (span("·", theme.dim()), String::new()),
            Fate::Done(text) => (span("✓", theme.good()), text.clone()),
            Fate::Refused(text) => (span("✕", theme.bad()), text.clone()),
        };
        let when = pad(&ago(entry.at, state.clock), 13);
        let style = if index == self.chosen { theme.selected() } else { theme.text() };
        let left = room.saturating_sub(width(&entry.command) + BESIDE);
        Line::from(vec![
            span(format!(" {when} "), theme.dim()),
            sign,
            span(format!(" $ {} ", entry.command), style),
            span(format!(" {}", fit(&end.replace('\n', "  "), left)), theme.dim()),
        ])
    }
}
