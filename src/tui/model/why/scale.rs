//! Why a `HorizontalPodAutoscaler` does not scale.

use super::{Case, Finding, causes};
use crate::tui::model::world::{number, text};

causes! {
    TARGET: "hpa-sin-objetivo", "No encuentra lo que debe escalar: {objetivo}.",
        ["Corrige spec.scaleTargetRef: tipo y nombre, en este mismo namespace."],
        "kubectl describe hpa {nombre}{ns}", "7.6";
    METRICS: "hpa-sin-metricas", "No puede leer las métricas de sus pods: no escala.",
        ["Hace falta la API de métricas (metrics-server) y que los contenedores pidan (requests) el recurso que mide."],
        "kubectl top pods{ns}", "7.6";
    CAPPED: "hpa-en-su-tope", "Querría más réplicas de las que le dejas: está en su tope ({tope}).",
        ["Sube maxReplicas si de verdad hacen falta y caben."],
        "kubectl get hpa {nombre}{ns}", "7.6";
    OFF: "hpa-apagado", "No hace nada: lo que escala está en 0 réplicas.",
        ["Con 0 réplicas el HPA se desactiva. Súbelas a 1 y seguirá él."],
        "kubectl get hpa {nombre}{ns}", "7.6";
}

/// What keeps it from scaling.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let told = |kind: &str, finding: Finding| match case.condition(kind) {
        Some(condition) => {
            let place = format!("status.conditions[{kind}]");
            let finding = finding.proof(format!("{place}.reason"), text(condition, "/reason"));
            finding.proof(format!("{place}.message"), text(condition, "/message"))
        }
        None => finding,
    };
    let target = format!("{}/{}", case.text("/spec/scaleTargetRef/kind"), case.text("/spec/scaleTargetRef/name"));
    if case.condition_is("AbleToScale", "False").is_some_and(|it| it["reason"] == "FailedGetScale") {
        let finding = TARGET.found(case).with("objetivo", &target).proof("spec.scaleTargetRef", target.as_str());
        return vec![told("AbleToScale", finding)];
    }
    if let Some(condition) = case.condition_is("ScalingActive", "False") {
        let off = condition["reason"] == "ScalingDisabled";
        return vec![told("ScalingActive", if off { OFF.found(case) } else { METRICS.found(case) })];
    }
    let capped = case.condition_is("ScalingLimited", "True").filter(|it| it["reason"] == "TooManyReplicas");
    let most = number(case.object, "/spec/maxReplicas").unwrap_or(0).to_string();
    let finding = capped.map(|_| CAPPED.found(case).with("tope", &most).proof("spec.maxReplicas", most));
    finding.map(|finding| told("ScalingLimited", finding)).into_iter().collect()
}
