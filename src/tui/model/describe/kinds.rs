//! What is particular of each kind; the others show their fields.

use jiff::Timestamp;
use serde_json::Value;

use super::{Page, items, pairs, since, text};
use crate::tui::model::light::Light;

/// The part of the page that depends on the kind.
pub fn specific(page: &mut Page, object: &Value, now: Timestamp) {
    match object["kind"].as_str().unwrap_or_default() {
        "Pod" => pod(page, object, now),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => workload(page, object),
        "Service" => service(page, object),
        "Node" => node(page, object),
        "ConfigMap" => keys(page, &object["data"]),
        "Secret" => secret(page, object),
        _ => fields(page, object),
    }
}

fn pod(page: &mut Page, pod: &Value, now: Timestamp) {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    page.line("Worker", text(&spec["nodeName"]));
    page.line("Estado", text(&status["phase"]));
    page.line("Por qué", [text(&status["reason"]), text(&status["message"])].join(" ").trim().to_string());
    page.line("IP", text(&status["podIP"]));
    page.line("Cuenta", text(&spec["serviceAccountName"]));
    page.line("QoS", text(&status["qosClass"]));
    for (title, containers, statuses) in [
        ("contenedores de inicio", "initContainers", "initContainerStatuses"),
        ("contenedores", "containers", "containerStatuses"),
    ] {
        if items(&spec[containers]).next().is_none() {
            continue;
        }
        page.heading(title);
        for container in items(&spec[containers]) {
            let status = items(&status[statuses]).find(|status| status["name"] == container["name"]);
            container_lines(page, container, status.unwrap_or(&Value::Null), now);
        }
    }
}

fn container_lines(page: &mut Page, container: &Value, status: &Value, now: Timestamp) {
    let (light, state) = state(&status["state"], status["ready"] == true, now);
    page.lit(1, light, &text(&container["name"]), state);
    page.at(2, "imagen", text(&container["image"]));
    let ports: Vec<String> = items(&container["ports"])
        .map(|port| format!("{}/{}", port["containerPort"], port["protocol"].as_str().unwrap_or("TCP")))
        .collect();
    page.at(2, "puertos", ports.join(", "));
    page.at(2, "pide", pairs(&container["resources"]["requests"]));
    page.at(2, "límite", pairs(&container["resources"]["limits"]));
    let env: Vec<String> =
        items(&container["env"]).map(|each| format!("{}={}", text(&each["name"]), value_of(each))).collect();
    page.at(2, "entorno", env.join(", "));
    if status["restartCount"].as_i64().is_some_and(|count| count > 0) {
        page.at(2, "reinicios", text(&status["restartCount"]));
        if status["lastState"]["terminated"].is_object() {
            page.at(2, "antes", self::state(&status["lastState"], false, now).1);
        }
    }
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        page.at(2, probe, self::probe(&container[probe]));
    }
}

fn value_of(variable: &Value) -> String {
    if variable["valueFrom"].is_null() { text(&variable["value"]) } else { "(de otro objeto)".into() }
}

fn probe(probe: &Value) -> String {
    let how = match probe {
        http if http["httpGet"].is_object() => {
            format!("GET {}:{}", text(&http["httpGet"]["path"]), text(&http["httpGet"]["port"]))
        }
        tcp if tcp["tcpSocket"].is_object() => format!("TCP :{}", text(&tcp["tcpSocket"]["port"])),
        exec if exec["exec"].is_object() => "exec".into(),
        grpc if grpc["grpc"].is_object() => format!("gRPC :{}", text(&grpc["grpc"]["port"])),
        _ => return String::new(),
    };
    format!("{how} cada {} s", probe["periodSeconds"].as_i64().unwrap_or(10))
}

fn state(state: &Value, ready: bool, now: Timestamp) -> (Light, String) {
    let (waiting, running, ended) = (&state["waiting"], &state["running"], &state["terminated"]);
    if running.is_object() {
        let light = if ready { Light::Good } else { Light::Busy };
        let word = if ready { "Running" } else { "Running, aún no listo" };
        return (light, format!("{word} {}", since(&running["startedAt"], now)));
    }
    if ended.is_object() {
        let light = if ended["exitCode"] == 0 { Light::Done } else { Light::Bad };
        return (
            light,
            format!("{} (código {}) {}", text(&ended["reason"]), ended["exitCode"], text(&ended["message"])),
        );
    }
    match waiting["reason"].as_str() {
        Some(reason @ ("ContainerCreating" | "PodInitializing")) => (Light::Busy, reason.into()),
        Some(reason) => (Light::Bad, format!("{reason}: {}", text(&waiting["message"]))),
        None => (Light::Unknown, "sin noticias".into()),
    }
}

fn workload(page: &mut Page, object: &Value) {
    let (spec, status) = (&object["spec"], &object["status"]);
    let desired = spec["replicas"].as_i64().or_else(|| status["desiredNumberScheduled"].as_i64()).unwrap_or(1);
    let ready = status["readyReplicas"].as_i64().or_else(|| status["numberReady"].as_i64()).unwrap_or(0);
    let light = if ready == desired { Light::Good } else { Light::Busy };
    page.lit(0, light, "Réplicas", format!("{ready} listas de {desired} deseadas"));
    page.line("Selector", pairs(&spec["selector"]["matchLabels"]));
    page.line("Estrategia", text(&spec["strategy"]["type"]));
    let template = &spec["template"];
    page.heading("molde de sus pods");
    page.at(1, "etiquetas", pairs(&template["metadata"]["labels"]));
    for container in items(&template["spec"]["containers"]) {
        page.at(1, &text(&container["name"]), text(&container["image"]));
        page.at(2, "pide", pairs(&container["resources"]["requests"]));
    }
}

fn service(page: &mut Page, object: &Value) {
    let spec = &object["spec"];
    page.line("Clase", text(&spec["type"]));
    page.line("IP", text(&spec["clusterIP"]));
    page.line("Selector", pairs(&spec["selector"]));
    page.heading("puertos");
    for port in items(&spec["ports"]) {
        let node = port["nodePort"].as_i64().map(|port| format!(", en cada worker :{port}")).unwrap_or_default();
        let name = port["name"].as_str().unwrap_or("puerto");
        page.at(
            1,
            name,
            format!("{}/{} → :{} del pod{node}", port["port"], text(&port["protocol"]), text(&port["targetPort"])),
        );
    }
}

fn node(page: &mut Page, object: &Value) {
    let (spec, status) = (&object["spec"], &object["status"]);
    page.line("Red de pods", text(&spec["podCIDR"]));
    page.line("Motor", text(&status["nodeInfo"]["containerRuntimeVersion"]));
    page.line("kubelet", text(&status["nodeInfo"]["kubeletVersion"]));
    page.line("Asignable", pairs(&status["allocatable"]));
    let addresses: Vec<String> = items(&status["addresses"]).map(|each| text(&each["address"])).collect();
    page.line("Direcciones", addresses.join(", "));
    for taint in items(&spec["taints"]) {
        page.lit(0, Light::Busy, "Taint", format!("{}:{}", text(&taint["key"]), text(&taint["effect"])));
    }
}

fn keys(page: &mut Page, data: &Value) {
    page.heading("datos");
    for (name, value) in data.as_object().into_iter().flatten() {
        let value = text(value);
        let lines = value.lines().count();
        page.at(1, name, if lines > 1 { format!("({lines} líneas)") } else { value });
    }
}

/// Names and sizes only: a page is looked at over one's shoulder.
fn secret(page: &mut Page, object: &Value) {
    page.line("Clase", text(&object["type"]));
    page.heading("datos (no se muestran)");
    for (name, value) in object["data"].as_object().into_iter().flatten() {
        page.at(1, name, format!("{} caracteres en base64", text(value).len()));
    }
}

/// The fields of a kind without a page of its own.
fn fields(page: &mut Page, object: &Value) {
    for part in ["spec", "status", "data", "rules", "subsets", "endpoints"] {
        if object[part].is_null() {
            continue;
        }
        page.heading(part);
        nested(page, 1, &object[part]);
    }
}

fn nested(page: &mut Page, indent: usize, value: &Value) {
    match value {
        Value::Object(map) => map.iter().filter(|(name, _)| *name != "conditions").for_each(|(name, value)| {
            if value.is_object() || value.is_array() {
                page.at(indent, name, " ");
                nested(page, indent + 1, value);
            } else {
                page.at(indent, name, text(value));
            }
        }),
        Value::Array(list) => list.iter().enumerate().for_each(|(index, value)| {
            if value.is_object() {
                page.at(indent, &format!("{}.", index + 1), " ");
                nested(page, indent + 1, value);
            } else {
                page.at(indent, "-", text(value));
            }
        }),
        other => page.at(indent, "", text(other)),
    }
}
