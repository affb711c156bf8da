//! Pods as `describe` tells them, of a pod or of a template: containers, volumes, tolerations. Must not ask the server.

use serde_json::Value;

use super::page::{Page, items, number, or_none, text, time, truth};

/// `Pod Template:` of what makes pods, with its tabs unaligned.
pub(crate) fn page(template: &Value) -> String {
    let mut page = Page::default();
    tell(&mut page, template);
    page.unaligned()
}

/// `Pod Template:` of what makes pods.
pub(super) fn tell(page: &mut Page, template: &Value) {
    page.line(0, "Pod Template:");
    let (metadata, spec) = (&template["metadata"], &template["spec"]);
    page.labels_indented("  ", "Labels", &metadata["labels"]);
    if metadata["annotations"].as_object().is_some_and(|all| !all.is_empty()) {
        page.annotations("  Annotations", &metadata["annotations"]);
    }
    if let Some(account) = spec["serviceAccountName"].as_str() {
        page.line(1, format!("Service Account:\t{account}"));
    }
    if items(&spec["initContainers"]).next().is_some() {
        containers(page, "Init Containers", &spec["initContainers"], None, "  ");
    }
    containers(page, "Containers", &spec["containers"], None, "  ");
    volumes(page, &spec["volumes"], "  ");
    spread(page, &spec["topologySpreadConstraints"], "  ");
    if let Some(class) = spec["priorityClassName"].as_str() {
        page.line(1, format!("Priority Class Name:\t{class}"));
    }
    page.labels_indented("  ", "Node-Selectors", &spec["nodeSelector"]);
    tolerations(page, "  Tolerations", &spec["tolerations"]);
}

/// Containers, with their states where a pod has them.
pub(super) fn containers(page: &mut Page, label: &str, list: &Value, pod: Option<(&Value, &str)>, space: &str) {
    let none = if items(list).next().is_none() { " <none>" } else { "" };
    page.line(0, format!("{space}{label}:{none}"));
    for container in items(list) {
        let status = pod.and_then(|(pod, statuses)| {
            items(&pod["status"][statuses]).find(|status| status["name"] == container["name"])
        });
        one(page, container, status, pod.map(|(pod, _)| pod), space);
    }
}

fn one(page: &mut Page, container: &Value, status: Option<&Value>, pod: Option<&Value>, space: &str) {
    let indent = if space.is_empty() { "" } else { " " };
    page.line(1, format!("{indent}{}:", text(&container["name"])));
    if let Some(status) = status {
        page.line(2, format!("Container ID:\t{}", text(&status["containerID"])));
    }
    page.line(2, format!("Image:\t{}", text(&container["image"])));
    if let Some(status) = status {
        page.line(2, format!("Image ID:\t{}", text(&status["imageID"])));
    }
    for (label, field) in [("Port", "containerPort"), ("Host Port", "hostPort")] {
        let ports = ports(&container["ports"], field);
        let plural = if ports.contains(',') { "s" } else { "" };
        page.line(2, format!("{label}{plural}:\t{}", or_none(ports)));
    }
    if let Some(profile) = container["securityContext"]["seccompProfile"]["type"].as_str() {
        page.line(2, format!("SeccompProfile:\t{profile}"));
    }
    for (label, field) in [("Command", "command"), ("Args", "args")] {
        if items(&container[field]).next().is_some() {
            page.line(2, format!("{label}:"));
            for word in items(&container[field]).map(text) {
                word.split('\n').for_each(|line| page.line(3, line));
            }
        }
    }
    if let Some(status) = status {
        states(page, status);
    }
    for (label, field) in [("Limits", "limits"), ("Requests", "requests")] {
        amounts(page, 2, label, &container["resources"][field]);
    }
    for (label, field) in [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")]
    {
        if container[field].is_object() {
            page.line(2, format!("{label}:\t{}", probe(&container[field])));
        }
    }
    environment(page, container, pod);
    mounts(page, container);
}

fn ports(list: &Value, field: &str) -> String {
    let port = |port: &Value| format!("{}/{}", number(&port[field]), port["protocol"].as_str().unwrap_or("TCP"));
    items(list).map(port).collect::<Vec<_>>().join(", ")
}

pub(super) fn amounts(page: &mut Page, level: usize, label: &str, amounts: &Value) {
    let all = amounts.as_object().filter(|all| !all.is_empty());
    let Some(all) = all else { return };
    page.line(level, format!("{label}:"));
    let mut names: Vec<&String> = all.keys().collect();
    names.sort();
    names.into_iter().for_each(|name| page.line(level + 1, format!("{name}:\t{}", text(&all[name]))));
}

fn states(page: &mut Page, status: &Value) {
    state(page, "State", &status["state"]);
    if status["lastState"]["terminated"].is_object() {
        state(page, "Last State", &status["lastState"]);
    }
    page.line(2, format!("Ready:\t{}", truth(&status["ready"])));
    page.line(2, format!("Restart Count:\t{}", number(&status["restartCount"])));
}

fn state(page: &mut Page, label: &str, state: &Value) {
    let (running, ended, waiting) = (&state["running"], &state["terminated"], &state["waiting"]);
    if running.is_object() {
        page.line(2, format!("{label}:\tRunning"));
        page.line(3, format!("Started:\t{}", time(&running["startedAt"])));
    } else if ended.is_object() {
        page.line(2, format!("{label}:\tTerminated"));
        for (name, field) in [("Reason", "reason"), ("Message", "message")] {
            if let Some(text) = ended[field].as_str() {
                page.line(3, format!("{name}:\t{text}"));
            }
        }
        page.line(3, format!("Exit Code:\t{}", number(&ended["exitCode"])));
        if number(&ended["signal"]) > 0 {
            page.line(3, format!("Signal:\t{}", number(&ended["signal"])));
        }
        page.line(3, format!("Started:\t{}", time(&ended["startedAt"])));
        page.line(3, format!("Finished:\t{}", time(&ended["finishedAt"])));
    } else {
        page.line(2, format!("{label}:\tWaiting"));
        if let Some(reason) = waiting["reason"].as_str() {
            page.line(3, format!("Reason:\t{reason}"));
        }
    }
}

fn probe(probe: &Value) -> String {
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        number(&probe["initialDelaySeconds"]),
        number(&probe["timeoutSeconds"]),
        number(&probe["periodSeconds"]),
        number(&probe["successThreshold"]),
        number(&probe["failureThreshold"])
    );
    let (exec, http, tcp, grpc) = (&probe["exec"], &probe["httpGet"], &probe["tcpSocket"], &probe["grpc"]);
    if exec.is_object() {
        let words: Vec<String> = items(&exec["command"]).map(text).collect();
        return format!("exec [{}] {attributes}", words.join(" "));
    }
    if http.is_object() {
        let scheme = http["scheme"].as_str().unwrap_or("HTTP").to_lowercase();
        let (host, port) = (text(&http["host"]), text(&http["port"]));
        return format!("http-get {scheme}://{host}:{port}{} {attributes}", text(&http["path"]));
    }
    if tcp.is_object() {
        return format!("tcp-socket {}:{} {attributes}", text(&tcp["host"]), text(&tcp["port"]));
    }
    if grpc.is_object() {
        return format!("grpc <pod>:{} {} {attributes}", text(&grpc["port"]), text(&grpc["service"]));
    }
    format!("unknown {attributes}")
}

fn environment(page: &mut Page, container: &Value, pod: Option<&Value>) {
    if items(&container["envFrom"]).next().is_some() {
        page.line(2, "Environment Variables from:");
        for from in items(&container["envFrom"]) {
            let (kind, source) = if from["configMapRef"].is_object() {
                ("ConfigMap", &from["configMapRef"])
            } else {
                ("Secret", &from["secretRef"])
            };
            let prefix = from["prefix"].as_str().map(|prefix| format!(" with prefix '{prefix}'")).unwrap_or_default();
            let optional = source["optional"] == true;
            page.line(3, format!("{}\t{kind}{prefix}\tOptional: {optional}", text(&source["name"])));
        }
    }
    let none = if items(&container["env"]).next().is_none() { "\t<none>" } else { "" };
    page.line(2, format!("Environment:{none}"));
    for variable in items(&container["env"]) {
        variable_line(page, variable, container, pod);
    }
}

fn variable_line(page: &mut Page, variable: &Value, container: &Value, pod: Option<&Value>) {
    let (name, from) = (text(&variable["name"]), &variable["valueFrom"]);
    if !from.is_object() {
        for (index, line) in text(&variable["value"]).split('\n').enumerate() {
            page.line(3, if index == 0 { format!("{name}:\t{line}") } else { format!("\t{line}") });
        }
        return;
    }
    let (field, resource) = (&from["fieldRef"], &from["resourceFieldRef"]);
    if field.is_object() {
        let (version, path) = (text(&field["apiVersion"]), text(&field["fieldPath"]));
        let value = pod.map(|pod| own_field(pod, &path)).unwrap_or_default();
        return page.line(3, format!("{name}:\t{value} ({version}:{path})"));
    }
    if resource.is_object() {
        let what = text(&resource["resource"]);
        let amount = what.split_once('.').map(|(part, rest)| text(&container["resources"][part][rest]));
        let amount = amount.filter(|amount| !amount.is_empty()).unwrap_or_else(|| "node allocatable".into());
        return page.line(3, format!("{name}:\t{amount} ({what})"));
    }
    for (field, words) in [("secretKeyRef", "in secret"), ("configMapKeyRef", "of config map")] {
        let source = &from[field];
        if source.is_object() {
            let (key, of, optional) = (text(&source["key"]), text(&source["name"]), source["optional"] == true);
            page.line(3, format!("{name}:\t<set to the key '{key}' {words} '{of}'>\tOptional: {optional}"));
        }
    }
}

/// A field of the pod that holds the container.
fn own_field(pod: &Value, path: &str) -> String {
    match path.split_once("['") {
        Some((map, key)) => text(&pod["metadata"][map.trim_start_matches("metadata.")][key.trim_end_matches("']")]),
        None => text(path.split('.').fold(pod, |value, step| &value[step])),
    }
}

fn mounts(page: &mut Page, container: &Value) {
    let mut mounts: Vec<&Value> = items(&container["volumeMounts"]).collect();
    mounts.sort_by_key(|mount| text(&mount["mountPath"]));
    page.line(2, if mounts.is_empty() { "Mounts:\t<none>" } else { "Mounts:" });
    for mount in mounts {
        let mut flags = vec![if mount["readOnly"] == true { "ro".to_string() } else { "rw".into() }];
        if let Some(below) = mount["subPath"].as_str() {
            flags.push(format!("path={below:?}"));
        }
        page.line(3, format!("{} from {} ({})", text(&mount["mountPath"]), text(&mount["name"]), flags.join(",")));
    }
}

/// Volumes.
pub(super) fn volumes(page: &mut Page, list: &Value, space: &str) {
    let none = if items(list).next().is_none() { "\t<none>" } else { "" };
    page.line(0, format!("{space}Volumes:{none}"));
    let indent = if space.is_empty() { "" } else { " " };
    for volume in items(list) {
        page.line(1, format!("{indent}{}:", text(&volume["name"])));
        let source = volume.as_object().into_iter().flatten().find(|(field, _)| *field != "name");
        match source {
            Some((kind, source)) => volume_source(page, kind, source),
            None => page.line(1, "<unknown>"),
        }
    }
}

/// (source, its type in words, labels with the fields that they tell).
type Source = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What a volume is, and which of its fields are told.
const SOURCES: &[Source] = &[
    ("secret", "Secret (a volume populated by a Secret)", &[("SecretName", "secretName"), ("Optional", "optional?")]),
    ("configMap", "ConfigMap (a volume populated by a ConfigMap)", &[("Name", "name"), ("Optional", "optional?")]),
    (
        "persistentVolumeClaim",
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        &[("ClaimName", "claimName"), ("ReadOnly", "readOnly?")],
    ),
    ("hostPath", "HostPath (bare host directory volume)", &[("Path", "path"), ("HostPathType", "type")]),
    ("local", "LocalVolume (a persistent volume backed by local storage on a node)", &[("Path", "path")]),
    (
        "nfs",
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        &[("Server", "server"), ("Path", "path"), ("ReadOnly", "readOnly?")],
    ),
    (
        "csi",
        "CSI (a Container Storage Interface (CSI) volume source)",
        &[("Driver", "driver"), ("FSType", "fsType"), ("ReadOnly", "readOnly?")],
    ),
];

pub(super) fn volume_source(page: &mut Page, kind: &str, source: &Value) {
    if let Some((_, told, fields)) = SOURCES.iter().find(|(name, ..)| *name == kind) {
        page.line(2, format!("Type:\t{told}"));
        for (label, field) in *fields {
            let value = match field.strip_suffix('?') {
                Some(flag) => (source[flag] == true).to_string(),
                None => text(&source[*field]),
            };
            page.line(2, format!("{label}:\t{value}"));
        }
        return;
    }
    match kind {
        "emptyDir" => {
            page.line(2, "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)");
            page.line(2, format!("Medium:\t{}", text(&source["medium"])));
            let limit = text(&source["sizeLimit"]);
            page.line(2, format!("SizeLimit:\t{}", if limit.is_empty() { "<unset>".into() } else { limit }));
        }
        "downwardAPI" => {
            page.line(2, "Type:\tDownwardAPI (a volume populated by information about the pod)");
            page.line(2, "Items:");
            for item in items(&source["items"]) {
                page.line(3, format!("{} -> {}", text(&item["fieldRef"]["fieldPath"]), text(&item["path"])));
            }
        }
        "projected" => {
            page.line(2, "Type:\tProjected (a volume that contains injected data from multiple sources)");
            items(&source["sources"]).for_each(|source| projected(page, source));
        }
        _ => page.line(1, "<unknown>"),
    }
}

fn projected(page: &mut Page, source: &Value) {
    for (field, label) in [("secret", "SecretName"), ("configMap", "ConfigMapName")] {
        if source[field].is_object() {
            page.line(2, format!("{label}:\t{}", text(&source[field]["name"])));
            page.line(2, format!("Optional:\t{}", source[field]["optional"] == true));
        }
    }
    if source["downwardAPI"].is_object() {
        page.line(2, "DownwardAPI:\ttrue");
    }
    if source["serviceAccountToken"].is_object() {
        let seconds = number(&source["serviceAccountToken"]["expirationSeconds"]);
        page.line(2, format!("TokenExpirationSeconds:\t{seconds}"));
    }
}

/// Tolerations, one a line.
pub(super) fn tolerations(page: &mut Page, title: &str, list: &Value) {
    let mut all: Vec<&Value> = items(list).collect();
    all.sort_by_key(|one| text(&one["key"]));
    page.raw(&format!("{title}:\t"));
    if all.is_empty() {
        page.raw("<none>\n");
    }
    let indent = &title[..title.len() - title.trim_start().len()];
    for (index, one) in all.into_iter().enumerate() {
        let before = if index > 0 { format!("{indent}\t") } else { String::new() };
        page.raw(&format!("{before}{}\n", toleration(one)));
    }
}

fn toleration(one: &Value) -> String {
    let mut told = text(&one["key"]);
    for (sign, field) in [("=", "value"), (":", "effect")] {
        if let Some(text) = one[field].as_str().filter(|text| !text.is_empty()) {
            told += &format!("{sign}{text}");
        }
    }
    if one["operator"] == "Exists" && text(&one["value"]).is_empty() {
        told += if told.is_empty() { "op=Exists" } else { " op=Exists" };
    }
    if let Some(seconds) = one["tolerationSeconds"].as_i64() {
        told += &format!(" for {seconds}s");
    }
    told
}

/// How pods are spread.
pub(super) fn spread(page: &mut Page, list: &Value, space: &str) {
    let mut all: Vec<&Value> = items(list).collect();
    all.sort_by_key(|one| text(&one["topologyKey"]));
    if all.is_empty() {
        return;
    }
    page.raw(&format!("{space}Topology Spread Constraints:\t"));
    for (index, one) in all.into_iter().enumerate() {
        let before = if index > 0 { format!("{space}\t") } else { String::new() };
        let selector = serde_json::from_value(one["labelSelector"].clone()).ok();
        let selector =
            selector.and_then(|selector| crate::base::selector::Selector::from_label_selector(&selector).ok());
        let chosen = selector.map(|selector| format!(" for selector {selector}")).unwrap_or_default();
        let (key, when, skew) = (text(&one["topologyKey"]), text(&one["whenUnsatisfiable"]), number(&one["maxSkew"]));
        page.raw(&format!("{before}{key}:{when} when max skew {skew} is exceeded{chosen}\n"));
    }
}
