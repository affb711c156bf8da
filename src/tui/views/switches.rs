//! The switches: every part of the cluster, how it is doing, and turning it off or on; what will be seen is said first.

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Entry;
use crate::client::timonel as own;
use crate::tui::actions;
use crate::tui::keys::{self, Action, Binding, bind};
use crate::tui::model::catalog::{Resource, Target};
use crate::tui::model::facts::Component;
use crate::tui::model::format::{age, fit, pad, seconds_between, width};
use crate::tui::model::parts;
use crate::tui::msg::{Deed, Ticket};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::lines;
use crate::tui::widgets::text::{clip, heading, light, span, wrap};
use crate::tui::widgets::window;

/// Columns beside a part's name for its light, its state and how much it is asked: a long name leaves them.
const FIGURES: usize = 48;
/// Columns below which what a part is about says nothing.
const A_FEW_WORDS: usize = 36;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "interruptores",
    words: &["interruptores", "partes", "switches"],
    about: "Encender y apagar las partes del clúster: plano de control, kubelets, red y proveedor",
    keys: KEYS,
    go: |_, name| Ok(vec![Step::Push(open(name))]),
};

static KEYS: &[&[Binding]] = &[
    &[
        bind(
            &["enter", "space", "o"],
            Action::Switches,
            "encender o apagar",
            "Apagar o encender la parte elegida (dice antes qué se verá)",
        ),
        bind(&["y"], Action::Yaml, "YAML", "Su objeto Component entero"),
    ],
    keys::MOVES,
];

#[derive(Debug)]
struct Switches {
    /// Name of the chosen part.
    chosen: String,
}

/// The switches, with one part chosen; the first when it has no name.
pub fn open(name: &str) -> Box<dyn View> {
    Box::new(Switches { chosen: name.into() })
}

impl Switches {
    fn place(&self, all: &[&Component]) -> usize {
        all.iter().position(|part| part.key.name == self.chosen).unwrap_or(0)
    }

    /// Its object. Whoever has told of a part serves it: discovery is not needed to know where.
    fn target(name: &str) -> Target {
        let resource = Resource {
            group: own::GROUP.into(),
            version: own::VERSION.into(),
            kind: "Component".into(),
            plural: "components".into(),
            singular: "component".into(),
            verbs: ["get", "list", "watch", "patch"].map(Into::into).to_vec(),
            ..Resource::default()
        };
        Target { resource: Arc::new(resource), namespace: None, name: name.into() }
    }

    /// Asks, saying what will be seen.
    fn toggle(part: &Component, state: &State) -> Steps {
        let target = Self::target(&part.key.name);
        if let Some(why) = state.frozen() {
            return vec![Step::Say(Notice::bad(why))];
        }
        let subject = actions::Subject { targets: std::slice::from_ref(&target), state };
        let (question, told) = match part.enabled {
            true => (format!("¿Apagar {}?", part.key.name), format!("Qué se verá. {}", parts::seen(&part.key.name))),
            false => (
                format!("¿Encender {}?", part.key.name),
                "Arranca de nuevo sin recordar nada, como un proceso: vuelve a leer el clúster y se pone al día."
                    .into(),
            ),
        };
        actions::ask(&question, vec![told], &subject, &Deed::Switch(!part.enabled))
    }

    fn line(part: &Component, chosen: bool, widest: usize, room: usize, state: &State) -> Line<'static> {
        let theme = state.theme;
        let style = if chosen { theme.selected() } else { theme.text() };
        let indent = if part.part_of.is_empty() { "   " } else { "     " };
        let since = part.since.map(|since| age(seconds_between(since, state.now))).unwrap_or_default();
        let figure = |value: Option<i64>, unit: &str| value.map(|value| format!("{value} {unit}")).unwrap_or_default();
        // What is off asks for nothing: its last figures are not news.
        let (rate, queue) = if part.enabled { (part.rate, part.queue) } else { (None, None) };
        let restarts = if part.restarts > 0 { format!("  volvió {} veces", part.restarts) } else { String::new() };
        let name = pad(&part.key.name, widest - width(indent));
        let spans = [
            span(indent, theme.text()),
            light(theme, parts::light(part)),
            span(format!(" {name} "), style),
            span(format!("  {} {} ", pad(parts::word(part), 10), pad(&since, 6)), theme.text()),
            span(format!("{}  {}", pad(&figure(rate, "pet/s"), 10), pad(&figure(queue, "en cola"), 12)), theme.dim()),
            span(restarts, theme.warn()),
        ];
        let left = room.saturating_sub(spans.iter().map(Span::width).sum());
        let about = if part.message.is_empty() { &part.about } else { &part.message };
        // Half a sentence tells something only where it is not a word or two; the foot has it whole.
        let about = (left > A_FEW_WORDS).then(|| span(fit(&format!("  {about}"), left), theme.dim()));
        clip(spans.into_iter().chain(about).collect(), room)
    }

    /// Every line with the part that it tells, if it tells one.
    fn body(&self, all: &[&Component], room: usize, state: &State) -> Vec<(Option<usize>, Line<'static>)> {
        let widest = all.iter().map(|part| width(&part.key.name) + 5).max().unwrap_or(0);
        let widest = widest.min(room.saturating_sub(FIGURES));
        let (mut body, mut last) = (Vec::new(), "");
        for (index, part) in all.iter().enumerate() {
            let section = parts::section(part);
            if std::mem::replace(&mut last, section) != section {
                body.extend([(None, Line::default()), (None, heading(state.theme, section))]);
            }
            body.push((Some(index), Self::line(part, index == self.place(all), widest, room, state)));
        }
        body
    }

    /// What it does, and what is seen when it is off, under the list.
    fn foot(part: &Component, room: usize, state: &State) -> Vec<Line<'static>> {
        let told = |text: &str, style| {
            let lines = wrap(text, room.saturating_sub(6)).into_iter();
            lines.map(move |line| Line::styled(format!("   {line}"), style))
        };
        let lead = if part.enabled { "Al apagarlo." } else { "Está apagado." };
        let off = format!("{lead} {}", parts::seen(&part.key.name));
        told(&part.about, state.theme.text()).chain(told(&off, state.theme.warn())).collect()
    }
}

impl View for Switches {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, state: &State) -> String {
        let all = state.cluster.components.len();
        // What waits to be asked for is no part that somebody switched off.
        match (all, parts::off(&state.cluster).len()) {
            (0, _) => "Interruptores".into(),
            (all, 0) => format!("Interruptores · {all}"),
            (all, off) => format!("Interruptores · {off} de {all} apagados"),
        }
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    /// Without a wish, at what is off: one comes back to switch it on.
    fn opened(&mut self, _: Ticket, state: &State) -> Steps {
        if self.chosen.is_empty() {
            let off = parts::off(&state.cluster);
            let first = parts::listed(&state.cluster).into_iter().find(|part| off.contains(&part.key.name.as_str()));
            self.chosen = first.map(|part| String::from(&part.key.name)).unwrap_or_default();
        }
        Steps::new()
    }

    fn hint(&self, binding: &'static Binding, state: &State) -> &'static str {
        let all = parts::listed(&state.cluster);
        let own = binding.action == Action::Switches && !binding.hint.is_empty();
        match all.get(self.place(&all)).filter(|_| own) {
            Some(_) if state.frozen().is_some() => "",
            Some(part) if part.enabled => "apagar",
            Some(_) => "encender",
            None => binding.hint,
        }
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        let all = parts::listed(&state.cluster);
        let Some(part) = all.get(self.place(&all)) else { return Steps::new() };
        match action {
            Action::Switches => Self::toggle(part, state),
            Action::Yaml => actions::on(Action::Yaml, &[Self::target(&part.key.name)], state).unwrap_or_default(),
            other => {
                let place = window::step(self.place(&all), all.len(), window::by(other, 10));
                self.chosen = all.get(place).map(|part| String::from(&part.key.name)).unwrap_or_default();
                Steps::new()
            }
        }
    }

    fn ready(&self, state: &State) -> bool {
        parts::missing(&state.cluster).is_none_or(|_| state.cluster.synced())
    }

    fn pulses(&self) -> bool {
        true
    }

    fn ticks(&self, state: &State) -> Option<std::time::Duration> {
        (!state.cluster.components.is_empty()).then_some(std::time::Duration::from_secs(1))
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let room = usize::from(area.width);
        if let Some(why) = parts::missing(&state.cluster) {
            let told = wrap(&why, room.saturating_sub(6)).into_iter().map(|line| Line::raw(format!("   {line}")));
            return lines(frame, area, std::iter::once(Line::default()).chain(told));
        }
        let all = parts::listed(&state.cluster);
        let Some(part) = all.get(self.place(&all)) else { return };
        let mut body = self.body(&all, room, state);
        let foot = Self::foot(part, room, state);
        let at = body.iter().position(|(index, _)| *index == Some(self.place(&all))).unwrap_or(0);
        let shown = window::around(at, body.len(), usize::from(area.height).saturating_sub(foot.len() + 1));
        let told: Vec<usize> = body[shown.clone()].iter().filter_map(|(index, _)| *index).collect();
        let range = told.first().copied().unwrap_or(0)..told.last().map_or(0, |last| last + 1);
        let mark = window::mark(&range, all.len()).map(|mark| format!("   ⋮ {mark}")).unwrap_or_default();
        let listed = body.drain(shown).map(|(_, line)| line);
        lines(frame, area, listed.chain([Line::styled(mark, theme.dim())]).chain(foot));
    }
}
