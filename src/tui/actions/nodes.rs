//! What can be done with a worker.

use super::change::ask;
use super::{Doing, Subject};
use crate::tui::model::catalog::Resource;
use crate::tui::model::facts::Key;
use crate::tui::model::kubectl;
use crate::tui::msg::Deed;

/// No more pods on it.
pub static CORDON: Doing = Doing {
    name: "Acordonar",
    key: None,
    about: "El scheduler deja de mandarle pods; los que tiene siguen ahí.",
    fits: node,
    refused: |subject| cordoned(subject).then(|| "ya está acordonado".into()),
    command: |subject| kubectl::deeds(subject.targets, &Deed::Cordon(true)),
    steps: |subject| {
        let told = "Los pods que ya tiene siguen; los nuevos irán a otros workers.";
        ask(&format!("¿Acordonar {}?", subject.title()), vec![told.into()], subject, &Deed::Cordon(true))
    },
    changes: true,
    many: true,
};

/// Pods on it again.
pub static UNCORDON: Doing = Doing {
    name: "Quitar el cordón",
    key: None,
    about: "El scheduler vuelve a contar con él. Los pods que se fueron no vuelven solos.",
    fits: node,
    refused: |subject| (!cordoned(subject)).then(|| "no está acordonado".into()),
    command: |subject| kubectl::deeds(subject.targets, &Deed::Cordon(false)),
    steps: |subject| {
        let told = "El scheduler volverá a mandarle pods nuevos.";
        ask(&format!("¿Quitar el cordón de {}?", subject.title()), vec![told.into()], subject, &Deed::Cordon(false))
    },
    changes: true,
    many: true,
};

/// Emptied.
pub static DRAIN: Doing = Doing {
    name: "Vaciar (drain)",
    key: None,
    about: "Lo acordona y desaloja sus pods uno a uno, respetando los PodDisruptionBudgets: para apagarlo sin cortes.",
    fits: node,
    refused: |_| None,
    command: |subject| kubectl::deeds(subject.targets, &Deed::Drain),
    steps: |subject| {
        let told = "Sus pods se desalojan: los que tienen dueño se crean en otros workers; los sueltos se pierden. \
                    Los de DaemonSets se quedan. Lo que guardaron en discos emptyDir se pierde.";
        ask(&format!("¿Vaciar {}?", subject.title()), vec![told.into()], subject, &Deed::Drain)
    },
    changes: true,
    many: false,
};

fn node(resource: &Resource) -> bool {
    resource.kind == "Node"
}

fn cordoned(subject: &Subject) -> bool {
    subject
        .targets
        .iter()
        .all(|target| subject.state.cluster.nodes.get(&Key::new("", &target.name)).is_some_and(|node| node.cordoned))
}
