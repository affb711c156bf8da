//! Pods: refusals of the transcripts and their like, defaults, updates, what STATUS says.

use serde_json::{Value, json};

use super::{change_refused, made, refused, row};
use crate::kinds::pod;

fn pod(spec: &str) -> String {
    format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {spec}}}")
}

#[test]
fn refusals_in_order() {
    refused(
        &pod(
            "{restartPolicy: Siempre, containers: [{name: c, image: nginx, ports: [{containerPort: 70000}]}, {name: c, image: ''}]}",
        ),
        r#"
spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive
spec.containers[1].image: Required value
spec.containers[1].name: Duplicate value: "c"
spec.restartPolicy: Unsupported value: "Siempre": supported values: "Always", "OnFailure", "Never""#,
    );
    refused(
        &pod("{containers: [{name: c, image: nginx, resources: {requests: {cpu: '2'}, limits: {cpu: '1'}}}]}"),
        r#"spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1"#,
    );
    refused(
        &pod("{containers: [{name: c, image: nginx, volumeMounts: [{name: nada, mountPath: /x}]}]}"),
        r#"spec.containers[0].volumeMounts[0].name: Not found: "nada""#,
    );
    refused(
        &pod(
            "{containers: [{name: c, image: nginx, livenessProbe: {httpGet: {path: /, port: 0}, periodSeconds: -1}}]}",
        ),
        "
spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive
spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
    );
}

#[test]
fn refusals_like_them() {
    refused(
        &pod(
            "{containers: [{name: c, image: x, imagePullPolicy: Nunca, env: [{value: a}], volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /a}]}], volumes: [{name: v, emptyDir: {}, hostPath: {path: /x}}]}",
        ),
        r#"
spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type
spec.containers[0].env[0].name: Required value
spec.containers[0].volumeMounts[0].name: Not found: "v"
spec.containers[0].volumeMounts[1].name: Not found: "v"
spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique
spec.containers[0].imagePullPolicy: Unsupported value: "Nunca": supported values: "Always", "IfNotPresent", "Never""#,
    );
    refused(
        &pod(
            "{containers: [{name: c, image: x, livenessProbe: {}, resources: {limits: {gpu: 1, memory: -1}}}], tolerations: [{effect: Nada}]}",
        ),
        r#"
spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified
spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers
spec.containers[0].resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0
spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified
spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers
spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0
spec.containers[0].livenessProbe: Required value: must specify a handler type
spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"
spec.tolerations[0].effect: Unsupported value: "Nada": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute""#,
    );
}

#[test]
fn defaults() {
    let (_, pod) = made(&pod(
        "{containers: [{name: c, image: 'nginx:1.27', resources: {limits: {cpu: 1}}}, {name: d, image: nginx}]}",
    ));
    let spec = &pod["spec"];
    assert_eq!(spec["containers"][0]["imagePullPolicy"], "IfNotPresent");
    assert_eq!(spec["containers"][1]["imagePullPolicy"], "Always");
    assert_eq!(spec["containers"][0]["resources"]["requests"]["cpu"], 1);
    assert_eq!(spec["enableServiceLinks"], true);
    assert_eq!(pod["metadata"]["generation"], 1);
    assert_eq!(pod["status"]["phase"], "Pending");
}

#[test]
fn a_renamed_container_is_refused_with_a_diff() {
    let difference = "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)
@@ -3,7 +3,7 @@
  \"InitContainers\": null,
  \"Containers\": [
   {
-   \"Name\": \"uno\",
+   \"Name\": \"otro\",
    \"Image\": \"nginx:1.28\",
    \"Command\": null,
    \"Args\": null,";
    change_refused(
        &pod("{containers: [{name: uno, image: 'nginx:1.28'}]}"),
        |new| new["spec"]["containers"][0]["name"] = json!("otro"),
        difference,
    );
}

#[test]
fn the_diff_counts_the_lines_of_the_token_volume() {
    let manifest = pod(
        r"{containers: [{name: uno, image: 'nginx:1.28'}], volumes: [{name: kube-api-access, projected: {sources: [{serviceAccountToken: {path: token}}, {configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}}, {downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}}, {configMap: {name: openshift-service-ca.crt, items: [{key: service-ca.crt, path: service-ca.crt}]}}]}}]}",
    );
    let (_, pod) = made(&manifest);
    let text = crate::kinds::internal::pod_spec(&pod["spec"]);
    let line = text.lines().position(|line| line.contains("InitContainers")).unwrap();
    assert_eq!(line + 1, 109, "{text}");
}

#[test]
fn allowed_changes() {
    change_refused(
        &pod("{containers: [{name: uno, image: 'nginx:1.28'}]}"),
        |new| {
            new["spec"]["containers"][0]["image"] = json!("nginx:1.29");
            new["spec"]["tolerations"] = json!([{"key": "a", "operator": "Exists"}]);
            new["spec"]["activeDeadlineSeconds"] = json!(60);
        },
        "",
    );
}

#[track_caller]
fn shows(status: &Value, deleted: bool, ready: &str, reason: &str, restarts: &str) {
    let spec = json!({"containers": [{"name": "c"}], "initContainers": [{"name": "i"}]});
    let mut object = json!({"metadata": {"name": "p"}, "spec": spec, "status": status});
    if deleted {
        object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:09:00Z");
    }
    let cells = row(&pod::KIND, &object);
    assert_eq!((&cells[1], &cells[2], &cells[3]), (&json!(ready), &json!(reason), &json!(restarts)), "{object}");
    assert_eq!(cells[4], "10m");
}

#[test]
fn what_status_says() {
    let waiting = |reason: &str| {
        json!({"name": "c", "restartCount": 3, "state": {"waiting": {"reason": reason}},
        "lastState": {"terminated": {"finishedAt": "2026-01-01T00:08:00Z"}}})
    };
    let running = json!({"name": "c", "ready": true, "restartCount": 0, "state": {"running": {}}});
    let done = json!({"name": "i", "state": {"terminated": {"exitCode": 0}}});
    shows(&json!({"phase": "Pending"}), false, "0/1", "Pending", "0");
    shows(&json!({"phase": "Running", "containerStatuses": [running]}), false, "1/1", "Running", "0");
    shows(&json!({"phase": "Running", "containerStatuses": [running]}), true, "1/1", "Terminating", "0");
    shows(
        &json!({"phase": "Running", "containerStatuses": [waiting("CrashLoopBackOff")]}),
        false,
        "0/1",
        "CrashLoopBackOff",
        "3 (2m ago)",
    );
    shows(
        &json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"running": {}}}]}),
        false,
        "0/1",
        "Init:0/1",
        "0",
    );
    shows(
        &json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"terminated": {"exitCode": 7}}}]}),
        false,
        "0/1",
        "Init:ExitCode:7",
        "0",
    );
    let ended = json!({"name": "c", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
    shows(
        &json!({"phase": "Succeeded", "initContainerStatuses": [done], "containerStatuses": [ended]}),
        false,
        "0/1",
        "Completed",
        "0",
    );
    shows(
        &json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}),
        false,
        "0/1",
        "SchedulingGated",
        "0",
    );
}

#[test]
fn a_variable_set_twice_is_a_warning() {
    let (kind, pod) =
        made(&pod("{containers: [{name: c, image: x, env: [{name: A, value: b}, {name: A, value: c}]}]}"));
    let text = "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply";
    assert_eq!(kind.rules.warnings(&pod), [text]);
}
