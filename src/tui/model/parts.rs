//! The parts of the cluster that can be switched off, as `timonel.dev` tells them, and what is seen when they are. Pure.
//! A cluster without that group has no parts.

use super::cluster::{Cluster, Feed, Source};
use super::facts::Component;
use super::light::Light;

/// Planes in the order of the list, with their headings.
const PLANES: &[(&str, &str)] =
    &[("control", "plano de control"), ("worker", "workers"), ("network", "red"), ("provider", "proveedor")];
/// The heading of what belongs to a part: there are many, and few look for one of them.
const PIECES: &str = "controladores, uno a uno";
/// The masters in the order of the list.
const MASTERS: &[&str] = &["apiserver", "etcd", "scheduler", "controller-manager"];

/// Name → what is seen when it is off. A name that ends in `*` is a beginning; the first that fits wins.
const SEEN: &[(&str, &str)] = &[
    (
        "etcd",
        "El API Server no puede leer ni guardar nada: cada petición falla y los watches se cortan. Los contenedores siguen. (Simulado: deja de responder, no se borra.)",
    ),
    (
        "apiserver",
        "Nadie puede preguntar ni cambiar nada: kubectl, controladores, kubelets y esta pantalla se quedan sin respuesta y reintentan. Los contenedores siguen.",
    ),
    (
        "controller-manager",
        "Se detienen todos los bucles: nadie repone pods, nadie actualiza las direcciones de los Services, nadie vigila los nodos.",
    ),
    (
        "scheduler",
        "Los pods nuevos se quedan sin worker, en Pending y sin evento que lo explique. Los que ya tienen worker siguen.",
    ),
    (
        "kube-proxy",
        "Los Services llevan a donde llevaban: lo nuevo no se aprende y lo borrado no se olvida. Los NodePort de esta máquina se cierran.",
    ),
    ("dns", "Los nombres de los Services no se resuelven; por su IP siguen funcionando."),
    ("ingress-controller", "Nadie escucha en la puerta de fuera: los Ingress son solo papel."),
    ("service-lb-controller", "Los Services LoadBalancer nuevos se quedan en <pending>; los de antes siguen."),
    ("deployment-controller", "Los Deployments no crean ni cambian ReplicaSets: una actualización no empieza."),
    ("replicaset-controller", "Nadie repone los pods que caen ni atiende a scale."),
    (
        "node-lifecycle-controller",
        "Nadie se da por enterado de un worker que calla: sigue Ready y sus pods no se desalojan.",
    ),
    (
        "endpointslice-controller",
        "Los Services no se enteran de los pods nuevos ni de los que se van: siguen con los de antes.",
    ),
    (
        "serviceaccount-controller",
        "Los namespaces nuevos se quedan sin su ServiceAccount default: no se pueden crear pods en ellos.",
    ),
    (
        "garbage-collector-controller",
        "Lo que pertenece a algo borrado se queda: al borrar un Deployment sus pods siguen.",
    ),
    ("namespace-controller", "Los namespaces que se borran se quedan en Terminating con todo dentro."),
    ("job-controller", "Los Jobs no crean pods ni se dan por terminados."),
    ("cronjob-controller", "A ningún CronJob le llega su hora."),
    (
        "kubelet-*",
        "Sus contenedores siguen, pero nadie los vigila: a los 40 s el worker pasa a NotReady y a los 300 s se desalojan sus pods (menos con tiempos de clase). logs y exec fallan.",
    ),
    (
        "tunnel-*",
        "Los pods de un worker no llegan a los del otro: lo que cruza espera, como en TCP. Los nodos siguen Ready.",
    ),
    ("*", "Lo suyo queda sin hacer hasta que vuelva."),
];

/// How a part is doing. A controller that nobody wants yet (Ingress) is no failure.
pub fn light(part: &Component) -> Light {
    match (part.state.as_str(), part.enabled) {
        ("Running", true) => Light::Good,
        ("Stopped", _) if part.key.name == "ingress-controller" => Light::Done,
        ("Stopped" | "Failed", _) => Light::Bad,
        _ => Light::Busy,
    }
}

/// The state in a word.
pub fn word(part: &Component) -> &'static str {
    match (part.state.as_str(), part.enabled) {
        ("Running", true) => "encendido",
        ("Running", false) => "apagándose",
        ("Stopped", false) if light(part) == Light::Done => "sin usar",
        ("Stopped", false) => "apagado",
        // It says why: it lives in a part that is off.
        ("Stopped", true) if !part.message.is_empty() => "en espera",
        ("Stopped" | "Starting", true) => "arrancando",
        ("Failed", _) => "falló",
        _ => "sin noticias",
    }
}

/// What is seen when it is off.
pub fn seen(name: &str) -> &'static str {
    let fits = |pattern: &str| pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start));
    SEEN.iter().find(|(pattern, _)| fits(pattern)).map_or("", |(_, text)| text)
}

/// The heading under which a part stands.
pub fn section(part: &Component) -> &'static str {
    match PLANES.iter().find(|(plane, _)| *plane == part.plane) {
        _ if !part.part_of.is_empty() => PIECES,
        Some((_, title)) => title,
        None => "otras",
    }
}

/// The parts in the order of the list: masters, workers, network, provider; then what belongs to another, one by one.
pub fn listed(cluster: &Cluster) -> Vec<&Component> {
    let rank = |part: &Component| {
        let plane = PLANES.iter().position(|(plane, _)| *plane == part.plane).unwrap_or(PLANES.len());
        let master = MASTERS.iter().position(|name| *name == part.key.name).unwrap_or(MASTERS.len());
        (!part.part_of.is_empty(), plane, master)
    };
    let mut all: Vec<&Component> = cluster.components.values().map(AsRef::as_ref).collect();
    all.sort_by_key(|part| rank(part));
    all
}

/// What somebody has switched off, by name; a part that merely waits for another is not.
pub fn off(cluster: &Cluster) -> Vec<&str> {
    let off = cluster.components.values().filter(|part| !part.enabled && light(part) == Light::Bad);
    off.map(|part| part.key.name.as_str()).collect()
}

/// The parts of the network and the provider, for one line of the bridge: short name and light; the tunnels as one.
pub fn network(cluster: &Cluster) -> Vec<(String, Light)> {
    let mut out: Vec<(String, Light)> = Vec::new();
    let mut tunnels = Vec::new();
    for part in cluster.components.values() {
        let name = part.key.name.as_str();
        match (name, part.plane.as_str()) {
            (tunnel, _) if tunnel.starts_with("tunnel-") => tunnels.push(light(part)),
            ("service-lb-controller", _) | (_, "provider") => out.push(("proveedor".into(), light(part))),
            ("ingress-controller", _) => out.push(("ingress".into(), light(part))),
            (name, "network") => out.push((name.trim_start_matches("kube-").into(), light(part))),
            _ => {}
        }
    }
    if let Some(worst) = tunnels.iter().min() {
        let up = tunnels.iter().filter(|light| **light == Light::Good).count();
        out.push((format!("túneles {up}/{}", tunnels.len()), *worst));
    }
    out
}

/// The controllers that are off although the whole is on.
pub fn stopped(cluster: &Cluster) -> Vec<&str> {
    let off =
        cluster.components.values().filter(|part| part.part_of == "controller-manager" && light(part) == Light::Bad);
    off.map(|part| part.key.name.trim_end_matches("-controller")).collect()
}

/// Why there are no parts to see.
pub fn missing(cluster: &Cluster) -> Option<String> {
    match cluster.feed(Source::Components) {
        Feed::Lost(failure) if failure.missing() => Some(
            "Este clúster no tiene interruptores: el grupo timonel.dev solo existe en el clúster de Timonel. \
             Aquí se pueden ver sus partes, no apagarlas."
                .into(),
        ),
        Feed::Lost(failure) => Some(failure.short()),
        Feed::Starting => Some("preguntando al servidor…".into()),
        Feed::Live => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::model::facts::Key;

    fn part(name: &str, plane: &str, of: &str, state: &str) -> Component {
        let enabled = state != "Stopped";
        Component {
            key: Key::new("", name),
            enabled,
            state: state.into(),
            plane: plane.into(),
            part_of: of.into(),
            ..Component::default()
        }
    }

    #[test]
    fn parts_stand_by_plane_and_single_controllers_after_all() {
        let mut cluster = Cluster::default();
        for part in [
            part("tunnel-worker-1-worker-2", "network", "", "Stopped"),
            part("tunnel-worker-1-worker-3", "network", "", "Running"),
            part("deployment-controller", "control", "controller-manager", "Stopped"),
            part("scheduler", "control", "", "Running"),
            part("controller-manager", "control", "", "Running"),
            part("apiserver", "control", "", "Running"),
            part("kubelet-worker-10", "worker", "", "Running"),
            part("kubelet-worker-2", "worker", "", "Running"),
        ] {
            cluster.components.insert(part.key.clone(), part.into());
        }
        let names: Vec<&str> = listed(&cluster).iter().map(|part| part.key.name.as_str()).collect();
        let order = ["apiserver", "scheduler", "controller-manager", "kubelet-worker-2", "kubelet-worker-10"];
        assert_eq!((&names[..5], names.last()), (&order[..], Some(&"deployment-controller")));
        assert_eq!(off(&cluster), ["deployment-controller", "tunnel-worker-1-worker-2"]);
        assert_eq!(network(&cluster), [("túneles 1/2".to_string(), Light::Bad)]);
        assert_eq!(stopped(&cluster), ["deployment"]);
        assert!(seen("kubelet-worker-9").contains("NotReady") && seen("loquesea").contains("vuelva"));
    }
}
