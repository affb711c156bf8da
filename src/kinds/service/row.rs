//! The row of a Service, from the printers of Kubernetes (`printService`). Must not change anything.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kinds::show;

pub(super) fn row(service: &Value, now: Timestamp) -> Vec<Value> {
    let spec = &service["spec"];
    let ports: Vec<String> = show::list(&spec["ports"]).iter().map(port).collect();
    vec![
        show::name(service),
        show::text_or(&spec["type"], ""),
        show::text_or(&spec["clusterIPs"][0], "<none>"),
        json!(external(service)),
        json!(if ports.is_empty() { "<none>".to_owned() } else { ports.join(",") }),
        show::age(service, now),
        json!(show::labels(&spec["selector"])),
    ]
}

fn port(port: &Value) -> String {
    let number = |name: &str| port[name].as_i64().unwrap_or(0);
    let protocol = port["protocol"].as_str().unwrap_or_default();
    match number("nodePort") {
        0 => format!("{}/{protocol}", number("port")),
        node => format!("{}:{node}/{protocol}", number("port")),
    }
}

fn external(service: &Value) -> String {
    let spec = &service["spec"];
    let ips: Vec<&str> = show::list(&spec["externalIPs"]).iter().filter_map(Value::as_str).collect();
    match spec["type"].as_str() {
        Some("LoadBalancer") => {
            let ingress = show::list(&service["status"]["loadBalancer"]["ingress"]).iter();
            let given = ingress.filter_map(|point| point["ip"].as_str().or(point["hostname"].as_str()));
            let all: Vec<&str> = given.collect::<BTreeSet<_>>().into_iter().chain(ips).collect();
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        Some("ExternalName") => spec["externalName"].as_str().unwrap_or_default().to_owned(),
        Some("ClusterIP" | "NodePort") if ips.is_empty() => "<none>".to_owned(),
        Some("ClusterIP" | "NodePort") => ips.join(","),
        _ => "<unknown>".to_owned(),
    }
}
