//! One object: told in a page, as YAML, by its events, its tree, its relations, its history and what it uses; asked again
//! whenever it changes.

mod content;
mod history;
mod links;
mod tabs;
mod usage;

use std::sync::Arc;
use std::time::Duration;

use ratatui::Frame;
use ratatui::crossterm::event::KeyEvent;
use ratatui::layout::{Position, Rect};
use serde_json::Value;

use super::Entry;
use crate::tui::actions;
use crate::tui::keys::{self, Action, Binding};
use crate::tui::model::catalog::{Listing, Target};
use crate::tui::model::failure::Failure;
use crate::tui::model::kin::{self, Link};
use crate::tui::model::world::World;
use crate::tui::model::{history as past, usage as metered};
use crate::tui::msg::{Deed, Effect, Reply, Ticket};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::pager::{Pager, SEARCH};
use crate::tui::widgets::window;
pub use content::yaml_lines;
use history::History;
pub use tabs::Tab;
use usage::Consumption;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "detalle",
    words: &[],
    about: "Un objeto: qué es, cómo está, su YAML, sus eventos, a qué pertenece, qué fue antes y cuánto usa, siempre al día",
    keys: KEYS,
    go: super::unreachable_by_word,
};

static KEYS: &[&[Binding]] =
    &[tabs::TABS, SEARCH, actions::ENTER, actions::FIRST, actions::PODS, actions::THEN, keys::MOVES];

/// The same of what has no pods behind it.
static WITHOUT_PODS: &[&[Binding]] = &[tabs::TABS, SEARCH, actions::ENTER, actions::FIRST, actions::THEN, keys::MOVES];

#[derive(Debug)]
struct Detail {
    target: Target,
    tab: Tab,
    ticket: Ticket,
    /// The revision of the moment looked back at, when it was opened there.
    at: Option<u64>,
    object: Option<Result<Value, Failure>>,
    yaml: Arc<[String]>,
    events: Vec<Value>,
    gone: bool,
    pager: Pager,
    /// What is around it; asked for when a tab needs it.
    world: Option<World>,
    links: Vec<Link>,
    chosen: usize,
    history: History,
    usage: Consumption,
}

/// The detail of an object.
pub fn open(target: Target, tab: Tab) -> Box<dyn View> {
    Box::new(Detail {
        target,
        tab,
        ticket: Ticket::default(),
        at: None,
        object: None,
        yaml: Arc::default(),
        events: Vec::new(),
        gone: false,
        pager: Pager::default(),
        world: None,
        links: Vec::new(),
        chosen: 0,
        history: History::default(),
        usage: Consumption::default(),
    })
}

impl Detail {
    fn tell(&self) -> Steps {
        self.tab.command(&self.target).map(Step::Read).into_iter().collect()
    }

    fn ask(&self) -> Steps {
        let (ticket, target) = (self.ticket, &self.target);
        if let Some(at) = self.at {
            return vec![Step::Run(Effect::AsItWas(ticket, target.clone(), at))];
        }
        vec![Step::Run(Effect::Object(ticket, target.clone())), Step::Run(Effect::Events(ticket, target.clone()))]
    }

    fn object(&self) -> Option<&Value> {
        self.object.as_ref().and_then(|object| object.as_ref().ok())
    }

    fn show(&mut self, tab: Tab, state: &State) -> Steps {
        let left = std::mem::replace(&mut self.tab, tab);
        self.pager.reset();
        self.chosen = 0;
        self.links.clear();
        let stop = (left == Tab::Usage && tab != Tab::Usage).then_some(Step::Run(Effect::Usage(self.ticket, None)));
        self.tell().into_iter().chain(stop).chain(self.look_around(state)).collect()
    }

    /// Asks for what the tab needs beyond the object itself.
    fn look_around(&mut self, state: &State) -> Steps {
        let Some(object) = self.object() else { return Steps::new() };
        let wants = match self.tab {
            Tab::Tree | Tab::Relations => kin::wants(object, state),
            Tab::History => past::wants(object, state),
            Tab::Usage => return self.measure(),
            Tab::Describe | Tab::Yaml | Tab::Events => return Steps::new(),
        };
        vec![Step::Run(Effect::World(self.ticket, wants))]
    }

    fn measure(&mut self) -> Steps {
        let path = self.object().and_then(|object| metered::path(&self.target, object));
        self.usage.idle = path.is_none();
        path.map(|path| Step::Run(Effect::Usage(self.ticket, Some(path)))).into_iter().collect()
    }

    /// What is around came: the tab that asked for it is told.
    fn around(&mut self, world: World, state: &State) {
        if let Some(object) = self.object.as_ref().and_then(|object| object.as_ref().ok()) {
            match self.tab {
                Tab::Tree => self.links = kin::tree(object, &world, state),
                Tab::Relations => self.links = kin::relations(object, &world, state),
                Tab::History => {
                    self.history.revisions = Some(past::revisions(object, &world));
                    self.history.why = content::no_history(&self.target);
                }
                _ => {}
            }
        }
        if self.world.is_none()
            && let Some(own) = self.links.iter().position(|link| link.own)
        {
            self.chosen = own;
        }
        self.world = Some(world);
    }

    /// What an action is about: the object, or the chosen one in its tree.
    fn subject(&self) -> Target {
        let link = self.links.get(self.chosen).filter(|_| self.tab.links());
        link.and_then(|link| link.target.clone()).unwrap_or_else(|| self.target.clone())
    }

    fn rows(state: &State) -> usize {
        usize::from(state.size.1.saturating_sub(5))
    }

    fn moved(&mut self, action: Action, state: &State) {
        let rows = Self::rows(state);
        match self.tab {
            Tab::Tree | Tab::Relations => {
                self.chosen = window::step(self.chosen, self.links.len(), window::by(action, rows));
            }
            Tab::History => self.history.step(window::by(action, rows)),
            Tab::Usage => {}
            Tab::Describe | Tab::Yaml | Tab::Events => {
                let text = self.content(state, usize::from(self.text_width(state.size.0)));
                self.pager.act(action, &text, rows);
            }
        }
    }

    /// Going back to a revision, as `kubectl rollout undo --to-revision`.
    fn roll_back(&self, state: &State) -> Steps {
        let Some(revision) = self.history.chosen().filter(|revision| revision.rollout) else { return Steps::new() };
        let subject = actions::Subject { targets: std::slice::from_ref(&self.target), state };
        let told = format!("Sus pods se cambiarán poco a poco por otros como los de la revisión {}.", revision.number);
        let question = format!("¿Volver a la revisión {}?", revision.number);
        actions::ask(&question, vec![told], &subject, &Deed::Undo(Some(revision.number)))
    }

    fn enter(&mut self, state: &State) -> Steps {
        match self.tab {
            Tab::History => self.roll_back(state),
            tab if tab.links() => match self.links.get(self.chosen) {
                Some(Link { own: false, target: Some(target), .. }) => {
                    vec![Step::Push(open(target.clone(), Tab::Describe))]
                }
                Some(Link { own: false, heading: false, .. }) => {
                    vec![Step::Say(Notice::bad("eso no existe, o no se puede ver desde aquí"))]
                }
                _ => Steps::new(),
            },
            _ => self.show(self.tab.step(1), state),
        }
    }
}

impl View for Detail {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        let place = self.target.namespace.as_ref().map(|namespace| format!("{namespace} · ")).unwrap_or_default();
        format!("{place}{}", self.target.short())
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        if actions::has_pods(&self.subject().resource) { KEYS } else { WITHOUT_PODS }
    }

    fn shows(&self) -> Option<(&str, &str)> {
        Some((&self.target.resource.kind, &self.target.name))
    }

    fn typing(&self) -> bool {
        self.pager.typing()
    }

    fn mouse(&self) -> bool {
        !self.tab.reads()
    }

    fn hint(&self, binding: &'static Binding, _: &State) -> &'static str {
        if binding.action == Action::Describe { "" } else { binding.hint }
    }

    fn opened(&mut self, ticket: Ticket, state: &State) -> Steps {
        (self.ticket, self.at) = (ticket, state.moment());
        // What was does not change.
        let watch = self.at.is_none().then(|| Step::Run(Effect::Table(ticket, Listing::single(&self.target))));
        watch.into_iter().chain(self.ask()).chain(self.tell()).collect()
    }

    fn reply(&mut self, reply: Reply, state: &State) -> Steps {
        match reply {
            Reply::Object(Err(failure)) if failure.missing() && self.object.is_some() => self.gone = true,
            Reply::Object(object) => {
                self.yaml = object.as_ref().map(|object| yaml_lines(object).into()).unwrap_or_default();
                let failed = object.as_ref().err().cloned();
                self.object = Some(object);
                if let Some((failure, command)) = failed.zip(self.tab.command(&self.target)) {
                    return vec![Step::Logged(command, Err(failure))];
                }
                return if self.tab == Tab::Usage && !self.usage.series.readings.is_empty() {
                    Steps::new()
                } else {
                    self.look_around(state)
                };
            }
            Reply::Events(Ok(events)) => self.events = events,
            Reply::World(world) => self.around(*world, state),
            Reply::Usage(Ok(metrics)) => {
                self.usage.series.take(state.now, &metrics);
                self.usage.failure = None;
            }
            Reply::Usage(Err(failure)) => self.usage.failure = Some(failure),
            Reply::Row(_) => {
                self.gone = false;
                return self.ask();
            }
            Reply::RowGone(_) => self.gone = true,
            _ => {}
        }
        Steps::new()
    }

    fn key(&mut self, key: KeyEvent, state: &State) -> Option<Steps> {
        let text = self.content(state, usize::from(self.text_width(state.size.0)));
        self.pager.key(key, &text).then(Steps::new)
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        match action {
            Action::Next => self.show(self.tab.step(1), state),
            Action::Previous => self.show(self.tab.step(Tab::ALL.len() - 1), state),
            Action::Choose(number) => match Tab::ALL.get(number) {
                Some(tab) => self.show(*tab, state),
                None => Steps::new(),
            },
            Action::Describe if self.tab == Tab::Describe => self.show(self.tab.step(1), state),
            Action::Describe => self.enter(state),
            Action::Yaml if !self.tab.links() => self.show(Tab::Yaml, state),
            Action::Events if !self.tab.links() => self.show(Tab::Events, state),
            Action::Table => {
                self.usage.table = !self.usage.table;
                Steps::new()
            }
            Action::Mark => {
                self.history.mark();
                Steps::new()
            }
            Action::No if self.pager.clear() => Steps::new(),
            Action::No => vec![Step::Pop],
            other => match actions::on(other, &[self.subject()], state) {
                Some(steps) => steps,
                None => {
                    self.moved(other, state);
                    Steps::new()
                }
            },
        }
    }

    fn click(&mut self, at: Position, area: Rect, state: &State) -> Steps {
        self.clicked(at, area, state)
    }

    fn ready(&self, _: &State) -> bool {
        self.object.is_some()
    }

    fn ticks(&self, _: &State) -> Option<Duration> {
        (self.tab != Tab::Yaml).then_some(Duration::from_secs(1))
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        self.paint(frame, area, state);
    }
}
