//! Getting into an object from here: a terminal in its container, a port of this machine that leads to it.

use super::behind::{has_pods, missing, pod};
use super::{Doing, Subject, always};
use crate::tui::keys::Action;
use crate::tui::model::catalog::Resource;
use crate::tui::msg::ShellAt;
use crate::tui::view::{Step, Steps};
use crate::tui::views::{forward, terminal};

/// A shell in a container.
pub static SHELL: Doing = Doing {
    name: "Abrir una terminal dentro",
    key: Some(Action::Shell),
    about: "Un shell dentro de su contenedor. Lo que cambies ahí se pierde cuando el contenedor se vaya.",
    fits: has_pods,
    refused: |subject| {
        missing(subject, "solo los pods tienen contenedores (la terminal de esta máquina se abre con :terminal)")
    },
    command: |subject| {
        let pod = pod(subject).map(|pod| format!("kubectl exec -it {}{} -- sh", pod.name, flag(subject)));
        pod.unwrap_or_default()
    },
    steps: |subject| {
        let Some(pod) = pod(subject) else { return Steps::new() };
        let (namespace, pod) = (pod.namespace.unwrap_or_default(), pod.name);
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
        if subject.state.past.is_some() {
            return subject.state.frozen().map(Into::into);
        }
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

/// What a port-forward takes.
fn with_pods(resource: &Resource) -> bool {
    has_pods(resource) && !["Job", "ReplicationController"].contains(&resource.kind.as_str())
}

fn flag(subject: &Subject) -> String {
    match subject.one().namespace.as_deref() {
        None | Some("" | "default") => String::new(),
        Some(other) => format!(" -n {other}"),
    }
}
