//! Which namespaces are looked at: those of the server, live, filtered as one types; one, several or all.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Entry;
use crate::tui::keys::{Action, Binding, bind};
use crate::tui::model::catalog::{Listing, find};
use crate::tui::model::failure::Failure;
use crate::tui::model::rows::{Filter, Rows};
use crate::tui::model::scope::Scope;
use crate::tui::msg::{Effect, Reply, Ticket};
use crate::tui::state::State;
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::input::Input;
use crate::tui::widgets::panel::{dialog, lines};
use crate::tui::widgets::text::span;
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "namespace",
    words: &["namespace"],
    about: "Elegir qué namespaces se miran: uno, varios o todos",
    keys: KEYS,
    go: |_, names| {
        Ok(vec![match names {
            "" => Step::Push(Box::<Namespaces>::default()),
            names => Step::Scope(Scope::read(names)),
        }])
    },
};

static KEYS: &[&[Binding]] = &[&[
    bind(&["enter"], Action::Enter, "mirar", "Mirar lo marcado; sin marcas, el elegido"),
    bind(&["tab"], Action::Next, "marcar", "Marcar varios para mirarlos juntos"),
    bind(&["down"], Action::Down, "", "Pasar al siguiente"),
    bind(&["up"], Action::Up, "", "Pasar al anterior"),
    bind(&["esc"], Action::Back, "cerrar", "Cerrar sin cambiar"),
]];

#[derive(Debug, Default)]
struct Namespaces {
    rows: Rows,
    input: Input,
    chosen: usize,
    marked: Scope,
    failure: Option<Failure>,
    answered: bool,
}

impl Namespaces {
    /// What is offered: all together first, then one by one.
    fn offered(&self) -> Vec<Option<&str>> {
        let all = self.input.text().is_empty().then_some(None);
        all.into_iter()
            .chain((0..self.rows.len()).filter_map(|index| self.rows.get(index)).map(|row| Some(row.name.as_str())))
            .collect()
    }

    fn look(&self) -> Steps {
        let scope = match self.offered().get(self.chosen) {
            _ if !self.marked.all() => self.marked.clone(),
            Some(Some(name)) => Scope::one(name),
            Some(None) => Scope::default(),
            None => return Steps::new(),
        };
        vec![Step::Pop, Step::Scope(scope)]
    }

    fn mark(&mut self) {
        let name = self.offered().get(self.chosen).copied().flatten().map(String::from);
        name.inspect(|name| self.marked.toggle(name));
        self.chosen = window::step(self.chosen, self.offered().len(), 1);
    }
}

impl View for Namespaces {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        "Namespace".into()
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

    fn opened(&mut self, ticket: Ticket, state: &State) -> Steps {
        let Some(resource) = find(&state.catalog, "namespaces") else { return Steps::new() };
        vec![Step::Run(Effect::Table(ticket, Listing::of(resource, Scope::default())))]
    }

    fn key(&mut self, key: KeyEvent, _: &State) -> Option<Steps> {
        // No name has a blank: it marks, as in lists.
        if key.code == KeyCode::Char(' ') {
            self.mark();
            return Some(Steps::new());
        }
        self.input.key(key).then(|| {
            self.rows.filter(Filter::new(self.input.text()));
            self.chosen = 0;
            Steps::new()
        })
    }

    fn reply(&mut self, reply: Reply, _: &State) -> Steps {
        self.answered = true;
        match reply {
            Reply::Table(table) => self.rows.replace(table),
            Reply::Row(row) => self.rows.put(row),
            Reply::RowGone(uid) => self.rows.remove(&uid),
            Reply::Stale(failure) => self.failure = Some(failure),
            _ => {}
        }
        Steps::new()
    }

    fn settle(&mut self, _: &State) {
        self.rows.settle();
    }

    fn act(&mut self, action: Action, _: &State) -> Steps {
        match action {
            Action::Back => return vec![Step::Pop],
            Action::Enter => return self.look(),
            Action::Next => self.mark(),
            other => self.chosen = window::step(self.chosen, self.offered().len(), window::by(other, 10)),
        }
        Steps::new()
    }

    fn ready(&self, _: &State) -> bool {
        self.answered
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let inner = dialog(frame, area, (52, 16), "Qué namespaces mirar", theme);
        let offered = self.offered();
        let mut body = vec![self.input.line(theme, "buscar: "), Line::default()];
        body.extend(self.failure.as_ref().map(|failure| Line::styled(failure.short(), theme.bad())));
        if offered.is_empty() {
            body.push(Line::styled("ninguno se llama así", theme.warn()));
        }
        let room = usize::from(inner.height).saturating_sub(body.len());
        for index in window::around(self.chosen, offered.len(), room) {
            let style = if index == self.chosen { theme.selected() } else { theme.text() };
            let marked = offered[index].is_some_and(|name| !self.marked.all() && self.marked.has(name));
            let now = match offered[index] {
                None => state.scope.all(),
                Some(name) => !state.scope.all() && state.scope.has(name),
            };
            body.push(Line::from(vec![
                span(if marked { "▸" } else { " " }, theme.marked()),
                span(if now { "● " } else { "  " }, theme.accent()),
                span(format!(" {} ", offered[index].unwrap_or("todos")), style),
            ]));
        }
        lines(frame, inner, body);
    }
}
