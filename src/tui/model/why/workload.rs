//! Why what keeps replicas does not have those it wants: pods that may not be created, pods that fail, nobody who looks.

use serde_json::Value;

use super::case::quoted;
use super::{Case, Cause, Finding, causes};
use crate::tui::model::world::{each, name, number, satisfies, text};

causes! {
    QUOTA: "cuota", "La cuota «{objeto}» del namespace está agotada: no deja crear más pods.",
        ["Sube la cuota, borra lo que sobre, o pide menos recursos por pod.",
         "Lo pedido, lo usado y el tope están en el mensaje."],
        "kubectl describe resourcequota{ns}", "7.1";
    LIMITS: "limitrange", "Lo que pide el pod no cumple los límites del namespace (LimitRange).",
        ["Ajusta requests y limits a lo que permite el LimitRange: el mensaje dice qué máximo o mínimo."],
        "kubectl describe limitrange{ns}", "7.5";
    SECURITY: "pod-security", "El namespace exige un nivel de seguridad que el pod no cumple (Pod Security).",
        ["El mensaje nombra cada campo: securityContext.runAsNonRoot, capabilities, seccompProfile…"],
        "kubectl get namespace --show-labels", "7.9";
    ACCOUNT: "cuenta-que-falta", "Sus pods usan el ServiceAccount «{objeto}», que no existe en este namespace.",
        ["Créalo o corrige serviceAccountName en el molde."],
        "kubectl get serviceaccounts{ns}", "2.7";
    REFUSED: "pods-rechazados", "El API Server no deja crear sus pods.",
        ["El mensaje es del API Server y dice qué campo o regla lo impide."],
        "kubectl describe {tipo} {nombre}{ns}", "2.2";
    STALLED: "despliegue-atascado", "La actualización lleva más de su plazo (progressDeadlineSeconds) sin avanzar.",
        ["Mira los pods nuevos: son los que no llegan a estar listos. Los de antes siguen atendiendo.",
         "Para volver a lo que funcionaba: kubectl rollout undo."],
        "kubectl rollout undo {tipo}/{nombre}{ns}", "5.5";
    PAUSED: "pausado", "Está en pausa: lo que cambies en su molde no se despliega.",
        ["Reanúdalo con kubectl rollout resume cuando termines de cambiar."],
        "kubectl rollout resume {tipo}/{nombre}{ns}", "5.5";
    ZERO: "cero-replicas", "Pide 0 réplicas: por eso no tiene ningún pod.",
        ["Súbelas con kubectl scale (teclas + y -)."],
        "kubectl scale {tipo}/{nombre} --replicas=1{ns}", "1.5";
    UNSEEN: "nadie-lo-mira", "Su controlador aún no ha visto el último cambio: el Controller Manager va atrasado o está apagado.",
        ["Mira sus luces en el puente (tecla «o»): sin él, lo deseado y lo real dejan de acercarse."],
        "kubectl get lease kube-controller-manager -n kube-system", "2.3";
    ORDERED: "en-orden", "Crea sus pods en orden, y no sigue hasta que «{pod}» esté listo.",
        ["Arregla ese pod: los siguientes esperan. Con podManagementPolicy: Parallel no esperarían."],
        "kubectl describe pod {pod}{ns}", "7.8";
    NOWHERE: "ningun-worker-cumple", "Ningún worker cumple lo que pide: por eso no tiene ningún pod.",
        ["Mira nodeSelector y affinity del molde, y las etiquetas y taints de los workers."],
        "kubectl get nodes --show-labels", "7.8";
}

/// What keeps replicas from being there.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let mut found: Vec<Finding> = refused(case).into_iter().collect();
    found.extend(pods(case));
    found.extend(stalled(case));
    found.extend(of_daemons(case));
    found.extend(unseen(case));
    found.extend(wished(case));
    found
}

/// What the API server answered when its pods were to be created.
static REFUSALS: &[(&str, &Cause)] = &[
    ("exceeded quota", &QUOTA),
    ("failed quota", &QUOTA),
    ("violates PodSecurity", &SECURITY),
    ("usage per", &LIMITS),
    ("limit to request ratio", &LIMITS),
    ("serviceaccount \"", &ACCOUNT),
];

/// The API server does not let its pods be created.
pub(super) fn refused(case: &Case) -> Option<Finding> {
    let condition = case.condition_is("ReplicaFailure", "True").filter(|it| it["reason"] == "FailedCreate");
    let wanting = condition.is_some() || wanting(case);
    let event = case.event(&["FailedCreate"], "").filter(|_| wanting);
    let message = condition.or(event).map(|it| text(it, "/message"))?;
    let cause = REFUSALS.iter().find(|(known, _)| message.contains(known)).map_or(&REFUSED, |(_, cause)| cause);
    let object = match cause.id {
        "cuenta-que-falta" => quoted(message, "serviceaccount ").unwrap_or_default(),
        _ => message.split_once("quota: ").map_or("", |(_, rest)| rest.split([',', ' ']).next().unwrap_or_default()),
    };
    let place = condition.map_or("", |_| "status.conditions[ReplicaFailure].message");
    let finding = cause.found(case).with("objeto", object);
    let finding = if place.is_empty() { finding } else { finding.proof(place, message) };
    Some(if condition.is_some() { finding } else { finding.event(event) })
}

/// Whether fewer pods are there than are wanted.
fn wanting(case: &Case) -> bool {
    let wanted = number(case.object, "/spec/replicas")
        .or_else(|| number(case.object, "/status/desiredNumberScheduled"))
        .unwrap_or(1);
    let there = number(case.object, "/status/replicas")
        .or_else(|| number(case.object, "/status/currentNumberScheduled"))
        .or_else(|| number(case.object, "/status/active"))
        .unwrap_or(0);
    there < wanted
}

/// The pods of an owner: those that its selector takes in.
pub(super) fn owned<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Value> + use<'a> {
    let selector = &case.object["spec"]["selector"];
    let (space, plain) = (case.namespace(), case.kind() == "ReplicationController");
    case.objects("Pod").filter(move |pod| {
        let labels = &pod["metadata"]["labels"];
        let taken =
            if plain { crate::tui::model::world::carries(labels, selector) } else { satisfies(labels, selector) };
        !selector.is_null() && taken && text(pod, "/metadata/namespace") == space
    })
}

/// The causes of its pods, each once, with how many have it.
pub(super) fn pods(case: &Case) -> Vec<Finding> {
    let all: Vec<&Value> = owned(case).collect();
    let mut groups: Vec<(usize, &str, Finding)> = Vec::new();
    for pod in &all {
        let Some(finding) = super::pod(&case.of(pod)).into_iter().find(|it| it.id != "yendose") else { continue };
        match groups.iter_mut().find(|(_, _, other)| other.id == finding.id) {
            Some((count, ..)) => *count += 1,
            None => groups.push((1, name(pod), finding)),
        }
    }
    groups.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    groups.into_iter().map(|(count, pod, finding)| of_pod(finding, pod, count, all.len())).collect()
}

fn of_pod(mut finding: Finding, pod: &str, count: usize, total: usize) -> Finding {
    let lead = if total == 1 { "Su pod".to_string() } else { format!("{count} de sus {total} pods") };
    finding.cause = format!("{lead}: {}", finding.cause);
    finding.proofs.iter_mut().for_each(|proof| proof.place = format!("pod/{pod} {}", proof.place));
    finding
}

fn stalled(case: &Case) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(condition) = case.condition("Progressing").filter(|it| it["reason"] == "ProgressDeadlineExceeded") {
        let place = "status.conditions[Progressing]";
        let stalled = STALLED.found(case).proof(format!("{place}.reason"), text(condition, "/reason"));
        found.push(stalled.proof(format!("{place}.message"), text(condition, "/message")));
    }
    if case.kind() == "StatefulSet" && case.text("/spec/podManagementPolicy") != "Parallel" && wanting(case) {
        let unready =
            |pod: &&Value| !each(pod, "/status/conditions").any(|it| it["type"] == "Ready" && it["status"] == "True");
        let blocking = owned(case).find(unready);
        found.extend(blocking.map(|pod| {
            let phase = text(pod, "/status/phase");
            ORDERED.found(case).with("pod", name(pod)).proof(format!("pod/{} status.phase", name(pod)), phase)
        }));
    }
    found
}

fn of_daemons(case: &Case) -> Option<Finding> {
    let none = case.kind() == "DaemonSet" && number(case.object, "/status/desiredNumberScheduled") == Some(0);
    let selector = crate::tui::model::world::pairs(&case.object["spec"]["template"]["spec"]["nodeSelector"]);
    none.then(|| {
        let finding = NOWHERE.found(case).proof("status.desiredNumberScheduled", "0");
        finding.proof("spec.template.spec.nodeSelector", selector)
    })
}

/// Nobody has looked at the last change.
fn unseen(case: &Case) -> Option<Finding> {
    let (wanted, seen) =
        (number(case.object, "/metadata/generation")?, number(case.object, "/status/observedGeneration").unwrap_or(0));
    let lease = case.named("Lease", "kube-controller-manager");
    let stale = lease.is_some_and(|lease| super::node::stale(lease, case));
    let known_off = !super::off::find(case).is_empty();
    if seen >= wanted || known_off || (lease.is_some() && !stale) {
        return None;
    }
    let finding = UNSEEN.found(case).proof("metadata.generation", wanted.to_string());
    let finding = finding.proof("status.observedGeneration", seen.to_string());
    let renewed = lease.filter(|_| stale).map_or("", |lease| text(lease, "/spec/renewTime"));
    Some(finding.proof("lease kube-controller-manager: spec.renewTime", renewed))
}

/// What somebody asked for, and is so.
fn wished(case: &Case) -> Vec<Finding> {
    let paused = case.object["spec"]["paused"] == true;
    let zero = number(case.object, "/spec/replicas") == Some(0) && owner_less(case);
    let paused = paused.then(|| PAUSED.found(case).proof("spec.paused", "true"));
    let zero = zero.then(|| ZERO.found(case).proof("spec.replicas", "0"));
    paused.into_iter().chain(zero).collect()
}

/// A ReplicaSet of an earlier revision is empty because its Deployment wants it so.
fn owner_less(case: &Case) -> bool {
    each(case.object, "/metadata/ownerReferences").next().is_none()
}
