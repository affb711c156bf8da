//! The one owner of state: `update` takes a message and answers with effects, `draw` only reads. Must not do IO.

use std::time::Duration;

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::config::Settings;
use super::keys::{self, Action};
use super::model::cluster::Change;
use super::model::memory::{Memory, Prefs};
use super::model::parts;
use super::msg::{Effect, ForwardNews, Msg, Outcome, Reply, Ticket};
use super::screen;
use super::state::{Notice, State, Tone};
use super::view::{Step, Steps, View};
use super::views;

/// An open view and the ticket under which answers reach it.
#[derive(Debug)]
struct Layer {
    ticket: Ticket,
    view: Box<dyn View>,
}

/// The dashboard.
#[derive(Debug)]
pub struct App {
    /// What all views share.
    pub state: State,
    stack: Vec<Layer>,
    tickets: u64,
    ended: bool,
    /// Whether what is drawn may have changed since the last frame.
    stale: bool,
    /// What to open on another cluster.
    departure: Option<String>,
}

impl App {
    /// A dashboard that shows one view over the bridge (or the bridge itself), and what it asks at once.
    pub fn open(state: State, first: &str) -> Result<(Self, Vec<Effect>), String> {
        let mut app = Self { state, stack: Vec::new(), tickets: 0, ended: false, stale: true, departure: None };
        let mut effects = app.run(vec![Step::Push(views::bridge::open())]);
        if !views::bridge::NAMES.contains(&first) {
            let steps = views::go(first, &app.state)?;
            effects.extend(app.run(steps));
        }
        Ok((app, effects))
    }

    /// Does what the palette would do with this text.
    pub fn go(&mut self, text: &str) -> Result<Vec<Effect>, String> {
        let steps = views::go(text, &self.state)?;
        Ok(self.run(steps))
    }

    /// The keys that the view on top tells of, and its name.
    #[cfg(test)]
    pub fn offered(&self) -> (&'static str, &'static [&'static [keys::Binding]]) {
        self.stack.last().map_or(("", &[]), |layer| (layer.view.name(), layer.view.keys()))
    }

    /// Takes in one message.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        self.stale |= self.tells(&msg);
        if !matches!(msg, Msg::Clock(_) | Msg::Metrics(_) | Msg::Cluster(_)) {
            self.state.stirred = self.state.clock;
        }
        match msg {
            Msg::Clock(now) => self.state.tick(now),
            Msg::Key(key) => return self.on_key(key),
            Msg::Mouse(event) => return self.on_mouse(event),
            Msg::Settings(settings) => self.on_settings(settings),
            Msg::Paste(text) => return self.ask_top(|view, state| view.paste(&text, state)),
            Msg::Resize(width, height) => {
                self.state.size = (width, height);
                return self.ask_all(|view, state| view.resized(state));
            }
            Msg::Forward(news) => self.on_forward(&news),
            Msg::Cluster(changes) => {
                changes.into_iter().for_each(|change| self.state.learn(change));
                return self.ask_all(|view, state| view.learned(state));
            }
            Msg::Metrics(sample) => self.state.measured(sample),
            Msg::Version(version) => self.state.version = version.ok().or(self.state.version.take()),
            Msg::Catalog(Ok(catalog)) => {
                self.state.catalog = catalog;
                self.state.discovered = true;
            }
            Msg::Catalog(Err(failure)) => {
                self.state.discovered = true;
                self.state.notice = Some(Notice::bad(format!("el servidor no dijo qué recursos tiene: {failure}")));
            }
            Msg::Reply(ticket, reply) => return self.on_reply(ticket, reply),
            Msg::Done(Outcome { command, result, undo }) => {
                self.state.done(&command, result);
                undo.into_iter().for_each(|undo| self.state.remember(undo));
            }
            Msg::Terminate => self.ended = true,
        }
        Vec::new()
    }

    /// Whether a message may change what is drawn: what a cluster at rest tells all the time changes few views.
    fn tells(&self, msg: &Msg) -> bool {
        match msg {
            Msg::Clock(_) => false,
            Msg::Metrics(_) => self.pulses(),
            Msg::Cluster(changes) => !changes.iter().all(Change::calm) || self.pulses(),
            _ => true,
        }
    }

    /// Whether something that is visible shows heartbeats, rates or the server's figures.
    pub fn pulses(&self) -> bool {
        !self.state.resting && self.visible().iter().any(|layer| layer.view.pulses())
    }

    /// Whether a frame would differ from the last one; it is about to be drawn.
    pub fn take_stale(&mut self) -> bool {
        std::mem::take(&mut self.stale)
    }

    /// Puts in order what will be drawn; once after each batch of messages.
    pub fn settle(&mut self) {
        self.state.boxed = self.stack.last().is_some_and(|layer| layer.view.floats());
        // What is under a lesson or a box is being looked at.
        self.state.resting = self.stack.len() == 1 && self.ready() && self.state.still();
        let state = &self.state;
        self.stack.iter_mut().for_each(|layer| layer.view.settle(state));
    }

    /// Whether the program must end.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// What is to be opened on another cluster, if that is why it ended.
    pub fn departure(&mut self) -> Option<String> {
        self.departure.take()
    }

    /// Whether the view on top has all that it shows.
    pub fn ready(&self) -> bool {
        self.state.cluster.synced() && self.stack.last().is_none_or(|layer| layer.view.ready(&self.state))
    }

    /// How long after a frame the next one is due although nothing happens: the quickest of what is visible.
    pub fn ticks(&self) -> Option<Duration> {
        let views = self.visible().iter().filter_map(|layer| layer.view.ticks(&self.state));
        views.chain(screen::ticks(&self.state)).min()
    }

    /// Draws what is visible.
    pub fn draw(&self, frame: &mut Frame) {
        let views: Vec<&dyn View> = self.visible().iter().map(|layer| layer.view.as_ref()).collect();
        screen::draw(frame, &views, &self.state);
    }

    /// The last whole screen and the boxes over it.
    fn visible(&self) -> &[Layer] {
        let base = self.stack.iter().rposition(|layer| !layer.view.floats()).unwrap_or(0);
        &self.stack[base..]
    }

    fn on_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if key.kind == KeyEventKind::Release {
            return Vec::new();
        }
        let said = self.state.notice.take();
        // Who waves a failure away on the bridge does not want to leave.
        if key.code == KeyCode::Esc && self.stack.len() == 1 && said.is_some_and(|said| said.tone == Tone::Bad) {
            return Vec::new();
        }
        let Some(layer) = self.stack.last_mut() else { return Vec::new() };
        if layer.view.typing()
            && let Some(steps) = layer.view.key(key, &self.state)
        {
            return self.run(steps);
        }
        if let KeyCode::Char(letter) = key.code
            && !layer.view.typing()
            && let Some(steps) = layer.view.stroke(letter, &self.state)
        {
            return self.run(steps);
        }
        match self.state.settings.keymap.find(layer.view.keys(), key) {
            Some(action) => {
                let steps = layer.view.act(action, &self.state);
                self.run(steps)
            }
            None => match self.state.settings.keymap.find(&[keys::GLOBAL], key) {
                Some(action) => self.on_global(action),
                None => {
                    let steps = layer.view.stray(key, &self.state);
                    self.run(steps)
                }
            },
        }
    }

    /// A press goes to the view under the pointer, or to the key whose hint it is; the wheel moves as keys do.
    fn on_mouse(&mut self, event: MouseEvent) -> Vec<Effect> {
        let Some(layer) = self.stack.last_mut() else { return Vec::new() };
        let at = Position { x: event.column, y: event.row };
        let body = screen::body(self.state.size);
        let steps = match event.kind {
            MouseEventKind::ScrollDown => wheel(layer.view.as_mut(), Action::Down, &self.state),
            MouseEventKind::ScrollUp => wheel(layer.view.as_mut(), Action::Up, &self.state),
            MouseEventKind::Down(MouseButton::Left) if body.contains(at) => layer.view.click(at, body, &self.state),
            MouseEventKind::Down(MouseButton::Left) => match screen::hint_at(layer.view.as_ref(), &self.state, at) {
                Some(key) => return self.on_key(key),
                None => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        self.state.notice = None;
        self.run(steps)
    }

    /// Something about a port-forward: the list is kept, and what failed is said.
    fn on_forward(&mut self, news: &ForwardNews) {
        let Some(forward) = self.state.forwards.iter_mut().find(|forward| forward.local == news.port()) else { return };
        forward.take(news);
        let to = format!("127.0.0.1:{} → {}:{}", forward.local, forward.target.short(), forward.remote);
        self.state.notice = match news {
            ForwardNews::Open(_) => Some(Notice::info(format!("abierto: {to} (F: la lista)"))),
            ForwardNews::Failed(_, why) => Some(Notice::bad(format!("{to}: {why}"))),
            ForwardNews::Begun(_) | ForwardNews::Ended(..) => return,
        };
    }

    fn on_settings(&mut self, settings: Result<Box<Settings>, String>) {
        self.state.notice = Some(match settings {
            Ok(settings) => {
                self.state.choose(*settings);
                Notice::info("configuración leída")
            }
            Err(why) => Notice::bad(format!("la configuración tiene un error y sigue la de antes: {why}")),
        });
    }

    /// Whether the mouse is wanted now.
    pub fn mouse(&self) -> bool {
        self.state.settings.mouse && self.stack.last().is_some_and(|layer| layer.view.mouse())
    }

    fn on_global(&mut self, action: Action) -> Vec<Effect> {
        // A box is answered or closed before one goes anywhere else; going elsewhere by its name closes it.
        let boxed = self.stack.last().is_some_and(|layer| layer.view.floats());
        let closed = match action {
            Action::Palette if boxed => self.pop(),
            Action::Help | Action::Back | Action::Quit => Vec::new(),
            _ if boxed => return self.run(vec![Step::Say(Notice::tip("antes, cierra esto con Esc"))]),
            _ => Vec::new(),
        };
        let step = match action {
            Action::Help => Step::Push(views::help::open(self.stack.last().map(|layer| layer.view.as_ref()))),
            Action::Palette => Step::Push(views::palette::open(&self.state)),
            Action::Commands => Step::Push(views::commands::open()),
            Action::Undo => return self.ask_undo(),
            Action::Lessons => Step::Go("lecciones".into()),
            Action::Forwards => Step::Go("port-forwards".into()),
            Action::Contexts => Step::Go("contextos".into()),
            Action::Switches => Step::Go("interruptores".into()),
            Action::Timeline if self.state.past.is_some() => return self.back_to(views::timeline::ENTRY.name),
            Action::Timeline => Step::Go("tiempo".into()),
            Action::Back if self.stack.len() > 1 => Step::Pop,
            Action::Back | Action::Quit => Step::Push(self.ask_to_leave()),
            _ => return closed,
        };
        closed.into_iter().chain(self.run(vec![step])).collect()
    }

    /// Takes the last change back, after saying which.
    fn ask_undo(&mut self) -> Vec<Effect> {
        if let Some(why) = self.state.frozen() {
            self.state.notice = Some(Notice::bad(why));
            return Vec::new();
        }
        let Some(undo) = self.state.undos.last().cloned() else {
            let learns = self.stack.iter().any(|layer| layer.view.name() == views::lesson::ENTRY.name);
            let also =
                if learns { ": lo de las teclas de la lección y lo de la terminal no se deshace aquí" } else { "" };
            self.state.notice = Some(Notice::tip(format!("no hay nada que deshacer{also}")));
            return Vec::new();
        };
        let told = vec![format!("Lo último que cambiaste: {}", undo.what)];
        let question = views::confirm::open_harmless(
            "¿Deshacer?",
            told,
            Some(undo.command.clone()),
            vec![Step::TakeBack(Box::new(undo))],
        );
        self.run(vec![Step::Push(question)])
    }

    fn ask_to_leave(&self) -> Box<dyn View> {
        let mut lost: Vec<String> = self.stack.iter().filter_map(|layer| layer.view.holds()).collect();
        let off = parts::off(&self.state.cluster);
        if !off.is_empty() {
            lost.push(format!(
                "{}: {}. La tecla o lo enciende.",
                if self.state.fleeting { "Está apagado" } else { "Queda apagado, también para la próxima vez" },
                off.join(", ")
            ));
        }
        if !self.state.forwards.is_empty() {
            lost.push(format!("Se cierran los port-forward: {}.", self.state.forwards.len()));
        }
        if self.state.fleeting {
            lost.push(
                "Este clúster vive en memoria (--store memory): al salir se pierde con todo lo que tiene.".into(),
            );
        } else if !self.state.undos.is_empty() {
            lost.push("Lo que cambiaste se queda; después ya no se podrá deshacer con u.".into());
        }
        if lost.is_empty() {
            lost.push("No queda nada a medias.".into());
        }
        views::confirm::open("¿Salir de Timonel?", lost, None, vec![Step::Quit])
    }

    fn ask_top(&mut self, ask: impl FnOnce(&mut dyn View, &State) -> Steps) -> Vec<Effect> {
        let Some(layer) = self.stack.last_mut() else { return Vec::new() };
        let steps = ask(layer.view.as_mut(), &self.state);
        self.run(steps)
    }

    /// Closes what is over a view that is open already.
    fn back_to(&mut self, name: &str) -> Vec<Effect> {
        let place = self.stack.iter().rposition(|layer| layer.view.name() == name);
        place.map(|place| self.pop_to(place)).unwrap_or_default()
    }

    fn pop_to(&mut self, base: usize) -> Vec<Effect> {
        let above = self.stack.len().saturating_sub(base + 1);
        (0..above).flat_map(|_| self.pop()).collect()
    }

    fn refused(&mut self, reason: &str, text: &str) -> Vec<Effect> {
        self.ask_all(|view, state| view.refused(reason, text, state))
    }

    fn tell_all(&mut self) -> Vec<Effect> {
        self.ask_all(|view, state| view.scoped(state))
    }

    fn ask_all(&mut self, ask: impl Fn(&mut dyn View, &State) -> Steps) -> Vec<Effect> {
        let state = &self.state;
        let steps: Steps = self.stack.iter_mut().flat_map(|layer| ask(layer.view.as_mut(), state)).collect();
        self.run(steps)
    }

    fn on_reply(&mut self, ticket: Ticket, reply: Reply) -> Vec<Effect> {
        let Some(layer) = self.stack.iter_mut().find(|layer| layer.ticket == ticket) else { return Vec::new() };
        let steps = layer.view.reply(reply, &self.state);
        self.run(steps)
    }

    fn run(&mut self, steps: Steps) -> Vec<Effect> {
        steps.into_iter().flat_map(|step| self.step(step)).collect()
    }

    fn step(&mut self, step: Step) -> Vec<Effect> {
        match step {
            Step::Push(view) => return self.push(view),
            Step::Pop => return self.pop(),
            Step::Close => return self.close(),
            Step::Run(effect) => {
                match &effect {
                    Effect::Change { command, .. } => self.state.sent(command.clone()),
                    Effect::Forward(wish) => {
                        self.state.forwards.retain(|other| other.local != wish.local);
                        self.state.forwards.push((**wish).clone());
                    }
                    Effect::StopForward(port) => self.state.forwards.retain(|other| other.local != *port),
                    _ => {}
                }
                return vec![effect];
            }
            Step::Forget => self.state.undos.clear(),
            Step::Undoable(undo) => self.state.remember(*undo),
            Step::TakeBack(undo) => {
                self.state.undos.retain(|other| *other != *undo);
                self.state.sent(undo.command.clone());
                return vec![Effect::Undo(*undo)];
            }
            Step::Say(notice) => self.state.notice = Some(notice),
            Step::Log(command) => self.state.sent(command),
            Step::Read(command) => self.state.read(command),
            Step::Logged(command, result) => self.state.done(&command, result),
            Step::Answer(choice) => return self.ask_top(|view, state| view.answered(choice, state)),
            Step::Go(text) => match views::go(&text, &self.state) {
                Ok(steps) => return self.run(steps),
                Err(why) => {
                    // Kinds may have been added since: the next try may find it.
                    self.state.notice = Some(Notice::bad(why));
                    return vec![Effect::Discover];
                }
            },
            Step::Act(action) => return self.ask_top(|view, state| view.act(action, state)),
            Step::Home => {
                let home = self.stack.iter().rposition(|layer| layer.view.home()).unwrap_or(0);
                return self.pop_to(home);
            }
            Step::Root => return self.pop_to(0),
            Step::Refused { reason, text } => return self.refused(&reason, &text),
            Step::Remember(kind, prefs) => return self.remember(&kind, prefs),
            Step::Scope(scope) => {
                self.state.scope = scope;
                return self.tell_all();
            }
            Step::Seek(place) => {
                let before = self.state.past.as_ref().map(|past| past.place);
                self.state.seek(place);
                // Lists are asked for as they were then, and as they are on coming back; at the same place nothing is different.
                if before != place && (place.is_none() || self.stack.len() > 2) {
                    return self.tell_all();
                }
            }
            Step::Look(places) => self.state.look = places,
            Step::Leave if self.stack.iter().all(|layer| layer.view.holds().is_none()) => self.ended = true,
            Step::Leave | Step::AskToLeave => {
                let question = self.ask_to_leave();
                return self.push(question);
            }
            Step::Quit => self.ended = true,
            Step::Depart(view) => (self.ended, self.departure) = (true, Some(view)),
        }
        Vec::new()
    }

    /// Keeps how a kind is listed, also for the next time.
    fn remember(&mut self, kind: &str, prefs: Prefs) -> Vec<Effect> {
        self.state.memory.keep(kind, prefs);
        let Some(dir) = &self.state.data_dir else { return Vec::new() };
        vec![Effect::WriteFile { to: None, path: Memory::path(dir), text: self.state.memory.text() }]
    }

    fn push(&mut self, mut view: Box<dyn View>) -> Vec<Effect> {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let mut steps = view.opened(ticket, &self.state);
        for layer in &mut self.stack {
            steps.extend(layer.view.covered(&*view, &self.state));
        }
        self.stack.push(Layer { ticket, view });
        self.run(steps)
    }

    fn pop(&mut self) -> Vec<Effect> {
        let Some(layer) = self.stack.last().filter(|_| self.stack.len() > 1) else { return Vec::new() };
        match layer.view.holds() {
            None => self.close(),
            Some(why) => {
                let question = views::confirm::open("¿Cerrar sin terminar?", vec![why], None, vec![Step::Close]);
                self.push(question)
            }
        }
    }

    fn close(&mut self) -> Vec<Effect> {
        if self.stack.len() < 2 {
            return Vec::new();
        }
        let Some(mut layer) = self.stack.pop() else { return Vec::new() };
        let mut effects = self.run(layer.view.closed(&self.state));
        effects.push(Effect::Stop(layer.ticket));
        effects
    }
}

/// Rows that a notch of the wheel moves.
const NOTCH: usize = 3;

fn wheel(view: &mut dyn View, action: Action, state: &State) -> Steps {
    (0..NOTCH).flat_map(|_| view.act(action, state)).collect()
}
