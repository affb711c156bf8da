//! The port-forwards: what is open, how much goes through, what went wrong; and stopping them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Entry, forward};
use crate::tui::keys::{self, Action, Binding, bind};
use crate::tui::model::format::pad;
use crate::tui::model::light::Light;
use crate::tui::msg::{Effect, Forwarding};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::lines;
use crate::tui::widgets::text::{clip, light, span};
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "port-forwards",
    words: &["port-forwards", "pf"],
    about: "Los port-forward abiertos: verlos, copiar su dirección y cerrarlos",
    keys: KEYS,
    go: |_, _| Ok(vec![Step::Push(Box::<Forwards>::default())]),
};

static KEYS: &[&[Binding]] = &[
    &[
        bind(&["c"], Action::Copy, "copiar", "Copiar su dirección: http://127.0.0.1:PUERTO"),
        bind(&["ctrl-d"], Action::Delete, "cerrarlo", "Cerrar el port-forward; las conexiones abiertas se cortan"),
    ],
    keys::MOVES,
];

#[derive(Debug, Default)]
struct Forwards {
    chosen: usize,
}

fn line(forward: &Forwarding, chosen: bool, room: usize, state: &State) -> Line<'static> {
    let theme = state.theme;
    let style = if chosen { theme.selected() } else { theme.text() };
    let (sign, word) = match (&forward.failed, forward.open) {
        (Some(why), _) => (Light::Bad, why.clone()),
        (None, false) => (Light::Busy, "abriendo…".into()),
        (None, true) => (Light::Good, format!("{} conexiones ahora, {} en total", forward.now, forward.total)),
    };
    let last = forward.trouble.as_ref().map(|why| format!("   la última falló: {why}")).unwrap_or_default();
    let spans = vec![
        span("   ", theme.text()),
        light(theme, sign),
        span(format!(" 127.0.0.1:{} → {}:{} ", forward.local, forward.target.short(), forward.remote), style),
        span(format!("  {}  ", pad(forward.target.namespace.as_deref().unwrap_or_default(), 12)), theme.dim()),
        span(word, theme.text()),
        span(last, theme.warn()),
    ];
    clip(spans, room)
}

impl View for Forwards {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, state: &State) -> String {
        format!("Port-forwards ({})", state.forwards.len())
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        let chosen = state.forwards.get(self.chosen.min(state.forwards.len().saturating_sub(1)));
        match (action, chosen) {
            (Action::Copy, Some(forward)) => {
                let address = format!("http://127.0.0.1:{}", forward.local);
                vec![Step::Say(Notice::info(format!("copiado: {address}"))), Step::Run(Effect::Copy(address))]
            }
            (Action::Delete, Some(forward)) => {
                let said = format!("port-forward de 127.0.0.1:{} cerrado", forward.local);
                vec![Step::Run(Effect::StopForward(forward.local)), Step::Say(Notice::info(said))]
            }
            (Action::Copy | Action::Delete, None) => {
                vec![Step::Say(Notice::tip("no hay ninguno abierto: f sobre un pod o un Service abre uno"))]
            }
            (other, _) => {
                self.chosen = window::step(self.chosen, state.forwards.len(), window::by(other, 10));
                Steps::new()
            }
        }
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        if state.forwards.is_empty() {
            let told =
                ["", "   No hay ninguno abierto.", "", "   f sobre un pod, un Service o un Deployment abre uno."];
            return lines(frame, area, told.map(|line| Line::styled(line, theme.dim())));
        }
        let chosen = self.chosen.min(state.forwards.len() - 1);
        let shown = window::around(chosen, state.forwards.len(), usize::from(area.height.saturating_sub(3)));
        let room = usize::from(area.width);
        let rows = shown.map(|index| line(&state.forwards[index], index == chosen, room, state));
        let command = state.forwards.get(chosen).map(|forward| format!("   $ {}", forward::command(forward)));
        let foot = [Line::default(), Line::styled(command.unwrap_or_default(), theme.dim())];
        lines(frame, area, std::iter::once(Line::default()).chain(rows).chain(foot));
    }
}
