//! A lesson under way: its panel beside the live bridge, or in turns with it where there is little room. Nothing goes on
//! by itself: the learner presses a key. Must not judge: the session does.

mod asks;
mod body;
mod draw;
mod foot;
mod keys;
mod order;
mod strokes;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ratatui::Frame;
use ratatui::crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::editor::{LessonFile, Source};
use super::{Entry, bridge};
use crate::lessons::{Change, Lesson, Session};
use crate::tui::keys::{Action, Binding};
use crate::tui::model::lesson::{Meters, News, catalogue};
use crate::tui::model::scope::Scope;
use crate::tui::msg::{Effect, Reply, Ticket};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View, copied};
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "leccion",
    words: &["leccion", "lección", "lesson"],
    about: "Una lección: `:leccion 1.3`",
    keys: keys::IN_PANEL,
    go,
};

fn go(state: &State, id: &str) -> Result<Steps, String> {
    if id.is_empty() {
        return Ok(vec![Step::Go("lecciones".into())]);
    }
    let lesson = catalogue()?.get(id).ok_or_else(|| format!("no hay lección {id}: míralas con :lecciones"))?;
    let here = match &state.practice {
        Some(own) => own == id,
        None => lesson.setup.cluster.is_none(),
    };
    match here {
        true => Ok(vec![Step::Root, Step::Push(Box::new(Play::new(Arc::clone(lesson))))]),
        false => Ok(vec![Step::Depart(format!("leccion {id}"))]),
    }
}

/// How far the setting up is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Preparing,
    Running,
    /// Why it cannot be played.
    Broken(String),
}

/// A lesson under way.
#[derive(Debug)]
struct Play {
    lesson: Arc<Lesson>,
    session: Session,
    phase: Phase,
    meters: Meters,
    ticket: Ticket,
    /// What the other view looks at while it is not ours.
    scope_before: Scope,
    bridge: Box<dyn View>,
    /// Whether keys go to the bridge.
    on_bridge: bool,
    /// Whether they went there before.
    been_there: bool,
    /// The lesson's own keys that were pressed, in order.
    pressed: Vec<strokes::Pressed>,
    /// The key that was asked to wait for the prediction.
    hasty: Option<char>,
    /// The views that were opened in this step.
    been: Vec<&'static str>,
    /// The option marked in the question.
    marked: usize,
    /// Whether the learner marked it.
    chose: bool,
    /// Items of an order taken so far, by their right places.
    picked: Vec<usize>,
    /// The first line of the body shown.
    top: usize,
    /// Whether the marked option, or what the run answered, must be brought into sight.
    follow: bool,
    /// Whether the learner was told that nothing is being kept.
    unkept: bool,
    /// When the step was completed.
    completed: Option<Timestamp>,
}

/// A key this soon after a step's completion was meant for what was there before.
const BLINK: SignedDuration = SignedDuration::from_millis(600);

impl Play {
    fn new(lesson: Arc<Lesson>) -> Self {
        Self {
            session: Session::new(Arc::clone(&lesson)),
            lesson,
            phase: Phase::Preparing,
            meters: Meters::default(),
            ticket: Ticket::default(),
            scope_before: Scope::default(),
            bridge: bridge::open(),
            on_bridge: false,
            been_there: false,
            pressed: Vec::new(),
            hasty: None,
            been: Vec::new(),
            marked: 0,
            chose: false,
            picked: Vec::new(),
            top: 0,
            follow: false,
            unkept: false,
            completed: None,
        }
    }

    /// Begins, or begins anew: what was written in the lesson's files belongs to the last time.
    fn begin(&mut self, state: &State) -> Steps {
        self.session = Session::new(Arc::clone(&self.lesson));
        (self.phase, self.meters, self.unkept) = (Phase::Preparing, Meters::default(), false);
        self.turn_page();
        self.pressed.clear();
        let stale = self.drafts(state).into_iter().map(|path| Step::Run(Effect::RemoveFile(path)));
        let set_up = Step::Run(Effect::Lesson(self.ticket, Arc::clone(&self.lesson)));
        stale.chain([Step::Forget, set_up]).collect()
    }

    fn drafts(&self, state: &State) -> Vec<PathBuf> {
        let Some(dir) = &state.data_dir else { return Vec::new() };
        let files = self.lesson.steps.iter().filter_map(|step| step.edit.as_ref());
        files.map(|name| self.source(name, "").draft(dir, &state.context)).collect()
    }

    fn source(&self, name: &str, text: &str) -> Source {
        Source::Lesson(LessonFile { lesson: self.lesson.id.clone(), name: name.into(), text: text.into() })
    }

    fn turn_page(&mut self) {
        (self.marked, self.chose, self.top, self.follow, self.completed) = (0, false, 0, false, None);
        self.picked.clear();
        self.been.clear();
        self.hasty = None;
    }

    /// The bridge highlights what the step is about.
    fn look(&self) -> Step {
        let finished = self.session.finished();
        Step::Look(if finished { Vec::new() } else { self.session.view().look.to_vec() })
    }

    /// The question that waits for an answer, and how many options or items it has.
    fn pending(&self) -> Option<(String, usize)> {
        let question = self.session.view().question.filter(|_| !self.session.finished())?;
        let waits = match question.items.len() {
            0 => question.chosen.is_none(),
            items => question.in_place != Some(items),
        };
        waits.then(|| (question.id.to_string(), question.options.len() + question.items.len()))
    }

    /// The right places of the items to put in order, as they are shown.
    fn items(&self) -> Vec<usize> {
        let question = self.session.view().question;
        question.map(|question| question.items.iter().map(|(place, _)| *place).collect()).unwrap_or_default()
    }

    /// Enter on a question: answers with the marked option, or takes an item, or hands the order in.
    fn respond(&mut self, question: &str, state: &State) -> Steps {
        let items = self.items();
        if items.is_empty() && !self.chose {
            // Enter may have been meant for something else: nobody predicts by accident.
            return vec![Step::Say(Notice::tip("elige una opción con su número o con ↑ ↓; Enter la responde"))];
        }
        if items.is_empty() {
            self.session.answer(question, self.marked);
            return self.progressed(state);
        }
        if self.picked.len() < items.len() {
            order::toggle(&mut self.picked, items[self.marked.min(items.len() - 1)]);
            let free = |index: &usize| !self.picked.contains(&items[*index]);
            self.marked = (0..items.len()).find(free).unwrap_or(self.marked);
            return Steps::new();
        }
        self.session.put_in_order(question, &std::mem::take(&mut self.picked));
        self.marked = 0;
        let near = self.session.view().question.as_ref().and_then(order::near);
        let told = near.map(|near| Step::Say(Notice::tip(near)));
        self.progressed(state).into_iter().chain(told).collect()
    }

    /// Something has turned green: if that completes the step, what the run answered is read first.
    fn progressed(&mut self, state: &State) -> Steps {
        let mut steps = self.keep(state);
        if self.session.can_advance() {
            (self.top, self.follow, self.completed) = (usize::MAX, true, Some(state.clock));
            steps.push(Step::Say(Notice::info("paso completo")));
        }
        steps
    }

    fn keep(&self, state: &State) -> Steps {
        let Some(dir) = state.data_dir.clone().filter(|_| self.phase == Phase::Running) else { return Steps::new() };
        vec![Step::Run(Effect::KeepProgress(self.ticket, dir, Box::new(self.session.clone())))]
    }

    /// Enter: answers, goes on, or leaves for the next lesson; else says what is missing.
    fn onward(&mut self, state: &State) -> Steps {
        if self.phase != Phase::Running {
            return Steps::new();
        }
        if self.session.finished() {
            let next = self.next_lesson().map(|lesson| format!("leccion {}", lesson.id));
            return vec![Step::Go(next.unwrap_or_else(|| "lecciones".into()))];
        }
        if let Some((question, _)) = self.pending() {
            if !draw::in_sight(self, state) {
                self.read_on(state);
                return Steps::new();
            }
            return self.respond(&question, state);
        }
        if self.session.can_advance() && !self.was_told(state) {
            (self.top, self.follow) = (usize::MAX, true);
            return Steps::new();
        }
        if !self.session.advance() {
            let help = if self.session.view().hint_available { "; si te atascas, pide una pista con i" } else { "" };
            return vec![Step::Say(Notice::tip(format!("aún hay objetivos sin cumplir (○, ◐){help}")))];
        }
        self.turn_page();
        let mut steps = self.keep(state);
        steps.push(self.look());
        steps.extend(self.happens());
        steps
    }

    /// Whether what the run answered could be read: it is in sight, and has been for longer than a key is on its way.
    fn was_told(&self, state: &State) -> bool {
        let asked = self.lesson.steps[self.session.step()].question.is_some();
        let since = self.completed.map(|at| state.clock.duration_since(at));
        !asked || (since.is_none_or(|since| since >= BLINK) && draw::verdict_in_sight(self, state))
    }

    /// What happens by itself in the step that begins.
    fn happens(&self) -> Option<Step> {
        let step = self.session.step();
        let any = !self.session.finished() && !self.lesson.steps[step].happens.is_empty();
        any.then(|| Step::Run(Effect::LessonStep(self.ticket, Arc::clone(&self.lesson), step)))
    }

    fn next_lesson(&self) -> Option<&'static Arc<Lesson>> {
        let all = catalogue().ok()?.lessons();
        let at = all.iter().position(|lesson| lesson.id == self.lesson.id)?;
        all.get(at + 1)
    }

    fn hint(&mut self, state: &State) -> Steps {
        if !state.hints {
            return vec![Step::Say(Notice::tip("en esta sesión las pistas están ocultas"))];
        }
        if self.session.finished() || self.session.can_advance() {
            let way = if self.on_bridge { "Tab y Enter" } else { "Enter" };
            return vec![Step::Say(Notice::tip(format!("este paso ya está hecho: sigue con {way}")))];
        }
        if self.lesson.steps[self.session.step()].hints.is_none() {
            return vec![Step::Say(Notice::tip("aquí no hay pistas: esta noche estás de guardia"))];
        }
        if !self.session.hint() {
            return vec![Step::Say(Notice::tip(match self.session.hints_given() {
                0 => "aún no hay pista: llega tras un intento, o en medio minuto",
                _ => "prueba lo de la última pista: la otra llega en medio minuto",
            }))];
        }
        self.top = usize::MAX;
        self.on_bridge = self.on_bridge && draw::wide(state.size);
        self.keep(state)
    }

    fn in_panel(&mut self, action: Action, state: &State) -> Steps {
        match action {
            Action::Enter => return self.onward(state),
            Action::Edit if self.predicts_first() && self.hasty.replace('e') != Some('e') => {
                return self.ask_before('e', state);
            }
            Action::Edit => return self.edit(),
            Action::Copy => return self.copy(),
            Action::Shell => return vec![Step::Go("terminal".into())],
            // Nothing of it stands yet: there is nothing to ask about.
            Action::Restart if matches!(self.phase, Phase::Broken(_)) => return self.begin(state),
            Action::Restart => return self.ask_again(),
            Action::Back if self.session.finished() => return vec![Step::Close],
            Action::Back => self.on_bridge = true,
            Action::Choose(option) => self.mark(option),
            Action::Down | Action::Up => self.move_by(window::by(action, 1)),
            other => self.top = window::step(self.top, usize::MAX, window::by(other, draw::page(self, state))),
        }
        Steps::new()
    }

    fn mark(&mut self, option: usize) {
        if self.pending().is_some_and(|(_, options)| option < options) {
            (self.marked, self.chose, self.follow) = (option, true, true);
            if let Some(place) = self.items().get(option) {
                order::toggle(&mut self.picked, *place);
            }
        }
    }

    /// With a question, among its options; else line by line.
    fn move_by(&mut self, by: isize) {
        match self.pending() {
            Some((_, options)) => {
                // The first step goes to the nearest end.
                let first = if by > 0 { 0 } else { options.saturating_sub(1) };
                let ordered = !self.items().is_empty();
                let to = if self.chose || ordered { window::step(self.marked, options, by) } else { first };
                (self.marked, self.chose, self.follow) = (to, true, true);
            }
            None => self.top = self.top.saturating_add_signed(by),
        }
    }

    fn news(&mut self, news: News, state: &State) -> Steps {
        match news {
            News::Started => {
                self.phase = Phase::Running;
                return [self.look()].into_iter().chain(self.happens()).chain(Self::ready_now(state)).collect();
            }
            News::Refused { reason, text } => {
                self.was_refused();
                let said = Step::Say(Notice::bad(strokes::refusal(&text)));
                return self.refused(&reason, &text, state).into_iter().chain([said]).collect();
            }
            News::Tried => self.in_vain(),
            News::Failed(why) => self.phase = Phase::Broken(why),
            News::Ended => self.phase = Phase::Broken("se dejó de recibir lo que pasa en el clúster".into()),
            News::Moments(moments) => {
                let mut green = false;
                for moment in &moments {
                    self.meters.take(moment);
                    green |= self.session.observe(moment);
                }
                if green {
                    return self.progressed(state);
                }
            }
        }
        Steps::new()
    }
}

impl View for Play {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        format!("Lección {} · {}", self.lesson.id, self.lesson.title)
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        match self.phase {
            _ if self.on_bridge => keys::ON_BRIDGE,
            Phase::Preparing => keys::PREPARING,
            Phase::Broken(_) => keys::BROKEN,
            Phase::Running if self.session.view().edit.is_some() => keys::IN_PANEL,
            Phase::Running => keys::WITHOUT_EDITOR,
        }
    }

    /// Those of the step.
    fn letters(&self) -> Vec<(char, String)> {
        let running = matches!(self.phase, Phase::Running) && !self.session.finished();
        let keys = if running { self.session.view().keys } else { Vec::new() };
        keys.into_iter().map(|one| (one.key, one.text.to_owned())).collect()
    }

    fn home(&self) -> bool {
        true
    }

    fn opened(&mut self, ticket: Ticket, state: &State) -> Steps {
        self.ticket = ticket;
        self.scope_before.clone_from(&state.scope);
        let mut steps = vec![Step::Scope(Scope::one(&self.lesson.setup.namespace))];
        steps.extend(self.begin(state));
        steps
    }

    fn closed(&mut self, state: &State) -> Steps {
        let mut steps = self.keep(state);
        steps.extend([Step::Look(Vec::new()), Step::Scope(std::mem::take(&mut self.scope_before))]);
        // Its own cluster ends with the lesson; in a common one everything runs again.
        steps.push(match state.practice {
            Some(_) => Step::Depart("lecciones".into()),
            None => Step::Run(Effect::LeaveLesson(Arc::clone(&self.lesson))),
        });
        steps
    }

    fn stroke(&mut self, letter: char, state: &State) -> Option<Steps> {
        let running = self.phase == Phase::Running && !self.session.finished();
        running.then(|| self.press(letter, state)).flatten()
    }

    fn stray(&self, key: KeyEvent, state: &State) -> Steps {
        self.astray(key, state).map(|told| Step::Say(Notice::tip(told))).into_iter().collect()
    }

    fn covered(&mut self, by: &dyn View, state: &State) -> Steps {
        if self.phase != Phase::Running {
            return Steps::new();
        }
        self.been.push(by.name());
        let mut green = self.session.did(Change::Used(by.name().into()));
        if let Some((kind, name)) = by.shows() {
            green |= self.session.did(Change::Opened { kind: kind.into(), name: name.into() });
        }
        // What is tried there may be refused, or be something else than what is asked for.
        if !green {
            self.session.tried();
        }
        if green { self.keep(state) } else { Steps::new() }
    }

    fn reply(&mut self, reply: Reply, state: &State) -> Steps {
        match reply {
            Reply::Lesson(news) => self.news(news, state),
            Reply::Progress(Err(why)) if !self.unkept => {
                self.unkept = true;
                vec![Step::Say(Notice::bad(format!("tu progreso no se guarda: {why}")))]
            }
            _ => Steps::new(),
        }
    }

    fn refused(&mut self, reason: &str, text: &str, state: &State) -> Steps {
        if self.phase == Phase::Running && self.session.observe_refusal(reason, text) {
            return self.progressed(state);
        }
        Steps::new()
    }

    fn answered(&mut self, choice: Option<usize>, _: &State) -> Steps {
        choice.and_then(|at| self.session.view().commands.get(at).cloned()).map(copied).unwrap_or_default()
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        match action {
            Action::Next => {
                self.on_bridge = !self.on_bridge;
                // The first time, on what the step looks at: a key then does what the text says.
                let running = self.phase == Phase::Running;
                if self.on_bridge && running && !std::mem::replace(&mut self.been_there, true) {
                    return self.bridge.act(Action::Down, state);
                }
            }
            Action::Yes => return self.begin(state),
            Action::Hint => return self.hint(state),
            Action::Back if self.on_bridge => return self.ask_to_leave(),
            other if self.on_bridge => return self.bridge.act(other, state),
            other => return self.in_panel(other, state),
        }
        Steps::new()
    }

    fn settle(&mut self, state: &State) {
        self.bridge.settle(state);
        (self.top, self.follow) = (draw::top(self, state), false);
    }

    fn ready(&self, state: &State) -> bool {
        self.phase != Phase::Preparing && self.bridge.ready(state)
    }

    fn pulses(&self) -> bool {
        true
    }

    fn ticks(&self, state: &State) -> Option<Duration> {
        self.bridge.ticks(state)
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        draw::draw(self, frame, area, state);
    }
}
