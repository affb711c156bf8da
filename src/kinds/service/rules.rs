//! What Kubernetes refuses in a Service (`validateService`), in its order. Must not know what is allocated elsewhere.

use serde_json::{Value, json};

use crate::kinds::at::At;
use crate::kinds::validate::{
    Bad, FieldError, choice, cidr, dns_label, dns_subdomain, endpoint_ip, ip, label_key, labels, port_number,
    port_or_name, protocol,
};

type Errors = Vec<FieldError>;

const TYPES: &[&str] = &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const LB_ONLY: &str = "may only be used when `type` is 'LoadBalancer'";
/// A day, in seconds (`MaxClientIPServiceAffinitySeconds`).
const LONGEST_AFFINITY: i64 = 86_400;

fn is_headless(spec: &At) -> bool {
    spec.field("clusterIP").text() == "None" || spec.field("clusterIPs").items().any(|ip| ip.text() == "None")
}

pub(super) fn service(spec: &At) -> Errors {
    let (ports, kind) = (spec.field("ports"), spec.field("type"));
    let mut errors: Errors = Vec::new();
    if ports.is_empty() && !is_headless(spec) && kind.text() != "ExternalName" {
        errors.push(ports.required(""));
    }
    errors.extend(by_type(spec, kind.text()));
    let mut names = Vec::new();
    for port in ports.items() {
        errors.extend(one_port(&port, ports.len() > 1, &mut names));
    }
    errors.extend(labels(&spec.field("selector")));
    errors.extend(affinity(spec));
    errors.extend(cluster_ips(spec));
    for address in spec.field("externalIPs").items() {
        errors.extend(ip(&address).map_or_else(|| endpoint_ip(&address), |error| vec![error]));
    }
    errors.extend(choice(&kind, TYPES));
    errors.extend(node_ports(&ports, kind.text()));
    errors.extend(duplicate_ports(&ports));
    errors.extend(load_balancer(spec));
    errors.extend(traffic(spec));
    errors
}

fn by_type(spec: &At, kind: &str) -> Errors {
    let ips = spec.field("clusterIPs");
    match kind {
        "LoadBalancer" | "NodePort" if is_headless(spec) => {
            let at = At::named(format!("{}[0]", ips.path), ips.value);
            vec![at.invalid_as("None", format!("may not be set to 'None' for {kind} services"))]
        }
        "ExternalName" => {
            let unused = ["clusterIPs", "ipFamilies", "ipFamilyPolicy"].map(|name| spec.field(name));
            let set = unused.iter().filter(|field| !field.is_empty());
            let mut errors: Errors =
                set.map(|field| field.forbidden("may not be set for ExternalName services")).collect();
            let name = spec.field("externalName");
            let bare = Value::from(name.text().strip_suffix('.').unwrap_or(name.text()));
            let bare = At::named(&name.path, &bare);
            errors.extend(if bare.is_empty() { vec![name.required("")] } else { dns_subdomain(&bare) });
            errors
        }
        _ => Vec::new(),
    }
}

fn one_port<'a>(port: &At<'a>, named: bool, seen: &mut Vec<&'a str>) -> Errors {
    let (name, application) = (port.field("name"), port.field("appProtocol"));
    let mut errors: Errors = Vec::new();
    if !name.is_empty() {
        errors.extend(dns_label(&name));
        if seen.contains(&name.text()) {
            errors.push(name.duplicate());
        }
        seen.push(name.text());
    } else if named {
        errors.push(name.required(""));
    }
    errors.extend(port_number(&port.field("port")));
    errors.extend(protocol(&port.field("protocol")));
    errors.extend(port_or_name(&port.field("targetPort")));
    if application.is_set() {
        errors.extend(label_key(&application));
    }
    errors
}

fn affinity(spec: &At) -> Errors {
    let (affinity, config) = (spec.field("sessionAffinity"), spec.field("sessionAffinityConfig"));
    let mut errors: Errors = Vec::new();
    errors.extend(choice(&affinity, &["ClientIP", "None"]));
    if affinity.text() == "ClientIP" {
        let seconds = config.field("clientIP.timeoutSeconds");
        let missing = [config.clone(), config.field("clientIP"), seconds.clone()].into_iter().find(At::is_null);
        if let Some(missing) = missing {
            errors.push(missing.required("when session affinity type is ClientIP"));
        } else if !(1..=LONGEST_AFFINITY).contains(&seconds.int()) {
            errors.push(seconds.invalid(format!("must be greater than 0 and less than {LONGEST_AFFINITY}")));
        }
    } else if affinity.text() == "None" && config.is_set() {
        errors.push(config.forbidden("must not be set when session affinity is None"));
    }
    errors
}

/// Families and addresses (`ValidateServiceClusterIPsRelatedFields`).
fn cluster_ips(spec: &At) -> Errors {
    if spec.field("type").text() == "ExternalName" {
        return Vec::new();
    }
    let (ips, families) = (spec.field("clusterIPs"), spec.field("ipFamilies"));
    let policy = spec.field("ipFamilyPolicy");
    let mut errors: Errors = Vec::new();
    let mut seen = Vec::new();
    for family in families.items() {
        errors.extend(family.one_of(&["IPv4", "IPv6"]));
        if seen.contains(&family.text()) {
            errors.push(family.duplicate());
        }
        seen.push(family.text());
    }
    if policy.is_set() {
        errors.extend(policy.one_of(&["PreferDualStack", "RequireDualStack", "SingleStack"]));
    }
    let first = ips.items().next();
    let first = first.as_ref().map_or("", At::text);
    if spec.field("clusterIP").text() != first {
        errors.push(ips.invalid("first value must match `clusterIP`"));
    }
    if ips.len() > 1 && is_headless(spec) {
        errors.push(ips.invalid("'None' must be the first and only value"));
    }
    if ips.len() > 2 {
        errors.push(ips.invalid("may only hold up to 2 values"));
    }
    errors.extend(ips.items().filter(|at| at.text() != "None").filter_map(|at| ip(&at)));
    errors
}

fn node_ports(ports: &At, kind: &str) -> Errors {
    let set = |port: &At| port.field("nodePort").int() != 0;
    let mut errors: Errors = Vec::new();
    if kind == "ClusterIP" {
        let text = "may not be used when `type` is 'ClusterIP'";
        errors.extend(ports.items().filter(set).map(|port| port.field("nodePort").forbidden(text)));
    }
    let mut seen = Vec::new();
    for port in ports.items().filter(set) {
        let key = (port.field("protocol").text(), port.field("nodePort").int());
        if seen.contains(&key) {
            errors.push(port.field("nodePort").duplicate());
        }
        seen.push(key);
    }
    errors
}

fn duplicate_ports(ports: &At) -> Errors {
    let (mut errors, mut seen) = (Vec::new(), Vec::new());
    for port in ports.items() {
        let key = (port.field("protocol").text(), port.field("port").int());
        if seen.contains(&key) {
            // Kubernetes shows its internal type, with every field.
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":{},\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,\"NodePort\":0}}",
                json!(key.0),
                key.1
            );
            errors.push(port.duplicate_as(Bad::Json(shown)));
        }
        seen.push(key);
    }
    errors
}

fn load_balancer(spec: &At) -> Errors {
    let balanced = spec.field("type").text() == "LoadBalancer";
    let ranges =
        At::named(format!("{}.LoadBalancerSourceRanges", spec.path), spec.field("loadBalancerSourceRanges").value);
    let mut errors: Errors = Vec::new();
    if !ranges.is_empty() && !balanced {
        errors.push(ranges.forbidden(LB_ONLY));
    }
    errors.extend(ranges.items().filter_map(|range| cidr(&range)));
    let allocate = spec.field("allocateLoadBalancerNodePorts");
    if allocate.is_set() && !balanced {
        errors.push(allocate.forbidden(LB_ONLY));
    }
    let class = spec.field("loadBalancerClass");
    if class.is_set() {
        if !balanced {
            errors.push(class.forbidden("may only be used when `type` is 'LoadBalancer'"));
        }
        errors.extend(label_key(&class));
    }
    errors
}

fn traffic(spec: &At) -> Errors {
    let kind = spec.field("type").text();
    let outside =
        matches!(kind, "NodePort" | "LoadBalancer") || (kind == "ClusterIP" && !spec.field("externalIPs").is_empty());
    let (external, internal) = (spec.field("externalTrafficPolicy"), spec.field("internalTrafficPolicy"));
    let mut errors: Errors = Vec::new();
    errors.extend(match (outside, external.is_empty()) {
        (false, false) => Some(external.invalid("may only be set for externally-accessible services")),
        (true, true) => Some(external.required("")),
        (true, false) => external.one_of(&["Cluster", "Local"]),
        (false, true) => None,
    });
    let health = spec.field("healthCheckNodePort");
    if health.int() != 0 && !(kind == "LoadBalancer" && external.text() == "Local") {
        let text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        errors.push(health.invalid(text));
    }
    if internal.is_set() {
        errors.extend(internal.one_of(&["Cluster", "Local"]));
    }
    let distribution = spec.field("trafficDistribution");
    if distribution.is_set() {
        errors.extend(distribution.one_of(&["PreferClose", "PreferSameZone", "PreferSameNode"]));
    }
    errors
}

/// The first address and family stay, unless the Service comes from or goes to `ExternalName`.
pub(super) fn changes(new: &At, old: &At) -> Errors {
    let external = |spec: &At| spec.field("type").text() == "ExternalName";
    if external(new) || external(old) {
        return Vec::new();
    }
    let first = |spec: &At, name: &str| spec.field(name).items().next().map(|item| item.text().to_owned());
    let mut errors = Vec::new();
    for name in ["clusterIPs", "ipFamilies"] {
        let before = first(old, name).filter(|before| !before.is_empty());
        if before.is_some() && first(new, name) != before {
            let list = new.field(name);
            errors.push(At::named(format!("{}[0]", list.path), list.value).invalid("may not change once set"));
        }
    }
    errors
}
