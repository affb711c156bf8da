//! `a`: everything that can be done with an object, what it does, why not now, and the command that would do the same.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Entry;
use crate::tui::actions::{ALL, Doing, ENTER, FIRST, PODS, Subject, THEN};
use crate::tui::keys::{self, Action, Binding, bind};
use crate::tui::model::catalog::Target;
use crate::tui::model::format::{fit, pad, width};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View, copied};
use crate::tui::widgets::panel::{dialog, lines};
use crate::tui::widgets::text::{span, wrap};
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "acciones",
    words: &[],
    about: "Todo lo que se puede hacer con un objeto, qué efecto tiene y qué comando haría lo mismo",
    keys: KEYS,
    go: super::unreachable_by_word,
};

/// The keys of the actions do here what they do elsewhere.
static KEYS: &[&[Binding]] = &[OWN, ENTER, FIRST, PODS, THEN, keys::MOVES];

static OWN: &[Binding] = &[
    bind(&["enter"], Action::Enter, "hacerlo", "Hacer lo marcado"),
    bind(&["c"], Action::Copy, "copiar", "Copiar el comando que haría lo mismo"),
    bind(&["esc", "q", "a"], Action::Back, "cerrar", "Cerrar sin hacer nada"),
];

/// Lines under the list: the effect or the reason, and the command.
const FOOT: usize = 5;

#[derive(Debug)]
struct Menu {
    targets: Vec<Target>,
    chosen: usize,
}

/// The menu of one object, or of several of one kind.
pub fn open(targets: Vec<Target>) -> Box<dyn View> {
    Box::new(Menu { targets, chosen: 0 })
}

impl Menu {
    fn subject<'a>(&'a self, state: &'a State) -> Subject<'a> {
        Subject { targets: &self.targets, state }
    }

    fn offered(&self) -> Vec<&'static Doing> {
        let resource = &self.targets[0].resource;
        ALL.iter().copied().filter(|doing| (doing.fits)(resource)).collect()
    }

    /// Does it and closes, or says why it cannot be done now.
    fn run(&self, doing: &Doing, state: &State) -> Steps {
        match doing.refusal(&self.subject(state)) {
            Some(why) => vec![Step::Say(Notice::bad(why))],
            None => std::iter::once(Step::Pop).chain((doing.steps)(&self.subject(state))).collect(),
        }
    }

    /// The key that does the same without the menu.
    fn key(doing: &Doing, state: &State) -> String {
        let binding =
            [ENTER, FIRST, PODS, THEN].into_iter().flatten().find(|binding| Some(binding.action) == doing.key);
        binding.map(|binding| state.settings.keymap.label(binding)).unwrap_or_default()
    }

    fn item(&self, index: usize, doing: &Doing, room: usize, state: &State) -> Line<'static> {
        let theme = state.theme;
        let refused = doing.refusal(&self.subject(state)).is_some();
        let style = match (index == self.chosen, refused) {
            (true, _) => theme.selected(),
            (false, true) => theme.dim(),
            (false, false) => theme.text(),
        };
        let sign = if refused { span("✕ ", theme.dim()) } else { span("  ", theme.text()) };
        let name = pad(&format!(" {}", doing.name), room.saturating_sub(12));
        Line::from(vec![sign, span(name, style), span(format!(" {:>8}", Self::key(doing, state)), theme.accent())])
    }

    /// The effect of what is chosen, or why it cannot be done; its line says how many actions there are below.
    fn foot(&self, doing: &Doing, below: usize, room: usize, state: &State) -> Vec<Line<'static>> {
        let theme = state.theme;
        let subject = self.subject(state);
        let (text, style) = match doing.refusal(&subject) {
            Some(why) => (format!("No ahora: {why}"), theme.warn()),
            None => (doing.about.to_string(), theme.text()),
        };
        let more = if below == 0 { String::new() } else { format!(" ▼ {below} más ") };
        let rule = "─".repeat(room.saturating_sub(width(&more)));
        let mut foot = vec![Line::from(vec![span(rule, theme.dim()), span(more, theme.warn())])];
        foot.extend(wrap(&text, room).into_iter().take(3).map(|line| Line::styled(line, style)));
        let command = (doing.command)(&subject);
        if !command.is_empty() {
            foot.push(Line::styled(fit(&format!("$ {command}"), room), theme.dim()));
        }
        foot
    }
}

impl View for Menu {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, state: &State) -> String {
        format!("Acciones · {}", self.subject(state).title())
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn floats(&self) -> bool {
        true
    }

    fn hint(&self, binding: &'static Binding, _: &State) -> &'static str {
        if OWN.iter().any(|own| std::ptr::eq(own, binding)) { binding.hint } else { "" }
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        let offered = self.offered();
        if let Some(meant) = offered.iter().position(|doing| doing.key == Some(action) && action != Action::Copy) {
            self.chosen = meant;
            return self.run(offered[meant], state);
        }
        let elsewhere = ALL.iter().find(|doing| doing.key == Some(action) && action != Action::Copy);
        if let Some(doing) = elsewhere {
            return vec![Step::Say(Notice::tip(format!(
                "«{}» no es para {}",
                doing.name,
                self.subject(state).title()
            )))];
        }
        let Some(doing) = offered.get(self.chosen) else { return vec![Step::Pop] };
        match action {
            Action::Back => vec![Step::Pop],
            Action::Enter => self.run(doing, state),
            Action::Copy => copied((doing.command)(&self.subject(state))),
            other => {
                self.chosen = window::turn(self.chosen, offered.len(), window::by(other, 10));
                Steps::new()
            }
        }
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let offered = self.offered();
        let height = u16::try_from(offered.len() + FOOT + 2).unwrap_or(u16::MAX);
        let inner = dialog(frame, area, (72, height), &self.title(state), state.theme);
        let room = usize::from(inner.width);
        let shown = window::around(self.chosen, offered.len(), usize::from(inner.height).saturating_sub(FOOT));
        let below = offered.len() - shown.end;
        let mut body: Vec<Line> = shown.map(|index| self.item(index, offered[index], room, state)).collect();
        if let Some(doing) = offered.get(self.chosen) {
            body.extend(self.foot(doing, below, room, state));
        }
        lines(frame, inner, body);
    }
}
