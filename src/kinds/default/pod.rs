//! Defaults of a pod spec, alone or in a template (`pkg/apis/core/v1/defaults.go`). Must not know who holds it.

use serde_json::{Map, Value, json};

use super::{each, get, map, set, set_all};

type Object = Map<String, Value>;

/// The mode of files from `ConfigMaps` and Secrets: 0644.
const FILE_MODE: i64 = 0o644;

/// The template in an object's spec.
pub(in crate::kinds) fn template(spec: &mut Object) {
    if let Some(pod) = map(spec, "template").and_then(|template| map(template, "spec")) {
        pod_spec(pod);
    }
}

/// What a Pod and a template have in common.
pub(in crate::kinds) fn pod_spec(spec: &mut Object) {
    set_all(
        spec,
        [
            ("dnsPolicy", json!("ClusterFirst")),
            ("restartPolicy", json!("Always")),
            ("schedulerName", json!("default-scheduler")),
            ("securityContext", json!({})),
            ("terminationGracePeriodSeconds", json!(30)),
        ],
    );
    mirror_service_account(spec);
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        each(spec, list).for_each(container);
    }
    each(spec, "volumes").for_each(volume);
}

/// What only a Pod gets: requests from limits, service links, the node's ports with the node's network.
pub(in crate::kinds) fn only_pod(spec: &mut Object) {
    set(spec, "enableServiceLinks", json!(true));
    let host_network = spec.get("hostNetwork") == Some(&Value::Bool(true));
    for list in ["containers", "initContainers"] {
        for container in each(spec, list) {
            requests_from_limits(container);
            if host_network {
                each(container, "ports").for_each(host_port);
            }
        }
    }
}

/// The old field and the new one say the same (`Convert_core_PodSpec_To_v1_PodSpec`).
fn mirror_service_account(spec: &mut Object) {
    let text = |name: &str| spec.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let account = text("serviceAccountName").or_else(|| text("serviceAccount")).map(str::to_owned);
    if let Some(account) = account {
        spec.insert("serviceAccountName".to_owned(), json!(account));
        spec.insert("serviceAccount".to_owned(), json!(account));
    }
}

fn host_port(port: &mut Object) {
    let unset = port.get("hostPort").and_then(Value::as_i64).unwrap_or(0) == 0;
    if let (true, Some(number)) = (unset, port.get("containerPort").cloned()) {
        port.insert("hostPort".to_owned(), number);
    }
}

fn requests_from_limits(container: &mut Object) {
    let Some(resources) = get(container, "resources") else { return };
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { return };
    let Some(requests) = map(resources, "requests") else { return };
    for (name, limit) in limits {
        requests.entry(name).or_insert(limit);
    }
}

fn container(container: &mut Object) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let policy = pull_policy(image);
    set_all(
        container,
        [
            ("imagePullPolicy", json!(policy)),
            ("resources", json!({})),
            ("terminationMessagePath", json!("/dev/termination-log")),
            ("terminationMessagePolicy", json!("File")),
        ],
    );
    for port in each(container, "ports") {
        set(port, "protocol", json!("TCP"));
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        get(container, probe).into_iter().for_each(self::probe);
    }
    if let Some(lifecycle) = get(container, "lifecycle") {
        for hook in ["postStart", "preStop"] {
            get(lifecycle, hook).into_iter().for_each(http_get);
        }
    }
    for var in each(container, "env") {
        get(var, "valueFrom").into_iter().for_each(sources);
    }
}

/// `latest`, written or meant, is always pulled.
fn pull_policy(image: &str) -> &'static str {
    let (name, digest) = image.split_once('@').map_or((image, false), |(name, _)| (name, true));
    let tag = name.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'));
    match tag {
        Some("latest") => "Always",
        None if !digest => "Always",
        _ => "IfNotPresent",
    }
}

fn probe(probe: &mut Object) {
    http_get(probe);
    if let Some(grpc) = get(probe, "grpc") {
        set(grpc, "service", json!(""));
    }
    // Zero is absence here, as in Go.
    for (name, value) in
        [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        if set(probe, name, json!(value)).as_i64() == Some(0) {
            probe.insert(name.to_owned(), json!(value));
        }
    }
}

fn http_get(handler: &mut Object) {
    if let Some(http) = get(handler, "httpGet") {
        for (name, value) in [("path", "/"), ("scheme", "HTTP")] {
            if set(http, name, json!(value)) == "" {
                http.insert(name.to_owned(), json!(value));
            }
        }
    }
}

fn sources(source: &mut Object) {
    if let Some(field) = get(source, "fieldRef") {
        set(field, "apiVersion", json!("v1"));
    }
    if let Some(resource) = get(source, "resourceFieldRef") {
        set(resource, "divisor", json!("0"));
    }
    if let Some(file) = get(source, "fileKeyRef") {
        set(file, "optional", json!(false));
    }
}

fn volume(volume: &mut Object) {
    if volume.iter().all(|(name, value)| name == "name" || value.is_null()) {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
    for source in ["configMap", "secret", "downwardAPI", "projected"] {
        if let Some(source) = get(volume, source) {
            set(source, "defaultMode", json!(FILE_MODE));
            each(source, "items").for_each(sources);
            each(source, "sources").for_each(projection);
        }
    }
    if let Some(host) = get(volume, "hostPath") {
        set(host, "type", json!(""));
    }
    if let Some(image) = get(volume, "image") {
        let policy = pull_policy(image.get("reference").and_then(Value::as_str).unwrap_or_default());
        set(image, "pullPolicy", json!(policy));
    }
    let template = get(volume, "ephemeral").and_then(|source| get(source, "volumeClaimTemplate"));
    if let Some(claim) = template.and_then(|template| get(template, "spec")) {
        set(claim, "volumeMode", json!("Filesystem"));
    }
}

fn projection(projection: &mut Object) {
    if let Some(token) = get(projection, "serviceAccountToken") {
        set(token, "expirationSeconds", json!(3600));
    }
    if let Some(downward) = get(projection, "downwardAPI") {
        each(downward, "items").for_each(sources);
    }
}
