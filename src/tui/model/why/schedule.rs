//! Why no worker was chosen for a pod: each filter of the scheduler, and what keeps the scheduler from looking at all.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::case::quoted;
use super::{Case, Cause, Finding, causes, off};
use crate::tui::model::world::{each, name, pairs, text};

/// A scheduler that runs has looked at a new pod by then.
const LOOK: SignedDuration = SignedDuration::from_secs(2);

causes! {
    CPU: "sin-cpu", "Ningún worker tiene la CPU que pide: a {cuántos} no les queda bastante sin reservar.",
        ["Compara lo que pide con lo que queda: kubectl describe node, «Allocated resources».",
         "Pide menos CPU en resources.requests, borra pods que sobren o añade un worker.",
         "Cuenta lo pedido (requests), no lo que se usa en este momento."],
        "kubectl describe pod {nombre}{ns}", "7.5";
    MEMORY: "sin-memoria", "Ningún worker tiene la memoria que pide: a {cuántos} no les queda bastante sin reservar.",
        ["Pide menos memoria en resources.requests, borra pods que sobren o añade un worker."],
        "kubectl describe pod {nombre}{ns}", "7.5";
    RESOURCE: "sin-recurso", "Ningún worker tiene libre el recurso «{recurso}» que pide ({cuántos} sin él).",
        ["Mira si algún worker lo ofrece: kubectl describe node, «Allocatable».",
         "Si es un dispositivo (GPU…), falta instalar lo que lo anuncia en el nodo."],
        "kubectl describe nodes", "7.5";
    FULL: "sin-sitio", "{cuántos} ya tienen tantos pods como admiten.",
        ["Cada kubelet admite un máximo de pods (status.allocatable.pods). Añade un worker o borra pods."],
        "kubectl describe nodes", "3.1";
    CORDONED: "acordonado", "{cuántos} están acordonados: no aceptan pods nuevos.",
        ["Si el mantenimiento terminó, quita el cordón con kubectl uncordon.",
         "Los pods que ya estaban siguen; solo se cierran a los nuevos."],
        "kubectl uncordon {nodo}", "7.10";
    TAINT: "taint", "{cuántos} tienen un taint (contaminación) que este pod no tolera.",
        ["Mira los taints del nodo y decide: quitarlos (kubectl taint nodes NODO CLAVE-) o dar al pod una toleration.",
         "node.kubernetes.io/unreachable y not-ready los pone Kubernetes: ese nodo no responde."],
        "kubectl describe node {nodo}", "7.10";
    SELECTOR: "nodo-sin-etiqueta", "Pide un worker con ciertas etiquetas ({etiquetas}) y {cuántos} no las tienen.",
        ["Corrige nodeSelector o affinity.nodeAffinity del pod, o pon la etiqueta al worker con kubectl label node."],
        "kubectl get nodes --show-labels", "2.8";
    AVOIDS: "anti-afinidad", "Pide no compartir worker con ciertos pods, y {cuántos} ya tienen uno de ellos.",
        ["Hay más réplicas que workers donde caben separadas: añade un worker, baja las réplicas o usa preferredDuringScheduling…"],
        "kubectl get pods -o wide{ns}", "2.8";
    NEAR: "afinidad", "Pide estar junto a otro pod, y en {cuántos} no hay ninguno como el que busca.",
        ["Comprueba que exista un pod con las etiquetas de podAffinity y que corra en un worker donde quepa éste."],
        "kubectl get pods --show-labels{ns}", "2.8";
    SPREAD: "reparto", "Ponerlo en {cuántos} rompería el reparto que piden sus topologySpreadConstraints.",
        ["Sube maxSkew, usa whenUnsatisfiable: ScheduleAnyway o añade workers en la zona que falta."],
        "kubectl get pods -o wide{ns}", "2.8";
    PORT: "puerto-ocupado", "Pide un hostPort que en {cuántos} ya está ocupado.",
        ["Quita hostPort: para exponer un pod usa un Service. Con hostPort cabe un pod por worker."],
        "kubectl get pods -o wide{ns}", "4.4";
    VOLUME: "volumen-lejos", "Su volumen no está al alcance de {cuántos}.",
        ["Un PersistentVolume local o de una zona obliga a que el pod corra allí: mira su nodeAffinity y qué worker queda."],
        "kubectl get pvc,pv{ns}", "7.8";
    CLAIM: "pvc-que-falta", "Usa el PersistentVolumeClaim «{pvc}», que no existe o se está borrando.",
        ["Crea el PersistentVolumeClaim en el mismo namespace, o corrige claimName."],
        "kubectl get pvc{ns}", "7.8";
    UNBOUND: "pvc-sin-volumen", "Espera a un PersistentVolumeClaim que aún no tiene volumen.",
        ["Mira por qué no se enlaza: su StorageClass, y si hay un PersistentVolume que sirva."],
        "kubectl describe pvc{ns}", "7.8";
    NAMED: "otro-nodo", "Pide un worker por su nombre, y {cuántos} se llaman de otra forma.",
        ["Corrige el nombre en nodeAffinity o quítalo y deja elegir al scheduler."],
        "kubectl get nodes", "2.8";
    OTHER: "filtro", "{cuántos} no le sirven: «{texto}».",
        ["El texto es del scheduler: dice qué regla no se cumple."],
        "kubectl describe pod {nombre}{ns}", "2.8";
    NO_NODES: "sin-workers", "No hay ningún worker en el clúster.",
        ["Añade un worker. Sin kubelets registrados nada puede correr."],
        "kubectl get nodes", "2.1";
    GATED: "con-puerta", "Tiene schedulingGates: alguien pidió que espere, y el scheduler no lo mira todavía.",
        ["Quien puso la puerta debe quitarla de spec.schedulingGates cuando esté listo."],
        "kubectl get pod {nombre} -o yaml{ns}", "2.8";
    ANOTHER: "otro-scheduler", "Pide el scheduler «{scheduler}», y ése no lo ha mirado.",
        ["Si no existe un scheduler con ese nombre, nadie le elegirá worker: corrige spec.schedulerName."],
        "kubectl get pod {nombre} -o yaml{ns}", "2.8";
    OFF: "scheduler-apagado", "El scheduler está apagado o no da señales: nadie elige worker para los pods nuevos.",
        ["Enciéndelo (en el puente, con la tecla «o»). Lo que ya corre sigue; solo esperan los pods sin worker."],
        "kubectl get lease kube-scheduler -n kube-system", "2.8";
    UNSEEN: "sin-mirar", "Nadie le ha elegido worker todavía: el scheduler aún no lo ha mirado.",
        ["Suele durar un instante. Si sigue así, mira en el puente si el scheduler está encendido (tecla «o»)."],
        "kubectl get lease kube-scheduler -n kube-system", "2.8";
    GHOST: "nodo-inexistente", "Está asignado al nodo «{nodo}», que no existe: ningún kubelet lo arrancará.",
        ["Quien puso spec.nodeName saltó al scheduler. Borra el pod y créalo sin nodeName."],
        "kubectl get nodes", "2.8";
    PREEMPTED: "desalojado-por-prioridad", "Fue desalojado para dejar sitio a un pod con más prioridad.",
        ["Si importa, dale una priorityClassName más alta o añade capacidad. Su dueño creará otro."],
        "kubectl get priorityclasses", "7.5";
}

/// What the scheduler writes of a filter → the cause. The first that matches wins.
static FILTERS: &[(&str, &Cause)] = &[
    ("Insufficient cpu", &CPU),
    ("Insufficient memory", &MEMORY),
    ("Insufficient ", &RESOURCE),
    ("Too many pods", &FULL),
    ("were unschedulable", &CORDONED),
    ("untolerated taint", &TAINT),
    ("node affinity/selector", &SELECTOR),
    ("[NodeAffinity]", &SELECTOR),
    ("anti-affinity", &AVOIDS),
    ("pod affinity rules", &NEAR),
    ("topology spread", &SPREAD),
    ("free ports", &PORT),
    ("PersistentVolume's node affinity", &VOLUME),
    ("volume node affinity", &VOLUME),
    ("volume zone", &VOLUME),
    ("non-existent pv", &VOLUME),
    ("persistent volumes to bind", &UNBOUND),
    ("requested node name", &NAMED),
];

/// What keeps a pod from having a worker.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let preempted = case.condition("DisruptionTarget").filter(|it| it["reason"] == "PreemptionByScheduler");
    if let Some(condition) = preempted {
        let place = "status.conditions[DisruptionTarget]";
        return vec![
            PREEMPTED.found(case).proof(place, text(condition, "/message")).event(case.event(&["Preempted"], "")),
        ];
    }
    match case.text("/spec/nodeName") {
        "" if case.leaving() => Vec::new(),
        "" => unbound(case),
        node if case.lists("Node") && case.named("Node", node).is_none() => {
            vec![GHOST.found(case).with("nodo", node).proof("spec.nodeName", node)]
        }
        _ => Vec::new(),
    }
}

fn unbound(case: &Case) -> Vec<Finding> {
    let place = "status.conditions[PodScheduled].message";
    let condition = case.condition_is("PodScheduled", "False");
    let message = condition.map_or("", |condition| text(condition, "/message"));
    if let Some(off) = scheduler_off(case) {
        return vec![off];
    }
    match (condition.map(|condition| text(condition, "/reason")), case.text("/spec/schedulerName")) {
        (Some("SchedulingGated"), _) => {
            let gates = each(case.object, "/spec/schedulingGates").map(name_of).collect::<Vec<_>>().join(", ");
            vec![GATED.found(case).proof("spec.schedulingGates", gates).proof(place, message)]
        }
        (None, other) if !["", "default-scheduler"].contains(&other) => {
            vec![ANOTHER.found(case).with("scheduler", other).proof("spec.schedulerName", other)]
        }
        (None, _) => waits(case).then(|| UNSEEN.found(case).proof("spec.nodeName", "vacío")).into_iter().collect(),
        (Some(_), _) if message.contains("no nodes available") => vec![NO_NODES.found(case).proof(place, message)],
        (Some(_), _) if message.contains("persistentvolumeclaim \"") => {
            let claim = quoted(message, "persistentvolumeclaim ").unwrap_or_default();
            vec![CLAIM.found(case).with("pvc", claim).proof(place, message).proof(volume_place(case, claim), claim)]
        }
        (Some(_), _) if message.contains("unbound immediate") => vec![UNBOUND.found(case).proof(place, message)],
        (Some(_), _) => filters(case, message).into_iter().map(|finding| finding.proof(place, message)).collect(),
    }
}

fn name_of(value: &Value) -> &str {
    text(value, "/name")
}

/// Whether it has been there for longer than a scheduler takes to look.
fn waits(case: &Case) -> bool {
    let made = case.text("/metadata/creationTimestamp").parse::<Timestamp>();
    made.is_ok_and(|made| case.now.duration_since(made) > LOOK)
}

/// A pod that nobody has looked at, while the scheduler is switched off or its heartbeat is missing or old.
fn scheduler_off(case: &Case) -> Option<Finding> {
    if case.is_off("scheduler") {
        return Some(off::proven(OFF.found(case), "scheduler"));
    }
    let lease = case.named("Lease", "kube-scheduler")?;
    let held = text(lease, "/spec/holderIdentity");
    let renewed = text(lease, "/spec/renewTime");
    let stale = super::node::stale(lease, case);
    (held.is_empty() || stale).then(|| OFF.found(case).proof("lease kube-scheduler: spec.renewTime", renewed))
}

/// `0/3 nodes are available: 2 Insufficient cpu, 1 node(s) were unschedulable. …`: a finding each, the most frequent first.
fn filters(case: &Case, message: &str) -> Vec<Finding> {
    let Some((count, rest)) = message.split_once(" nodes are available: ") else { return Vec::new() };
    let total = count.split_once('/').map_or("", |(_, total)| total);
    let sentence = rest.split(". ").next().unwrap_or_default().trim_end_matches('.');
    let mut found: Vec<(usize, Finding)> =
        sentence.split(", ").filter_map(|reason| filter(case, reason, total)).collect();
    found.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    found.into_iter().map(|(_, finding)| finding).collect()
}

fn filter(case: &Case, reason: &str, total: &str) -> Option<(usize, Finding)> {
    let (count, says) = reason.split_once(' ')?;
    let number = count.parse().ok()?;
    let cause = FILTERS.iter().find(|(known, _)| says.contains(known)).map_or(&OTHER, |(_, cause)| cause);
    let many = if count == total { format!("los {total} workers") } else { format!("{count} de {total} workers") };
    let many = if total == "1" { "el único worker".into() } else { many };
    let finding = cause.found(case).with("cuántos", &many).with("texto", says);
    let finding = finding.with("recurso", says.trim_start_matches("Insufficient "));
    Some((number, proven(case, cause, finding)))
}

/// The very fields of the pod and of the workers that a filter looked at.
fn proven(case: &Case, cause: &Cause, finding: Finding) -> Finding {
    match cause.id {
        "sin-cpu" => requests(case, finding, "cpu"),
        "sin-memoria" => requests(case, finding, "memory"),
        "acordonado" => {
            let closed: Vec<&str> =
                case.objects("Node").filter(|node| node["spec"]["unschedulable"] == true).map(name).collect();
            let first = closed.first().copied().unwrap_or("NODO").to_string();
            let told = if closed.is_empty() { String::new() } else { format!("true en {}", closed.join(", ")) };
            finding.with("nodo", &first).proof("nodes: spec.unschedulable", told)
        }
        "taint" => tainted(case, finding),
        "nodo-sin-etiqueta" => {
            let wanted = pairs(&case.object["spec"]["nodeSelector"]);
            let rules = &case.object["spec"]["affinity"]["nodeAffinity"];
            let told = if wanted.is_empty() { "affinity.nodeAffinity".into() } else { wanted.clone() };
            let rules = if rules.is_null() { String::new() } else { rules.to_string() };
            finding
                .with("etiquetas", &told)
                .proof("spec.nodeSelector", wanted)
                .proof("spec.affinity.nodeAffinity", rules)
        }
        "puerto-ocupado" => {
            let ports = each(case.object, "/spec/containers").flat_map(|container| each(container, "/ports"));
            let ports: Vec<String> =
                ports.filter_map(|port| port["hostPort"].as_i64()).map(|it| it.to_string()).collect();
            finding.proof("spec.containers[].ports[].hostPort", ports.join(", "))
        }
        "anti-afinidad" | "afinidad" => {
            let (field, place) = match cause.id {
                "afinidad" => ("podAffinity", "spec.affinity.podAffinity"),
                _ => ("podAntiAffinity", "spec.affinity.podAntiAffinity"),
            };
            let rules = &case.object["spec"]["affinity"][field];
            finding.proof(place, if rules.is_null() { String::new() } else { rules.to_string() })
        }
        _ => finding,
    }
}

fn requests(case: &Case, finding: Finding, resource: &str) -> Finding {
    each(case.object, "/spec/containers").fold(finding, |finding, container| {
        let place = format!("spec.containers[{}].resources.requests.{resource}", name_of(container));
        finding.proof(place, text(container, &format!("/resources/requests/{resource}")))
    })
}

fn tainted(case: &Case, finding: Finding) -> Finding {
    let mut first = "NODO";
    let mut finding = finding;
    for node in case.objects("Node") {
        let taints: Vec<String> = each(node, "/spec/taints").map(taint).collect();
        if !taints.is_empty() && first == "NODO" {
            first = name(node);
        }
        finding = finding.proof(format!("node {}: spec.taints", name(node)), taints.join(", "));
    }
    finding.with("nodo", first)
}

/// `clave=valor:Efecto`, as kubectl writes it.
pub(super) fn taint(taint: &Value) -> String {
    match (text(taint, "/key"), text(taint, "/value"), text(taint, "/effect")) {
        (key, "", effect) => format!("{key}:{effect}"),
        (key, value, effect) => format!("{key}={value}:{effect}"),
    }
}

fn volume_place(case: &Case, claim: &str) -> String {
    let mine = |volume: &&Value| text(volume, "/persistentVolumeClaim/claimName") == claim;
    let volume = each(case.object, "/spec/volumes").find(mine).map_or("", name_of);
    format!("spec.volumes[{volume}].persistentVolumeClaim.claimName")
}
