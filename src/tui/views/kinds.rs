//! Every kind that this server serves, from its discovery; entering one lists it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Entry;
use crate::tui::keys::{self, Action, Binding, bind};
use crate::tui::model::format::pad;
use crate::tui::state::State;
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::lines;
use crate::tui::widgets::text::span;
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "tipos",
    words: &["recursos", "tipos", "api-resources"],
    about: "Todos los tipos de recurso de este servidor",
    keys: KEYS,
    go: |_, _| Ok(vec![Step::Push(Box::<Kinds>::default())]),
};

static KEYS: &[&[Binding]] =
    &[&[bind(&["enter"], Action::Enter, "listar", "Listar los objetos de ese tipo")], keys::MOVES];

#[derive(Debug, Default)]
struct Kinds {
    chosen: usize,
}

impl View for Kinds {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, state: &State) -> String {
        format!("Tipos de recurso ({})", state.catalog.len())
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        if action == Action::Enter {
            let chosen = state.catalog.get(self.chosen).filter(|kind| kind.can("list"));
            return chosen.map(|kind| vec![Step::Push(super::resources::open(kind.clone(), None))]).unwrap_or_default();
        }
        let page = usize::from(state.size.1.saturating_sub(5));
        self.chosen = window::step(self.chosen, state.catalog.len(), window::by(action, page));
        Steps::new()
    }

    fn ready(&self, state: &State) -> bool {
        state.discovered
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let mut out = vec![Line::styled(
            format!("   {}{}{}{}", pad("NAME", 30), pad("SHORTNAMES", 14), pad("APIVERSION", 34), "KIND"),
            theme.dim(),
        )];
        let shown = window::around(self.chosen, state.catalog.len(), usize::from(area.height.saturating_sub(1)));
        out.extend(shown.map(|index| {
            let kind = &state.catalog[index];
            let style = if index == self.chosen { theme.selected() } else { theme.text() };
            Line::from(vec![
                span("   ", theme.text()),
                span(pad(&kind.plural, 30), style),
                span(
                    format!("{}{}{}", pad(&kind.short.join(","), 14), pad(&kind.api_version(), 34), kind.kind),
                    theme.dim(),
                ),
            ])
        }));
        lines(frame, area, out);
    }
}
