//! Looking at an object: nothing here changes the cluster.

use super::behind::{has_pods, missing, pods};
use super::{Doing, Subject, always, any};
use crate::tui::keys::Action;
use crate::tui::model::kubectl;
use crate::tui::msg::LogRequest;
use crate::tui::view::{Step, Steps, copied};
use crate::tui::views::detail::{self, Tab};
use crate::tui::views::{logs, why};

/// The page of the object.
pub static DESCRIBE: Doing = Doing {
    name: "Ver el detalle",
    key: Some(Action::Describe),
    about: "Qué es, cómo está y qué le ha pasado. No cambia nada.",
    fits: any,
    refused: always,
    command: |subject| kubectl::read("describe", subject.one(), ""),
    steps: |subject| show(subject, Tab::Describe),
    changes: false,
    many: false,
};

/// Why it fails.
pub static WHY: Doing = Doing {
    name: "¿Por qué falla?",
    key: Some(Action::Why),
    about: "La causa, con los campos y eventos que la prueban, qué hacer y la lección que la enseña. No cambia nada.",
    fits: any,
    refused: always,
    command: |subject| kubectl::read("describe", subject.one(), ""),
    steps: |subject| vec![Step::Push(why::open(subject.one().clone()))],
    changes: false,
    many: false,
};

/// The object as it is.
pub static YAML: Doing = Doing {
    name: "Ver su YAML",
    key: Some(Action::Yaml),
    about: "El objeto entero, tal como lo guarda etcd (sin managedFields). No cambia nada.",
    fits: any,
    refused: always,
    command: |subject| kubectl::read("get", subject.one(), " -o yaml"),
    steps: |subject| show(subject, Tab::Yaml),
    changes: false,
    many: false,
};

/// What happened to it.
pub static EVENTS: Doing = Doing {
    name: "Ver sus eventos",
    key: Some(Action::Events),
    about: "Lo que los controladores y el kubelet contaron de él en la última hora. No cambia nada.",
    fits: any,
    refused: always,
    command: |subject| kubectl::events(subject.one()),
    steps: |subject| show(subject, Tab::Events),
    changes: false,
    many: false,
};

/// What its containers write.
pub static LOGS: Doing = Doing {
    name: "Ver los logs",
    key: Some(Action::Logs),
    about: "Lo que escriben sus contenedores, en vivo; de lo que tiene varios pods, todos juntos. No cambia nada.",
    fits: has_pods,
    refused: no_logs,
    command: |subject| command(subject, false),
    steps: |subject| open_logs(subject, false),
    changes: false,
    many: false,
};

/// What they wrote before the last restart.
pub static EARLIER: Doing = Doing {
    name: "Ver los logs anteriores",
    key: Some(Action::Earlier),
    about: "Lo que escribió el contenedor antes de su último reinicio: ahí suele estar por qué cayó.",
    fits: has_pods,
    refused: no_logs,
    command: |subject| command(subject, true),
    steps: |subject| open_logs(subject, true),
    changes: false,
    many: false,
};

/// The command that describes it, on the clipboard.
pub static COPY: Doing = Doing {
    name: "Copiar el comando",
    key: Some(Action::Copy),
    about: "Pone en el portapapeles el comando kubectl que describe el objeto.",
    fits: any,
    refused: always,
    command: |subject| kubectl::read("describe", subject.one(), ""),
    steps: |subject| copied(kubectl::read("describe", subject.one(), "")),
    changes: false,
    many: false,
};

fn show(subject: &Subject, tab: Tab) -> Steps {
    vec![Step::Push(detail::open(subject.one().clone(), tab))]
}

/// Logs are not recorded: of a moment gone by there are none.
fn no_logs(subject: &Subject) -> Option<String> {
    if subject.state.past.is_some() {
        return Some("los logs son los de ahora, no los de ese momento: vuelve a ahora (t) para verlos".into());
    }
    missing(subject, "solo los pods tienen logs")
}

fn command(subject: &Subject, previous: bool) -> String {
    let (of, pods) = (subject.one(), pods(subject.one(), subject.state));
    match pods.as_slice() {
        [pod] => kubectl::logs(&LogRequest {
            namespace: pod.namespace.clone().unwrap_or_default(),
            pod: pod.name.clone(),
            container: None,
            previous,
            minutes: 0,
            tail: 0,
        }),
        _ => kubectl::all_logs(of, previous, 0),
    }
}

fn open_logs(subject: &Subject, previous: bool) -> Steps {
    let pods = pods(subject.one(), subject.state);
    vec![Step::Push(logs::open(subject.one().clone(), pods, previous))]
}
