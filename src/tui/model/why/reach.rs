//! Why an Ingress does not lead anywhere.

use serde_json::Value;

use super::{Case, Finding, causes};
use crate::tui::model::kin::backends;
use crate::tui::model::world::{each, name, text};

causes! {
    CLASS: "ingress-sin-clase", "Ningún controlador lo atiende: no nombra una clase, y no hay IngressClass por defecto.",
        ["Pon spec.ingressClassName con una de las que hay (kubectl get ingressclasses).",
         "Un Ingress sin controlador es solo un papel: nadie abre la puerta."],
        "kubectl get ingressclasses", "4.6";
    UNKNOWN: "clase-que-no-existe", "Nombra la clase «{clase}», que no existe en este clúster.",
        ["Corrige spec.ingressClassName: la clase la crea quien instala el controlador."],
        "kubectl get ingressclasses", "4.6";
    SERVICE: "ingress-sin-service", "La regla {regla} lleva al Service «{service}», que no existe en este namespace.",
        ["Créalo o corrige el nombre. Un Ingress solo ve los Services de su namespace."],
        "kubectl get services{ns}", "4.6";
    PORT: "ingress-puerto", "La regla {regla} lleva al puerto {puerto} del Service «{service}», y ése no lo tiene.",
        ["Pon en backend.service.port uno de los puertos del Service (el port, no el targetPort)."],
        "kubectl get service {service}{ns}", "4.6";
    NOBODY: "ingress-sin-nadie", "La regla {regla} lleva al Service «{service}», pero detrás no hay ningún pod listo: responde 503.",
        ["Mira por qué (X sobre el Service): su selector, o sus pods."],
        "kubectl get endpointslices -l kubernetes.io/service-name={service}{ns}", "4.6";
    TLS: "ingress-sin-certificado", "Su certificado está en el Secret «{secret}», que no existe o no es de tipo TLS.",
        ["Créalo con kubectl create secret tls, en este mismo namespace."],
        "kubectl create secret tls {secret} --cert=… --key=…{ns}", "4.6";
}

/// What keeps requests from arriving.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let mut found: Vec<Finding> = class(case).into_iter().collect();
    found.extend(backends(case.object).iter().filter_map(|(rule, service)| backend(case, rule, service)));
    found.extend(certificate(case));
    found
}

fn class(case: &Case) -> Option<Finding> {
    let wanted = case.text("/spec/ingressClassName");
    let old = text(case.object, "/metadata/annotations/kubernetes.io~1ingress.class");
    if !case.lists("IngressClass") || !old.is_empty() {
        return None;
    }
    let known: Vec<&str> = case.objects("IngressClass").map(name).collect();
    let default = case
        .objects("IngressClass")
        .any(|it| text(it, "/metadata/annotations/ingressclass.kubernetes.io~1is-default-class") == "true");
    let names = if known.is_empty() { "(ninguna)".into() } else { known.join(", ") };
    match wanted {
        "" if !default => {
            Some(CLASS.found(case).proof("spec.ingressClassName", "(vacío)").proof("ingressclasses", names))
        }
        "" => None,
        wanted if !known.contains(&wanted) => {
            let finding = UNKNOWN.found(case).with("clase", wanted);
            Some(finding.proof("spec.ingressClassName", wanted).proof("ingressclasses", names))
        }
        _ => None,
    }
}

fn backend(case: &Case, rule: &str, service: &str) -> Option<Finding> {
    if service.is_empty() || !case.lists("Service") {
        return None;
    }
    let place = format!("spec.rules[{rule}].backend.service");
    let told = |finding: Finding| finding.with("regla", rule).with("service", service);
    let Some(object) = case.named("Service", service) else {
        return Some(told(SERVICE.found(case)).proof(format!("{place}.name"), service));
    };
    let wanted = port_of(case.object, service);
    let has = |port: &Value| {
        wanted["number"] == port["port"] || (!wanted["name"].is_null() && wanted["name"] == port["name"])
    };
    if !wanted.is_null() && !each(object, "/spec/ports").any(has) {
        let port =
            wanted["number"].as_i64().map_or_else(|| text(wanted, "/name").to_string(), |number| number.to_string());
        let others: Vec<String> = each(object, "/spec/ports").map(|port| port["port"].to_string()).collect();
        let finding = told(PORT.found(case)).with("puerto", &port).proof(format!("{place}.port"), port);
        return Some(finding.proof(format!("service/{service} spec.ports[].port"), others.join(", ")));
    }
    let there = super::network::addresses(case, name(object));
    let dead = case.lists("EndpointSlice") && !there.iter().any(|(_, ready)| *ready);
    dead.then(|| {
        let listed = if there.is_empty() { "ninguno".to_string() } else { format!("{} sin estar listos", there.len()) };
        told(NOBODY.found(case)).proof(format!("{place}.name"), service).proof("endpointslices: endpoints", listed)
    })
}

/// The port that the first rule of a service asks for.
fn port_of<'a>(ingress: &'a Value, service: &str) -> &'a Value {
    let paths = each(ingress, "/spec/rules").flat_map(|rule| each(rule, "/http/paths")).map(|path| &path["backend"]);
    let mut all = paths.chain([&ingress["spec"]["defaultBackend"]]);
    all.find(|backend| backend["service"]["name"] == service)
        .map_or(&Value::Null, |backend| &backend["service"]["port"])
}

fn certificate(case: &Case) -> Option<Finding> {
    let missing = each(case.object, "/spec/tls")
        .map(|tls| text(tls, "/secretName"))
        .find(|secret| !secret.is_empty() && case.lists("Secret") && case.named("Secret", secret).is_none())?;
    Some(TLS.found(case).with("secret", missing).proof("spec.tls[].secretName", missing))
}
