//! The contexts of the kubeconfig: which clusters there are, and going to another.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Entry;
use crate::tui::keys::{self, Action, Binding, bind};
use crate::tui::model::format::{pad, width};
use crate::tui::msg::{ContextLine, Effect, Reply, Ticket};
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View, copied};
use crate::tui::widgets::panel::lines;
use crate::tui::widgets::text::{clip, span};
use crate::tui::widgets::window;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "contextos",
    words: &["contextos", "contexto", "ctx", "context"],
    about: "Los contextos de tu kubeconfig: mirar otro clúster (`:ctx nombre`)",
    keys: KEYS,
    go: |_, name| match name {
        "" => Ok(vec![Step::Push(Box::<Contexts>::default())]),
        name => Ok(vec![Step::Push(Box::new(Contexts { wish: name.into(), ..Contexts::default() }))]),
    },
};

static KEYS: &[&[Binding]] = &[
    &[
        bind(&["enter"], Action::Enter, "ir", "Mirar el clúster de este contexto; el de ahora sigue como está"),
        bind(&["c"], Action::Copy, "copiar", "Copiar el comando que lo pone como actual en kubectl"),
    ],
    keys::MOVES,
];

#[derive(Debug, Default)]
struct Contexts {
    read: Option<Result<Vec<ContextLine>, String>>,
    chosen: usize,
    /// Where one wanted to go at once; empty when one only looks.
    wish: String,
}

impl Contexts {
    fn all(&self) -> &[ContextLine] {
        self.read.as_ref().and_then(|read| read.as_ref().ok()).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Leaves for a context, unless one is there.
fn go_to(name: &str, state: &State) -> Steps {
    match name == state.context {
        true => vec![Step::Say(Notice::tip("ya estás en ese contexto"))],
        false => vec![Step::Depart(format!("contexto {name}"))],
    }
}

impl Contexts {
    /// Goes where one wanted to, if that is a context.
    fn grant(&mut self, state: &State) -> Steps {
        let wish = std::mem::take(&mut self.wish);
        match wish == state.context || self.all().iter().any(|line| line.name == wish) {
            _ if wish.is_empty() => Steps::new(),
            true => go_to(&wish, state),
            false => vec![Step::Say(Notice::bad(format!("no hay ningún contexto «{wish}»: elige uno de la lista")))],
        }
    }
}

impl View for Contexts {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        "Contextos".into()
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn opened(&mut self, ticket: Ticket, state: &State) -> Steps {
        vec![
            Step::Read("kubectl config get-contexts".into()),
            Step::Run(Effect::Contexts(ticket, state.kubeconfig.clone())),
        ]
    }

    fn reply(&mut self, reply: Reply, state: &State) -> Steps {
        if let Reply::Contexts(read) = reply {
            self.read = Some(read);
            let here = self.all().iter().position(|line| line.name == state.context);
            self.chosen = here.or_else(|| self.all().iter().position(|line| line.current)).unwrap_or(0);
            return self.grant(state);
        }
        Steps::new()
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        let chosen = self.all().get(self.chosen).map(|line| line.name.clone());
        match (action, chosen) {
            (Action::Enter, Some(name)) => go_to(&name, state),
            (Action::Copy, Some(name)) => copied(format!("kubectl config use-context {name}")),
            (other, _) => {
                self.chosen = window::step(self.chosen, self.all().len(), window::by(other, 10));
                Steps::new()
            }
        }
    }

    fn ready(&self, _: &State) -> bool {
        self.read.is_some()
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let told = match &self.read {
            None => Some("leyendo el kubeconfig…".to_string()),
            Some(Err(why)) => Some(format!("✕ no se puede leer el kubeconfig: {why}")),
            Some(Ok(all)) if all.is_empty() => Some("el kubeconfig no tiene ningún contexto".into()),
            Some(Ok(_)) => None,
        };
        if let Some(told) = told {
            return lines(frame, area, [Line::default(), Line::raw(format!("   {told}"))]);
        }
        let all = self.all();
        let widest = |text: fn(&ContextLine) -> &str| all.iter().map(|line| width(text(line))).max().unwrap_or(0);
        let (name, cluster) = (widest(|line| &line.name), widest(|line| &line.cluster));
        let shown = window::around(self.chosen, all.len(), usize::from(area.height.saturating_sub(1)));
        let rows = shown.map(|index| {
            let line = &all[index];
            let here = line.name == state.context;
            let style = if index == self.chosen { theme.selected() } else { theme.text() };
            let sign = if here { " ● " } else { "   " };
            let note = match (here, line.current) {
                (true, _) => "  ← aquí estás",
                (false, true) => "  el actual de kubectl",
                (false, false) => "",
            };
            let spans = vec![
                span(sign, theme.good()),
                span(format!(" {} ", pad(&line.name, name)), style),
                span(format!("  {}  {}", pad(&line.cluster, cluster), line.server), theme.dim()),
                span(note, theme.accent()),
            ];
            clip(spans, usize::from(area.width))
        });
        lines(frame, area, std::iter::once(Line::default()).chain(rows));
    }
}
