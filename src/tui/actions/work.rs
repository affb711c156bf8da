//! What keeps replicas: how many, and all of them anew.

use super::change::ask;
use super::{Doing, Subject};
use crate::tui::keys::Action;
use crate::tui::model::catalog::{Resource, Target, find};
use crate::tui::model::facts::{Key, named_after};
use crate::tui::model::kubectl;
use crate::tui::msg::Deed;
use crate::tui::state::State;
use crate::tui::view::{Step, Steps};
use crate::tui::views::scale;

/// How many replicas.
pub static SCALE: Doing = Doing {
    name: "Escalar",
    key: None,
    about: "Cambia cuántas réplicas se quieren; el controlador creará o quitará pods hasta que las haya.",
    fits: counts,
    refused: countless,
    command: |subject| command(subject, 0),
    steps: |subject| open(subject, 0),
    changes: true,
    many: false,
};

/// One more.
pub static MORE: Doing = Doing {
    name: "Una réplica más",
    key: Some(Action::ScaleUp),
    about: "Pide una réplica más de las que se quieren ahora (pregunta antes).",
    fits: counts,
    refused: countless,
    command: |subject| command(subject, 1),
    steps: |subject| open(subject, 1),
    changes: true,
    many: false,
};

/// One less.
pub static LESS: Doing = Doing {
    name: "Una réplica menos",
    key: Some(Action::ScaleDown),
    about: "Pide una réplica menos; el controlador elige qué pod se va (pregunta antes).",
    fits: counts,
    refused: countless,
    command: |subject| command(subject, -1),
    steps: |subject| open(subject, -1),
    changes: true,
    many: false,
};

/// All pods anew, a few at a time.
pub static RESTART: Doing = Doing {
    name: "Reiniciar sus pods",
    key: Some(Action::Restart),
    about: "Pods nuevos poco a poco, sin cortar el servicio; los de ahora se van cuando los nuevos están listos.",
    fits: Resource::restartable,
    refused: |subject| {
        (!subject.one().resource.restartable())
            .then(|| "se reinician Deployments, StatefulSets y DaemonSets; un pod se borra y su dueño crea otro".into())
    },
    command: |subject| kubectl::deeds(subject.targets, &Deed::Restart),
    steps: |subject| {
        let what =
            "Se crearán pods nuevos poco a poco y se irán los de ahora: cambian de nombre, de IP y pierden su disco.";
        ask(&format!("¿Reiniciar los pods de {}?", subject.title()), vec![what.into()], subject, &Deed::Restart)
    },
    changes: true,
    many: true,
};

fn counts(resource: &Resource) -> bool {
    resource.scalable || resource.kind == "Pod"
}

/// What is scaled: the object, or of a pod what made it.
fn scaled(subject: &Subject) -> Option<Target> {
    let target = subject.one();
    let itself = || target.resource.scalable.then(|| target.clone());
    if subject.kind() == "Pod" { deployment_of(target, subject.state) } else { itself() }
}

fn countless(subject: &Subject) -> Option<String> {
    let why = || {
        format!(
            "{} no tiene réplicas: se escalan Deployments, ReplicaSets y StatefulSets, también desde sus pods",
            subject.one().short()
        )
    };
    scaled(subject).is_none().then(why)
}

fn command(subject: &Subject, by: i64) -> String {
    let Some(target) = scaled(subject) else { return String::new() };
    match replicas(&target, subject.state) {
        Some(now) if by != 0 => kubectl::deed(&target, &Deed::Scale((now + by).max(0))),
        _ => kubectl::deed(&target, &Deed::Scale(0)).replace("=0", "=N"),
    }
}

fn open(subject: &Subject, by: i64) -> Steps {
    let Some(target) = scaled(subject) else { return Steps::new() };
    let now = replicas(&target, subject.state);
    vec![Step::Push(scale::open(target, now, by))]
}

/// The Deployment of a pod, by the name of its ReplicaSet: scaling a pod means scaling what made it.
fn deployment_of(pod: &Target, state: &State) -> Option<Target> {
    let namespace = pod.namespace.clone().unwrap_or_default();
    let owner = &state.cluster.pods.get(&Key::new(&namespace, &pod.name))?.owner;
    let name = named_after(owner.strip_prefix("ReplicaSet/")?)?;
    state.cluster.deployments.get(&Key::new(&namespace, name))?;
    Some(Target { resource: find(&state.catalog, "deployments")?, namespace: pod.namespace.clone(), name: name.into() })
}

/// The replicas wanted now, where a watch tells them.
fn replicas(target: &Target, state: &State) -> Option<i64> {
    let key = Key::new(target.namespace.as_deref().unwrap_or_default(), &target.name);
    let shelf = match target.resource.kind.as_str() {
        "Deployment" => &state.cluster.deployments,
        "ReplicaSet" => &state.cluster.replica_sets,
        _ => return None,
    };
    shelf.get(&key).map(|work| i64::from(work.desired))
}
