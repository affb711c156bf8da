//! The logs of a pod's containers, or of all pods of a workload, followed and put in the order of their time: filter with
//! its neighbours, since when, JSON made readable, wrap, times, the run before, save. Bounded in lines and bytes.

mod draw;
mod streams;

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::Entry;
use crate::tui::actions::behind;
use crate::tui::keys::{self, Action, Binding, bind};
use crate::tui::model::catalog::Target;
use crate::tui::model::log::{Log, Wanted};
use crate::tui::model::rows::Filter;
use crate::tui::msg::{Effect, Reply, Ticket};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View, copied, save, saved};
use crate::tui::widgets::input::Input;
use crate::tui::widgets::window;
use streams::Streams;

/// Lines shown before and after what a filter finds, one after the other.
const AROUND: &[usize] = &[0, 2, 5];
/// Minutes looked back, one after the other; all when 0.
const MINUTES: &[u32] = &[0, 1, 5, 15, 60];

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "logs",
    words: &[],
    about: "Lo que uno o varios contenedores escriben, en vivo",
    keys: KEYS,
    go: super::unreachable_by_word,
};

static KEYS: &[&[Binding]] = &[
    &[
        bind(&["f"], Action::Follow, "seguir", "Seguir el final, o quedarse quieto"),
        bind(&["/"], Action::Filter, "filtrar", "Solo las líneas que dicen algo; con ! delante, las que no"),
        bind(&["tab"], Action::Next, "otro pod", "Todos juntos, o uno tras otro: pods y contenedores"),
        bind(&["p"], Action::Earlier, "anterior", "Los logs de antes del último reinicio, o los de ahora"),
        bind(&["m"], Action::Since, "desde", "Solo lo del último minuto, de los últimos 5, 15 o 60, o todo"),
        bind(
            &["x"],
            Action::Context,
            "contexto",
            "Con 2 o 5 líneas alrededor de lo que encuentra el filtro, o sin ellas",
        ),
        bind(&["t"], Action::Timestamps, "horas", "Mostrar u ocultar la hora de cada línea"),
        bind(&["w"], Action::Wrap, "ajustar", "Partir las líneas largas, o cortarlas"),
        bind(&["J"], Action::Pretty, "JSON", "Leer las líneas en JSON como texto, o tal como son"),
        bind(&["ctrl-s"], Action::Save, "guardar", "Guardar lo que se ve en un archivo de la carpeta de datos"),
        bind(&["c"], Action::Copy, "", "Copiar el comando kubectl equivalente"),
        bind(&["esc"], Action::No, "", "Quitar el filtro; sin filtro, volver"),
    ],
    keys::MOVES,
];

#[derive(Debug)]
struct Logs {
    /// What was asked for: a pod, or what has pods.
    of: Target,
    ticket: Ticket,
    streams: Streams,
    /// Made when it opens: how much is kept is a setting.
    log: Log,
    filter: Option<Input>,
    typing: bool,
    wrap: bool,
    times: bool,
    pretty: bool,
    /// Place in [`AROUND`].
    around: usize,
    /// Lines hidden below the screen.
    above_end: usize,
    /// Whether what comes is not followed.
    still: bool,
}

/// Follows the logs of these pods, which are of one object: itself or those behind it.
pub fn open(of: Target, pods: Vec<Target>, previous: bool) -> Box<dyn View> {
    Box::new(Logs {
        of,
        ticket: Ticket::default(),
        streams: Streams::new(pods, previous),
        log: Log::new(1),
        filter: None,
        typing: false,
        wrap: true,
        times: false,
        pretty: true,
        around: 0,
        above_end: 0,
        still: false,
    })
}

impl Logs {
    /// Asks for all anew.
    fn restart(&mut self) -> Steps {
        self.log.clear();
        self.above_end = 0;
        let asked = self.streams.renew();
        let stop = [Step::Run(Effect::Stop(self.ticket)), Step::Read(self.command())];
        stop.into_iter().chain(self.follow(asked)).collect()
    }

    fn follow(&self, asked: Vec<streams::Asked>) -> Steps {
        asked.into_iter().map(|(number, request)| Step::Run(Effect::Logs(self.ticket, number, request))).collect()
    }

    /// A pod told which containers it has.
    fn learn(&mut self, pod: &serde_json::Value) -> Steps {
        let first = self.streams.is_empty();
        let asked = self.streams.learn(pod);
        let mut steps = self.follow(asked);
        if first {
            steps.push(Step::Read(self.command()));
        }
        steps
    }

    fn take(&mut self, number: u64, new: Vec<String>) {
        if !self.streams.has(number) {
            return;
        }
        let before = (self.still || self.above_end > 0).then(|| self.shown().len());
        self.log.take(number, new);
        // Who looks back is not moved by what comes.
        self.above_end += before.map_or(0, |before| self.shown().len().saturating_sub(before));
    }

    fn filter(&self) -> Filter {
        Filter::new(self.filter.as_ref().map_or("", Input::text))
    }

    fn shown(&self) -> Vec<usize> {
        let filter = self.filter();
        self.log.shown(&self.wanted(&filter))
    }

    fn wanted<'a>(&self, filter: &'a Filter) -> Wanted<'a> {
        Wanted { filter, source: self.streams.chosen(), around: AROUND[self.around] }
    }

    fn command(&self) -> String {
        self.streams.command(&self.of)
    }

    fn next(&mut self) -> Steps {
        self.above_end = 0;
        match self.streams.next() {
            true => vec![Step::Read(self.command())],
            false => vec![Step::Say(Notice::tip("hay un solo pod, con un solo contenedor"))],
        }
    }

    fn save(&self, state: &State) -> Steps {
        let filter = self.filter();
        let text = self.log.text(&self.wanted(&filter), |number| self.streams.lead(number));
        if text.is_empty() {
            return vec![Step::Say(Notice::tip("no hay ninguna línea que guardar"))];
        }
        save(self.ticket, (&format!("logs-{}", self.of.name), "txt"), text, state)
    }

    /// What to say of a key that would change how lines look.
    fn empty(&self) -> &'static str {
        match self.streams.previous {
            true => "no hay ninguna línea de antes; p vuelve a los logs de ahora",
            false => "todavía no hay ninguna línea",
        }
    }

    fn context(&mut self) -> Steps {
        if self.filter.is_none() {
            return vec![Step::Say(Notice::tip(
                "primero filtra (/): el contexto son las líneas vecinas de lo que encuentra",
            ))];
        }
        (self.around, self.above_end) = ((self.around + 1) % AROUND.len(), 0);
        Steps::new()
    }

    fn scroll(&mut self, action: Action, state: &State) {
        let by = window::by(action, usize::from(state.size.1.saturating_sub(6)));
        self.above_end = window::step(self.above_end, self.shown().len(), by.checked_neg().unwrap_or(isize::MAX));
        self.still &= by <= 0;
    }
}

impl View for Logs {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        format!("Logs · {}", if self.of.resource.kind == "Pod" { self.of.name.clone() } else { self.of.short() })
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        if self.typing { keys::FILTERING } else { KEYS }
    }

    fn hint(&self, binding: &'static Binding, _: &State) -> &'static str {
        match binding.action {
            Action::Next if self.streams.all().len() < 2 => "",
            Action::Earlier if self.streams.previous => "los de ahora",
            Action::Follow if self.still || self.above_end > 0 => "seguir",
            Action::Follow if !self.streams.over() => "parar",
            _ => binding.hint,
        }
    }

    fn typing(&self) -> bool {
        self.typing
    }

    fn opened(&mut self, ticket: Ticket, state: &State) -> Steps {
        self.ticket = ticket;
        self.log = Log::new(state.settings.log_lines);
        self.streams.tail = state.settings.log_tail;
        let look = |pod: &Target| Step::Run(Effect::Object(ticket, pod.clone()));
        self.streams.pods().iter().map(look).collect()
    }

    /// Pods that came since are followed too.
    fn learned(&mut self, state: &State) -> Steps {
        let new = self.streams.join(behind::pods(&self.of, state));
        new.into_iter().map(|pod| Step::Run(Effect::Object(self.ticket, pod))).collect()
    }

    fn reply(&mut self, reply: Reply, _: &State) -> Steps {
        match reply {
            Reply::Object(Ok(pod)) => return self.learn(&pod),
            Reply::Object(Err(failure)) => self.streams.refused(failure),
            Reply::Lines(number, lines) => self.take(number, lines),
            Reply::LogEnd(number, failure) => self.streams.ended(number, failure),
            Reply::Saved(answer) => return saved(answer),
            _ => {}
        }
        Steps::new()
    }

    fn key(&mut self, key: KeyEvent, _: &State) -> Option<Steps> {
        let input = self.filter.get_or_insert_default();
        match key.code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => (self.typing, self.filter) = (false, None),
            _ if input.key(key) => self.above_end = 0,
            _ => return None,
        }
        Some(Steps::new())
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        // How lines look is nothing to choose where none is.
        let looks = matches!(action, Action::Wrap | Action::Timestamps | Action::Pretty | Action::Follow);
        if self.log.is_empty() && (looks || (action == Action::Since && self.streams.previous)) {
            return vec![Step::Say(Notice::tip(self.empty()))];
        }
        match action {
            Action::Filter => {
                self.filter.get_or_insert_default();
                self.typing = true;
            }
            Action::No if self.filter.is_some() => (self.filter, self.around) = (None, 0),
            Action::No => return vec![Step::Pop],
            Action::Follow => (self.still, self.above_end) = (!self.still && self.above_end == 0, 0),
            Action::Wrap => self.wrap = !self.wrap,
            Action::Timestamps => self.times = !self.times,
            Action::Pretty => self.pretty = !self.pretty,
            Action::Context => return self.context(),
            Action::Earlier => {
                self.streams.previous = !self.streams.previous;
                return self.restart();
            }
            Action::Since => {
                let now = MINUTES.iter().position(|minutes| *minutes == self.streams.minutes).unwrap_or(0);
                self.streams.minutes = MINUTES[(now + 1) % MINUTES.len()];
                return self.restart();
            }
            Action::Next => return self.next(),
            Action::Save => return self.save(state),
            Action::Copy => return copied(self.command()),
            other => self.scroll(other, state),
        }
        Steps::new()
    }

    fn ready(&self, _: &State) -> bool {
        !self.log.is_empty() || self.streams.over()
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        draw::draw(self, frame, area, state);
    }
}
