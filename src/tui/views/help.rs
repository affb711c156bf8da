//! Help: every key of the view that one was in, then the moves, the global keys and the glyphs. Derived from the tables.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{ALL, Entry};
use crate::tui::keys::{self, Action, Binding, label};
use crate::tui::model::format::pad;
use crate::tui::model::light::Light;
use crate::tui::state::State;
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::lines;
use crate::tui::widgets::text::{heading, light, span};
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "ayuda",
    words: &["ayuda", "help"],
    about: "Todas las teclas y vistas",
    keys: KEYS,
    go: |_, _| Ok(vec![Step::Push(open(None))]),
};

static KEYS: &[&[Binding]] = &[keys::MOVES];

#[derive(Debug)]
struct Help {
    about: &'static str,
    groups: &'static [&'static [Binding]],
    top: usize,
}

/// The help of a view, or of the bridge.
pub fn open(view: Option<&dyn View>) -> Box<dyn View> {
    let name = view.map_or(super::bridge::ENTRY.name, View::name);
    let entry = ALL.iter().find(|entry| entry.name == name).copied().unwrap_or(&super::bridge::ENTRY);
    let groups = view.map_or(entry.keys, View::keys);
    Box::new(Help { about: entry.about, groups, top: 0 })
}

fn key_line(state: &State, binding: &Binding) -> Line<'static> {
    let theme = state.theme;
    let names: Vec<String> = state.settings.keymap.keys(binding).into_iter().map(label).collect();
    Line::from(vec![
        span(format!("   {} ", pad(&names.join("  "), 20)), theme.accent()),
        span(binding.help, theme.text()),
    ])
}

impl Help {
    fn content(&self, state: &State) -> Vec<Line<'static>> {
        let theme = state.theme;
        let mut content = vec![Line::default(), Line::raw(format!(" {}", self.about)), Line::default()];
        content.push(heading(theme, "teclas de esta vista"));
        content.extend(self.groups.iter().copied().flatten().map(|binding| key_line(state, binding)));
        content.extend([Line::default(), heading(theme, "en todas partes")]);
        content.extend(keys::GLOBAL.iter().map(|binding| key_line(state, binding)));
        content.extend([Line::default(), heading(theme, "señales")]);
        content.extend(Light::ALL.into_iter().map(|each| {
            Line::from(vec![span("   ", theme.text()), light(theme, each), span(each.word(), theme.text())])
        }));
        content.extend([Line::default(), heading(theme, "ir a, con :")]);
        for entry in ALL.iter().filter(|entry| !entry.words.is_empty()) {
            let words = entry.words.iter().map(|word| format!(":{word}")).collect::<Vec<_>>().join("  ");
            content.push(Line::from(vec![
                span(format!("   {} ", pad(&words, 24)), theme.accent()),
                span(entry.about, theme.text()),
            ]));
        }
        content.push(Line::from(vec![
            span(format!("   {} ", pad(":po  :deploy  :svc  …", 24)), theme.accent()),
            span("Cualquier recurso del servidor; `:po tienda` en el namespace tienda", theme.text()),
        ]));
        content
    }
}

impl View for Help {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        "Ayuda".into()
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        let page = usize::from(state.size.1 / 2);
        let total = self.content(state).len();
        let by = window::by(action, page);
        self.top = window::step(self.top, total.saturating_sub(usize::from(state.size.1.saturating_sub(5))), by);
        Steps::new()
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        lines(frame, area, self.content(state).into_iter().skip(self.top));
    }
}
