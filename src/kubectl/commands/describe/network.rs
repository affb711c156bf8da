//! Services, Ingresses, network policies. Must not ask the server.

use serde_json::Value;

use super::name;
use super::page::{Page, items, joined, number, or_none, pairs, text};

/// Addresses that are told before «more».
const MOST: usize = 3;

pub(super) fn service(page: &mut Page, object: &Value, slices: &[Value]) {
    let spec = &object["spec"];
    page.identity(object);
    page.marks(object);
    page.field("Selector", pairs(&spec["selector"]));
    page.field("Type", text(&spec["type"]));
    page.maybe("IP Family Policy", &spec["ipFamilyPolicy"]);
    page.field("IP Families", or_none(joined(&spec["ipFamilies"])));
    page.field("IP", text(&spec["clusterIP"]));
    page.field("IPs", or_none(joined(&spec["clusterIPs"])));
    if items(&spec["externalIPs"]).next().is_some() {
        page.field("External IPs", joined(&spec["externalIPs"]));
    }
    page.maybe("Desired LoadBalancer IP", &spec["loadBalancerIP"]);
    page.maybe("External Name", &spec["externalName"]);
    let ingress: Vec<String> = items(&object["status"]["loadBalancer"]["ingress"]).map(address).collect();
    if !ingress.is_empty() {
        page.field("LoadBalancer Ingress", ingress.join(", "));
    }
    items(&spec["ports"]).for_each(|port| service_port(page, port, slices));
    page.field("Session Affinity", text(&spec["sessionAffinity"]));
    page.maybe("External Traffic Policy", &spec["externalTrafficPolicy"]);
    page.maybe("Internal Traffic Policy", &spec["internalTrafficPolicy"]);
    page.maybe("HealthCheck NodePort", &spec["healthCheckNodePort"]);
    if items(&spec["loadBalancerSourceRanges"]).next().is_some() {
        page.field("LoadBalancer Source Ranges", joined(&spec["loadBalancerSourceRanges"]));
    }
}

fn address(one: &Value) -> String {
    let mode = one["ipMode"].as_str().map(|mode| format!(" ({mode})")).unwrap_or_default();
    let ip = text(&one["ip"]);
    if ip.is_empty() { text(&one["hostname"]) } else { ip + &mode }
}

fn service_port(page: &mut Page, port: &Value, slices: &[Value]) {
    let (own, protocol) = (text(&port["name"]), text(&port["protocol"]));
    let shown = if own.is_empty() { "<unset>" } else { &own };
    page.field("Port", format!("{shown}\t{}/{protocol}", number(&port["port"])));
    page.field("TargetPort", format!("{}/{protocol}", text(&port["targetPort"])));
    if number(&port["nodePort"]) != 0 {
        page.field("NodePort", format!("{shown}\t{}/{protocol}", number(&port["nodePort"])));
    }
    page.field("Endpoints", endpoints(slices, &own));
}

/// `10.0.0.1:80,10.0.0.2:80 + 4 more...`, of the ready ones.
fn endpoints(slices: &[Value], port: &str) -> String {
    if slices.is_empty() {
        return "<none>".into();
    }
    let mut all = Vec::new();
    for slice in slices {
        for found in items(&slice["ports"]).filter(|found| text(&found["name"]) == port) {
            let ready = items(&slice["endpoints"]).filter(|one| one["conditions"]["ready"] != false);
            let addresses = ready.flat_map(|one| items(&one["addresses"]));
            all.extend(addresses.map(|address| format!("{}:{}", text(address), number(&found["port"]))));
        }
    }
    let more = all.len().saturating_sub(MOST);
    all.truncate(MOST);
    let told = all.join(",");
    if more > 0 { format!("{told} + {more} more...") } else { told }
}

pub(super) fn ingress(page: &mut Page, object: &Value, services: &[Value], slices: &[Value]) {
    let spec = &object["spec"];
    page.field("Name", name(object));
    page.labels("Labels", &object["metadata"]["labels"]);
    page.field("Namespace", text(&object["metadata"]["namespace"]));
    let addresses: Vec<String> = items(&object["status"]["loadBalancer"]["ingress"]).map(address).collect();
    page.field("Address", addresses.join(","));
    page.field("Ingress Class", or_none(text(&spec["ingressClassName"])));
    let backend = |backend: &Value| told_backend(backend, services, slices);
    let default = &spec["defaultBackend"];
    page.field("Default backend", if default.is_object() { backend(default) } else { "<default>".into() });
    if items(&spec["tls"]).next().is_some() {
        page.line(0, "TLS:");
        for tls in items(&spec["tls"]) {
            let (secret, hosts) = (text(&tls["secretName"]), joined(&tls["hosts"]));
            page.line(
                1,
                if secret.is_empty() { format!("SNI routes {hosts}") } else { format!("{secret} terminates {hosts}") },
            );
        }
    }
    page.line(0, "Rules:\n  Host\tPath\tBackends");
    page.line(1, "----\t----\t--------");
    let rules: Vec<&Value> = items(&spec["rules"]).filter(|rule| rule["http"].is_object()).collect();
    for rule in &rules {
        let host = text(&rule["host"]);
        page.line(1, format!("{}\t", if host.is_empty() { "*".into() } else { host }));
        for path in items(&rule["http"]["paths"]) {
            page.line(2, format!("\t{} \t{}", text(&path["path"]), backend(&path["backend"])));
        }
    }
    if rules.is_empty() {
        let told = if default.is_object() { backend(default) } else { "<default>".into() };
        page.line(1, format!("*\t*\t{told}"));
    }
    page.annotations("Annotations", &object["metadata"]["annotations"]);
}

/// `api:80 (10.0.0.1:8080)`.
fn told_backend(backend: &Value, services: &[Value], slices: &[Value]) -> String {
    let service = &backend["service"];
    if !service.is_object() {
        let resource = &backend["resource"];
        return format!(
            "APIGroup: {}, Kind: {}, Name: {}",
            text(&resource["apiGroup"]),
            text(&resource["kind"]),
            text(&resource["name"])
        );
    }
    let own = text(&service["name"]);
    let wanted = if service["port"]["name"].is_null() { &service["port"]["number"] } else { &service["port"]["name"] };
    let shown = format!("{own}:{}", text(wanted));
    let Some(found) = services.iter().find(|one| name(one) == own) else {
        return format!("{shown} (<error: services {own:?} not found>)");
    };
    let port = items(&found["spec"]["ports"]).find(|port| port["name"] == *wanted || port["port"] == *wanted);
    let Some(port) = port else { return format!("{shown} ()") };
    let of_service = |slice: &&Value| slice["metadata"]["labels"]["kubernetes.io/service-name"] == own.as_str();
    let own_slices: Vec<Value> = slices.iter().filter(of_service).cloned().collect();
    let told = endpoints(&own_slices, &text(&port["name"]));
    format!("{shown} ({})", if own_slices.is_empty() { String::new() } else { told })
}

/// Endpoints, with the addresses that are ready and the others.
pub(super) fn endpoints_page(page: &mut Page, object: &Value) {
    page.identity(object);
    page.marks(object);
    page.line(0, "Subsets:");
    for subset in items(&object["subsets"]) {
        for (label, field) in [("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")] {
            let all: Vec<String> = items(&subset[field]).map(|one| text(&one["ip"])).collect();
            page.line(1, format!("{label}:\t{}", or_none(all.join(","))));
        }
        port_table(page, &subset["ports"]);
        page.line(0, "");
    }
}

fn port_table(page: &mut Page, ports: &Value) {
    if items(ports).next().is_none() {
        return;
    }
    page.line(1, "Ports:");
    page.line(2, "Name\tPort\tProtocol");
    page.line(2, "----\t----\t--------");
    for port in items(ports) {
        let own = text(&port["name"]);
        let own = if own.is_empty() { "<unset>".into() } else { own };
        page.line(2, format!("{own}\t{}\t{}", number(&port["port"]), text(&port["protocol"])));
    }
}

/// A slice of a Service's endpoints.
pub(super) fn slice(page: &mut Page, object: &Value) {
    page.identity(object);
    page.marks(object);
    page.field("AddressType", text(&object["addressType"]));
    if items(&object["ports"]).next().is_none() {
        page.field("Ports", "<unset>");
    } else {
        page.line(0, "Ports:");
        page.line(1, "Name\tPort\tProtocol");
        page.line(1, "----\t----\t--------");
        for port in items(&object["ports"]) {
            let own = text(&port["name"]);
            let own = if own.is_empty() { "<unset>".into() } else { own };
            page.line(1, format!("{own}\t{}\t{}", text(&port["port"]), text(&port["protocol"])));
        }
    }
    if items(&object["endpoints"]).next().is_none() {
        return page.field("Endpoints", "<none>");
    }
    page.line(0, "Endpoints:");
    items(&object["endpoints"]).for_each(|one| slice_endpoint(page, one));
}

fn slice_endpoint(page: &mut Page, one: &Value) {
    let known = |value: &Value| if value.is_null() { "<unset>".into() } else { text(value) };
    page.line(1, format!("- Addresses:\t{}", joined(&one["addresses"])));
    page.line(2, "Conditions:");
    page.line(3, format!("Ready:\t{}", known(&one["conditions"]["ready"])));
    page.line(2, format!("Hostname:\t{}", known(&one["hostname"])));
    if one["targetRef"].is_object() {
        page.line(2, format!("TargetRef:\t{}/{}", text(&one["targetRef"]["kind"]), text(&one["targetRef"]["name"])));
    }
    page.line(2, format!("NodeName:\t{}", known(&one["nodeName"])));
    page.line(2, format!("Zone:\t{}", known(&one["zone"])));
}

pub(super) fn policy(page: &mut Page, object: &Value) {
    let spec = &object["spec"];
    page.field("Name", name(object));
    page.field("Namespace", text(&object["metadata"]["namespace"]));
    page.field(
        "Created on",
        text(&object["metadata"]["creationTimestamp"]).replace('T', " ").replace('Z', " +0000 UTC"),
    );
    page.marks(object);
    page.line(0, "Spec:");
    let chosen = pairs(&spec["podSelector"]["matchLabels"]);
    let everything = "<none> (Allowing the specific traffic to all pods in this namespace)";
    page.line(1, format!("PodSelector:     {}", if chosen == "<none>" { everything } else { &chosen }));
    for (word, field, peers, way) in [("Ingress", "ingress", "from", "From"), ("Egress", "egress", "to", "To")] {
        let applies = items(&spec["policyTypes"]).any(|kind| kind == word);
        if !applies {
            page.line(1, format!("Not affecting {} traffic", word.to_lowercase()));
            continue;
        }
        page.line(1, format!("Allowing {} traffic:", word.to_lowercase()));
        let rules: Vec<&Value> = items(&spec[field]).collect();
        if rules.is_empty() {
            page.line(2, format!("<none> (Selected pods are isolated for {} connectivity)", word.to_lowercase()));
        }
        for (index, rule) in rules.iter().enumerate() {
            if index > 0 {
                page.line(2, "----------");
            }
            rule_lines(page, rule, peers, way);
        }
    }
    let kinds: Vec<String> = items(&spec["policyTypes"]).map(text).collect();
    page.line(1, format!("Policy Types: {}", kinds.join(", ")));
}

fn rule_lines(page: &mut Page, rule: &Value, peers: &str, way: &str) {
    if items(&rule["ports"]).next().is_none() {
        page.line(2, "To Port: <any> (traffic allowed to all ports)");
    }
    for port in items(&rule["ports"]) {
        page.line(2, format!("To Port: {}/{}", text(&port["port"]), port["protocol"].as_str().unwrap_or("TCP")));
    }
    if items(&rule[peers]).next().is_none() {
        let words =
            if way == "From" { "traffic not restricted by source" } else { "traffic not restricted by destination" };
        page.line(2, format!("{way}: <any> ({words})"));
    }
    for peer in items(&rule[peers]) {
        page.line(2, format!("{way}:"));
        if peer["namespaceSelector"].is_object() {
            page.line(3, format!("NamespaceSelector: {}", pairs(&peer["namespaceSelector"]["matchLabels"])));
        }
        if peer["podSelector"].is_object() {
            page.line(3, format!("PodSelector: {}", pairs(&peer["podSelector"]["matchLabels"])));
        }
        if peer["ipBlock"].is_object() {
            page.line(3, "IPBlock:");
            page.line(4, format!("CIDR: {}", text(&peer["ipBlock"]["cidr"])));
            page.line(4, format!("Except: {}", joined(&peer["ipBlock"]["except"])));
        }
    }
}
