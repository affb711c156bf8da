//! The time line: the bridge as it was, step by step or played, and what is different now. While it is open every view shows
//! that moment and nothing can be changed; closing it comes back to now.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Entry, bridge};
use crate::tui::actions;
use crate::tui::keys::{Action, Binding, bind};
use crate::tui::model::format::{ago, fit, thousands};
use crate::tui::model::removals;
use crate::tui::model::timeline::compare;
use crate::tui::msg::{Effect, Reply, Ticket};
use crate::tui::state::{Notice, State};
use crate::tui::theme::Theme;
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::{lines, row};
use crate::tui::widgets::text::{heading, sides, span};

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "línea de tiempo",
    words: &["tiempo", "timeline"],
    about: "Volver atrás en el tiempo: el puente y las listas como estaban, paso a paso o reproducidos",
    keys: KEYS,
    go: |_, _| Ok(vec![Step::Push(Box::<Timeline>::default())]),
};

static KEYS: &[&[Binding]] = &[OWN, ON_BRIDGE, actions::ENTER, actions::FIRST];

/// Choosing on the bridge as it was, and looking into what is chosen.
static ON_BRIDGE: &[Binding] = &[
    bind(&["tab"], Action::Next, "", "Pasar a la sección siguiente del puente"),
    bind(&["backtab"], Action::Previous, "", "Pasar a la sección anterior del puente"),
    bind(&["down", "j"], Action::Down, "", "Bajar en el puente"),
    bind(&["up", "k"], Action::Up, "", "Subir en el puente"),
];

static OWN: &[Binding] = &[
    bind(&["left"], Action::Left, "atrás", "Un cambio hacia atrás"),
    bind(&["right"], Action::Right, "", "Un cambio hacia adelante"),
    bind(
        &["D"],
        Action::Delete,
        "borrado",
        "Saltar a justo antes del último borrado que alguien pidió; otra vez, al anterior",
    ),
    bind(&["v"], Action::Table, "comparar", "Ver qué es distinto ahora, o volver al puente"),
    bind(&["space"], Action::Mark, "reproducir", "Reproducir desde aquí, o parar"),
    bind(&["+"], Action::ScaleUp, "", "Reproducir más deprisa"),
    bind(&["-"], Action::ScaleDown, "", "Reproducir más despacio"),
    bind(&["E"], Action::Events, "evento", "Saltar al evento anterior"),
    bind(&["ctrl-n"], Action::NextFound, "", "Saltar al evento siguiente"),
    bind(&["pgup"], Action::PageUp, "", "Cincuenta cambios hacia atrás"),
    bind(&["pgdn"], Action::PageDown, "", "Cincuenta cambios hacia adelante"),
    bind(&["g", "home"], Action::Top, "", "Ir al principio de lo que se recuerda"),
    bind(&["G", "end"], Action::Bottom, "", "Ir a ahora, sin cerrar"),
    bind(&["t", "esc", "q"], Action::Back, "volver a ahora", "Volver a ahora"),
];

/// Changes of a page.
const PAGE: usize = 50;
/// How much quicker than it happened.
const SPEEDS: [u32; 5] = [1, 2, 4, 8, 16];
/// The longest pause of a play: nobody wants to wait through an idle hour.
const LONGEST: Duration = Duration::from_secs(1);
/// The shortest, so that each change is seen.
const SHORTEST: Duration = Duration::from_millis(40);
/// Rows of the bar.
const BAR: u16 = 3;

#[derive(Debug)]
struct Timeline {
    ticket: Ticket,
    bridge: Box<dyn View>,
    playing: bool,
    speed: usize,
    comparing: bool,
    /// Which pause is awaited: those of a play that was stopped do not count.
    turn: u64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { ticket: Ticket::default(), bridge: bridge::open(), playing: false, speed: 2, comparing: false, turn: 0 }
    }
}

impl Timeline {
    /// Where one is; at now before anything was asked for.
    fn place(state: &State) -> usize {
        state.past.as_ref().map_or(state.timeline.last(), |past| past.place)
    }

    fn go(place: usize, state: &State) -> Steps {
        let place = place.clamp(state.timeline.first(), state.timeline.last());
        vec![Step::Seek(Some(place))]
    }

    /// The next change of a play after the pause that it had, shortened.
    fn play(&mut self, state: &State) -> Steps {
        let (here, line) = (Self::place(state), &state.timeline);
        let next = line.step(here, true);
        if next == here {
            self.playing = false;
            return vec![Step::Say(Notice::tip("ya es ahora: Esc vuelve a en vivo"))];
        }
        self.turn += 1;
        let between = line.at(next).zip(line.at(here)).map_or(0, |(to, from)| to.duration_since(from).as_millis());
        let real = Duration::from_millis(u64::try_from(between).unwrap_or(0));
        let pause = (real / SPEEDS[self.speed]).clamp(SHORTEST, LONGEST);
        vec![Step::Run(Effect::Pause(self.ticket, self.turn, pause))]
    }

    /// To the moment before somebody deleted something.
    fn before_removal(&mut self, state: &State) -> Steps {
        let Some(removal) = removals::before(&state.timeline, Self::place(state)) else {
            return vec![Step::Say(Notice::tip("antes de este momento nadie pidió borrar nada que se recuerde"))];
        };
        self.playing = false;
        let mut steps = Self::go(removal.place, state);
        steps.push(Step::Say(Notice::tip(format!("justo antes de que se borrara: {}", removal.says))));
        steps
    }

    fn toggle(&mut self, state: &State) -> Steps {
        self.playing = !self.playing;
        if self.playing { self.play(state) } else { Steps::new() }
    }

    fn bar(&self, state: &State, room: usize) -> [Line<'static>; 3] {
        let (theme, line, place) = (state.theme, &state.timeline, Self::place(state));
        let last = line.last();
        let (steps, all) = (line.steps(place), line.steps(last));
        let at = line.at(place).unwrap_or(state.now);
        let when = if place == last { "ahora".into() } else { ago(at, state.clock) };
        let clock = at.strftime("%H:%M:%S").to_string();
        let count = format!("cambio {} de {}", thousands(steps as u64), thousands(all as u64));
        let play = if self.playing { "▶ reproduciendo" } else { "❚❚ parado" };
        let left = Line::from(vec![
            span(format!(" ◀ {clock} UTC "), theme.warn()),
            span(format!(" {when} · {count}"), theme.text()),
        ]);
        let right = Line::styled(format!("{play} · ×{} ", SPEEDS[self.speed]), theme.accent());
        let told = state.past.as_ref().map_or("", |past| past.told.as_str());
        let told = fit(&format!(" {told}"), room);
        [sides(left, right, room), track(theme, (steps, all), room), Line::styled(told, theme.text())]
    }

    fn differences(state: &State, area: Rect, frame: &mut Frame) {
        let theme = state.theme;
        let Some(past) = &state.past else {
            return lines(frame, area, [Line::default(), Line::raw("   Esto es ahora: ve atrás (←) para comparar.")]);
        };
        let found = compare(&state.cluster, &past.live);
        let rows = found.iter().map(|each| {
            let style = match each.sign {
                '+' => theme.good(),
                '-' => theme.bad(),
                _ => theme.warn(),
            };
            let says = fit(&each.says, usize::from(area.width).saturating_sub(5));
            Line::from(vec![span(format!("   {} ", each.sign), style), span(says, theme.text())])
        });
        let head = [heading(theme, "desde entonces hasta ahora"), Line::default()];
        let none = found.is_empty().then(|| Line::raw("   nada es distinto"));
        lines(frame, area, head.into_iter().chain(rows).chain(none));
    }
}

/// `────●────`.
fn track(theme: Theme, (place, total): (usize, usize), room: usize) -> Line<'static> {
    let room = room.saturating_sub(2).max(1);
    let at = (place * (room - 1)).checked_div(total).unwrap_or(room - 1);
    Line::from(vec![
        span(" ", theme.text()),
        span("━".repeat(at), theme.accent()),
        span("●", theme.warn()),
        span("─".repeat(room - 1 - at), theme.dim()),
    ])
}

impl View for Timeline {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        "Línea de tiempo".into()
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn hint(&self, binding: &'static Binding, _: &State) -> &'static str {
        match binding.action {
            Action::Table if self.comparing => "volver al puente",
            Action::Mark if self.playing => "parar",
            Action::Describe | Action::Why | Action::Actions if self.comparing => "",
            _ => binding.hint,
        }
    }

    fn opened(&mut self, ticket: Ticket, state: &State) -> Steps {
        self.ticket = ticket;
        Self::go(state.timeline.last(), state)
    }

    fn closed(&mut self, _: &State) -> Steps {
        vec![Step::Seek(None)]
    }

    fn reply(&mut self, reply: Reply, state: &State) -> Steps {
        match reply {
            Reply::Pause(turn) if turn == self.turn && self.playing => {
                let mut steps = Self::go(state.timeline.step(Self::place(state), true), state);
                steps.push(Step::Act(Action::Follow));
                steps
            }
            _ => Steps::new(),
        }
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        let (line, here) = (&state.timeline, Self::place(state));
        let to = match action {
            Action::Left => line.step(here, false),
            Action::Right => line.step(here, true),
            Action::PageUp => line.leap(here, false, PAGE),
            Action::PageDown => line.leap(here, true, PAGE),
            Action::Top => line.first(),
            Action::Bottom => line.last(),
            Action::Events => line.event(here, false),
            Action::NextFound => line.event(here, true),
            Action::Delete => return self.before_removal(state),
            Action::Mark => return self.toggle(state),
            Action::Follow if self.playing => return self.play(state),
            Action::ScaleUp => {
                self.speed = (self.speed + 1).min(SPEEDS.len() - 1);
                return Steps::new();
            }
            Action::ScaleDown => {
                self.speed = self.speed.saturating_sub(1);
                return Steps::new();
            }
            Action::Table => {
                self.comparing = !self.comparing;
                return Steps::new();
            }
            Action::Back => return vec![Step::Pop],
            _ if self.comparing => return vec![Step::Say(Notice::tip("v vuelve al puente: ahí se elige"))],
            other => return self.bridge.act(other, state),
        };
        self.playing = false;
        if to == here && state.past.is_some() {
            let end = if here == line.last() {
                "ya es ahora: Esc vuelve a en vivo"
            } else {
                "no hay nada más en esa dirección"
            };
            return vec![Step::Say(Notice::tip(end))];
        }
        Self::go(to, state)
    }

    fn pulses(&self) -> bool {
        true
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let above = Rect { height: area.height.saturating_sub(BAR), ..area };
        match self.comparing {
            true => Self::differences(state, above, frame),
            false => self.bridge.draw(frame, above, state),
        }
        for (at, line) in (above.height..).zip(self.bar(state, usize::from(area.width))) {
            row(frame, area, at, line);
        }
    }
}
