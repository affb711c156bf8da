//! Any kind as the server's own table, live: filter, sort, labels, one namespace or several, marks, and what can be done
//! with each row or with all that are marked. How a kind was last listed is remembered.

mod draw;
mod layout;

use std::sync::Arc;
use std::time::Duration;

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Position, Rect};

use super::{Entry, chooser};
use crate::tui::actions;
use crate::tui::keys::{self, Action, Binding, bind};
use crate::tui::model::catalog::{Listing, Resource, Target};
use crate::tui::model::failure::Failure;
use crate::tui::model::format::{seconds_between, until_older};
use crate::tui::model::kubectl;
use crate::tui::model::memory::{Memory, Prefs};
use crate::tui::model::rows::{Rows, Sort, Wanted};
use crate::tui::model::scope::Scope;
use crate::tui::model::shared::Text;
use crate::tui::model::table::Row;
use crate::tui::msg::{Effect, Reply, Ticket};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::input::Input;
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "recursos",
    words: &[],
    about: "Una lista viva, con las mismas columnas que `kubectl get`",
    keys: KEYS,
    go: super::unreachable_by_word,
};

static KEYS: &[&[Binding]] = &[actions::ENTER, actions::FIRST, OWN, actions::PODS, actions::THEN, keys::MOVES];

/// The same of a kind without pods behind it.
static WITHOUT_PODS: &[&[Binding]] = &[actions::ENTER, actions::FIRST, OWN, actions::THEN, keys::MOVES];

static OWN: &[Binding] = &[
    bind(
        &["/"],
        Action::Filter,
        "filtrar",
        "Filtrar: texto o expresión; !texto las que no; -f letras sueltas; -l app=web por etiquetas",
    ),
    bind(&["space"], Action::Mark, "marcar", "Marcar la fila; las acciones van a todas las marcadas"),
    bind(&["M"], Action::MarkAll, "", "Marcar todas las que se ven, o quitar todas las marcas"),
    bind(&["S"], Action::Sort, "ordenar", "Elegir la columna que ordena; otra vez, al revés"),
    bind(&["<"], Action::SortLeft, "", "Ordenar por la columna de la izquierda"),
    bind(&[">"], Action::SortRight, "", "Ordenar por la columna de la derecha"),
    bind(&["w"], Action::Wide, "", "Más columnas, como `-o wide`, o las justas"),
    bind(&["n"], Action::Namespaces, "namespace", "Elegir qué namespaces se miran"),
    bind(&["0"], Action::AllNamespaces, "", "Mirar todos los namespaces"),
    bind(&["esc"], Action::No, "", "Quitar el filtro; sin filtro, las marcas; sin marcas, volver"),
];

/// The list of one kind.
#[derive(Debug)]
pub struct Resources {
    resource: Arc<Resource>,
    ticket: Ticket,
    rows: Rows,
    /// Uid and place of the chosen row: the place counts when the row goes.
    chosen: (Text, usize),
    input: Input,
    /// The label selector that the server was asked with.
    labels: String,
    wide: bool,
    typing: bool,
    /// Whether what is typed next takes the place of an earlier filter.
    anew: bool,
    answered: bool,
    failure: Option<Failure>,
}

/// The list of a kind, as it was last listed, or with a filter of its own.
pub fn open(resource: Arc<Resource>, filter: Option<String>) -> Box<dyn View> {
    Box::new(Resources {
        resource,
        ticket: Ticket::default(),
        rows: Rows::default(),
        chosen: (Text::default(), 0),
        input: Input::new(filter.unwrap_or_default().trim()),
        labels: String::new(),
        wide: false,
        typing: false,
        anew: false,
        answered: false,
        failure: None,
    })
}

impl Resources {
    fn list(&mut self, state: &State) -> Steps {
        self.answered = false;
        self.rows.clear();
        let wanted = Wanted::read(self.input.text());
        self.labels = wanted.labels;
        self.rows.filter(wanted.filter);
        let listing = Listing {
            labels: self.labels.clone(),
            revision: state.moment(),
            ..Listing::of(self.resource.clone(), state.scope.clone())
        };
        vec![Step::Read(kubectl::list(&listing)), Step::Run(Effect::Table(self.ticket, listing))]
    }

    fn place(&self) -> usize {
        let place = self.rows.position(&self.chosen.0).unwrap_or(self.chosen.1);
        place.min(self.rows.len().saturating_sub(1))
    }

    fn choose(&mut self, place: usize) {
        self.chosen = (self.rows.get(place).map(|row| row.uid.clone()).unwrap_or_default(), place);
    }

    fn target(&self, row: &Row) -> Target {
        let namespace = self.resource.namespaced.then(|| String::from(&row.namespace));
        Target { resource: self.resource.clone(), namespace, name: String::from(&row.name) }
    }

    /// The marked rows, or the chosen one.
    fn targets(&self) -> Vec<Target> {
        let marked = self.rows.marked();
        let rows = if marked.is_empty() { self.rows.get(self.place()).into_iter().collect() } else { marked };
        rows.into_iter().map(|row| self.target(row)).collect()
    }

    /// What was typed takes hold: the filter here, the labels at the server.
    fn refilter(&mut self, state: &State) -> Steps {
        let wanted = Wanted::read(self.input.text());
        if !self.typing && wanted.labels != self.labels {
            let steps = self.list(state);
            return steps.into_iter().chain(self.remember()).collect();
        }
        self.rows.filter(wanted.filter);
        if self.typing { Steps::new() } else { self.remember() }
    }

    fn remember(&self) -> Steps {
        let prefs =
            Prefs { sort: self.rows.sorted_by().cloned(), wide: self.wide, filter: self.input.text().to_string() };
        vec![Step::Remember(Memory::name(&self.resource), prefs)]
    }

    fn sort_menu(&self) -> Steps {
        let names = self.rows.columns.iter().map(|column| column.name.to_uppercase()).collect();
        vec![Step::Push(chooser::open("Ordenar por", names, self.sorted_column().unwrap_or(0)))]
    }

    fn sorted_column(&self) -> Option<usize> {
        let sort = self.rows.sorted_by()?;
        self.rows.columns.iter().position(|column| column.name == sort.column)
    }

    /// Sorts by a column; the same column again turns the order round.
    fn sort_by(&mut self, column: usize) -> Steps {
        let Some(column) = self.rows.columns.get(column).map(|column| column.name.clone()) else { return Steps::new() };
        let again = self.rows.sorted_by().filter(|sort| sort.column == column);
        let descending = again.is_some_and(|sort| !sort.descending);
        self.rows.sort(Some(Sort { column, descending }));
        self.remember()
    }

    fn sort_beside(&mut self, right: bool) -> Steps {
        let last = self.rows.columns.len().saturating_sub(1);
        let next = match self.sorted_column() {
            None => 0,
            Some(now) if right => (now + 1).min(last),
            Some(now) => now.saturating_sub(1),
        };
        if self.sorted_column() == Some(next) { Steps::new() } else { self.sort_by(next) }
    }

    /// Takes away what hides rows or binds actions to several; with nothing left to take away, goes back.
    fn undo_one(&mut self, state: &State) -> Steps {
        if !self.input.text().is_empty() {
            self.input = Input::default();
            return self.refilter(state);
        }
        if !self.rows.marked().is_empty() {
            self.rows.mark_all();
            return Steps::new();
        }
        vec![Step::Pop]
    }

    fn mark(&mut self) {
        self.rows.mark(&self.chosen.0);
        self.choose(window::step(self.place(), self.rows.len(), 1));
    }

    /// A kind whose rows are namespaces: entering one is looking at it.
    fn enter_namespace(&self) -> Option<Steps> {
        (self.resource.plural == "namespaces").then_some(())?;
        let name = self.rows.get(self.place())?.name.clone();
        Some(vec![Step::Scope(Scope::one(&name)), Step::Go("pods".into())])
    }

    fn do_with(&mut self, action: Action, state: &State) -> Steps {
        if action == Action::Describe
            && let Some(steps) = self.enter_namespace()
        {
            return steps;
        }
        // A page shows one object: entering is for the chosen row, whatever is marked.
        let targets = match action {
            Action::Describe | Action::Why | Action::Yaml | Action::Events | Action::Edit => {
                self.rows.get(self.place()).map(|row| self.target(row)).into_iter().collect()
            }
            _ => self.targets(),
        };
        actions::on(action, &targets, state).unwrap_or_else(|| {
            let page = usize::from(state.size.1.saturating_sub(6));
            self.choose(window::step(self.place(), self.rows.len(), window::by(action, page)));
            Steps::new()
        })
    }
}

impl View for Resources {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, state: &State) -> String {
        self.heading(state)
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        match self.typing {
            true => keys::FILTERING,
            false if actions::has_pods(&self.resource) => KEYS,
            false => WITHOUT_PODS,
        }
    }

    fn typing(&self) -> bool {
        self.typing
    }

    fn opened(&mut self, ticket: Ticket, state: &State) -> Steps {
        self.ticket = ticket;
        let prefs = state.memory.of(&Memory::name(&self.resource));
        if self.input.text().is_empty() {
            self.input = Input::new(&prefs.filter);
        }
        self.wide = prefs.wide;
        self.rows.sort(prefs.sort);
        self.list(state)
    }

    fn scoped(&mut self, state: &State) -> Steps {
        if self.resource.namespaced { self.list(state) } else { Steps::new() }
    }

    fn key(&mut self, key: KeyEvent, state: &State) -> Option<Steps> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        // As in a browser: the first letter takes the place of what was looked for before.
        if std::mem::take(&mut self.anew) && matches!(key.code, KeyCode::Char(_)) && !control {
            self.input = Input::default();
        }
        match key.code {
            KeyCode::Enter | KeyCode::Down | KeyCode::Up => self.typing = false,
            KeyCode::Esc => (self.typing, self.input) = (false, Input::default()),
            _ if self.input.key(key) => {}
            _ => return None,
        }
        Some(self.refilter(state))
    }

    fn paste(&mut self, text: &str, state: &State) -> Steps {
        if !self.typing {
            return Steps::new();
        }
        self.input.insert(text);
        self.refilter(state)
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        match action {
            Action::Filter => (self.typing, self.anew) = (true, !self.input.text().is_empty()),
            Action::No => return self.undo_one(state),
            Action::Sort => return self.sort_menu(),
            Action::SortLeft => return self.sort_beside(false),
            Action::SortRight => return self.sort_beside(true),
            Action::Wide => {
                self.wide = !self.wide;
                let said = match self.wide {
                    true => "todas las columnas; las que no caben piden una ventana más ancha",
                    false => "las columnas justas",
                };
                return self.remember().into_iter().chain([Step::Say(Notice::info(said))]).collect();
            }
            Action::Mark => self.mark(),
            Action::MarkAll => self.rows.mark_all(),
            Action::Namespaces => return vec![Step::Go("namespace".into())],
            Action::AllNamespaces => return vec![Step::Scope(Scope::default())],
            other => return self.do_with(other, state),
        }
        Steps::new()
    }

    fn click(&mut self, at: Position, area: Rect, state: &State) -> Steps {
        self.clicked(at, area, state)
    }

    fn answered(&mut self, choice: Option<usize>, _: &State) -> Steps {
        choice.map(|column| self.sort_by(column)).unwrap_or_default()
    }

    fn reply(&mut self, reply: Reply, _: &State) -> Steps {
        match reply {
            Reply::Table(table) => {
                self.rows.replace(table);
                (self.answered, self.failure) = (true, None);
            }
            Reply::Row(row) => {
                self.rows.put(row);
                self.failure = None;
            }
            Reply::RowGone(uid) => self.rows.remove(&uid),
            Reply::Stale(failure) => (self.answered, self.failure) = (true, Some(failure)),
            _ => {}
        }
        Steps::new()
    }

    fn settle(&mut self, _: &State) {
        self.rows.settle();
        self.choose(self.place());
    }

    fn ready(&self, _: &State) -> bool {
        self.answered
    }

    fn ticks(&self, state: &State) -> Option<Duration> {
        let page = window::around(self.place(), self.rows.len(), usize::from(state.size.1));
        let visible = page.filter_map(|place| self.rows.get(place)?.created);
        visible.map(|created| seconds_between(created, state.now)).min().map(until_older)
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        self.paint(frame, area, state);
    }
}
