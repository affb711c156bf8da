//! «¿Por qué falla?»: the causes found, each with what proves it, what to do, the command and the lesson. Always up to
//! date. Must not judge: `model::why` does.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use serde_json::Value;

use super::Entry;
use crate::tui::actions;
use crate::tui::keys::{self, Action, Binding, bind};
use crate::tui::model::catalog::{Listing, Target};
use crate::tui::model::facts::Pod;
use crate::tui::model::failure::Failure;
use crate::tui::model::format::{fit, pad, sentence, width};
use crate::tui::model::health::health;
use crate::tui::model::lesson::catalogue;
use crate::tui::model::light::Light;
use crate::tui::model::parts;
use crate::tui::model::why::{self, Case, Finding};
use crate::tui::model::world::World;
use crate::tui::msg::{Effect, Reply, Ticket};
use crate::tui::state::{Notice, State};
use crate::tui::theme::Theme;
use crate::tui::view::{Step, Steps, View, copied};
use crate::tui::widgets::panel::lines;
use crate::tui::widgets::text::{heading, light, span, wrap};
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "por-qué",
    words: &[],
    about: "Por qué falla un objeto: la causa, las pruebas, qué hacer y la lección que lo enseña",
    keys: KEYS,
    go: super::unreachable_by_word,
};

static KEYS: &[&[Binding]] = &[OWN, actions::ENTER, actions::FIRST, actions::PODS, actions::THEN, keys::MOVES];

/// The same of a kind without pods behind it.
static WITHOUT_PODS: &[&[Binding]] = &[OWN, actions::ENTER, actions::FIRST, actions::THEN, keys::MOVES];

static OWN: &[Binding] = &[
    bind(&["tab"], Action::Next, "otra causa", "Pasar a la causa siguiente"),
    bind(&["backtab"], Action::Previous, "", "Pasar a la causa anterior"),
    bind(&["c"], Action::Copy, "copiar", "Copiar el comando de la causa elegida"),
    bind(&["L"], Action::Lessons, "lección", "Abrir la lección que enseña la causa elegida"),
];

/// The widest that the place of a proof may be before what it says goes under it.
const PLACE: usize = 60;

#[derive(Debug)]
struct Why {
    target: Target,
    ticket: Ticket,
    /// The revision of the moment looked back at, when it was opened there.
    at: Option<u64>,
    object: Option<Result<Value, Failure>>,
    events: Vec<Value>,
    world: Option<World>,
    found: Vec<Finding>,
    chosen: usize,
    gone: bool,
}

/// Why an object fails.
pub fn open(target: Target) -> Box<dyn View> {
    Box::new(Why {
        target,
        ticket: Ticket::default(),
        at: None,
        object: None,
        events: Vec::new(),
        world: None,
        found: Vec::new(),
        chosen: 0,
        gone: false,
    })
}

impl Why {
    fn ask(&self) -> Steps {
        let target = &self.target;
        if let Some(at) = self.at {
            return vec![Step::Run(Effect::AsItWas(self.ticket, target.clone(), at))];
        }
        vec![
            Step::Run(Effect::Object(self.ticket, target.clone())),
            Step::Run(Effect::Events(self.ticket, target.clone())),
        ]
    }

    /// Looks at all that is known anew; the chosen cause stays chosen.
    fn judge(&mut self, state: &State) {
        let Some(Ok(object)) = &self.object else { return };
        let before = self.found.get(self.chosen).map(|finding| finding.id);
        let case = Case::new(object, &self.events, self.world.as_ref(), state.now);
        self.found = why::diagnose(&case.without(parts::off(&state.cluster)));
        self.chosen = self.found.iter().position(|finding| Some(finding.id) == before).unwrap_or(0);
    }

    fn lesson(&self) -> Steps {
        let Some(finding) = self.found.get(self.chosen) else { return vec![Step::Go("lecciones".into())] };
        let ready = catalogue().is_ok_and(|all| all.get(finding.lesson).is_some());
        match ready {
            true => vec![Step::Go(format!("leccion {}", finding.lesson))],
            false => vec![Step::Say(Notice::info(format!("la lección {} aún no está escrita", finding.lesson)))],
        }
    }

    fn copy(&self) -> Option<Steps> {
        self.found.get(self.chosen).map(|finding| copied(finding.command.clone()))
    }

    /// All lines, and at which the chosen cause begins and ends.
    fn body(&self, room: usize, state: &State) -> (Vec<Line<'static>>, (usize, usize)) {
        let theme = state.theme;
        let mut body = vec![Line::default()];
        let mut at = (0, 0);
        match &self.object {
            None => body.push(Line::styled("   preguntando al servidor…", theme.dim())),
            Some(Err(failure)) => body.push(Line::styled(format!("   ✕ {failure}"), theme.bad())),
            Some(Ok(object)) if self.found.is_empty() => body.extend(self.nothing(object, room, state)),
            Some(Ok(_)) => {
                for (index, finding) in self.found.iter().enumerate() {
                    let from = body.len();
                    body.extend(told(finding, index, index == self.chosen, room, theme));
                    if index == self.chosen {
                        at = (from, body.len());
                    }
                }
            }
        }
        if self.gone {
            body.insert(0, Line::styled("   ✕ ya no existe: esto es lo último que se supo", theme.bad()));
        }
        (body, at)
    }

    /// No cause is known: how it is doing, and what its events say.
    fn nothing(&self, object: &Value, room: usize, state: &State) -> Vec<Line<'static>> {
        let theme = state.theme;
        let (sign, word) = health(object);
        let text = match (self.world.is_some(), sign) {
            (false, _) => "mirando alrededor…",
            (true, Light::Bad) => "No se reconoce la causa: lee sus condiciones y eventos (d) y sus logs (l).",
            (true, _) => "No se ve nada que falle.",
        };
        let text = format!("{text}{}", elsewhere(sign, state));
        let head = Line::from(vec![
            span("   ", theme.text()),
            light(theme, sign),
            span(format!("{} ", self.target.short()), theme.strong()),
            span(word, theme.dim()),
        ]);
        let missing = self.world.iter().flat_map(|world| &world.missing);
        let missing = missing.map(|(kind, failure)| {
            Line::styled(format!("   no se pudo mirar {kind}: {}", failure.short()), theme.warn())
        });
        let told = wrap(&text, room.saturating_sub(8)).into_iter().map(|line| Line::raw(format!("   {line}")));
        [head, Line::default()].into_iter().chain(told).chain(missing).collect()
    }
}

/// What fails, when it is something else that was asked about.
fn elsewhere(sign: Light, state: &State) -> String {
    let ill = |pod: &&std::sync::Arc<Pod>| {
        (pod.fails() || pod.light == Light::Waiting) && state.scope.has(&pod.key.namespace)
    };
    let mut all = state.cluster.pods.values().filter(ill).filter(|_| sign != Light::Bad);
    let Some(first) = all.next() else { return String::new() };
    let more = match all.count() {
        0 => String::new(),
        more => format!(", y {more} más"),
    };
    format!(
        " Quien está en apuros es el pod {}{more}: en el puente, X sin elegir nada lleva al primero.",
        first.key.name
    )
}

/// One cause with all that belongs to it.
fn told(finding: &Finding, index: usize, chosen: bool, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let style = if chosen { theme.selected() } else { theme.strong() };
    let text = room.saturating_sub(10).max(20);
    let mut out = Vec::new();
    for (row, line) in wrap(&sentence(&finding.cause), text).into_iter().enumerate() {
        let lead = if row == 0 { format!("   {} ", index + 1) } else { "     ".into() };
        out.push(Line::from(vec![span(lead, theme.bad()), span(format!(" {line} "), style)]));
    }
    let section = |title: &str| {
        let line = heading(theme, title);
        Line::from([vec![span("     ", theme.text())], line.spans].concat()).style(line.style)
    };
    out.extend([Line::default(), section("pruebas")]);
    finding.proofs.iter().for_each(|proof| out.extend(proven(proof, text, theme)));
    out.extend([Line::default(), section("qué hacer")]);
    for (number, step) in finding.advice.iter().enumerate() {
        for (row, line) in wrap(step, text.saturating_sub(4)).into_iter().enumerate() {
            let lead = if row == 0 { format!("       {}. ", number + 1) } else { "          ".into() };
            out.push(Line::from(vec![span(lead, theme.accent()), span(line, theme.text())]));
        }
    }
    out.push(Line::from(vec![span("       $ ", theme.dim()), span(finding.command.clone(), theme.accent())]));
    out.push(Line::from(vec![span("       Lección ", theme.dim()), span(lesson(finding.lesson), theme.text())]));
    out.push(Line::default());
    out
}

/// Where it says so, and what it says: under it where there is no room beside.
fn proven(proof: &why::Proof, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let beside = width(&proof.place) <= PLACE && room >= PLACE + 30;
    let says = |room: usize| wrap(&proof.says, room.saturating_sub(10).max(16));
    if !beside {
        let place = Line::styled(fit(&format!("       {}", proof.place), room + 9), theme.dim());
        let under = says(room).into_iter().map(|line| Line::styled(format!("         {line}"), theme.warn()));
        return std::iter::once(place).chain(under).collect();
    }
    let rows = says(room - PLACE).into_iter().enumerate().map(|(row, line)| {
        let place = if row == 0 { proof.place.as_str() } else { "" };
        Line::from(vec![span(format!("       {}  ", pad(place, PLACE)), theme.dim()), span(line, theme.warn())])
    });
    rows.collect()
}

/// `7.5 · Peticiones y límites`.
fn lesson(id: &str) -> String {
    let course = catalogue().ok().and_then(|all| all.course());
    let title = course
        .and_then(|course| course.planned().find(|planned| planned.id == id).map(|planned| planned.title.clone()));
    title.map_or_else(|| id.to_string(), |title| format!("{id} · {title}"))
}

impl View for Why {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        let place = self.target.namespace.as_ref().map(|namespace| format!("{namespace} · ")).unwrap_or_default();
        format!("¿Por qué? · {place}{}", self.target.short())
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        if actions::has_pods(&self.target.resource) { KEYS } else { WITHOUT_PODS }
    }

    fn hint(&self, binding: &'static Binding, _: &State) -> &'static str {
        match binding.action {
            Action::Why => "",
            Action::Next if self.found.len() < 2 => "",
            Action::Copy | Action::Lessons if self.found.is_empty() => "",
            _ => binding.hint,
        }
    }

    fn shows(&self) -> Option<(&str, &str)> {
        Some((&self.target.resource.kind, &self.target.name))
    }

    fn opened(&mut self, ticket: Ticket, state: &State) -> Steps {
        (self.ticket, self.at) = (ticket, state.moment());
        let watch = self.at.is_none().then(|| Step::Run(Effect::Table(ticket, Listing::single(&self.target))));
        watch.into_iter().chain(self.ask()).collect()
    }

    fn reply(&mut self, reply: Reply, state: &State) -> Steps {
        match reply {
            Reply::Object(Err(failure)) if failure.missing() && self.object.is_some() => self.gone = true,
            Reply::Object(object) => {
                let wants = object.as_ref().map(|object| why::wants(object, state)).unwrap_or_default();
                self.object = Some(object);
                self.judge(state);
                return vec![Step::Run(Effect::World(self.ticket, wants))];
            }
            Reply::Events(Ok(events)) => {
                self.events = events;
                self.judge(state);
            }
            Reply::World(world) => {
                self.world = Some(*world);
                self.judge(state);
            }
            Reply::Row(_) => {
                self.gone = false;
                return self.ask();
            }
            Reply::RowGone(_) => self.gone = true,
            _ => {}
        }
        Steps::new()
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        match action {
            Action::Next if !self.found.is_empty() => self.chosen = (self.chosen + 1) % self.found.len(),
            Action::Previous if !self.found.is_empty() => {
                self.chosen = (self.chosen + self.found.len() - 1) % self.found.len();
            }
            Action::Next | Action::Previous => return vec![Step::Say(Notice::tip("no hay otra causa que ver"))],
            // Looked at already: looked at anew.
            Action::Why => return self.ask(),
            Action::Lessons => return self.lesson(),
            Action::Copy if !self.found.is_empty() => return self.copy().unwrap_or_default(),
            other => match actions::on(other, std::slice::from_ref(&self.target), state) {
                Some(steps) => return steps,
                None => self.chosen = window::step(self.chosen, self.found.len(), window::by(other, 3)),
            },
        }
        Steps::new()
    }

    fn ready(&self, _: &State) -> bool {
        self.world.is_some()
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let (mut body, (from, to)) = self.body(usize::from(area.width), state);
        let rows = usize::from(area.height);
        // The chosen cause is shown whole where it fits, from its beginning where it does not.
        let top = if to <= rows { 0 } else { from.min(body.len().saturating_sub(rows)) };
        lines(frame, area, body.drain(top..));
    }
}
