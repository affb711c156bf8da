//! What can be done with what runs to its end: Jobs and `CronJobs`.

use super::change::ask;
use super::{Doing, always};
use crate::tui::model::catalog::Resource;
use crate::tui::model::kubectl;
use crate::tui::msg::Deed;

/// A Job now.
pub static TRIGGER: Doing = Doing {
    name: "Ejecutarlo ahora",
    key: None,
    about: "Crea un Job con el molde del CronJob, sin esperar a su hora; su horario sigue igual.",
    fits: |resource| resource.kind == "CronJob",
    refused: always,
    command: |subject| kubectl::deeds(subject.targets, &Deed::Trigger),
    steps: |subject| {
        let told = "Se creará un Job aparte, que se queda hasta que lo borres.";
        ask(&format!("¿Ejecutar {} ahora?", subject.title()), vec![told.into()], subject, &Deed::Trigger)
    },
    changes: true,
    many: true,
};

/// Stopped for a while.
pub static SUSPEND: Doing = Doing {
    name: "Suspender",
    key: None,
    about: "No crea más pods hasta que lo reanudes. Un Job suspendido también quita los que tiene.",
    fits: suspends,
    refused: always,
    command: |subject| kubectl::deeds(subject.targets, &Deed::Suspend(true)),
    steps: |subject| {
        let told = "No se crean más pods hasta que lo reanudes; un Job suspendido quita también los que tiene.";
        ask(&format!("¿Suspender {}?", subject.title()), vec![told.into()], subject, &Deed::Suspend(true))
    },
    changes: true,
    many: true,
};

/// Going on.
pub static RESUME: Doing = Doing {
    name: "Reanudar",
    key: None,
    about: "Vuelve a crear pods, si estaba suspendido.",
    fits: suspends,
    refused: always,
    command: |subject| kubectl::deeds(subject.targets, &Deed::Suspend(false)),
    steps: |subject| {
        let told = "Volverá a crear los pods que le falten.";
        ask(&format!("¿Reanudar {}?", subject.title()), vec![told.into()], subject, &Deed::Suspend(false))
    },
    changes: true,
    many: true,
};

fn suspends(resource: &Resource) -> bool {
    ["Job", "CronJob"].contains(&resource.kind.as_str())
}
