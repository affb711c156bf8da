//! One of a few: a short list over a view, which is told the choice.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Entry;
use crate::tui::keys::{self, Action, Binding, bind};
use crate::tui::model::format::width;
use crate::tui::state::State;
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::{dialog, lines};
use crate::tui::widgets::text::{span, wrap};
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry =
    Entry { name: "elegir", words: &[], about: "Elegir uno de una lista", keys: KEYS, go: super::unreachable_by_word };

static KEYS: &[&[Binding]] = &[
    &[
        bind(&["enter"], Action::Enter, "elegir", "Elegir lo marcado"),
        bind(&["esc", "q"], Action::Back, "volver", "Cerrar sin elegir"),
    ],
    keys::MOVES,
];

#[derive(Debug)]
struct Chooser {
    title: String,
    offered: Vec<String>,
    chosen: usize,
}

/// Offers a list; the view below is told the index chosen.
pub fn open(title: &str, offered: Vec<String>, chosen: usize) -> Box<dyn View> {
    Box::new(Chooser { title: title.into(), offered, chosen })
}

impl View for Chooser {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        self.title.clone()
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn floats(&self) -> bool {
        true
    }

    fn act(&mut self, action: Action, _: &State) -> Steps {
        if action == Action::Enter {
            return vec![Step::Pop, Step::Answer(Some(self.chosen))];
        }
        if action == Action::Back {
            return vec![Step::Pop, Step::Answer(None)];
        }
        self.chosen = window::step(self.chosen, self.offered.len(), window::by(action, 10));
        Steps::new()
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let longest = self.offered.iter().map(|offered| width(offered)).max().unwrap_or_default() + 4;
        let columns = u16::try_from(longest).unwrap_or(u16::MAX).max(48);
        // What is to be chosen must be read whole.
        let room = usize::from(columns.min(area.width)).saturating_sub(4);
        let rows: Vec<(usize, String)> = self
            .offered
            .iter()
            .enumerate()
            .flat_map(|(index, it)| wrap(it, room).into_iter().map(move |row| (index, row)))
            .collect();
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inner = dialog(frame, area, (columns, height), &self.title, theme);
        let marked = rows.iter().position(|(index, _)| *index == self.chosen).unwrap_or_default();
        let shown = window::around(marked, rows.len(), usize::from(inner.height));
        lines(
            frame,
            inner,
            rows[shown].iter().map(|(index, row)| {
                let style = if *index == self.chosen { theme.selected() } else { theme.text() };
                Line::from(span(format!(" {row} "), style))
            }),
        );
    }
}
