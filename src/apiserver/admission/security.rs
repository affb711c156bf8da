//! `PodSecurity`: the standards `baseline` and `restricted` that a namespace's labels enforce. Must not warn nor audit.

use serde_json::Value;

use super::super::call::{self, Call};
use super::super::errors::{ApiError, ApiResult};
use super::super::object;
use super::{Operation, Plugin};
use crate::kinds;

pub(super) const PLUGIN: Plugin = Plugin { validate, ..Plugin::NONE };

/// The label that names the enforced standard.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
/// Capabilities that `baseline` lets a container add.
const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// Volumes that `restricted` lets a pod have.
const VOLUMES: [&str; 8] =
    ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

fn validate(call: &Call, operation: Operation, pod: &Value, _old: Option<&Value>) -> ApiResult<()> {
    if call.kind.kind != "Pod" || operation != Operation::Create {
        return Ok(());
    }
    let namespace = kinds::find("", "v1", "namespaces")
        .and_then(|kind| call.server.store.get(&call::key(kind, "", &call.request.namespace)));
    let Some(namespace) = namespace else { return Ok(()) };
    let Some(level) = namespace.meta.label(ENFORCE) else { return Ok(()) };
    let mut found = match level {
        "baseline" | "restricted" => baseline(pod),
        _ => return Ok(()),
    };
    if level == "restricted" {
        found.extend(restricted(pod));
    }
    if found.is_empty() {
        return Ok(());
    }
    let version = namespace.meta.label("pod-security.kubernetes.io/enforce-version").unwrap_or("latest");
    let why = format!("violates PodSecurity \"{level}:{version}\": {}", found.join(", "));
    Err(ApiError::forbidden(call.kind, object::name(pod), &why))
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    lists.into_iter().flat_map(|list| pod["spec"][list].as_array().into_iter().flatten())
}

/// `container "a"` or `containers "a", "b"` of those that fail a check.
fn failing(pod: &Value, fails: impl Fn(&Value) -> bool) -> Option<String> {
    let names: Vec<String> = containers(pod).filter(|one| fails(one)).map(|one| one["name"].to_string()).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("container {one}")),
        many => Some(format!("containers {}", many.join(", "))),
    }
}

fn baseline(pod: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let hosts: Vec<&str> =
        ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|field| pod["spec"][*field] == true).collect();
    if !hosts.is_empty() {
        let set: Vec<String> = hosts.iter().map(|field| format!("{field}=true")).collect();
        found.push(format!("host namespaces ({})", set.join(", ")));
    }
    if let Some(who) = failing(pod, |one| !added(one).iter().all(|capability| CAPABILITIES.contains(capability))) {
        found.push(format!(
            "non-default capabilities ({who} must not include {} in securityContext.capabilities.add)",
            strange(pod)
        ));
    }
    let volumes = || pod["spec"]["volumes"].as_array().into_iter().flatten();
    let host_paths: Vec<String> =
        volumes().filter(|one| one["hostPath"].is_object()).map(|one| one["name"].to_string()).collect();
    if !host_paths.is_empty() {
        let noun = if host_paths.len() == 1 { "volume" } else { "volumes" };
        found.push(format!("hostPath volumes ({noun} {})", host_paths.join(", ")));
    }
    let ports = |one: &Value| -> Vec<String> {
        let ports = one["ports"].as_array().into_iter().flatten().filter_map(|port| port["hostPort"].as_i64());
        ports.filter(|port| *port != 0).map(|port| port.to_string()).collect()
    };
    if let Some(who) = failing(pod, |one| !ports(one).is_empty()) {
        let all: Vec<String> = containers(pod).flat_map(ports).collect();
        let noun = if all.len() == 1 { "hostPort" } else { "hostPorts" };
        let verb = if who.starts_with("containers") { "use" } else { "uses" };
        found.push(format!("hostPort ({who} {verb} {noun} {})", all.join(", ")));
    }
    if let Some(who) = failing(pod, |one| one["securityContext"]["privileged"] == true) {
        found.push(format!("privileged ({who} must not set securityContext.privileged=true)"));
    }
    found
}

fn added(container: &Value) -> Vec<&str> {
    let list = container["securityContext"]["capabilities"]["add"].as_array().into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

fn strange(pod: &Value) -> String {
    let mut names: Vec<String> = containers(pod)
        .flat_map(added)
        .filter(|capability| !CAPABILITIES.contains(capability))
        .map(|capability| format!("{capability:?}"))
        .collect();
    names.sort();
    names.dedup();
    names.join(", ")
}

fn restricted(pod: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(who) = failing(pod, |one| one["securityContext"]["allowPrivilegeEscalation"] != false) {
        found.push(format!(
            "allowPrivilegeEscalation != false ({who} must set securityContext.allowPrivilegeEscalation=false)"
        ));
    }
    let drops_all = |one: &Value| {
        one["securityContext"]["capabilities"]["drop"]
            .as_array()
            .is_some_and(|list| list.iter().any(|one| one == "ALL"))
    };
    if let Some(who) = failing(pod, |one| !drops_all(one)) {
        found.push(format!("unrestricted capabilities ({who} must set securityContext.capabilities.drop=[\"ALL\"])"));
    }
    found.extend(volume_types(pod));
    let own = &pod["spec"]["securityContext"];
    let non_root =
        |one: &Value| one["securityContext"]["runAsNonRoot"].as_bool().or(own["runAsNonRoot"].as_bool()) == Some(true);
    if let Some(who) = failing(pod, |one| !non_root(one)) {
        found.push(format!("runAsNonRoot != true (pod or {who} must set securityContext.runAsNonRoot=true)"));
    }
    let profile = |one: &Value| {
        let name = one["securityContext"]["seccompProfile"]["type"].as_str().or(own["seccompProfile"]["type"].as_str());
        matches!(name, Some("RuntimeDefault" | "Localhost"))
    };
    if let Some(who) = failing(pod, |one| !profile(one)) {
        found.push(format!(
            "seccompProfile (pod or {who} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
        ));
    }
    found
}

fn volume_types(pod: &Value) -> Option<String> {
    let mut names = Vec::new();
    let mut types = Vec::new();
    for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
        let mut sources = volume.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
        if let Some(source) = sources.find(|key| *key != "name" && !VOLUMES.contains(key)) {
            names.push(volume["name"].to_string());
            types.push(format!("{source:?}"));
        }
    }
    types.sort();
    types.dedup();
    let noun = if names.len() == 1 { ("volume", "uses", "type") } else { ("volumes", "use", "types") };
    (!names.is_empty()).then(|| {
        format!(
            "restricted volume types ({} {} {} restricted volume {} {})",
            noun.0,
            names.join(", "),
            noun.1,
            noun.2,
            types.join(", ")
        )
    })
}
