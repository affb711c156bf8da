//! What can be done with objects: one [`Doing`] each, one line in [`ALL`]. Keys, menu, help and bulk are derived from it.
//! Must not do IO: a doing answers with steps.

pub mod behind;
mod change;
mod jobs;
mod nodes;
mod reach;
mod read;
mod rollout;
mod work;

pub use behind::has_pods;
pub use change::ask;

use super::keys::{Action, Binding, bind};
use super::model::catalog::{Resource, Target};
use super::state::{Notice, State};
use super::view::{Step, Steps};

/// Going into an object.
pub static ENTER: &[Binding] =
    &[bind(&["enter", "d"], Action::Describe, "detalle", "Entrar: qué es, cómo está y qué le ha pasado")];

/// Keys of any object: what one asks first.
pub static FIRST: &[Binding] = &[
    bind(&["X"], Action::Why, "¿por qué?", "Por qué falla: la causa, las pruebas, qué hacer y la lección"),
    bind(&["a"], Action::Actions, "acciones", "Todo lo que se puede hacer con él, y el comando que lo haría"),
];

/// Keys of what has pods behind it.
pub static PODS: &[Binding] = &[
    bind(&["l"], Action::Logs, "logs", "Los logs de sus contenedores"),
    bind(&["s"], Action::Shell, "terminal", "Una terminal dentro de su contenedor (exec)"),
    bind(&["p"], Action::Earlier, "", "Los logs de antes del último reinicio"),
];

/// The other keys of any object.
pub static THEN: &[Binding] = &[
    bind(&["y"], Action::Yaml, "YAML", "El objeto entero como YAML"),
    bind(&["f"], Action::Forward, "", "Llevar un puerto de esta máquina a uno suyo (port-forward)"),
    bind(&["e"], Action::Edit, "editar", "Editar su YAML y aplicarlo"),
    bind(&["+"], Action::ScaleUp, "", "Una réplica más"),
    bind(&["-"], Action::ScaleDown, "", "Una réplica menos"),
    bind(&["r"], Action::Restart, "", "Reiniciar sus pods poco a poco (rollout restart)"),
    bind(&["E"], Action::Events, "", "Los eventos sobre el objeto"),
    bind(&["c"], Action::Copy, "", "Copiar el comando kubectl que lo describe"),
    bind(&["ctrl-d"], Action::Delete, "borrar", "Borrar (pregunta antes y dice qué se pierde)"),
];

/// What an action is about: one object, or several that were marked.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The objects, at least one.
    pub targets: &'a [Target],
    /// What is known.
    pub state: &'a State,
}

impl<'a> Subject<'a> {
    /// The first object: the only one of actions that are not for several.
    pub fn one(&self) -> &'a Target {
        &self.targets[0]
    }

    /// The kind, the same for all.
    pub fn kind(&self) -> &'a str {
        &self.one().resource.kind
    }

    /// `pod/web`, or how many.
    pub fn title(&self) -> String {
        match self.targets {
            [one] => one.short(),
            many => format!("{} {}", many.len(), self.one().resource.plural),
        }
    }
}

/// One thing that can be done.
#[derive(Debug)]
pub struct Doing {
    /// What it is called in the menu.
    pub name: &'static str,
    /// What its key means, where it has one.
    pub key: Option<Action>,
    /// What it does to the cluster, in a sentence.
    pub about: &'static str,
    /// Whether it makes sense for a kind at all; only then is it in the menu.
    pub fits: fn(&Resource) -> bool,
    /// Why it cannot be done now.
    pub refused: fn(&Subject) -> Option<String>,
    /// The `kubectl` command that does the same; empty without one.
    pub command: fn(&Subject) -> String,
    /// Does it.
    pub steps: fn(&Subject) -> Steps,
    /// Whether it changes the cluster: not in read-only mode.
    pub changes: bool,
    /// Whether it can be done with several at once.
    pub many: bool,
}

/// Everything that can be done, in the order of the menu: what is done every day, the rest, and at last what destroys.
pub static ALL: &[&Doing] = &[
    &read::DESCRIBE,
    &read::WHY,
    &read::LOGS,
    &reach::SHELL,
    &change::EDIT,
    &work::SCALE,
    &work::RESTART,
    &rollout::IMAGE,
    &rollout::BACK,
    &jobs::TRIGGER,
    &nodes::CORDON,
    &nodes::UNCORDON,
    &nodes::DRAIN,
    &read::YAML,
    &read::EVENTS,
    &read::EARLIER,
    &reach::FORWARD,
    &work::MORE,
    &work::LESS,
    &rollout::PAUSE,
    &rollout::GO_ON,
    &jobs::SUSPEND,
    &jobs::RESUME,
    &rollout::LABEL,
    &read::COPY,
    &change::DELETE,
];

/// For doings that are always possible.
const fn always(_: &Subject) -> Option<String> {
    None
}

/// For doings of every kind.
const fn any(_: &Resource) -> bool {
    true
}

impl Doing {
    /// Why it cannot be done now, the general reasons first.
    pub fn refusal(&self, subject: &Subject) -> Option<String> {
        if let Some(why) = subject.state.frozen().filter(|_| self.changes) {
            return Some(why.into());
        }
        if !self.many && subject.targets.len() > 1 {
            return Some("es para uno solo: quita las marcas (M)".into());
        }
        (self.refused)(subject)
    }

    /// Does it, or says why not.
    pub fn run(&self, subject: &Subject) -> Steps {
        match self.refusal(subject) {
            Some(why) => vec![Step::Say(Notice::bad(why))],
            None => (self.steps)(subject),
        }
    }
}

/// What an action does with objects; `None` when it is not one of these.
pub fn on(action: Action, targets: &[Target], state: &State) -> Option<Steps> {
    let subject = Subject { targets, state };
    if targets.is_empty() {
        return None;
    }
    if action == Action::Actions {
        return Some(vec![Step::Push(super::views::menu::open(targets.to_vec()))]);
    }
    let action = if action == Action::Enter { Action::Describe } else { action };
    let meant = |doing: &&&Doing| doing.key == Some(action);
    let fitting = ALL.iter().find(|doing| meant(doing) && (doing.fits)(&subject.one().resource));
    let doing = fitting.or_else(|| ALL.iter().find(meant))?;
    Some(doing.run(&subject))
}
