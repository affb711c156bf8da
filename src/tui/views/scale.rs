//! How many replicas: a number, and the command that asks for it, before it is sent.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Entry, confirm};
use crate::tui::keys::{Action, Binding, bind};
use crate::tui::model::catalog::Target;
use crate::tui::model::format::thousands;
use crate::tui::model::kubectl;
use crate::tui::msg::{Deed, Effect};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::input::Input;
use crate::tui::widgets::panel::{dialog, lines};
use crate::tui::widgets::text::wrap;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "escalar",
    words: &[],
    about: "Cuántas réplicas se quieren; el estado deseado que el controlador hará real",
    keys: KEYS,
    go: super::unreachable_by_word,
};

static KEYS: &[&[Binding]] = &[&[
    bind(&["enter"], Action::Enter, "pedirlo", "Pedir esas réplicas"),
    bind(&["+", "up"], Action::ScaleUp, "una más", "Una más"),
    bind(&["-", "down"], Action::ScaleDown, "una menos", "Una menos"),
    bind(&["esc", "q"], Action::Back, "dejarlo", "Cerrar sin cambiar nada"),
]];

/// So many more replicas at once are asked about: a digit too many is typed soon.
const MANY: i64 = 2_000;

#[derive(Debug)]
struct Scale {
    target: Target,
    now: Option<i64>,
    input: Input,
    /// Whether nothing was typed yet: the first digit takes the place of what is proposed.
    proposed: bool,
}

/// Asks, beginning from what is wanted now plus a step.
pub fn open(target: Target, now: Option<i64>, by: i64) -> Box<dyn View> {
    let first = now.map(|now| (now + by).max(0).to_string()).unwrap_or_default();
    Box::new(Scale { target, now, input: Input::new(&first), proposed: true })
}

impl Scale {
    fn wanted(&self) -> Option<i64> {
        self.input.text().parse().ok()
    }

    fn step(&mut self, by: i64) {
        let next = (self.wanted().or(self.now).unwrap_or(0) + by).max(0);
        self.proposed = true;
        self.input = Input::new(&next.to_string());
    }

    /// Asks for it; for so many more at once, only after a yes.
    fn send(&self) -> Steps {
        let Some(replicas) = self.wanted() else { return vec![Step::Say(Notice::tip("escribe cuántas, con cifras"))] };
        let change = Deed::Scale(replicas);
        let command = kubectl::deed(&self.target, &change);
        let asked = Step::Run(Effect::Change { command: command.clone(), target: self.target.clone(), change });
        if replicas.saturating_sub(self.now.unwrap_or(0)) < MANY {
            return vec![Step::Pop, asked];
        }
        let told = format!(
            "Son {} pods: lleva su tiempo, y los que no quepan en los workers esperarán sin nodo.",
            thousands(replicas.unsigned_abs())
        );
        vec![Step::Pop, Step::Push(confirm::open("¿Pedir tantas réplicas?", vec![told], Some(command), vec![asked]))]
    }
}

impl View for Scale {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        format!("Escalar {}", self.target.short())
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

    fn key(&mut self, key: KeyEvent, _: &State) -> Option<Steps> {
        if matches!(key.code, KeyCode::Char(letter) if letter.is_alphabetic() && letter != 'q') {
            return Some(vec![Step::Say(Notice::tip("aquí van solo cifras, + y -"))]);
        }
        let letter = matches!(key.code, KeyCode::Char(letter) if !letter.is_ascii_digit());
        if matches!(key.code, KeyCode::Char(_)) && !letter && std::mem::take(&mut self.proposed) {
            self.input = Input::new("");
        }
        (!letter && self.input.key(key)).then(Steps::new)
    }

    fn act(&mut self, action: Action, _: &State) -> Steps {
        match action {
            Action::Enter => return self.send(),
            Action::Back => return vec![Step::Pop],
            Action::ScaleUp => self.step(1),
            Action::ScaleDown => self.step(-1),
            _ => {}
        }
        Steps::new()
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let inner = dialog(frame, area, (60, 9), &self.title(state), theme);
        let now = self.now.map_or_else(String::new, |now| match now {
            1 => "Ahora se quiere 1.".into(),
            now => format!("Ahora se quieren {now}."),
        });
        let command = self.wanted().map(|replicas| kubectl::deed(&self.target, &Deed::Scale(replicas)));
        let command = command.map_or_else(|| "escribe un número entero".into(), |command| format!("$ {command}"));
        let body = [Line::raw(now), Line::default(), self.input.line(theme, "réplicas: "), Line::default()];
        let command = wrap(&command, usize::from(inner.width)).into_iter();
        lines(frame, inner, body.into_iter().chain(command.map(|piece| Line::styled(piece, theme.dim()))));
    }
}
