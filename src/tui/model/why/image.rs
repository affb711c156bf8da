//! Why a container's image cannot be had.

use serde_json::Value;

use super::{Case, Cause, Finding, causes};
use crate::tui::model::facts::named_after;
use crate::tui::model::world::{each, text};

causes! {
    MISSING: "imagen-que-no-existe", "La imagen «{imagen}» no existe en el registro: revisa el nombre y la etiqueta.",
        ["Corrige la imagen. Suele ser una letra o una versión que no se publicó.",
         "Mientras tanto el kubelet lo vuelve a intentar, cada vez más despacio."],
        "kubectl set image {dueño} {contenedor}=IMAGEN{ns}", "3.2";
    DENIED: "imagen-sin-permiso", "El registro no deja bajar la imagen «{imagen}»: falta permiso, o la imagen es privada.",
        ["Crea un Secret de tipo docker-registry y nómbralo en imagePullSecrets.",
         "Docker Hub responde lo mismo cuando la imagen no existe: revisa también el nombre."],
        "kubectl create secret docker-registry registro --docker-server=… --docker-username=… --docker-password=…{ns}", "7.3";
    UNREACHABLE: "registro-inalcanzable", "No se llega al registro de la imagen «{imagen}».",
        ["Mira la red y el DNS del worker, y si el nombre del registro está bien escrito."],
        "kubectl describe pod {nombre}{ns}", "3.1";
    NOWHERE: "registro-que-no-existe", "El registro de la imagen «{imagen}» no existe: nadie conoce ese nombre.",
        ["Corrige la imagen: el registro es lo que va antes de la primera barra.",
         "Si el registro es tuyo y existe, mira el DNS del worker."],
        "kubectl set image {dueño} {contenedor}=IMAGEN{ns}", "3.2";
    NEVER: "imagen-nunca-se-baja", "La imagen «{imagen}» no está en el worker, e imagePullPolicy: Never prohíbe bajarla.",
        ["Usa IfNotPresent, o pon la imagen en el worker antes."],
        "kubectl get pod {nombre} -o yaml{ns}", "3.2";
    INVALID: "imagen-mal-escrita", "«{imagen}» no es un nombre de imagen válido.",
        ["El nombre va en minúsculas y sin espacios: registro/nombre:etiqueta."],
        "kubectl set image {dueño} {contenedor}=IMAGEN{ns}", "3.2";
    PULL: "imagen-no-se-baja", "No se pudo bajar la imagen «{imagen}».",
        ["Lee el mensaje del registro en las pruebas."],
        "kubectl describe pod {nombre}{ns}", "3.2";
}

/// What the registry's refusal says → the cause. The first that matches wins.
static REFUSALS: &[(&str, &Cause)] = &[
    ("no such host", &NOWHERE),
    ("connection refused", &UNREACHABLE),
    ("i/o timeout", &UNREACHABLE),
    ("network is unreachable", &UNREACHABLE),
    ("unauthorized", &DENIED),
    ("authentication required", &DENIED),
    ("pull access denied", &DENIED),
    ("authorization failed", &DENIED),
    ("403 Forbidden", &DENIED),
    ("not found", &MISSING),
    ("manifest unknown", &MISSING),
];

/// Containers whose image is missing.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    statuses(case).filter_map(|status| one(case, status)).collect()
}

/// The statuses of all containers, those that initialise first.
pub(super) fn statuses<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Value> + use<'a> {
    each(case.object, "/status/initContainerStatuses").chain(each(case.object, "/status/containerStatuses"))
}

fn one(case: &Case, status: &Value) -> Option<Finding> {
    let (reason, message) = (text(status, "/state/waiting/reason"), text(status, "/state/waiting/message"));
    let event = case.event(&["Failed", "ErrImageNeverPull", "InspectFailed"], text(status, "/image"));
    let told = if message.is_empty() { event.map_or("", |event| text(event, "/message")) } else { message };
    let cause = match reason {
        "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable" => {
            REFUSALS.iter().find(|(known, _)| told.contains(known)).map_or(&PULL, |(_, cause)| cause)
        }
        "ErrImageNeverPull" => &NEVER,
        "InvalidImageName" => &INVALID,
        "ImageInspectError" => &PULL,
        _ => return None,
    };
    let container = text(status, "/name");
    let place = format!("status.containerStatuses[{container}].state.waiting");
    let finding = cause.found(case).with("imagen", &wanted(case, container, text(status, "/image")));
    let finding = finding.with("contenedor", container).with("dueño", &owner(case));
    Some(finding.proof(format!("{place}.reason"), reason).proof(format!("{place}.message"), message).event(event))
}

/// The image as the spec has it: the status may have it spelt out.
fn wanted(case: &Case, container: &str, told: &str) -> String {
    let mut all = each(case.object, "/spec/initContainers").chain(each(case.object, "/spec/containers"));
    let image = all.find(|it| it["name"] == container).map_or("", |it| text(it, "/image"));
    if image.is_empty() { told.into() } else { image.into() }
}

/// What makes the pod, as kubectl names it: that is what has to be changed.
pub(super) fn owner(case: &Case) -> String {
    let owner = each(case.object, "/metadata/ownerReferences").find(|owner| owner["controller"] == true);
    match owner.map(|owner| (text(owner, "/kind"), text(owner, "/name"))) {
        Some(("ReplicaSet", name)) => match named_after(name) {
            Some(deployment) => format!("deployment/{deployment}"),
            None => format!("replicaset/{name}"),
        },
        Some((kind, name)) => format!("{}/{name}", kind.to_lowercase()),
        None => format!("pod/{}", case.name()),
    }
}
