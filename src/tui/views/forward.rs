//! A port-forward to be opened: which port of this machine leads to which of the object. Nothing is opened before Enter.

use ratatui::Frame;
use ratatui::crossterm::event::KeyEvent;
use ratatui::layout::Rect;
use ratatui::text::Line;
use serde_json::Value;

use super::Entry;
use crate::tui::keys::{Action, Binding, bind};
use crate::tui::model::catalog::Target;
use crate::tui::model::world::{each, text};
use crate::tui::msg::{Effect, Forwarding, Reply, Ticket};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::input::Input;
use crate::tui::widgets::panel::{dialog, lines};
use crate::tui::widgets::text::wrap;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "abrir port-forward",
    words: &[],
    about: "Un puerto de esta máquina que lleva a uno de un pod",
    keys: KEYS,
    go: super::unreachable_by_word,
};

static KEYS: &[&[Binding]] = &[&[
    bind(&["enter"], Action::Enter, "abrirlo", "Abrir el port-forward"),
    bind(&["esc"], Action::Back, "dejarlo", "Cerrar sin abrir nada"),
]];

/// Ports below are the system's own: locally another is proposed.
const OWN_PORTS: u16 = 1024;
/// What is added to such a port.
const SHIFT: u16 = 8000;

#[derive(Debug)]
struct Forward {
    target: Target,
    ticket: Ticket,
    input: Input,
    touched: bool,
    /// The ports that the object says it has.
    offered: Vec<String>,
}

/// Asks for the ports of a port-forward to an object.
pub fn open(target: Target) -> Box<dyn View> {
    Box::new(Forward {
        target,
        ticket: Ticket::default(),
        input: Input::default(),
        touched: false,
        offered: Vec::new(),
    })
}

/// The command that does the same.
pub fn command(forward: &Forwarding) -> String {
    let space = match forward.target.namespace.as_deref() {
        None | Some("" | "default") => String::new(),
        Some(other) => format!(" -n {other}"),
    };
    format!("kubectl port-forward {} {}:{}{space}", forward.target.short(), forward.local, forward.remote)
}

/// The ports of a Service, or of the containers of a pod or a template.
fn ports(object: &Value) -> Vec<String> {
    let containers = || {
        let template = object.pointer("/spec/template/spec").unwrap_or(&object["spec"]);
        each(template, "/containers").flat_map(|container| each(container, "/ports"))
    };
    match text(object, "/kind") {
        "Service" => each(object, "/spec/ports").map(|port| port["port"].to_string()).collect(),
        _ => containers().map(|port| port["containerPort"].to_string()).collect(),
    }
}

impl Forward {
    /// `8080:80`, `80` for the same on both sides.
    fn wish(&self) -> Result<Forwarding, &'static str> {
        let text = self.input.text().trim();
        let (local, remote) = text.split_once(':').unwrap_or((text, text));
        let wrong = "se escribe local:remoto, por ejemplo 8080:80";
        let local = local.parse().ok().filter(|port| *port > 0).ok_or(wrong)?;
        if remote.is_empty() || remote.contains(char::is_whitespace) {
            return Err(wrong);
        }
        Ok(Forwarding::new(self.target.clone(), local, remote))
    }

    fn send(&self, state: &State) -> Steps {
        match self.wish() {
            Err(why) => vec![Step::Say(Notice::bad(why))],
            Ok(wish) if state.forwards.iter().any(|open| open.local == wish.local && open.alive()) => {
                vec![Step::Say(Notice::bad(format!("el puerto {} ya tiene un port-forward (F)", wish.local)))]
            }
            Ok(wish) => {
                let told = command(&wish);
                vec![Step::Pop, Step::Read(told), Step::Run(Effect::Forward(Box::new(wish)))]
            }
        }
    }

    fn propose(&mut self, object: &Value) {
        self.offered = ports(object);
        let Some(first) = self.offered.first().filter(|_| !self.touched) else { return };
        let remote: u16 = first.parse().unwrap_or(0);
        let local = if remote < OWN_PORTS { remote.saturating_add(SHIFT) } else { remote };
        self.input = Input::new(&format!("{local}:{first}"));
    }
}

impl View for Forward {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        format!("Port-forward a {}", self.target.short())
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

    fn opened(&mut self, ticket: Ticket, _: &State) -> Steps {
        self.ticket = ticket;
        vec![Step::Run(Effect::Object(ticket, self.target.clone()))]
    }

    fn reply(&mut self, reply: Reply, _: &State) -> Steps {
        if let Reply::Object(Ok(object)) = reply {
            self.propose(&object);
        }
        Steps::new()
    }

    fn key(&mut self, key: KeyEvent, _: &State) -> Option<Steps> {
        let taken = self.input.key(key);
        self.touched |= taken;
        taken.then(Steps::new)
    }

    fn paste(&mut self, text: &str, _: &State) -> Steps {
        self.touched = true;
        self.input.insert(text);
        Steps::new()
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        match action {
            Action::Enter => self.send(state),
            _ => vec![Step::Pop],
        }
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let inner = dialog(frame, area, (68, 10), &self.title(state), theme);
        let told = match self.wish() {
            Ok(wish) => format!("$ {}", command(&wish)),
            Err(_) if self.input.text().is_empty() => String::new(),
            Err(why) => why.into(),
        };
        let room = usize::from(inner.width);
        let about = "Lo que llegue a ese puerto de 127.0.0.1 irá al pod, a través del API Server. Si el pod se va, la siguiente conexión va a otro.";
        let mut body = vec![Line::default(), self.input.line(theme, "local:remoto: "), Line::default()];
        body.extend(wrap(about, room).into_iter().map(|line| Line::styled(line, theme.dim())));
        if !self.offered.is_empty() {
            body.push(Line::styled(format!("Puertos que declara: {}", self.offered.join(", ")), theme.dim()));
        }
        body.push(Line::styled(told, theme.dim()));
        lines(frame, inner, body);
    }
}
