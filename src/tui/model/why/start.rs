//! Why a container whose image is there is not started: configuration, volumes, sandbox, command.

use serde_json::Value;

use super::case::quoted;
use super::image::{owner, statuses};
use super::{Case, Cause, Finding, causes};
use crate::tui::model::world::{each, text};

causes! {
    CONFIG_MAP: "configmap-que-falta", "Su entorno nombra el ConfigMap «{objeto}», que no existe en este namespace.",
        ["Créalo, corrige el nombre, o pon optional: true si puede faltar.",
         "El contenedor arranca solo en cuanto exista: no hace falta borrar el pod."],
        "kubectl get configmaps{ns}", "7.2";
    SECRET: "secret-que-falta", "Su entorno nombra el Secret «{objeto}», que no existe en este namespace.",
        ["Créalo, corrige el nombre, o pon optional: true si puede faltar.",
         "Un Secret no se ve desde otro namespace."],
        "kubectl get secrets{ns}", "7.3";
    KEY: "clave-que-falta", "Su entorno pide la clave «{clave}» de {objeto}, y ahí no está.",
        ["Mira qué claves tiene (kubectl describe) y corrige key, o añádela."],
        "kubectl describe configmaps,secrets{ns}", "7.2";
    ROOT: "corre-como-root", "Pide no correr como root (runAsNonRoot), pero la imagen arranca como root.",
        ["Pon runAsUser con un número distinto de 0, o usa una imagen con otro usuario."],
        "kubectl get pod {nombre} -o yaml{ns}", "7.9";
    CONFIG: "configuracion-mala", "No se puede preparar el contenedor «{contenedor}»: «{texto}».",
        ["El texto es del kubelet: nombra el campo que no puede cumplir."],
        "kubectl describe pod {nombre}{ns}", "7.2";
    COMMAND: "comando-que-no-existe", "El contenedor «{contenedor}» manda ejecutar «{programa}», que no está en la imagen.",
        ["Revisa command y args: command reemplaza al ENTRYPOINT de la imagen; args, al CMD.",
         "Un guion de shell necesita sh -c; no todas las imágenes tienen shell."],
        "kubectl get pod {nombre} -o yaml{ns}", "3.2";
    START: "contenedor-no-arranca", "El contenedor «{contenedor}» no llega a arrancar: «{texto}».",
        ["El texto es del motor de contenedores. Suele ser el comando, un permiso o un montaje."],
        "kubectl describe pod {nombre}{ns}", "3.2";
    MOUNT_MAP: "volumen-sin-configmap", "Monta el ConfigMap «{objeto}», que no existe: el pod se queda en ContainerCreating.",
        ["Créalo en este namespace o corrige el nombre en spec.volumes."],
        "kubectl get configmaps{ns}", "7.2";
    MOUNT_SECRET: "volumen-sin-secret", "Monta el Secret «{objeto}», que no existe: el pod se queda en ContainerCreating.",
        ["Créalo en este namespace o corrige el nombre en spec.volumes."],
        "kubectl get secrets{ns}", "7.3";
    MOUNT_KEY: "volumen-sin-clave", "Monta una clave que su ConfigMap o Secret no tiene.",
        ["Mira spec.volumes[].items[].key: debe ser una de las claves que hay."],
        "kubectl describe pod {nombre}{ns}", "7.2";
    MOUNT: "volumen-no-se-monta", "No se puede montar el volumen «{volumen}».",
        ["El mensaje del evento dice por qué: el volumen, su nodo o su controlador."],
        "kubectl describe pod {nombre}{ns}", "7.8";
    SANDBOX: "sin-red-de-pod", "El kubelet no consigue crear la caja del pod (sandbox): casi siempre es la red del nodo.",
        ["Mira la red de ese worker: su túnel, su podCIDR y el CNI.",
         "Otros pods nuevos del mismo worker fallarán igual; los que ya corrían siguen."],
        "kubectl describe pod {nombre}{ns}", "3.5";
    WAITS: "espera-a-init", "Sus contenedores esperan: antes tiene que terminar bien el init container «{contenedor}».",
        ["Mira qué hace ese init container en sus logs: si no termina, el pod no pasa de aquí."],
        "kubectl logs {nombre} -c {contenedor}{ns}", "3.3";
}

/// Reasons of a container that could not be prepared or started.
const CONFIGS: &[&str] = &["CreateContainerConfigError", "CreateContainerError"];
const STARTS: &[&str] =
    &["RunContainerError", "StartError", "ContainerCannotRun", "CreateContainerError", "PostStartHookError"];
/// What runtimes say of a program that is not in the image.
const NO_PROGRAM: &[&str] = &["executable file not found", "no such file or directory"];

/// What keeps containers from starting.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let mut found: Vec<Finding> = statuses(case).filter_map(|status| container(case, status)).collect();
    if case.text("/spec/nodeName").is_empty() || case.text("/status/phase") != "Pending" {
        return found;
    }
    found.extend(mount(case));
    found.extend(sandbox(case));
    if found.is_empty() {
        found.extend(initialising(case));
    }
    found
}

fn container(case: &Case, status: &Value) -> Option<Finding> {
    let name = text(status, "/name");
    let places = ["state.waiting", "state.terminated", "lastState.terminated"];
    let (place, reason, message) = places.into_iter().find_map(|place| {
        let at = format!("/{}", place.replace('.', "/"));
        let reason = text(status, &format!("{at}/reason"));
        let message = text(status, &format!("{at}/message"));
        let known = CONFIGS.contains(&reason) || STARTS.contains(&reason);
        // A program that is not there ends in CrashLoopBackOff, and only the last state tells of it.
        let lost = NO_PROGRAM.iter().any(|says| message.contains(says)) && message.contains("exec");
        (known || lost).then_some((place, reason, message))
    })?;
    let (cause, object, key) = judged(reason, message);
    let finding = cause.found(case).with("contenedor", name).with("objeto", object).with("clave", key);
    let finding = finding.with("programa", program(message)).with("texto", message);
    let place = format!("status.containerStatuses[{name}].{place}");
    Some(finding.proof(format!("{place}.reason"), reason).proof(format!("{place}.message"), message))
}

/// The cause, and the object and key that the message names.
fn judged<'t>(reason: &str, message: &'t str) -> (&'static Cause, &'t str, &'t str) {
    let missing = |what: &str| quoted(message, what).filter(|_| message.contains("not found"));
    if let Some((key, object)) = message.strip_prefix("couldn't find key ").and_then(|rest| rest.split_once(" in ")) {
        return (&KEY, object, key);
    }
    match (missing("configmap"), missing("secret")) {
        (Some(map), _) if CONFIGS.contains(&reason) => (&CONFIG_MAP, map, ""),
        (_, Some(secret)) if CONFIGS.contains(&reason) => (&SECRET, secret, ""),
        _ if message.contains("runAsNonRoot") => (&ROOT, "", ""),
        _ if NO_PROGRAM.iter().any(|says| message.contains(says)) => (&COMMAND, "", ""),
        _ if reason == "CreateContainerConfigError" => (&CONFIG, "", ""),
        _ => (&START, "", ""),
    }
}

/// `exec: "programa": executable file not found in $PATH`.
fn program(message: &str) -> &str {
    quoted(message, "exec:").unwrap_or("el programa")
}

fn mount(case: &Case) -> Option<Finding> {
    let event = case.event(&["FailedMount", "FailedAttachVolume"], "")?;
    let message = text(event, "/message");
    let volume = quoted(message, "volume").unwrap_or_default();
    let named = |what: &str| quoted(message, what).filter(|_| message.contains("not found"));
    let cause = match (named("configmap"), named("secret")) {
        (Some(map), _) => MOUNT_MAP.found(case).with("objeto", map),
        (_, Some(secret)) => MOUNT_SECRET.found(case).with("objeto", secret),
        _ if message.contains("non-existent config key") => MOUNT_KEY.found(case),
        _ => MOUNT.found(case),
    };
    Some(cause.with("volumen", volume).event(Some(event)).proof("spec.volumes[].name", volume))
}

fn sandbox(case: &Case) -> Option<Finding> {
    let event = case.event(&["FailedCreatePodSandBox", "NetworkNotReady"], "")?;
    Some(SANDBOX.found(case).event(Some(event)).proof("spec.nodeName", case.text("/spec/nodeName")))
}

/// An init container that runs and has not ended.
fn initialising(case: &Case) -> Option<Finding> {
    let running = |status: &&Value| !status["state"]["running"].is_null() && status["started"] != true;
    let waits = each(case.object, "/status/initContainerStatuses").find(running)?;
    let name = text(waits, "/name");
    let since = text(waits, "/state/running/startedAt");
    let place = format!("status.initContainerStatuses[{name}].state.running.startedAt");
    let condition = case.condition_is("Initialized", "False").map_or("", |it| text(it, "/message"));
    let finding = WAITS.found(case).with("contenedor", name).with("dueño", &owner(case));
    Some(finding.proof(place, since).proof("status.conditions[Initialized].message", condition))
}
