//! One line to be written for an action: what it will do is told as one types, and nothing is done before Enter.

use ratatui::Frame;
use ratatui::crossterm::event::KeyEvent;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Entry;
use crate::tui::keys::{Action, Binding, bind};
use crate::tui::model::catalog::Target;
use crate::tui::model::kubectl;
use crate::tui::msg::{Deed, Effect};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::input::Input;
use crate::tui::widgets::panel::{dialog, lines};
use crate::tui::widgets::text::wrap;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "escribir",
    words: &[],
    about: "Una línea que le falta a una acción",
    keys: KEYS,
    go: super::unreachable_by_word,
};

static KEYS: &[&[Binding]] = &[&[
    bind(&["enter"], Action::Enter, "hacerlo", "Hacerlo"),
    bind(&["esc"], Action::Back, "dejarlo", "Cerrar sin cambiar nada"),
]];

/// What is asked.
#[derive(Debug)]
pub struct Question {
    /// Before the object's name.
    pub title: &'static str,
    /// Before what is typed.
    pub lead: &'static str,
    /// How it is written.
    pub about: &'static str,
    /// The change that a text asks for, or what is wrong with it.
    pub read: fn(&str) -> Result<Deed, &'static str>,
}

#[derive(Debug)]
struct Prompt {
    target: Target,
    question: &'static Question,
    input: Input,
}

/// Asks about an object.
pub fn open(target: Target, question: &'static Question) -> Box<dyn View> {
    Box::new(Prompt { target, question, input: Input::default() })
}

impl Prompt {
    fn send(&self) -> Steps {
        match (self.question.read)(self.input.text().trim()) {
            Err(why) => vec![Step::Say(Notice::bad(why))],
            Ok(change) => {
                let command = kubectl::deed(&self.target, &change);
                vec![Step::Pop, Step::Run(Effect::Change { command, target: self.target.clone(), change })]
            }
        }
    }
}

impl View for Prompt {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        format!("{} {}", self.question.title, self.target.short())
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
        self.input.key(key).then(Steps::new)
    }

    fn paste(&mut self, text: &str, _: &State) -> Steps {
        self.input.insert(text);
        Steps::new()
    }

    fn act(&mut self, action: Action, _: &State) -> Steps {
        match action {
            Action::Enter => self.send(),
            _ => vec![Step::Pop],
        }
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let inner = dialog(frame, area, (68, 9), &self.title(state), theme);
        let told = match (self.question.read)(self.input.text().trim()) {
            Ok(deed) => format!("$ {}", kubectl::deed(&self.target, &deed)),
            Err(_) if self.input.text().is_empty() => String::new(),
            Err(why) => why.into(),
        };
        let room = usize::from(inner.width);
        let mut body = vec![Line::default(), self.input.line(theme, self.question.lead), Line::default()];
        body.extend(wrap(self.question.about, room).into_iter().map(|line| Line::styled(line, theme.dim())));
        body.push(Line::styled(told, theme.dim()));
        lines(frame, inner, body);
    }
}
