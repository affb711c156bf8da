//! Changing an object or taking it away; what cannot be undone asks first and says what will be lost.

use super::{Doing, Subject, any};
use crate::tui::keys::Action;
use crate::tui::model::catalog::Target;
use crate::tui::model::facts::Key;
use crate::tui::model::{kubectl, parts};
use crate::tui::msg::{Deed, Effect};
use crate::tui::state::State;
use crate::tui::view::{Step, Steps};
use crate::tui::views::{confirm, editor};

/// The object in the editor.
pub static EDIT: Doing = Doing {
    name: "Editar",
    key: Some(Action::Edit),
    about: "Abre su YAML en el editor; nada cambia hasta que lo apliques.",
    fits: any,
    refused: |subject| (!subject.one().resource.can("patch")).then(|| "este recurso no se puede cambiar".into()),
    command: |subject| kubectl::read("edit", subject.one(), ""),
    steps: |subject| vec![Step::Push(editor::open(editor::Source::Object(subject.one().clone())))],
    changes: true,
    many: false,
};

/// Gone.
pub static DELETE: Doing = Doing {
    name: "Borrar",
    key: Some(Action::Delete),
    about: "Lo quita del clúster, y con él lo que le pertenece (pregunta antes y dice qué se pierde).",
    fits: any,
    refused: |subject| (!subject.one().resource.can("delete")).then(|| "este recurso no se puede borrar".into()),
    command: |subject| kubectl::deeds(subject.targets, &Deed::Delete),
    steps: |subject| ask(&format!("¿Borrar {}?", subject.title()), losses(subject), subject, &Deed::Delete),
    changes: true,
    many: true,
};

/// Names told one by one before the rest is a number.
const NAMED: usize = 6;

/// Asks, and does it to each only after a yes.
pub fn ask(question: &str, told: Vec<String>, subject: &Subject, change: &Deed) -> Steps {
    let command = kubectl::deeds(subject.targets, change);
    let each = subject.targets.iter().map(|target| {
        let command = kubectl::deed(target, change);
        Step::Run(Effect::Change { command, target: target.clone(), change: change.clone() })
    });
    let open = if matches!(change, Deed::Switch(true)) { confirm::open_harmless } else { confirm::open };
    vec![Step::Push(open(question, told, Some(command), each.collect()))]
}

fn losses(subject: &Subject) -> Vec<String> {
    match subject.targets {
        [one] => vec![loss(one, subject.state)],
        many => {
            let names = many.iter().take(NAMED).map(|target| format!("· {}", target.name));
            let more = many.len().saturating_sub(NAMED);
            let more = (more > 0).then(|| format!("· y {more} más"));
            let what = loss(subject.one(), subject.state);
            let cared = subject.kind() == "Pod" && cared_for(subject.state);
            let what = if cared { "Cada dueño creará otros en su lugar.".into() } else { what };
            names.chain(more).chain([what]).collect()
        }
    }
}

/// Whether all controllers work: what they would do about a loss is only said then.
fn cared_for(state: &State) -> bool {
    let off = parts::off(&state.cluster);
    let needed = ["apiserver", "controller-manager", "etcd"];
    parts::stopped(&state.cluster).is_empty() && !needed.iter().any(|part| off.contains(part))
}

/// What will be lost, in words of the notes.
fn loss(target: &Target, state: &State) -> String {
    let key = Key::new(target.namespace.as_deref().unwrap_or_default(), &target.name);
    match target.resource.kind.as_str() {
        "Pod" => match state.cluster.pods.get(&key).map(|pod| pod.owner.as_str()) {
            Some("") | None => {
                "Es un pod suelto: nadie lo volverá a crear. Se pierde lo que guardó en su disco.".into()
            }
            Some(_) if !cared_for(state) => "Se va este pod, con su IP y su disco.".into(),
            Some(owner) => {
                format!("Se va este pod, con su IP y su disco. {owner} creará otro en su lugar, con otro nombre.")
            }
        },
        kind @ ("Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") => match cared_for(state) {
            true => "Se van también todos sus pods, y nadie los volverá a crear.".into(),
            false => {
                format!("Se va este {kind}. De lo que depende de él se ocupan los controladores, y hay alguno apagado.")
            }
        },
        "Namespace" => "Se borra TODO lo que hay dentro: pods, servicios, datos.".into(),
        "Service" => "Los pods siguen, pero sus clientes dejan de encontrarlos por este nombre y esta IP.".into(),
        "Node" => "Se olvida este worker y se borran sus pods. Si su kubelet sigue vivo, volverá a registrarse.".into(),
        "ConfigMap" | "Secret" | "PersistentVolumeClaim" | "PersistentVolume" => {
            "Se pierden sus datos; los pods que lo usan no podrán volver a arrancar.".into()
        }
        kind => format!("Se pierde este {kind}."),
    }
}
