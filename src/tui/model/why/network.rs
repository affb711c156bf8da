//! Why a Service does not reach anybody.

use serde_json::Value;

use super::{Case, Finding, causes};
use crate::tui::model::world::{carries, each, name, pairs, text};

causes! {
    NOBODY: "selector-sin-pods", "Ningún pod tiene las etiquetas que busca: {selector}.",
        ["Compara el selector con las etiquetas de los pods (van en el molde, no en el Deployment).{parecido}",
         "Corrige el selector del Service o las etiquetas del molde."],
        "kubectl get pods --show-labels{ns}", "4.7";
    UNREADY: "pods-no-listos", "Elige {cuántos}, pero ninguno está listo: no le llega tráfico a nadie.",
        ["Arregla los pods (X sobre uno de ellos): en cuanto estén listos, entran solos."],
        "kubectl get pods -l {selector}{ns}", "7.4";
    PORT: "puerto-que-nadie-escucha", "Manda el tráfico al puerto {puerto} de los pods, y sus contenedores declaran otros: {declarados}.",
        ["Pon en targetPort el puerto en que escucha la aplicación (containerPort).",
         "port es el del Service; targetPort, el del contenedor."],
        "kubectl describe service {nombre}{ns}", "4.3";
    NAMED: "puerto-sin-nombre", "Busca en los pods un puerto llamado «{puerto}», y ninguno lo tiene.",
        ["Da ese nombre a containerPort en el molde, o usa el número en targetPort."],
        "kubectl describe service {nombre}{ns}", "4.3";
    BARE: "sin-selector", "No tiene selector, y nadie le ha puesto direcciones (EndpointSlice).",
        ["Ponle un selector, o crea un EndpointSlice con las direcciones de fuera."],
        "kubectl describe service {nombre}{ns}", "4.2";
    PENDING: "sin-balanceador", "Es LoadBalancer y nadie le da una IP de fuera: falta un proveedor, o está apagado.",
        ["En la nube lo hace el proveedor; aquí, el proveedor de Timonel (tecla o en el puente). Por dentro y por NodePort ya funciona."],
        "kubectl get service {nombre}{ns}", "4.5";
    STALE: "endpoints-atrasados", "Hay pods listos que no están en sus direcciones: el endpoint controller va atrasado o está apagado.",
        ["Mira el Controller Manager en el puente (tecla o). Hasta que vuelva, el Service apunta a lo de antes."],
        "kubectl get endpointslices -l kubernetes.io/service-name={nombre}{ns}", "2.6";
}

/// Label that ties a slice to its service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// What keeps traffic from arriving.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    if case.text("/spec/type") == "ExternalName" {
        return Vec::new();
    }
    let found = [behind(case), ports(case), pending(case)];
    found.into_iter().flatten().collect()
}

/// The addresses of a service's slices and whether each is ready.
pub(super) fn addresses<'a>(case: &Case<'a>, service: &'a str) -> Vec<(&'a str, bool)> {
    let slices = case.objects("EndpointSlice").filter(move |it| it["metadata"]["labels"][SERVICE_NAME] == service);
    let ends = slices.flat_map(|slice| each(slice, "/endpoints"));
    ends.map(|end| (text(end, "/targetRef/name"), end["conditions"]["ready"] != false)).collect()
}

fn ready(pod: &Value) -> bool {
    each(pod, "/status/conditions").any(|it| it["type"] == "Ready" && it["status"] == "True")
}

fn chosen<'a>(case: &Case<'a>) -> Vec<&'a Value> {
    let selector = &case.object["spec"]["selector"];
    case.objects("Pod").filter(|pod| carries(&pod["metadata"]["labels"], selector)).collect()
}

fn behind(case: &Case) -> Option<Finding> {
    let selector = pairs(&case.object["spec"]["selector"]);
    let there = addresses(case, case.name());
    if selector.is_empty() {
        let bare = case.lists("EndpointSlice") && there.is_empty();
        return bare.then(|| BARE.found(case).proof("spec.selector", "(vacío)").proof("endpointslices", "ninguno"));
    }
    if !case.lists("Pod") {
        return None;
    }
    let pods = chosen(case);
    let told = |finding: Finding| finding.with("selector", &selector).proof("spec.selector", selector.clone());
    if pods.is_empty() {
        return Some(nearly(case, told(NOBODY.found(case))));
    }
    let serving: Vec<&Value> = pods.iter().copied().filter(|pod| ready(pod)).collect();
    if serving.is_empty() {
        let many = if pods.len() == 1 { "1 pod".into() } else { format!("{} pods", pods.len()) };
        let finding = told(UNREADY.found(case)).with("cuántos", &many);
        return Some(pods.iter().take(3).fold(finding, |finding, pod| {
            let condition = each(pod, "/status/conditions").find(|it| it["type"] == "Ready");
            let says =
                condition.map_or("False".into(), |it| format!("{} {}", text(it, "/status"), text(it, "/message")));
            finding.proof(format!("pod/{} status.conditions[Ready]", name(pod)), says)
        }));
    }
    let left_out = serving.iter().find(|pod| !there.iter().any(|(listed, _)| *listed == name(pod)));
    let left_out = left_out.filter(|_| case.lists("EndpointSlice"))?;
    let lease = case.named("Lease", "kube-controller-manager");
    let beat = lease.map_or("", |lease| text(lease, "/spec/renewTime"));
    let listed = there.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let finding = told(STALE.found(case)).proof(format!("pod/{} status.conditions[Ready]", name(left_out)), "True");
    let finding = finding.proof(
        "endpointslices: endpoints[].targetRef.name",
        if listed.is_empty() { "(ninguno)".into() } else { listed },
    );
    Some(finding.proof("lease kube-controller-manager: spec.renewTime", beat))
}

/// Names the labels that are nearly those wanted: a slip of the pen is the usual cause.
fn nearly(case: &Case, finding: Finding) -> Finding {
    let wanted = case.object["spec"]["selector"].as_object().into_iter().flatten();
    let mut hint = String::new();
    let mut finding = finding;
    for (key, value) in wanted {
        let value = value.as_str().unwrap_or_default();
        let mut others: Vec<&str> = case
            .objects("Pod")
            .filter_map(|pod| pod["metadata"]["labels"][key].as_str())
            .filter(|it| *it != value)
            .collect();
        others.sort_unstable();
        others.dedup();
        if let Some(close) = others.iter().find(|other| alike(other, value)) {
            hint = format!(" Hay pods con {key}={close}: ¿era eso?");
        }
        finding = finding.proof(format!("pods: metadata.labels.{key}"), others.join(", "));
    }
    finding.with("parecido", &hint)
}

/// Whether one word is the other with at most two letters of difference.
fn alike(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut last = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in b.iter().enumerate() {
            let kept = last + usize::from(letter != other);
            last = row[j + 1];
            row[j + 1] = kept.min(row[j] + 1).min(last + 1);
        }
    }
    row[b.len()] <= 2
}

/// A target port that no container of the pods has.
fn ports(case: &Case) -> Option<Finding> {
    let pods = chosen(case);
    let declared: Vec<&Value> = pods
        .iter()
        .flat_map(|pod| each(pod, "/spec/containers"))
        .flat_map(|container| each(container, "/ports"))
        .collect();
    for port in each(case.object, "/spec/ports") {
        let target = if port["targetPort"].is_null() { &port["port"] } else { &port["targetPort"] };
        let place = format!("spec.ports[{}].targetPort", text(port, "/name"));
        if let Some(wanted) = target.as_str().filter(|_| !pods.is_empty()) {
            if !declared.iter().any(|it| it["name"] == wanted) {
                return Some(NAMED.found(case).with("puerto", wanted).proof(place, wanted));
            }
        } else if !declared.is_empty() && !declared.iter().any(|it| it["containerPort"] == *target) {
            let mut others: Vec<String> = declared.iter().map(|it| it["containerPort"].to_string()).collect();
            others.sort_unstable();
            others.dedup();
            let (wanted, others) = (target.to_string(), others.join(", "));
            let finding = PORT.found(case).with("puerto", &wanted).with("declarados", &others);
            return Some(finding.proof(place, wanted).proof("pods: spec.containers[].ports[].containerPort", others));
        }
    }
    None
}

fn pending(case: &Case) -> Option<Finding> {
    let wanted = case.text("/spec/type") == "LoadBalancer";
    let given = each(case.object, "/status/loadBalancer/ingress").next().is_some();
    (wanted && !given).then(|| {
        let finding = PENDING.found(case).proof("spec.type", "LoadBalancer").proof("status.loadBalancer", "{}");
        finding.event(case.event(&["SyncLoadBalancerFailed"], ""))
    })
}
