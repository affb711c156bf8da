//! The catalogue: modules and lessons, what was done of them, how long they take. Must not judge: the progress does.

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Entry, confirm};
use crate::lessons::Lesson;
use crate::lessons::progress::Progress;
use crate::tui::keys::{self, Action, Binding, bind};
use crate::tui::model::format::pad;
use crate::tui::model::lesson::catalogue;
use crate::tui::msg::{Effect, Reply, Ticket};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::lines;
use crate::tui::widgets::text::{clip, span, wrap};
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "lecciones",
    words: &["lecciones", "lessons"],
    about: "Las lecciones: empezar una o ver lo hecho",
    keys: KEYS,
    go: |_, _| Ok(vec![Step::Push(Box::<Lessons>::default())]),
};

static KEYS: &[&[Binding]] = &[
    &[
        bind(&["enter"], Action::Enter, "empezar", "Empezar la lección elegida, desde el principio"),
        bind(&["r"], Action::Restart, "", "Si el archivo de progreso está dañado: apartarlo y empezar uno nuevo"),
    ],
    keys::MOVES,
];

#[derive(Debug, Default)]
struct Lessons {
    ticket: Ticket,
    chosen: usize,
    /// Whether somebody chose it.
    moved: bool,
    progress: Option<Result<Box<Progress>, String>>,
}

fn all() -> &'static [Arc<Lesson>] {
    catalogue().map(crate::lessons::catalogue::Catalogue::lessons).unwrap_or_default()
}

impl Lessons {
    fn read(&self, state: &State) -> Steps {
        let dir = state.data_dir.clone();
        dir.map(|dir| Step::Run(Effect::ReadProgress(self.ticket, dir))).into_iter().collect()
    }

    /// Asks before the damaged file gives way to a new one.
    fn ask_aside(&self, state: &State) -> Steps {
        match (&self.progress, &state.data_dir) {
            (Some(Err(_)), Some(dir)) => {
                let lost = vec!["El archivo queda en la misma carpeta, con otro nombre, tal como está.".into()];
                let yes = vec![Step::Run(Effect::SetAside(self.ticket, dir.clone()))];
                vec![Step::Push(confirm::open("¿Apartar el progreso dañado y empezar de nuevo?", lost, None, yes))]
            }
            _ => vec![Step::Say(Notice::tip("tu progreso está bien: no hay nada que apartar"))],
        }
    }

    /// Sign, word and whether it is secondary.
    fn standing(&self, lesson: &Lesson) -> (&'static str, String, Standing) {
        let Some(Ok(progress)) = &self.progress else { return ("○", "nueva".into(), Standing::New) };
        match progress.lesson(&lesson.id) {
            _ if progress.passed(lesson) => ("●", "hecha".into(), Standing::Done),
            Some(done) => ("◐", format!("en curso, paso {}/{}", done.step, lesson.steps.len()), Standing::Begun),
            None => ("○", "nueva".into(), Standing::New),
        }
    }

    /// The lesson to go on with: the last one begun, else the first that is not done.
    fn due(&self) -> usize {
        let is = |wanted: Standing| move |lesson: &&Arc<Lesson>| self.standing(lesson).2 == wanted;
        let place = |lesson: &Arc<Lesson>| all().iter().position(|other| other.id == lesson.id);
        let begun = all().iter().rev().find(is(Standing::Begun));
        begun.or_else(|| all().iter().find(is(Standing::New))).and_then(place).unwrap_or(0)
    }

    fn line(&self, index: usize, lesson: &Lesson, room: usize, state: &State) -> Line<'static> {
        let theme = state.theme;
        let (sign, word, standing) = self.standing(lesson);
        let style = match standing {
            Standing::Done => theme.good(),
            Standing::Begun => theme.warn(),
            Standing::New => theme.dim(),
        };
        let title = if index == self.chosen { theme.selected() } else { theme.strong() };
        let spans = vec![
            span(format!("   {sign} "), style),
            span(format!(" {}  {} ", pad(&lesson.id, 5), pad(&lesson.title, 34)), title),
            span(format!("  {:>3} min   ", lesson.minutes), theme.dim()),
            span(word, style),
        ];
        clip(spans, room)
    }

    /// Every line, and which is the chosen one.
    fn body(&self, room: usize, state: &State) -> (Vec<Line<'static>>, usize) {
        let theme = state.theme;
        let (mut body, mut at, mut module) = (self.warning(room, state), 0, "");
        for (index, lesson) in all().iter().enumerate() {
            if lesson.module != module {
                module = &lesson.module;
                let number = lesson.id.split('.').next().unwrap_or_default();
                let title = span(format!("   Módulo {number} · {module}"), theme.accent());
                body.extend([Line::default(), clip(vec![title], room)]);
            }
            if index == self.chosen {
                at = body.len();
            }
            body.push(self.line(index, lesson, room, state));
        }
        body.extend(self.foot(room, state));
        (body, at)
    }

    fn warning(&self, room: usize, state: &State) -> Vec<Line<'static>> {
        let theme = state.theme;
        if let Err(why) = catalogue() {
            return vec![Line::styled(format!("  ✕ no se pueden leer las lecciones: {why}"), theme.bad())];
        }
        let Some(Err(why)) = &self.progress else { return Vec::new() };
        let told = format!(
            "{why}. No se ha tocado: lo que había sigue ahí. Puedes hacer lecciones, pero no se guardará nada \
             mientras esté así. Pulsa r para apartarlo y empezar uno nuevo."
        );
        let told = wrap(&told, room.saturating_sub(6)).into_iter().map(|line| Line::raw(format!("    {line}")));
        [Line::default(), Line::styled("  ✕ Tu progreso no se puede leer", theme.bad())]
            .into_iter()
            .chain(told)
            .collect()
    }

    /// The lines of the notes that the chosen lesson covers.
    fn foot(&self, room: usize, state: &State) -> Vec<Line<'static>> {
        let theme = state.theme;
        let Some(lesson) = all().get(self.chosen).filter(|lesson| !lesson.notes.is_empty()) else { return Vec::new() };
        let head = Line::styled("   De tus apuntes", theme.dim());
        let notes = wrap(&lesson.notes.join(" · "), room.saturating_sub(8));
        let notes = notes.into_iter().take(4).map(|line| Line::styled(format!("   │ {line}"), theme.dim()));
        [Line::default(), head].into_iter().chain(notes).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Done,
    Begun,
    New,
}

impl View for Lessons {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        "Lecciones".into()
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn opened(&mut self, ticket: Ticket, state: &State) -> Steps {
        self.ticket = ticket;
        self.read(state)
    }

    fn reply(&mut self, reply: Reply, state: &State) -> Steps {
        match reply {
            Reply::Progress(progress) => {
                self.progress = Some(progress);
                self.chosen = if self.moved { self.chosen } else { self.due() };
                Steps::new()
            }
            Reply::SetAside(Ok(path)) => {
                let mut steps = self.read(state);
                steps.push(Step::Say(Notice::info(format!("el archivo dañado quedó en {}", path.display()))));
                steps
            }
            Reply::SetAside(Err(why)) => vec![Step::Say(Notice::bad(why))],
            _ => Steps::new(),
        }
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        match action {
            Action::Enter => {
                all().get(self.chosen).map(|lesson| Step::Go(format!("leccion {}", lesson.id))).into_iter().collect()
            }
            Action::Restart => self.ask_aside(state),
            other => {
                self.moved = true;
                self.chosen = window::step(self.chosen, all().len(), window::by(other, 10));
                Steps::new()
            }
        }
    }

    fn ready(&self, state: &State) -> bool {
        state.data_dir.is_none() || self.progress.is_some()
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let (mut body, at) = self.body(usize::from(area.width), state);
        let shown = window::around(at, body.len(), usize::from(area.height));
        lines(frame, area, body.drain(shown));
    }
}
