//! The hashes are what real Kubernetes 1.36 controller managers computed.

use serde_json::{Value, json};

use super::pod_template_hash;

/// A template with the defaults that every pod and container gets.
fn hash(labels: &Value, spec: &Value, container: &Value, collisions: Option<i32>) -> String {
    let mut whole = json!({
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        "securityContext": {}, "schedulerName": "default-scheduler",
    });
    let mut defaulted = json!({
        "resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    });
    overlay(&mut defaulted, container);
    overlay(&mut whole, spec);
    whole["containers"] = json!([defaulted]);
    let template = json!({"metadata": {"labels": labels}, "spec": whole});
    pod_template_hash(&serde_json::from_value(template).unwrap(), collisions)
}

fn overlay(base: &mut Value, over: &Value) {
    base.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
}

#[test]
fn a_manifest_with_an_environment() {
    let container = json!({"name": "miapp-backend", "image": "ricardoqsx/backend", "imagePullPolicy": "Always",
        "env": [{"name": "DEBUG", "value": "true"}]});
    assert_eq!(hash(&json!({"app": "backend"}), &json!({}), &container, None), "5cff749868");
}

#[test]
fn a_deployment_from_the_command_line() {
    let container = json!({"name": "mala", "image": "ejemplo.invalid/mala:1"});
    assert_eq!(hash(&json!({"app": "rapida"}), &json!({}), &container, None), "99b895d6");
}

/// The cluster's DNS as kubeadm 1.36 installs it: quantities, probes, volumes, affinity, tolerations, capabilities.
#[test]
fn a_template_with_almost_everything() {
    let port = |number, name, protocol| json!({"containerPort": number, "name": name, "protocol": protocol});
    let probe = |path, port, delay, timeout, failures| {
        json!({"httpGet": {"path": path, "port": port, "scheme": "HTTP"}, "initialDelaySeconds": delay,
            "timeoutSeconds": timeout, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": failures})
    };
    let container = json!({
        "name": "coredns", "image": "registry.k8s.io/coredns/coredns:v1.14.2",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": {"limits": {"memory": "170Mi"}, "requests": {"cpu": "100m", "memory": "70Mi"}},
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": true}],
        "ports": [port(53, "dns", "UDP"), port(53, "dns-tcp", "TCP"), port(9153, "metrics", "TCP"),
            port(8080, "liveness-probe", "TCP"), port(8181, "readiness-probe", "TCP")],
        "livenessProbe": probe("/health", "liveness-probe", 60, 5, 5),
        "readinessProbe": probe("/ready", "readiness-probe", 0, 1, 3),
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}},
    });
    let selector = json!({"matchExpressions": [{"key": "k8s-app", "operator": "In", "values": ["kube-dns"]}]});
    let term = json!({"labelSelector": selector, "topologyKey": "kubernetes.io/hostname"});
    let spec = json!({
        "priorityClassName": "system-cluster-critical", "serviceAccountName": "coredns", "serviceAccount": "coredns",
        "affinity": {"podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}},
        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}],
        "nodeSelector": {"kubernetes.io/os": "linux"}, "dnsPolicy": "Default",
        "volumes": [{"name": "config-volume", "configMap":
            {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}], "defaultMode": 420}}],
    });
    assert_eq!(hash(&json!({"k8s-app": "kube-dns"}), &spec, &container, None), "589f44dc88");
}

/// Kubernetes writes the 32-bit count into eight bytes.
#[test]
fn collisions_change_the_hash() {
    let hash = |collisions| hash(&json!({"app": "a"}), &json!({}), &json!({"name": "c", "image": "nginx"}), collisions);
    assert_ne!(hash(None), hash(Some(0)));
    assert_ne!(hash(Some(0)), hash(Some(1)));
}

/// What is empty in JSON is nothing in Go, but a pointer to nothing is a pointer.
#[test]
fn empty_lists_and_maps_are_absent() {
    let container = json!({"name": "c", "image": "nginx"});
    let of = |spec: Value| hash(&json!({"app": "a"}), &spec, &container, None);
    assert_eq!(of(json!({"volumes": [], "nodeSelector": {}})), of(json!({})));
    assert_ne!(of(json!({"affinity": {}})), of(json!({})));
}
