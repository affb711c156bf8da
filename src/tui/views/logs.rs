//! The log of a container, followed: filter, wrap, times, the run before. Bounded in lines and bytes.

use std::collections::VecDeque;

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Entry;
use crate::tui::keys::{self, Action, Binding, bind};
use crate::tui::model::catalog::Target;
use crate::tui::model::failure::Failure;
use crate::tui::model::kubectl;
use crate::tui::model::rows::Filter;
use crate::tui::msg::{Effect, LogRequest, Reply, Ticket};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::input::Input;
use crate::tui::widgets::panel::{lines, row};
use crate::tui::widgets::text::{span, wrap};
use crate::tui::widgets::window;

/// Lines kept.
const MOST_LINES: usize = 20_000;
/// Bytes kept.
const MOST_BYTES: usize = 8 << 20;
/// The longest line kept whole.
const LONGEST: usize = 16 << 10;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "logs",
    words: &[],
    about: "Lo que un contenedor escribe, en vivo",
    keys: KEYS,
    go: super::unreachable_by_word,
};

static KEYS: &[&[Binding]] = &[
    &[
        bind(&["f"], Action::Follow, "seguir", "Seguir el final, o quedarse quieto"),
        bind(&["/"], Action::Filter, "filtrar", "Sólo las líneas que dicen algo; con ! delante, las que no"),
        bind(&["w"], Action::Wrap, "ajustar", "Partir las líneas largas, o cortarlas"),
        bind(&["t"], Action::Timestamps, "horas", "Mostrar u ocultar la hora de cada línea"),
        bind(&["p"], Action::Earlier, "anterior", "Los logs de antes del último reinicio, o los de ahora"),
        bind(&["tab"], Action::Next, "contenedor", "El siguiente contenedor del pod"),
        bind(&["c"], Action::Copy, "", "Copiar el comando kubectl equivalente"),
        bind(&["esc"], Action::No, "", "Quitar el filtro; sin filtro, volver"),
    ],
    keys::MOVES,
];

/// Why no more lines come.
#[derive(Debug)]
enum End {
    Whole,
    Broken(Failure),
}

impl From<Option<Failure>> for End {
    fn from(failure: Option<Failure>) -> Self {
        failure.map_or(Self::Whole, Self::Broken)
    }
}

#[derive(Debug)]
struct Logs {
    request: LogRequest,
    target: Target,
    ticket: Ticket,
    containers: Vec<String>,
    lines: VecDeque<String>,
    bytes: usize,
    dropped: bool,
    filter: Option<Input>,
    typing: bool,
    wrap: bool,
    times: bool,
    /// Lines hidden below the screen; 0 follows.
    above_end: usize,
    end: Option<End>,
}

/// Follows a log.
pub fn open(request: LogRequest, target: Target) -> Box<dyn View> {
    Box::new(Logs {
        request,
        target,
        ticket: Ticket::default(),
        containers: Vec::new(),
        lines: VecDeque::new(),
        bytes: 0,
        dropped: false,
        filter: None,
        typing: false,
        wrap: true,
        times: false,
        above_end: 0,
        end: None,
    })
}

impl Logs {
    fn restart(&mut self) -> Steps {
        self.lines.clear();
        (self.bytes, self.above_end, self.end, self.dropped) = (0, 0, None, false);
        vec![Step::Run(Effect::Logs(self.ticket, self.request.clone()))]
    }

    fn take(&mut self, new: Vec<String>) {
        let filter = self.filter();
        for mut line in new {
            if line.len() > LONGEST {
                let end = (0..=LONGEST).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(0);
                line.truncate(end);
                line.push('…');
            }
            self.bytes += line.len();
            if self.above_end > 0 && filter.passes(&line) {
                self.above_end += 1;
            }
            self.lines.push_back(line);
        }
        while self.lines.len() > MOST_LINES || self.bytes > MOST_BYTES {
            let Some(old) = self.lines.pop_front() else { break };
            self.bytes -= old.len();
            self.dropped = true;
        }
    }

    fn filter(&self) -> Filter {
        Filter::new(self.filter.as_ref().map_or("", Input::text))
    }

    fn next_container(&mut self) -> Steps {
        if self.containers.len() < 2 {
            return vec![Step::Say(Notice::tip("este pod tiene un solo contenedor"))];
        }
        let now = self.containers.iter().position(|name| Some(name) == self.request.container.as_ref()).unwrap_or(0);
        self.request.container = self.containers.get((now + 1) % self.containers.len()).cloned();
        self.restart()
    }

    fn learn_containers(&mut self, pod: &serde_json::Value) -> Steps {
        let names = pod["spec"]["containers"].as_array().into_iter().flatten();
        self.containers = names.filter_map(|container| container["name"].as_str().map(Into::into)).collect();
        if self.request.container.is_none() {
            self.request.container = self.containers.first().cloned();
        }
        self.restart()
    }

    /// What is on screen: only the lines that pass, only as many as fit, from the end.
    fn visible(&self, room: usize, width: usize) -> Vec<Line<'static>> {
        let filter = self.filter();
        let mut passing = self.lines.iter().rev().filter(|line| filter.passes(line)).skip(self.above_end);
        let mut out: VecDeque<String> = VecDeque::new();
        while out.len() < room {
            let Some(line) = passing.next() else { break };
            let text = readable(self.timed(line));
            let pieces = if self.wrap { wrap(&text, width) } else { vec![text] };
            pieces.into_iter().rev().for_each(|piece| out.push_front(piece));
        }
        out.into_iter().rev().take(room).rev().map(|line| Line::raw(format!(" {line}"))).collect()
    }

    fn timed<'a>(&self, line: &'a str) -> &'a str {
        match line.split_once(' ') {
            Some((time, text)) if !self.times && time.ends_with('Z') => text,
            _ => line,
        }
    }

    fn state_line(&self, state: &State) -> Line<'static> {
        let theme = state.theme;
        let what = match (&self.end, self.request.previous) {
            (Some(End::Broken(failure)), _) => return Line::styled(format!(" ✕ {failure}"), theme.bad()),
            (Some(End::Whole), _) => "○ el log terminó",
            (None, true) => "○ antes del último reinicio",
            (None, false) if self.above_end == 0 => "● siguiendo",
            (None, false) => "◌ quieto (f: seguir)",
        };
        let container = self.request.container.as_deref().unwrap_or("…");
        let dropped = if self.dropped { "   (lo más antiguo ya no se guarda)" } else { "" };
        Line::from(vec![
            span(format!(" {what}"), theme.text()),
            span(format!("   contenedor {container}{dropped}"), theme.dim()),
        ])
    }
}

/// Terminal escapes and tabs as plain text.
fn readable(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => drop(letters.by_ref().find(char::is_ascii_alphabetic)),
            '\t' => out.push_str("    "),
            control if control.is_control() => {}
            plain => out.push(plain),
        }
    }
    out
}

impl View for Logs {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        format!("Logs · {}", self.request.pod)
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn typing(&self) -> bool {
        self.typing
    }

    fn opened(&mut self, ticket: Ticket, _: &State) -> Steps {
        self.ticket = ticket;
        vec![Step::Run(Effect::Object(ticket, self.target.clone()))]
    }

    fn reply(&mut self, reply: Reply, _: &State) -> Steps {
        match reply {
            Reply::Object(Ok(pod)) => {
                let mut steps = self.learn_containers(&pod);
                steps.push(Step::Read(kubectl::logs(&self.request)));
                return steps;
            }
            Reply::Object(Err(failure)) => self.end = Some(End::Broken(failure)),
            Reply::Lines(lines) => self.take(lines),
            Reply::LogEnd(failure) => self.end = Some(failure.into()),
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
        match action {
            Action::Filter => {
                self.filter.get_or_insert_default();
                self.typing = true;
            }
            Action::No if self.filter.is_some() => self.filter = None,
            Action::No => return vec![Step::Pop],
            Action::Follow if self.above_end > 0 => self.above_end = 0,
            Action::Follow => self.above_end = 1,
            Action::Wrap => self.wrap = !self.wrap,
            Action::Timestamps => self.times = !self.times,
            Action::Earlier => {
                self.request.previous = !self.request.previous;
                return self.restart();
            }
            Action::Next => return self.next_container(),
            Action::Copy => {
                let command = kubectl::logs(&self.request);
                return vec![
                    Step::Run(Effect::Copy(command.clone())),
                    Step::Say(Notice::info(format!("copiado: {command}"))),
                ];
            }
            other => {
                let filter = self.filter();
                let passing = self.lines.iter().filter(|line| filter.passes(line)).count();
                let by = window::by(other, usize::from(state.size.1.saturating_sub(6)));
                self.above_end = window::step(self.above_end, passing, by.checked_neg().unwrap_or(isize::MAX));
            }
        }
        Steps::new()
    }

    fn ready(&self, _: &State) -> bool {
        !self.lines.is_empty() || self.end.is_some()
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        row(frame, area, 0, self.state_line(state));
        let mut top = 1;
        if let Some(filter) = &self.filter {
            row(
                frame,
                area,
                1,
                if self.typing { filter.line(theme, " / ") } else { Line::raw(format!(" / {}", filter.text())) },
            );
            top = 2;
        }
        let body = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
        lines(frame, body, self.visible(usize::from(body.height), usize::from(body.width.saturating_sub(2))));
    }
}
