//! A question before something that cannot be undone: says what will be lost; the default is no, but for what harms
//! nothing.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Entry;
use crate::tui::keys::{Action, Binding, bind};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::{dialog, lines};
use crate::tui::widgets::text::{span, wrap};

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "pregunta",
    words: &[],
    about: "Una pregunta antes de hacer algo: qué pasará o qué se pierde",
    keys: KEYS,
    go: super::unreachable_by_word,
};

static KEYS: &[&[Binding]] = &[&[
    bind(&["s"], Action::Yes, "sí", "Sí, hazlo"),
    bind(&["n", "esc", "q"], Action::No, "no", "No; es lo que se entiende si dudas"),
    bind(&["tab"], Action::Next, "", "Pasar de No a Sí y al revés"),
    bind(&["left"], Action::Left, "", "Elegir No"),
    bind(&["right"], Action::Right, "", "Elegir Sí"),
    bind(&["enter"], Action::Enter, "aceptar", "Hacer lo que está elegido"),
]];

#[derive(Debug)]
struct Confirm {
    question: String,
    lost: Vec<String>,
    command: Option<String>,
    yes: Steps,
    chosen: bool,
    /// Whether something else was typed: then letters are no answers any more, only Enter is.
    strayed: bool,
}

/// Whether a letter means something here, or everywhere.
fn is_meant(letter: char) -> bool {
    let name = letter.to_string();
    let mut own = KEYS.iter().copied().flatten();
    matches!(letter, '?' | ':') || own.any(|binding| binding.keys.contains(&&*name))
}

/// Asks; the steps are done only after a yes.
pub fn open(question: &str, lost: Vec<String>, command: Option<String>, yes: Steps) -> Box<dyn View> {
    Box::new(Confirm { question: question.into(), lost, command, yes, chosen: false, strayed: false })
}

/// The same about something that harms nothing: yes is marked.
pub fn open_harmless(question: &str, told: Vec<String>, command: Option<String>, yes: Steps) -> Box<dyn View> {
    Box::new(Confirm { question: question.into(), lost: told, command, yes, chosen: true, strayed: false })
}

impl Confirm {
    fn answer(&mut self, yes: bool) -> Steps {
        let mut steps = vec![Step::Pop];
        if yes {
            steps.append(&mut self.yes);
        }
        steps
    }

    fn body(&self, state: &State, room: usize) -> Vec<Line<'static>> {
        let theme = state.theme;
        let mut body = vec![Line::default()];
        for loss in &self.lost {
            body.extend(wrap(loss, room).into_iter().map(Line::raw));
        }
        if let Some(command) = &self.command {
            body.push(Line::default());
            let pieces = wrap(command, room.saturating_sub(2)).into_iter().enumerate();
            let lead = |number: usize| if number == 0 { "$ " } else { "  " };
            body.extend(pieces.map(|(number, line)| Line::styled(format!("{}{line}", lead(number)), theme.dim())));
        }
        let style = |on: bool| if on { theme.selected() } else { theme.dim() };
        body.push(Line::default());
        body.push(Line::from(vec![
            span(" No ", style(!self.chosen)),
            span("   ", theme.text()),
            span(" Sí ", style(self.chosen)),
        ]));
        body
    }
}

impl View for Confirm {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        self.question.clone()
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn floats(&self) -> bool {
        true
    }

    /// Who types a word that was meant for another place must not answer with one of its letters.
    fn stroke(&mut self, letter: char, _: &State) -> Option<Steps> {
        self.strayed |= !is_meant(letter);
        (self.strayed && letter.is_alphanumeric()).then(|| {
            vec![Step::Say(Notice::tip("hay una pregunta abierta: elige con ← →, y Enter; Esc la deja sin hacer nada"))]
        })
    }

    fn act(&mut self, action: Action, _: &State) -> Steps {
        match action {
            Action::Yes => self.answer(true),
            Action::No | Action::Back => self.answer(false),
            Action::Enter if self.chosen => self.answer(true),
            // Whoever pressed Enter may think that it was done.
            Action::Enter => vec![Step::Pop, Step::Say(Notice::tip("se quedó como estaba: era «No»"))],
            Action::Next | Action::Left | Action::Right => {
                self.chosen = if action == Action::Next { !self.chosen } else { action == Action::Right };
                Steps::new()
            }
            _ => Steps::new(),
        }
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let width = area.width.min(66);
        let body = self.body(state, usize::from(width.saturating_sub(4)));
        let height = u16::try_from(body.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inner = dialog(frame, area, (width, height), &self.question, state.theme);
        lines(frame, inner, body);
    }
}
