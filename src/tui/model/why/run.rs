//! Why a container that started does not stay, or does not answer: exits, memory, probes.

use serde_json::Value;

use super::image::statuses;
use super::{Case, Cause, Finding, causes};
use crate::tui::model::world::{each, number, text};

causes! {
    OOM: "sin-memoria-propia", "El contenedor «{contenedor}» pasó de su límite de memoria ({límite}) y el sistema lo mató (OOMKilled).",
        ["Sube resources.limits.memory, o busca en qué se va la memoria.",
         "No es falta de memoria del worker: es el límite de este contenedor."],
        "kubectl top pod {nombre} --containers{ns}", "7.5";
    LIVENESS: "sonda-de-vida", "La sonda de vida (livenessProbe) del contenedor «{contenedor}» falla y el kubelet lo reinicia.",
        ["Mira qué pide la sonda y qué responde la aplicación: puerto, ruta, tiempo.",
         "Si tarda en arrancar, usa startupProbe o initialDelaySeconds: una sonda con prisa mata aplicaciones sanas."],
        "kubectl describe pod {nombre}{ns}", "7.4";
    STARTUP: "sonda-de-arranque", "La sonda de arranque (startupProbe) del contenedor «{contenedor}» no pasa a tiempo y el kubelet lo reinicia.",
        ["Sube failureThreshold o periodSeconds: juntos dicen cuánto puede tardar en arrancar."],
        "kubectl describe pod {nombre}{ns}", "7.4";
    READINESS: "sonda-de-listo", "La sonda de disponibilidad (readinessProbe) falla: corre, pero no recibe tráfico de ningún Service.",
        ["Mira qué pide la sonda: el puerto y la ruta deben ser los de la aplicación.",
         "No se reinicia por esto: vuelve al Service en cuanto la sonda pase."],
        "kubectl describe pod {nombre}{ns}", "7.4";
    UNREADY: "aun-no-listo", "Corre, pero su contenedor «{contenedor}» aún no está listo: no recibe tráfico de ningún Service.",
        ["Espera a que pase su sonda (initialDelaySeconds, periodSeconds) o mira sus logs."],
        "kubectl logs {nombre} -c {contenedor}{ns}", "7.4";
    GATE: "readiness-gate", "Sus contenedores están listos, pero espera a una condición de fuera (readinessGates).",
        ["Quien debe poner esa condición (un balanceador, un operador) aún no lo ha hecho."],
        "kubectl get pod {nombre} -o yaml{ns}", "7.4";
    SHELL: "orden-no-encontrada", "El contenedor «{contenedor}» termina con código {código}: el shell no encuentra el programa o no puede ejecutarlo.",
        ["127 es «no encontrado» y 126 «sin permiso de ejecución»: revisa command y args."],
        "kubectl logs {nombre} -c {contenedor} --previous{ns}", "6.3";
    KILLED: "matado", "Al contenedor «{contenedor}» lo mataron a la fuerza (código 137, SIGKILL), y no fue por su memoria.",
        ["Suele ser una sonda de vida, o que no terminó a tiempo tras SIGTERM (terminationGracePeriodSeconds)."],
        "kubectl describe pod {nombre}{ns}", "3.4";
    SEGFAULT: "se-rompe", "El programa del contenedor «{contenedor}» se rompe (código 139, SIGSEGV).",
        ["Es un fallo del programa o una imagen para otra arquitectura. Mira sus últimos logs."],
        "kubectl logs {nombre} -c {contenedor} --previous{ns}", "6.3";
    ENDS: "termina-y-vuelve", "El contenedor «{contenedor}» termina bien (código 0) y se reinicia una y otra vez: su trabajo se acaba.",
        ["Si es una tarea que termina, usa un Job. Si debe quedarse, su proceso principal no debe salir ni pasar al fondo."],
        "kubectl logs {nombre} -c {contenedor} --previous{ns}", "7.7";
    CRASH: "se-cae", "El contenedor «{contenedor}» se cae: su programa termina con código {código} ({reinicios} reinicios).",
        ["Lee lo último que escribió antes de caer: kubectl logs --previous (tecla p).",
         "Kubernetes espera cada vez más entre reinicios: CrashLoopBackOff es esa espera, no el fallo."],
        "kubectl logs {nombre} -c {contenedor} --previous{ns}", "6.3";
    INIT: "init-falla", "El init container «{contenedor}» falla (código {código}), y hasta que termine bien los demás no arrancan.",
        ["Mira sus logs con kubectl logs -c. Suele esperar a algo que no responde todavía."],
        "kubectl logs {nombre} -c {contenedor}{ns}", "3.3";
}

/// What goes wrong once containers run.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    if case.leaving() {
        return Vec::new();
    }
    let mut found: Vec<Finding> = statuses(case).filter_map(|status| fallen(case, status)).collect();
    if found.is_empty() {
        found.extend(unready(case));
    }
    found
}

/// A container that ended badly, or keeps ending.
fn fallen(case: &Case, status: &Value) -> Option<Finding> {
    let name = text(status, "/name");
    let waiting = text(status, "/state/waiting/reason");
    let (place, ended) = [("state", &status["state"]), ("lastState", &status["lastState"])]
        .into_iter()
        .map(|(place, state)| (place, &state["terminated"]))
        .find(|(_, ended)| !ended.is_null())?;
    let code = number(ended, "/exitCode").unwrap_or_default();
    let looping = waiting == "CrashLoopBackOff";
    let current = place == "state" && code != 0;
    let recent = status["ready"] != true && number(status, "/restartCount").unwrap_or(0) > 0;
    if !(looping || current || recent) || unstarted(ended) {
        return None;
    }
    let cause = judged(case, status, ended, code)?;
    let restarts = number(status, "/restartCount").unwrap_or_default().to_string();
    let finding = cause.found(case).with("contenedor", name).with("código", &code.to_string());
    let finding = finding.with("límite", &limit(case, name)).with("reinicios", &restarts);
    let base = format!("status.containerStatuses[{name}]");
    let finding = finding
        .proof(format!("{base}.state.waiting.reason"), waiting)
        .proof(format!("{base}.{place}.terminated.reason"), text(ended, "/reason"))
        .proof(format!("{base}.{place}.terminated.exitCode"), code.to_string())
        .proof(format!("{base}.restartCount"), restarts);
    let finding = if cause.id == OOM.id { limited(case, finding, name) } else { finding };
    Some(finding.event(case.event(&["Unhealthy"], probe(cause)).filter(|_| !probe(cause).is_empty())))
}

/// Whether the program never ran: `start` tells of those.
fn unstarted(ended: &Value) -> bool {
    ["StartError", "ContainerCannotRun"].contains(&text(ended, "/reason"))
        || (text(ended, "/message").contains("exec") && text(ended, "/message").contains("not found"))
}

fn judged(case: &Case, status: &Value, ended: &Value, code: i64) -> Option<&'static Cause> {
    let initial = each(case.object, "/status/initContainerStatuses").any(|it| it["name"] == status["name"]);
    let unhealthy = |says: &str| case.event(&["Unhealthy"], says).is_some();
    Some(match code {
        _ if ended["reason"] == "OOMKilled" => &OOM,
        0 if initial => return None,
        _ if initial => &INIT,
        _ if unhealthy("Liveness probe failed") => &LIVENESS,
        _ if unhealthy("Startup probe failed") => &STARTUP,
        0 if case.text("/spec/restartPolicy") == "Never" || case.text("/spec/restartPolicy") == "OnFailure" => {
            return None;
        }
        0 => &ENDS,
        126 | 127 => &SHELL,
        137 => &KILLED,
        139 => &SEGFAULT,
        _ => &CRASH,
    })
}

/// What the event of the probe behind a cause says.
fn probe(cause: &Cause) -> &'static str {
    match cause.id {
        "sonda-de-vida" => "Liveness probe failed",
        "sonda-de-arranque" => "Startup probe failed",
        _ => "",
    }
}

fn spec_of<'a>(case: &Case<'a>, container: &str) -> Option<&'a Value> {
    let mut all = each(case.object, "/spec/initContainers").chain(each(case.object, "/spec/containers"));
    all.find(|it| it["name"] == container)
}

fn limit(case: &Case, container: &str) -> String {
    let limit = spec_of(case, container).map_or("", |it| text(it, "/resources/limits/memory"));
    if limit.is_empty() { "el del nodo".into() } else { limit.into() }
}

fn limited(case: &Case, finding: Finding, container: &str) -> Finding {
    let limit = spec_of(case, container).map_or("", |it| text(it, "/resources/limits/memory"));
    finding.proof(format!("spec.containers[{container}].resources.limits.memory"), limit)
}

/// A pod that runs and is not ready.
fn unready(case: &Case) -> Option<Finding> {
    let condition = case.condition_is("Ready", "False")?;
    let place = "status.conditions[Ready]";
    let said = |finding: Finding| {
        finding
            .proof(format!("{place}.reason"), text(condition, "/reason"))
            .proof(format!("{place}.message"), text(condition, "/message"))
    };
    if condition["reason"] == "ReadinessGatesNotReady" {
        return Some(said(GATE.found(case)));
    }
    let running = |status: &&Value| status["ready"] == false && !status["state"]["running"].is_null();
    let status = each(case.object, "/status/containerStatuses").find(running)?;
    let name = text(status, "/name");
    let event = case.event(&["Unhealthy"], "Readiness probe failed");
    let cause = if event.is_some() { &READINESS } else { &UNREADY };
    let probe = spec_of(case, name).map(|it| &it["readinessProbe"]).filter(|probe| !probe.is_null());
    let probe = probe.map(Value::to_string).unwrap_or_default();
    let finding = said(cause.found(case).with("contenedor", name).event(event));
    Some(finding.proof(format!("spec.containers[{name}].readinessProbe"), probe))
}
