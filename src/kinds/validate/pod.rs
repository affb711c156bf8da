//! The spec of a pod, alone or in a template (`ValidatePodSpec`), in Kubernetes' order. Must not know who holds it.

use super::common::{choice, dns_label, dns_subdomain, ip, label_key, required, within};
use super::container::{Pod, containers, ephemeral_containers, init_containers, untrimmed_image};
use super::volume::volumes;
use super::{FieldError, affinity, annotations, labels, resources, security};
use crate::base::syntax;
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

const RESTART_POLICIES: &[&str] = &["Always", "OnFailure", "Never"];
const DNS_POLICIES: &[&str] = &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

/// A pod spec; `is_pod` tells a Pod from a template.
pub(in crate::kinds) fn spec(spec: &At, is_pod: bool) -> Errors {
    let (volumes, mut errors) = volumes(&spec.field("volumes"));
    let pod = Pod { spec, volumes: &volumes };
    errors.extend(containers(&pod));
    errors.extend(init_containers(&pod));
    errors.extend(ephemeral_containers(&pod));
    errors.extend(resources::requirements(&spec.field("resources"), spec));
    errors.extend(host_ports(spec, is_pod));
    errors.extend(choice(&spec.field("restartPolicy"), RESTART_POLICIES));
    errors.extend(choice(&spec.field("dnsPolicy"), DNS_POLICIES));
    errors.extend(labels(&spec.field("nodeSelector")));
    errors.extend(security::pod(spec));
    errors.extend(affinity::affinity(&spec.field("affinity")));
    errors.extend(dns_config(spec));
    errors.extend(gates(spec));
    errors.extend(affinity::spread(&spec.field("topologySpreadConstraints")));
    errors.extend(host_users(spec));
    errors.extend(names(spec));
    errors
}

/// What a Pod refuses beyond what its template does (`ValidatePodCreate`).
pub(in crate::kinds) fn only_pod(spec: &At) -> Errors {
    let lists = ["containers", "initContainers"].map(|name| spec.field(name));
    lists.iter().flat_map(At::items).filter_map(|container| untrimmed_image(&container)).collect()
}

/// A pod template (`ValidatePodTemplateSpec`).
pub(in crate::kinds) fn template(template: &At) -> Errors {
    // Kubernetes leaves `metadata` out of these two paths.
    let named = |name: &str| At {
        path: format!("{}.{name}", template.path),
        value: template.field("metadata").field(name).value,
    };
    let mut errors = labels(&named("labels"));
    errors.extend(annotations(&named("annotations")));
    errors.extend(spec(&template.field("spec"), false));
    let ephemeral = template.field("spec.ephemeralContainers");
    if !ephemeral.is_empty() {
        errors.push(ephemeral.forbidden("ephemeral containers not allowed in pod template"));
    }
    errors
}

/// With the node's own network a port of the container is the port of the node.
fn host_ports(spec: &At, is_pod: bool) -> Errors {
    if !spec.field("hostNetwork").flag() {
        return Vec::new();
    }
    let ports = spec.field("containers").items().flat_map(|container| container.field("ports").items());
    let mut errors = Vec::new();
    for port in ports {
        let host = port.field("hostPort");
        if (is_pod || host.int() != 0) && host.int() != port.field("containerPort").int() {
            let text = "must match `containerPort` when `hostNetwork` is true";
            errors.push(host.invalid_as(host.int(), text));
        }
    }
    errors
}

fn dns_config(spec: &At) -> Errors {
    let (config, none) = (spec.field("dnsConfig"), spec.field("dnsPolicy").text() == "None");
    let servers = config.field("nameservers");
    if none && config.is_null() {
        return vec![config.required("must provide `dnsConfig` when `dnsPolicy` is None")];
    }
    if none && servers.is_empty() {
        return vec![servers.required("must provide at least one DNS nameserver when `dnsPolicy` is None")];
    }
    let mut errors: Errors = Vec::new();
    if servers.len() > 3 {
        errors.push(servers.invalid("must not have more than 3 nameservers"));
    }
    errors.extend(servers.items().filter_map(|server| ip(&server)));
    let searches = config.field("searches");
    if searches.len() > 32 {
        errors.push(searches.invalid("must not have more than 32 search paths"));
    }
    for option in config.field("options").items().filter(|option| option.field("name").is_empty()) {
        errors.push(option.required("must not be empty"));
    }
    errors
}

fn gates(spec: &At) -> Errors {
    let readiness = spec.field("readinessGates").items().flat_map(|gate| label_key(&gate.field("conditionType")));
    let mut errors: Errors = readiness.collect();
    let mut seen = Vec::new();
    for gate in spec.field("schedulingGates").items() {
        let name = gate.field("name").text();
        errors.extend(syntax::label_key(name).into_iter().map(|text| gate.invalid_as(name, text)));
        if seen.contains(&name) {
            errors.push(gate.duplicate_as(name));
        }
        seen.push(name);
    }
    errors
}

fn host_users(spec: &At) -> Errors {
    if spec.field("hostUsers").value != &serde_json::Value::Bool(false) {
        return Vec::new();
    }
    let shared = [("hostPID", "HostPID"), ("hostIPC", "HostIPC")];
    let set = shared.into_iter().filter(|(name, _)| spec.field(name).flag());
    set.map(|(_, shown)| spec.field(shown).forbidden("when `hostUsers` is false")).collect()
}

/// The names and numbers at the end of the spec.
fn names(spec: &At) -> Errors {
    let mut errors = Vec::new();
    let mut check = |name: &str, rule: fn(&At) -> Errors| {
        let field = spec.field(name);
        if !field.is_empty() {
            errors.extend(rule(&field));
        }
    };
    check("serviceAccountName", dns_subdomain);
    check("nodeName", dns_subdomain);
    check("activeDeadlineSeconds", |at| within(at, 1, i64::from(i32::MAX)).into_iter().collect());
    check("hostname", dns_label);
    check("subdomain", dns_label);
    check("tolerations", affinity::tolerations);
    check("hostAliases", host_aliases);
    check("priorityClassName", dns_subdomain);
    check("runtimeClassName", dns_subdomain);
    check("preemptionPolicy", |at| at.one_of(&["PreemptLowerPriority", "Never"]).into_iter().collect());
    check("os", |at| {
        let name = at.field("name");
        let known = matches!(name.text(), "linux" | "windows");
        let unknown = || At::named(&at.path, name.value).unsupported(&["linux", "windows"]);
        required(&name).or_else(|| (!known).then(unknown)).into_iter().collect()
    });
    errors
}

fn host_aliases(aliases: &At) -> Errors {
    let mut errors = Vec::new();
    for alias in aliases.items() {
        errors.extend(ip(&alias.field("ip")));
        errors.extend(alias.field("hostnames").items().flat_map(|name| dns_subdomain(&name)));
    }
    errors
}

/// What is accepted in a pod spec, but surprises (`pkg/api/pod/warnings.go`): a variable set twice.
pub(in crate::kinds) fn warnings(spec: &At) -> Vec<String> {
    let lists = ["initContainers", "containers"].map(|name| spec.field(name));
    lists.iter().flat_map(At::items).flat_map(|container| hidden(&container.field("env"))).collect()
}

fn hidden(env: &At) -> Vec<String> {
    let (mut texts, mut seen) = (Vec::new(), Vec::new());
    for var in env.items() {
        let name = var.field("name").text();
        if seen.contains(&name) {
            let path = &var.path;
            texts.push(format!("{path}: hides previous definition of {name:?}, which may be dropped when using apply"));
        }
        seen.push(name);
    }
    texts
}
