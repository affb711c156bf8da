//! Help: every key of the view that one was in, then the moves, the global keys and the glyphs. Derived from the tables.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{ALL, Entry};
use crate::tui::keys::{self, Action, Binding, label};
use crate::tui::model::format::pad;
use crate::tui::model::light::Light;
use crate::tui::screen;
use crate::tui::state::State;
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::{lines, row};
use crate::tui::widgets::text::{heading, light, span, wrap};
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
    /// Keys of the moment, and what they do.
    own: Vec<(char, String)>,
    top: usize,
}

/// The help of a view, or of the bridge.
pub fn open(view: Option<&dyn View>) -> Box<dyn View> {
    let name = view.map_or(super::bridge::ENTRY.name, View::name);
    let entry = ALL.iter().find(|entry| entry.name == name).copied().unwrap_or(&super::bridge::ENTRY);
    let groups = view.map_or(entry.keys, View::keys);
    let own = view.map_or_else(Vec::new, View::letters);
    Box::new(Help { about: entry.about, groups, own, top: 0 })
}

/// What the first line says of a bridge at rest.
const CALM: &str = "Hace unos segundos que nada cambia ni se pulsa nada: el puente sigue mirando, y no cuenta segundos \
                    ni mide hasta que algo cambie o pulses una tecla";

/// A name and what it is, over as many lines as it takes.
fn entry(state: &State, name: &str, room: usize, about: &str) -> Vec<Line<'static>> {
    let theme = state.theme;
    let text = wrap(about, usize::from(state.size.0).saturating_sub(room + 5).max(20));
    let lead = |row: usize| if row == 0 { pad(name, room) } else { " ".repeat(room) };
    let line = |(row, text): (usize, String)| {
        Line::from(vec![span(format!("   {} ", lead(row)), theme.accent()), span(text, theme.text())])
    };
    text.into_iter().enumerate().map(line).collect()
}

/// Keys that do the same, in one entry.
fn key(state: &State, alike: &[&Binding]) -> Vec<Line<'static>> {
    let names: Vec<String> = alike.iter().flat_map(|binding| state.settings.keymap.keys(binding)).map(label).collect();
    let told = match &*names {
        [first, .., last] if alike.len() > 2 => format!("{first} … {last}"),
        _ => names.join("  "),
    };
    entry(state, &told, 20, alike.first().map_or("", |binding| binding.help))
}

/// Whether two bindings want the same first key.
fn shares(own: &Binding, other: &Binding, state: &State) -> bool {
    let keymap = &state.settings.keymap;
    keymap.keys(other).first().is_some_and(|key| keymap.keys(own).contains(key))
}

fn keys_of(state: &State, groups: &[&[Binding]]) -> Vec<Line<'static>> {
    told_keys(state, &groups.iter().copied().flatten().collect::<Vec<_>>())
}

fn told_keys(state: &State, bindings: &[&Binding]) -> Vec<Line<'static>> {
    bindings.chunk_by(|one, other| one.help == other.help).flat_map(|alike| key(state, alike)).collect()
}

impl Help {
    fn content(&self, state: &State) -> Vec<Line<'static>> {
        let theme = state.theme;
        let about = wrap(self.about, usize::from(state.size.0).saturating_sub(2).max(20));
        let mut content = vec![Line::default()];
        content.extend(about.into_iter().map(|line| Line::raw(format!(" {line}"))));
        content.push(Line::default());
        if !self.own.is_empty() {
            content.push(heading(theme, "teclas de este momento"));
            content.extend(self.own.iter().flat_map(|(key, does)| entry(state, &key.to_string(), 20, does)));
            content.push(Line::default());
        }
        content.push(heading(theme, "teclas de esta vista"));
        content.extend(keys_of(state, self.groups));
        content.extend([Line::default(), heading(theme, "en todas partes")]);
        let taken = |binding: &&Binding| !self.groups.iter().copied().flatten().any(|own| shares(own, binding, state));
        let left: Vec<&Binding> = keys::GLOBAL.iter().filter(taken).collect();
        content.extend(told_keys(state, &left));
        content.extend([Line::default(), heading(theme, "señales")]);
        content.extend(Light::ALL.into_iter().map(|each| {
            Line::from(vec![span("   ", theme.text()), light(theme, each), span(each.word(), theme.text())])
        }));
        content.extend(entry(state, "● sin cambios", 20, CALM));
        content.extend([Line::default(), heading(theme, "ir a, con :")]);
        for view_entry in ALL.iter().filter(|it| !it.words.is_empty()) {
            let words = view_entry.words.iter().map(|word| format!(":{word}")).collect::<Vec<_>>().join("  ");
            content.extend(entry(state, &words, 24, view_entry.about));
        }
        let any = "Cualquier recurso del servidor; `:po tienda` en el namespace tienda";
        content.extend(entry(state, ":po  :deploy  :svc  …", 24, any));
        content
    }
}

/// Lines of a page: the last row says whether there is more.
fn rows(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(1))
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
        let rows = rows(screen::body(state.size));
        let last = self.content(state).len().saturating_sub(rows);
        self.top = window::step(self.top, last + 1, window::by(action, rows.saturating_sub(1)));
        Steps::new()
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let content = self.content(state);
        let shown = self.top..(self.top + rows(area)).min(content.len());
        let more = if shown.end < content.len() { "▼ sigue: AvPág" } else { "▲ fin: RePág" };
        let mark = window::mark(&shown, content.len()).map(|mark| format!(" {more} · líneas {mark}"));
        lines(frame, area, content.into_iter().skip(shown.start).take(shown.len()));
        row(frame, area, area.height.saturating_sub(1), Line::styled(mark.unwrap_or_default(), state.theme.warn()));
    }
}
