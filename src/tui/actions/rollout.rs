//! What can be done with the way a workload changes: go back, stop half-way, another image, a label.

use super::change::ask;
use super::{Doing, Subject, always, any};
use crate::tui::model::catalog::Resource;
use crate::tui::model::facts::{Key, named_after};
use crate::tui::model::kubectl;
use crate::tui::msg::Deed;
use crate::tui::view::Step;
use crate::tui::views::prompt::{self, Question};

/// Back to what it was.
pub static BACK: Doing = Doing {
    name: "Volver a la versión anterior",
    key: None,
    about: "Pone de nuevo el molde de pods de la revisión anterior; los pods cambian poco a poco.",
    fits: Resource::restartable,
    refused: only_version,
    command: |subject| kubectl::deed(subject.one(), &Deed::Undo(None)),
    steps: |subject| {
        let told = "Sus pods se cambiarán poco a poco por otros como los de antes. Qué cambia se ve en el detalle, pestaña Historia.";
        ask(&format!("¿Volver {} atrás?", subject.title()), vec![told.into()], subject, &Deed::Undo(None))
    },
    changes: true,
    many: false,
};

/// A Deployment's versions are its ReplicaSets, which are named after it.
fn only_version(subject: &Subject) -> Option<String> {
    let target = subject.one();
    let namespace = target.namespace.as_deref().filter(|_| target.resource.kind == "Deployment")?;
    let own = |key: &&Key| *key.namespace == *namespace && named_after(&key.name) == Some(&*target.name);
    let versions = subject.state.cluster.replica_sets.keys().filter(own).count();
    (versions == 1).then(|| "solo ha tenido una versión: no hay otra a la que volver".into())
}

/// Half-way and no further.
pub static PAUSE: Doing = Doing {
    name: "Pausar sus cambios",
    key: None,
    about: "Lo que cambies en su molde no se despliega hasta que lo reanudes; los pods de ahora siguen.",
    fits: deployment,
    refused: always,
    command: |subject| kubectl::deeds(subject.targets, &Deed::Pause(true)),
    steps: |subject| {
        let told = "Los cambios de su molde esperarán a que lo reanudes.";
        ask(&format!("¿Pausar {}?", subject.title()), vec![told.into()], subject, &Deed::Pause(true))
    },
    changes: true,
    many: true,
};

/// On again.
pub static GO_ON: Doing = Doing {
    name: "Reanudar sus cambios",
    key: None,
    about: "Despliega lo que cambió mientras estaba pausado.",
    fits: deployment,
    refused: always,
    command: |subject| kubectl::deeds(subject.targets, &Deed::Pause(false)),
    steps: |subject| {
        let told = "Se desplegará lo que haya cambiado mientras estaba pausado.";
        ask(&format!("¿Reanudar {}?", subject.title()), vec![told.into()], subject, &Deed::Pause(false))
    },
    changes: true,
    many: true,
};

/// Another image.
pub static IMAGE: Doing = Doing {
    name: "Cambiar la imagen",
    key: None,
    about: "Pone otra imagen en un contenedor: los pods cambian poco a poco (rolling update).",
    fits: |resource| resource.restartable() || resource.kind == "Pod",
    refused: always,
    command: |subject| format!("kubectl set image {} CONTENEDOR=IMAGEN", subject.one().short()),
    steps: |subject| vec![Step::Push(prompt::open(subject.one().clone(), &NEW_IMAGE))],
    changes: true,
    many: false,
};

/// Another label.
pub static LABEL: Doing = Doing {
    name: "Poner o quitar una etiqueta",
    key: None,
    about: "Cambia una etiqueta del objeto. Un pod que deja de cumplir el selector de su Service o de su dueño se queda sin ellos.",
    fits: any,
    refused: always,
    command: |subject| format!("kubectl label {} CLAVE=VALOR", subject.one().short()),
    steps: |subject| vec![Step::Push(prompt::open(subject.one().clone(), &NEW_LABEL))],
    changes: true,
    many: false,
};

fn deployment(resource: &Resource) -> bool {
    resource.group == "apps" && resource.kind == "Deployment"
}

static NEW_IMAGE: Question = Question {
    title: "Cambiar la imagen de",
    lead: "contenedor=imagen: ",
    about: "Por ejemplo web=nginx:1.27. El nombre del contenedor está en su detalle.",
    read: |text| match text.split_once('=') {
        Some((container, image)) if !container.is_empty() && !image.is_empty() => {
            Ok(Deed::Image { container: container.into(), image: image.into() })
        }
        _ => Err("falta el contenedor o la imagen: contenedor=imagen"),
    },
};

static NEW_LABEL: Question = Question {
    title: "Etiqueta de",
    lead: "clave=valor: ",
    about: "Por ejemplo app=web. Con un guion al final se quita: app-",
    read: |text| match (text.split_once('='), text.strip_suffix('-')) {
        (Some((key, value)), _) if !key.is_empty() => Ok(Deed::Label { key: key.into(), value: Some(value.into()) }),
        (None, Some(key)) if !key.is_empty() => Ok(Deed::Label { key: key.into(), value: None }),
        _ => Err("se escribe clave=valor, o clave- para quitarla"),
    },
};
