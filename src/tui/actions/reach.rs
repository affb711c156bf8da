//! Getting into an object from here: a terminal in its container, a port of this machine that leads to it.

use super::{Doing, Subject, always};
use crate::tui::keys::Action;
use crate::tui::model::catalog::Resource;
use crate::tui::msg::ShellAt;
use crate::tui::view::Step;
use crate::tui::views::{forward, terminal};

/// Kinds that have pods behind them.
const WITH_PODS: &[&str] = &["Pod", "Service", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"];

/// A shell in a container.
pub static SHELL: Doing = Doing {
    name: "Abrir una terminal dentro",
    key: Some(Action::Shell),
    about: "Un shell dentro de su contenedor. Lo que cambies ahí se pierde cuando el contenedor se vaya.",
    fits: |resource| resource.kind == "Pod",
    refused: |subject| {
        let why = "solo los pods tienen contenedores: entra en uno (la terminal de esta máquina se abre con :terminal)";
        (subject.kind() != "Pod").then(|| why.into())
    },
    command: |subject| format!("kubectl exec -it {}{} -- sh", subject.one().name, flag(subject)),
    steps: |subject| {
        let namespace = subject.one().namespace.clone().unwrap_or_default();
        let pod = subject.one().name.clone();
        vec![Step::Push(terminal::open(ShellAt::Exec { namespace, pod, container: None }))]
    },
    changes: true,
    many: false,
};

/// A port that leads to it.
pub static FORWARD: Doing = Doing {
    name: "Llevar un puerto aquí (port-forward)",
    key: Some(Action::Forward),
    about: "Abre un puerto en 127.0.0.1 que lleva a uno suyo, a través del API Server. No cambia nada en el clúster.",
    fits: with_pods,
    refused: |subject| {
        if with_pods(&subject.one().resource) {
            return always(subject);
        }
        Some("port-forward va a un pod, o a un Service o Deployment, que los tienen detrás".into())
    },
    command: |subject| format!("kubectl port-forward {} LOCAL:REMOTO{}", subject.one().short(), flag(subject)),
    steps: |subject| vec![Step::Push(forward::open(subject.one().clone()))],
    changes: false,
    many: false,
};

fn with_pods(resource: &Resource) -> bool {
    WITH_PODS.contains(&resource.kind.as_str())
}

fn flag(subject: &Subject) -> String {
    match subject.one().namespace.as_deref() {
        None | Some("" | "default") => String::new(),
        Some(other) => format!(" -n {other}"),
    }
}
