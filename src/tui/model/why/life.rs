//! Why a pod is going, gone or out of sight; and why a namespace does not go.

use super::{Case, Finding, causes};
use crate::tui::model::world::{each, text};

causes! {
    EVICTED: "desalojado", "El kubelet lo desalojó: a su worker le faltaba un recurso.",
        ["Su dueño crea otro en otro worker. Pide (requests) lo que de verdad usa para no ser de los primeros en irse."],
        "kubectl describe node {nodo}", "7.5";
    REJECTED: "rechazado-por-el-kubelet", "El kubelet del worker lo rechazó ({razón}): al llegar ya no cabía o no cumplía.",
        ["Su dueño crea otro. Pasa cuando dos deciden a la vez, o con spec.nodeName puesto a mano."],
        "kubectl describe pod {nombre}{ns}", "3.1";
    DEADLINE: "plazo-del-pod", "Pasó su plazo (activeDeadlineSeconds: {plazo} s) y lo terminaron.",
        ["Sube activeDeadlineSeconds o haz que acabe antes."],
        "kubectl get pod {nombre} -o yaml{ns}", "7.7";
    LOST: "nodo-caido", "Su worker «{nodo}» no responde: no se sabe si el pod sigue corriendo.",
        ["El node controller espera y luego lo desaloja: su dueño creará otro en un worker sano.",
         "El pod viejo no se borra del todo hasta que su kubelet vuelva o se borre el nodo."],
        "kubectl describe node {nodo}", "2.4";
    FINALIZER: "no-se-va-finalizer", "Está pedido borrarlo, pero tiene finalizers: alguien debe terminar algo antes.",
        ["Mira metadata.finalizers: dicen quién. Quitarlos a mano salta ese trabajo."],
        "kubectl get {tipo} {nombre} -o yaml{ns}", "3.4";
    LEAVING: "yendose", "Se está yendo: tiene hasta {gracia} s para terminar por las buenas (SIGTERM) antes de que lo maten.",
        ["Es lo normal. Si agota siempre el plazo, su programa no atiende a SIGTERM."],
        "kubectl describe pod {nombre}{ns}", "3.4";
    CONTENT: "namespace-no-se-va", "El namespace se está borrando, pero aún queda algo dentro o no se puede listar.",
        ["Mira qué queda y qué finalizers tiene. Un APIService sin respuesta también lo detiene."],
        "kubectl get namespace {nombre} -o yaml", "7.1";
}

/// What ends a pod from outside.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let found = [ended(case), lost(case), leaving(case)];
    found.into_iter().flatten().take(1).collect()
}

fn ended(case: &Case) -> Option<Finding> {
    let (reason, message) = (case.text("/status/reason"), case.text("/status/message"));
    if case.text("/status/phase") != "Failed" || reason.is_empty() {
        return None;
    }
    let node = case.text("/spec/nodeName");
    let deadline = case.object["spec"]["activeDeadlineSeconds"].to_string();
    let cause = match reason {
        "Evicted" | "Preempting" => &EVICTED,
        "DeadlineExceeded" => &DEADLINE,
        "NodeLost" | "Shutdown" | "Terminated" => return None,
        _ => &REJECTED,
    };
    let finding = cause.found(case).with("nodo", node).with("razón", reason).with("plazo", &deadline);
    Some(finding.proof("status.reason", reason).proof("status.message", message))
}

/// Its worker does not answer.
fn lost(case: &Case) -> Option<Finding> {
    let node = case.text("/spec/nodeName");
    if node.is_empty() || ["Succeeded", "Failed"].contains(&case.text("/status/phase")) {
        return None;
    }
    let event = case.event(&["NodeNotReady"], "");
    let sick = case.named("Node", node).and_then(|node| {
        let ready = each(node, "/status/conditions").find(|it| it["type"] == "Ready")?;
        (ready["status"] != "True").then_some(ready)
    });
    let told =
        case.text("/status/reason") == "NodeLost" || (event.is_some() && case.condition_is("Ready", "False").is_some());
    let known = case.lists("Node");
    if sick.is_none() && (known || !told) {
        return None;
    }
    let says = sick.map(|ready| format!("{}: {}", text(ready, "/status"), text(ready, "/message"))).unwrap_or_default();
    let finding = LOST.found(case).with("nodo", node).proof("spec.nodeName", node);
    Some(finding.proof(format!("node {node}: status.conditions[Ready]"), says).event(event))
}

fn leaving(case: &Case) -> Option<Finding> {
    if !case.leaving() {
        return None;
    }
    let since = case.text("/metadata/deletionTimestamp");
    let finalizers: Vec<&str> = each(case.object, "/metadata/finalizers").filter_map(|it| it.as_str()).collect();
    if !finalizers.is_empty() {
        let finding = FINALIZER.found(case).proof("metadata.finalizers", finalizers.join(", "));
        return Some(finding.proof("metadata.deletionTimestamp", since));
    }
    let grace = case.object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(30).to_string();
    let finding = LEAVING.found(case).with("gracia", &grace).proof("metadata.deletionTimestamp", since);
    Some(finding.proof("metadata.deletionGracePeriodSeconds", grace))
}

/// Why a namespace does not go.
pub(super) fn namespace(case: &Case) -> Vec<Finding> {
    if case.text("/status/phase") != "Terminating" {
        return Vec::new();
    }
    let telling = each(case.object, "/status/conditions").filter(|it| it["status"] == "True");
    let finding = telling.fold(CONTENT.found(case).proof("status.phase", "Terminating"), |finding, condition| {
        finding.proof(format!("status.conditions[{}]", text(condition, "/type")), text(condition, "/message"))
    });
    vec![finding]
}
