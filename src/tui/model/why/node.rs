//! Why a worker is not well, or takes no pods.

use jiff::Timestamp;
use serde_json::Value;

use super::{Case, Cause, Finding, causes};
use crate::tui::model::world::{each, number, text};

causes! {
    SILENT: "kubelet-mudo", "Su kubelet dejó de dar noticias: no se sabe cómo están sus pods.",
        ["Mira si la máquina vive y si el kubelet corre (en Timonel: tecla o). Si vuelve, se recupera solo.",
         "Pasado el plazo, sus pods se desalojan y sus dueños crean otros en otros workers."],
        "kubectl describe node {nombre}", "2.4";
    NETWORK: "nodo-sin-red", "Su kubelet vive, pero la red de pods no está lista.",
        ["Mira el CNI o el túnel de este worker: sin él no puede crear pods."],
        "kubectl describe node {nombre}", "3.5";
    RUNTIME: "nodo-sin-motor", "Su kubelet vive, pero no puede con el motor de contenedores.",
        ["Mira que el motor (containerd, docker…) corra en esa máquina."],
        "kubectl describe node {nombre}", "3.1";
    MEMORY: "presion-de-memoria", "Le falta memoria (MemoryPressure): desaloja pods y no acepta los que no piden memoria.",
        ["Quita pods o da más memoria. Los primeros en irse son los que usan más de lo que pidieron."],
        "kubectl top node {nombre}", "7.5";
    DISK: "presion-de-disco", "Le falta disco (DiskPressure): borra imágenes, desaloja pods y no acepta nuevos.",
        ["Libera disco en esa máquina: imágenes viejas, logs, volúmenes emptyDir."],
        "kubectl describe node {nombre}", "7.5";
    PIDS: "presion-de-procesos", "Tiene demasiados procesos (PIDPressure) y no acepta pods nuevos.",
        ["Busca qué pod crea procesos sin fin."],
        "kubectl describe node {nombre}", "7.5";
    CORDONED: "nodo-acordonado", "Está acordonado: no acepta pods nuevos; los que tiene siguen.",
        ["Cuando termine el mantenimiento: kubectl uncordon."],
        "kubectl uncordon {nombre}", "7.10";
    TAINTED: "nodo-con-taints", "Tiene taints (contaminaciones): solo acepta pods que los toleren.",
        ["Si ya no hacen falta, quítalos con kubectl taint y un guion al final de la clave."],
        "kubectl taint nodes {nombre} {taint}-", "7.10";
}

/// Conditions whose truth is trouble.
static PRESSURES: &[(&str, &Cause)] = &[("MemoryPressure", &MEMORY), ("DiskPressure", &DISK), ("PIDPressure", &PIDS)];

/// What is wrong with a worker.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let mut found: Vec<Finding> = unready(case).into_iter().collect();
    found.extend(PRESSURES.iter().filter_map(|(kind, cause)| {
        let condition = case.condition_is(kind, "True")?;
        Some(cause.found(case).proof(format!("status.conditions[{kind}].message"), text(condition, "/message")))
    }));
    if case.object["spec"]["unschedulable"] == true {
        found.push(CORDONED.found(case).proof("spec.unschedulable", "true"));
    }
    found.extend(tainted(case));
    found
}

fn unready(case: &Case) -> Option<Finding> {
    let condition = case.condition("Ready").filter(|it| it["status"] != "True")?;
    let (reason, message) = (text(condition, "/reason"), text(condition, "/message"));
    let cause = match reason {
        "NodeStatusUnknown" | "NodeStatusNeverUpdated" => &SILENT,
        _ if condition["status"] == "Unknown" => &SILENT,
        _ if message.contains("NetworkReady=false") || message.contains("network") => &NETWORK,
        _ => &RUNTIME,
    };
    let place = "status.conditions[Ready]";
    let beat = case.named("Lease", case.name()).map_or("", |lease| text(lease, "/spec/renewTime"));
    let finding = cause.found(case).proof(format!("{place}.status"), text(condition, "/status"));
    let finding = finding.proof(format!("{place}.reason"), reason).proof(format!("{place}.message"), message);
    Some(finding.proof(format!("lease {}: spec.renewTime", case.name()), beat))
}

/// Taints that somebody put: those of a node in trouble are told by their conditions.
fn tainted(case: &Case) -> Option<Finding> {
    let own = |taint: &&Value| !text(taint, "/key").starts_with("node.kubernetes.io/");
    let taints: Vec<&Value> = each(case.object, "/spec/taints").filter(own).collect();
    let first = taints.first()?;
    let told = taints.iter().map(|taint| super::schedule::taint(taint)).collect::<Vec<_>>().join(", ");
    Some(TAINTED.found(case).with("taint", text(first, "/key")).proof("spec.taints", told))
}

/// Whether a Lease was not renewed within its time.
pub(super) fn stale(lease: &Value, case: &Case) -> bool {
    let seconds = number(lease, "/spec/leaseDurationSeconds").unwrap_or(15);
    let renewed = text(lease, "/spec/renewTime").parse::<Timestamp>();
    renewed.is_ok_and(|renewed| case.now.duration_since(renewed).as_secs() > seconds)
}
