//! The `:` line: words of the views and kinds of the server, with completion. Derived from both tables.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{ALL, Entry};
use crate::tui::keys::{Action, Binding, bind};
use crate::tui::model::format::pad;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::input::Input;
use crate::tui::widgets::panel::{dialog, lines};
use crate::tui::widgets::text::{clip, sides, span, wrap};
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "ir a",
    words: &[],
    about: "Escribe a dónde ir: un recurso (po, deploy, svc…) o una vista (puente, editar, comandos…)",
    keys: KEYS,
    go: super::unreachable_by_word,
};

static KEYS: &[&[Binding]] = &[&[
    bind(&["enter"], Action::Enter, "ir", "Ir a lo escrito, o a lo marcado"),
    bind(&["tab"], Action::Next, "completar", "Completar con lo marcado"),
    bind(&["down"], Action::Down, "", "Marcar la siguiente"),
    bind(&["up"], Action::Up, "", "Marcar la anterior"),
    bind(&["esc"], Action::Back, "cerrar", "Cerrar sin ir"),
]];

/// Columns of the box on a wide screen.
const WIDEST: u16 = 110;
/// Rows under the list: a rule and what the marked one is.
const FOOT: usize = 3;

/// A place to go: the word and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    word: String,
    about: String,
}

#[derive(Debug, Default)]
struct Palette {
    input: Input,
    chosen: usize,
}

/// An empty line.
pub fn open(_: &State) -> Box<dyn View> {
    Box::<Palette>::default()
}

/// Places whose words begin with the text, then those that contain it.
fn places(state: &State, text: &str) -> Vec<Place> {
    let views = ALL.iter().filter_map(|entry| {
        entry
            .words
            .first()
            .map(|word| (entry.words.to_vec(), Place { word: (*word).into(), about: entry.about.into() }))
    });
    let kinds = state.catalog.iter().map(|kind| {
        let mut words: Vec<&str> = kind.short.iter().map(String::as_str).collect();
        words.extend([kind.plural.as_str(), kind.singular.as_str()]);
        let short = kind.short.first().map(|short| format!(" ({short})")).unwrap_or_default();
        (words, Place { word: kind.plural.clone(), about: format!("{} · {}{short}", kind.kind, kind.api_version()) })
    });
    let mut ranked: Vec<(u8, Place)> =
        views.chain(kinds).filter_map(|(words, place)| rank(&words, text).map(|rank| (rank, place))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, place)| place).collect()
}

fn rank(words: &[&str], text: &str) -> Option<u8> {
    match text {
        _ if words.contains(&text) => Some(0),
        _ if words.iter().any(|word| word.starts_with(text)) => Some(1),
        _ if words.iter().any(|word| word.contains(text)) => Some(2),
        _ => None,
    }
}

impl Palette {
    fn word(&self) -> &str {
        self.input.text().split(' ').next().unwrap_or_default()
    }

    fn complete(&mut self, state: &State) -> bool {
        let Some(place) = places(state, self.word()).into_iter().nth(self.chosen) else { return false };
        self.input = Input::new(&format!("{} ", place.word));
        self.chosen = 0;
        true
    }

    fn enter(&mut self, state: &State) -> Steps {
        if !self.input.text().contains(' ') && (self.chosen > 0 || super::go(self.input.text(), state).is_err()) {
            self.complete(state);
        }
        let text = self.input.text().trim();
        match super::go(text, state) {
            Ok(steps) => std::iter::once(Step::Pop).chain(steps).collect(),
            // What is not known is told, and stays to be mended.
            Err(_) => vec![Step::Go(text.into())],
        }
    }
}

/// A place in one line; what it is, whole, stands under the list for the marked one.
fn line(place: &Place, chosen: bool, room: usize, theme: Theme) -> Line<'static> {
    let style = if chosen { theme.selected() } else { theme.text() };
    let about = span(format!(" {}", place.about), theme.dim());
    clip(vec![span(format!(" {} ", pad(&place.word, 24)), style), about], room)
}

impl View for Palette {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        "Ir a".into()
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn typing(&self) -> bool {
        true
    }

    fn floats(&self) -> bool {
        true
    }

    fn key(&mut self, key: KeyEvent, _: &State) -> Option<Steps> {
        if key.code == KeyCode::Backspace && self.input.text().is_empty() {
            return Some(vec![Step::Pop]);
        }
        self.input.key(key).then(|| {
            self.chosen = 0;
            Steps::new()
        })
    }

    fn paste(&mut self, text: &str, _: &State) -> Steps {
        self.input.insert(text);
        Steps::new()
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        let total = places(state, self.word()).len();
        match action {
            Action::Enter => return self.enter(state),
            Action::Back => return vec![Step::Pop],
            Action::Next => drop(self.complete(state)),
            Action::Down => self.chosen = window::step(self.chosen, total, 1),
            Action::Up => self.chosen = window::step(self.chosen, total, -1),
            _ => {}
        }
        Steps::new()
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let inner = dialog(frame, area, (area.width.saturating_sub(4).min(WIDEST), 16), "Ir a", theme);
        let room = usize::from(inner.width);
        let found = places(state, self.word());
        let shown = window::around(self.chosen, found.len(), usize::from(inner.height).saturating_sub(2 + FOOT));
        let mark = window::mark(&shown, found.len()).unwrap_or_default();
        let head = sides(self.input.line(theme, ": "), Line::styled(mark, theme.dim()), room);
        let blanks = usize::from(inner.height).saturating_sub(2 + FOOT + shown.len());
        let mut body = vec![head, Line::default()];
        body.extend(shown.map(|index| line(&found[index], index == self.chosen, room, theme)));
        body.extend((0..blanks).map(|_| Line::default()));
        let told = found.get(self.chosen).map_or("nada se llama así en este servidor", |place| &place.about);
        let told = wrap(told, room).into_iter().take(FOOT - 1).map(|line| Line::styled(line, theme.text()));
        body.push(Line::styled("─".repeat(room), theme.dim()));
        body.extend(told);
        lines(frame, inner, body);
    }
}
