//! A terminal: a shell in a container (`kubectl exec -it`), or one on this machine where kubectl works. Every key is the
//! shell's but the one that leaves. Must not do IO: keys go out as effects, bytes come in as replies.

use std::fmt;
use std::num::NonZeroU16;

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;

use super::{Entry, chooser};
use crate::tui::keys::{Action, Binding, bind};
use crate::tui::model::failure::Failure;
use crate::tui::model::format::fit;
use crate::tui::model::typing;
use crate::tui::msg::{Effect, Reply, ShellAt, Ticket};
use crate::tui::screen;
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::row;
use crate::tui::widgets::text::{sides, span};

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "terminal",
    words: &["terminal", "shell", "sh"],
    about: "Una terminal en esta máquina donde kubectl funciona; dentro de un contenedor, con s sobre un pod",
    keys: KEYS,
    go: |state, _| match state.only_looks() {
        true => Err("modo de solo lectura: con la terminal se podría cambiar todo".into()),
        false => Ok(vec![Step::Push(local(state))]),
    },
};

static KEYS: &[&[Binding]] = &[&[
    bind(&["ctrl-q", "f10"], Action::Back, "volver al tablero", "Cerrar la terminal y volver (también: exit o Ctrl-d)"),
    bind(&["pgup"], Action::PageUp, "", "Con Mayús: ver lo que ya pasó"),
    bind(&["pgdn"], Action::PageDown, "", "Con Mayús: volver hacia lo de ahora"),
]];

/// Lines kept of what has gone off the top.
const KEPT: usize = 2000;

struct Terminal {
    ticket: Ticket,
    session: ShellAt,
    parser: vt100::Parser,
    /// How it ended, once it has.
    ended: Option<Result<String, Failure>>,
    /// Containers to choose from, when the server asks which.
    offered: Vec<String>,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("session", &self.session).finish_non_exhaustive()
    }
}

/// A shell on this machine.
pub fn local(state: &State) -> Box<dyn View> {
    open(ShellAt::Local { kubeconfig: state.kubeconfig.clone(), context: state.context.clone() })
}

/// A shell.
pub fn open(session: ShellAt) -> Box<dyn View> {
    let parser = vt100::Parser::new(at_least_one(24), at_least_one(80), KEPT);
    Box::new(Terminal { ticket: Ticket::default(), session, parser, ended: None, offered: Vec::new() })
}

fn at_least_one(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN)
}

/// Columns and rows that the shell has.
fn room(state: &State) -> (u16, u16) {
    let body = screen::body(state.size);
    (body.width.max(2), body.height.max(2))
}

impl Terminal {
    fn start(&mut self, state: &State) -> Steps {
        let (columns, rows) = room(state);
        self.parser = vt100::Parser::new(at_least_one(rows), at_least_one(columns), KEPT);
        self.ended = None;
        let told = Step::Read(self.command());
        vec![told, Step::Run(Effect::Shell(self.ticket, self.session.clone(), (columns, rows)))]
    }

    fn command(&self) -> String {
        match &self.session {
            ShellAt::Local { .. } => "sh".into(),
            ShellAt::Exec { namespace, pod, container } => {
                let of = container.as_ref().map(|name| format!(" -c {name}")).unwrap_or_default();
                let space = if namespace == "default" { String::new() } else { format!(" -n {namespace}") };
                format!("kubectl exec -it {pod}{of}{space} -- sh")
            }
        }
    }

    fn send(&mut self, bytes: Vec<u8>) -> Steps {
        self.parser.screen_mut().set_scrollback(0);
        if bytes.is_empty() || self.ended.is_some() {
            return Steps::new();
        }
        vec![Step::Run(Effect::Type(self.ticket, bytes))]
    }

    fn scroll(&mut self, by: isize) {
        let screen = self.parser.screen_mut();
        screen.set_scrollback(screen.scrollback().saturating_add_signed(by));
    }

    fn ended(&mut self, ended: Result<String, Failure>) -> Steps {
        if let Err(failure) = &ended
            && let Some(names) = containers(&failure.message)
        {
            self.offered = names;
            return vec![Step::Push(chooser::open("¿En qué contenedor?", self.offered.clone(), 0))];
        }
        self.ended = Some(ended);
        Steps::new()
    }

    fn line(&self, at: u16, state: &State) -> Line<'static> {
        let screen = self.parser.screen();
        let (_, columns) = screen.size();
        let cursor = screen.cursor_position();
        let shown = !screen.hide_cursor() && screen.scrollback() == 0 && self.ended.is_none();
        let plain = state.theme.plain();
        let mut spans = Vec::new();
        for column in 0..columns.get() {
            let Some(cell) = screen.cell(at, column).filter(|cell| !cell.is_wide_continuation()) else { continue };
            let mut style = style(cell, plain);
            if shown && cursor == (at, column) {
                style = style.add_modifier(Modifier::REVERSED);
            }
            let text = if cell.has_contents() { cell.contents() } else { " " };
            spans.push(span(text.to_string(), style));
        }
        Line::from(spans)
    }

    fn foot(&self, state: &State) -> Option<Line<'static>> {
        let theme = state.theme;
        let scrolled = self.parser.screen().scrollback();
        match &self.ended {
            Some(Ok(told)) => Some(Line::from(vec![
                span(format!(" ○ {told}"), theme.text()),
                span("   Enter: otra vez · Esc: volver", theme.dim()),
            ])),
            Some(Err(failure)) => {
                let ways = Line::styled("  Enter: otra vez · Esc: volver ", theme.dim());
                let room = usize::from(room(state).0);
                let said = fit(&format!(" ✕ {failure}"), room.saturating_sub(ways.width()));
                Some(sides(Line::styled(said, theme.bad()), ways, room))
            }
            None if scrolled > 0 => Some(Line::styled(format!(" ▲ {scrolled} líneas atrás"), theme.warn())),
            None => None,
        }
    }
}

/// `…, choose one of: [web sidecar]`, as the API server asks for a container.
fn containers(message: &str) -> Option<Vec<String>> {
    let (_, rest) = message.split_once("choose one of: [")?;
    let (names, _) = rest.split_once(']')?;
    Some(names.split_whitespace().map(Into::into).collect())
}

fn style(cell: &vt100::Cell, plain: bool) -> Style {
    let mut style = Style::default();
    if !plain {
        style = style.fg(colour(cell.fgcolor())).bg(colour(cell.bgcolor()));
    }
    let weights = [
        (cell.bold(), Modifier::BOLD),
        (cell.dim(), Modifier::DIM),
        (cell.italic(), Modifier::ITALIC),
        (cell.underline(), Modifier::UNDERLINED),
        (cell.inverse(), Modifier::REVERSED),
    ];
    weights.into_iter().filter(|(on, _)| *on).fold(style, |style, (_, weight)| style.add_modifier(weight))
}

fn colour(colour: vt100::Color) -> Color {
    match colour {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Idx(index) => Color::Indexed(index),
        vt100::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

impl View for Terminal {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        match &self.session {
            ShellAt::Local { .. } => "Terminal".into(),
            ShellAt::Exec { namespace, pod, container } => {
                let of = container.as_ref().map(|name| format!(" · {name}")).unwrap_or_default();
                format!("Terminal · {namespace} · {pod}{of}")
            }
        }
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn typing(&self) -> bool {
        true
    }

    fn mouse(&self) -> bool {
        false
    }

    fn opened(&mut self, ticket: Ticket, state: &State) -> Steps {
        self.ticket = ticket;
        let key = state.settings.keymap.label(&KEYS[0][0]);
        let way = Step::Say(Notice::tip(format!("{key} cierra la terminal y vuelve a donde estabas")));
        self.start(state).into_iter().chain([way]).collect()
    }

    fn resized(&mut self, state: &State) -> Steps {
        let (columns, rows) = room(state);
        self.parser.set_size(at_least_one(rows), at_least_one(columns));
        vec![Step::Run(Effect::Fit(self.ticket, (columns, rows)))]
    }

    fn reply(&mut self, reply: Reply, _: &State) -> Steps {
        match reply {
            Reply::Bytes(bytes) => self.parser.process(&bytes),
            Reply::ShellEnd(ended) => return self.ended(ended),
            _ => {}
        }
        Steps::new()
    }

    fn answered(&mut self, choice: Option<usize>, state: &State) -> Steps {
        let Some(name) = choice.and_then(|at| self.offered.get(at).cloned()) else { return vec![Step::Pop] };
        if let ShellAt::Exec { container, .. } = &mut self.session {
            *container = Some(name);
        }
        self.start(state)
    }

    fn key(&mut self, key: KeyEvent, state: &State) -> Option<Steps> {
        let shift = key.modifiers.contains(KeyModifiers::SHIFT);
        let page = isize::try_from(room(state).1 / 2).unwrap_or(1);
        Some(match key.code {
            KeyCode::F(10) => return None,
            KeyCode::Char('q') if key.modifiers.contains(KeyModifiers::CONTROL) => return None,
            KeyCode::Enter if self.ended.is_some() => self.start(state),
            KeyCode::Esc if self.ended.is_some() => vec![Step::Pop],
            KeyCode::PageUp if shift => {
                self.scroll(page);
                Steps::new()
            }
            KeyCode::PageDown if shift => {
                self.scroll(-page);
                Steps::new()
            }
            _ => {
                let bytes = typing::bytes(key, self.parser.screen().application_cursor());
                self.send(bytes)
            }
        })
    }

    fn paste(&mut self, text: &str, _: &State) -> Steps {
        let text = text.replace("\r\n", "\r").replace('\n', "\r");
        let bytes = match self.parser.screen().bracketed_paste() {
            true => format!("\x1b[200~{text}\x1b[201~"),
            false => text,
        };
        self.send(bytes.into_bytes())
    }

    fn act(&mut self, action: Action, _: &State) -> Steps {
        match action {
            Action::Back => vec![Step::Pop],
            _ => Steps::new(),
        }
    }

    fn holds(&self) -> Option<String> {
        let open = self.ended.is_none() && self.parser.screen().alternate_screen();
        open.then(|| {
            "Hay un programa a pantalla completa en la terminal: lo que no hayas guardado en él se pierde.".into()
        })
    }

    fn ready(&self, _: &State) -> bool {
        !self.parser.screen().contents().trim().is_empty() || self.ended.is_some()
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let foot = self.foot(state);
        let rows = area.height.saturating_sub(u16::from(foot.is_some()));
        // A foot takes the last row: what is above must stay in sight.
        let below = self.parser.screen().cursor_position().0.saturating_add(1).saturating_sub(rows);
        for at in 0..rows {
            row(frame, area, at, self.line(at + below, state));
        }
        foot.into_iter().for_each(|line| row(frame, area, rows, line));
    }
}
