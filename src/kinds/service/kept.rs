//! What a Service keeps of itself through an update, and the twins `clusterIP`/`clusterIPs` and `ipFamilies`
//! (`pkg/registry/core/service/strategy.go`, `patchAllocatedValues`). Must not allocate.

use serde_json::{Map, Value, json};

type Spec = Map<String, Value>;

fn text<'a>(spec: &'a Spec, name: &str) -> &'a str {
    spec.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn has_cluster_ip(kind: &str) -> bool {
    matches!(kind, "ClusterIP" | "NodePort" | "LoadBalancer")
}

fn has_node_ports(kind: &str) -> bool {
    matches!(kind, "NodePort" | "LoadBalancer")
}

/// A single address given by the old name stands in the list too, and the other way round.
pub(super) fn cluster_ips(spec: &mut Spec) {
    let listed = spec.get("clusterIPs").and_then(Value::as_array).is_some_and(|ips| !ips.is_empty());
    if !listed && !text(spec, "clusterIP").is_empty() {
        let ip = spec["clusterIP"].clone();
        spec.insert("clusterIPs".to_owned(), json!([ip]));
    }
}

/// One family of addresses, IPv4, unless more was asked. A headless Service without selector may have both.
pub(super) fn families(spec: &mut Spec) {
    if !has_cluster_ip(text(spec, "type")) {
        return;
    }
    let free = spec.get("selector").and_then(Value::as_object).is_none_or(Map::is_empty);
    let policy = if text(spec, "clusterIP") == "None" && free { "RequireDualStack" } else { "SingleStack" };
    let policy = super::default::set(spec, "ipFamilyPolicy", json!(policy)).clone();
    let both = policy != "SingleStack" && text(spec, "clusterIP") == "None" && free;
    let families = if both { json!(["IPv4", "IPv6"]) } else { json!(["IPv4"]) };
    let field = super::default::set(spec, "ipFamilies", families.clone());
    if field.as_array().is_some_and(Vec::is_empty) {
        *field = families;
    }
}

/// Fills in from the old object what only the server gives.
pub(super) fn from_old(spec: &mut Spec, old: &Value) {
    let kind = text(spec, "type").to_owned();
    let before = old["type"].as_str().unwrap_or_default();
    normalize(spec, old);
    if has_cluster_ip(&kind) && has_cluster_ip(before) {
        if text(spec, "clusterIP").is_empty() {
            copy(spec, old, "clusterIP");
        }
        if spec.get("clusterIPs").is_none_or(Value::is_null) && spec.get("clusterIP") == old.get("clusterIP") {
            copy(spec, old, "clusterIPs");
        }
    }
    if has_node_ports(&kind) && has_node_ports(before) {
        keep_node_ports(spec, old);
    }
    let checked = |kind: &str, policy: &str| kind == "LoadBalancer" && policy == "Local";
    let old_policy = old["externalTrafficPolicy"].as_str().unwrap_or_default();
    if checked(&kind, text(spec, "externalTrafficPolicy")) && checked(before, old_policy) {
        let unset = spec.get("healthCheckNodePort").and_then(Value::as_i64).unwrap_or(0) == 0;
        if unset {
            copy(spec, old, "healthCheckNodePort");
        }
    }
    if kind == "ExternalName" && before != "ExternalName" {
        for name in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if spec.get(name) == old.get(name) {
                spec.remove(name);
            }
        }
    }
    if kind != "LoadBalancer" && before == "LoadBalancer" {
        spec.remove("allocateLoadBalancerNodePorts");
    }
    if kind == "ClusterIP" && has_node_ports(before) {
        drop_node_ports(spec, old);
    }
}

/// Old clients know only `clusterIP`: what they do to it is done to the list (`NormalizeClusterIPs`).
fn normalize(spec: &mut Spec, old: &Value) {
    let (ip, before) = (text(spec, "clusterIP").to_owned(), old["clusterIP"].as_str().unwrap_or_default());
    let same_list = spec.get("clusterIPs") == old.get("clusterIPs");
    if ip.is_empty() && !before.is_empty() && same_list {
        spec.remove("clusterIPs");
    } else if ip != before && same_list {
        spec.insert("clusterIPs".to_owned(), json!([ip]));
    } else if ip != before {
        cluster_ips(spec);
    }
}

fn copy(spec: &mut Spec, old: &Value, name: &str) {
    if let Some(value) = old.get(name) {
        spec.insert(name.to_owned(), value.clone());
    }
}

fn ports(old: &Value) -> &[Value] {
    old["ports"].as_array().map_or(&[], Vec::as_slice)
}

/// A port that asks for none keeps the node port of the old port with its number and protocol.
fn keep_node_ports(spec: &mut Spec, old: &Value) {
    for port in super::default::each(spec, "ports") {
        let unset = port.get("nodePort").and_then(Value::as_i64).unwrap_or(0) == 0;
        let twin = ports(old).iter().find(|before| {
            ["port", "protocol"].iter().all(|name| port.get(*name).unwrap_or(&Value::Null) == &before[name])
        });
        if let (true, Some(twin)) = (unset, twin) {
            copy(port, twin, "nodePort");
        }
    }
}

/// A Service that is no longer outside the cluster loses the node ports that it did not change itself.
fn drop_node_ports(spec: &mut Spec, old: &Value) {
    let before: Vec<&Value> = ports(old).iter().map(|port| &port["nodePort"]).collect();
    for port in super::default::each(spec, "ports") {
        if port.get("nodePort").is_some_and(|number| before.contains(&number)) {
            port.remove("nodePort");
        }
    }
    if spec.get("externalIPs").is_none_or(|ips| ips.as_array().is_none_or(Vec::is_empty)) {
        spec.remove("externalTrafficPolicy");
    }
}
