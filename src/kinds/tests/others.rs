//! The other kinds: batch, access, network, scaling, storage, and the two versions of one storage.

use serde_json::json;

use super::{change_refused, made, refused, row};
use crate::kinds::by_kind;

const JOB: &str = "{apiVersion: batch/v1, kind: Job, metadata: {name: hola, uid: u-1}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}}";

#[track_caller]
fn schedule(text: &str, error: &str) {
    let manifest = "{apiVersion: batch/v1, kind: CronJob, metadata: {name: tic}, spec: {schedule: 'S', jobTemplate: {spec: {template: {spec: {restartPolicy: OnFailure, containers: [{name: c, image: x}]}}}}}}";
    let error =
        if error.is_empty() { String::new() } else { format!("spec.schedule: Invalid value: \"{text}\": {error}") };
    refused(&manifest.replace('S', text), &error);
}

#[test]
fn schedules() {
    schedule("*/5 * * * *", "");
    schedule("0 9-17/2 * jan,jul mon-fri", "");
    schedule("@hourly", "");
    schedule("cada rato", "expected exactly 5 fields, found 2: [cada rato]");
    schedule("61 * * * *", "end of range (61) above maximum (59): 61");
    schedule("* * 0 * *", "beginning of range (0) below minimum (1): 0");
    schedule("*/0 * * * *", "step of range should be a positive number: */0");
    let error = "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax";
    schedule("a * * * *", error);
}

#[test]
fn jobs_are_made_with_a_selector_of_their_own() {
    let (kind, job) = made(JOB);
    assert_eq!(job["spec"]["selector"]["matchLabels"], json!({"batch.kubernetes.io/controller-uid": "u-1"}));
    assert_eq!(job["spec"]["template"]["metadata"]["labels"]["job-name"], "hola");
    assert_eq!(row(kind, &job)[1..4], [json!("Running"), json!("0/1"), json!("")]);
    refused(JOB, "");
    refused(
        &JOB.replace("restartPolicy: Never, ", ""),
        "spec.template.spec.restartPolicy: Unsupported value: \"Always\": supported values: \"OnFailure\", \"Never\"",
    );
    change_refused(
        JOB,
        |new| new["spec"]["completions"] = json!(5),
        "spec.completions: Invalid value: 5: field is immutable",
    );
}

#[test]
fn access() {
    refused(
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: 'a:b'}, rules: [{resources: [pods]}]}",
        "
rules[0].verbs: Required value: verbs must contain at least one value
rules[0].apiGroups: Required value: resource rules must supply at least one api group",
    );
    change_refused(
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b}, roleRef: {kind: Role, name: r}, subjects: [{kind: User, name: ana}]}",
        |new| new["roleRef"]["name"] = json!("otro"),
        r#"roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"otro"}: cannot change roleRef"#,
    );
}

#[test]
fn networks() {
    let ingress = |spec: &str| {
        format!("{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: w}}, spec: {spec}}}")
    };
    refused(
        &ingress(
            "{rules: [{host: 1.2.3.4, http: {paths: [{path: v2, pathType: Prefix, backend: {service: {name: api}}}]}}]}",
        ),
        r#"
spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address
spec.rules[0].http.paths[0].path: Invalid value: "v2": must be an absolute path
spec.rules[0].http.paths[0].backend: Required value: port name or number is required"#,
    );
    let (kind, object) = made(&ingress("{rules: [{host: app.ejemplo.com}]}"));
    assert_eq!(row(kind, &object)[1..5], [json!("<none>"), json!("app.ejemplo.com"), json!(""), json!("80")]);
    refused(
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: n}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}, {}]}]}}",
        r#"
spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`
spec.ingress[0].from[1]: Required value: must specify a peer"#,
    );
}

#[test]
fn autoscalers_of_two_versions() {
    let old = by_kind("autoscaling", "v1", "HorizontalPodAutoscaler").unwrap();
    let manifest = json!({"apiVersion": "autoscaling/v1", "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 5, "targetCPUUtilizationPercentage": 80}});
    let mut stored = manifest.clone();
    old.rules.to_stored(&mut stored);
    let new = by_kind("autoscaling", "v2", "HorizontalPodAutoscaler").unwrap();
    assert_eq!(row(new, &stored)[1..4], [json!("Deployment/web"), json!("cpu: <unknown>/80%"), json!("2")]);
    old.rules.to_served(&mut stored);
    assert_eq!(stored, manifest);
    refused(
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: {minReplicas: 3, maxReplicas: 2, scaleTargetRef: {name: w}}}",
        "
spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`
spec.scaleTargetRef.kind: Required value",
    );
}

#[test]
fn events_of_two_versions() {
    let event = json!({"apiVersion": "events.k8s.io/v1", "metadata": {"name": "e"}, "regarding": {"kind": "Pod", "name": "p"},
        "note": "hola", "reportingController": "c", "deprecatedCount": 2});
    let kind = by_kind("events.k8s.io", "v1", "Event").unwrap();
    let mut stored = event.clone();
    kind.rules.to_stored(&mut stored);
    assert_eq!(
        (&stored["message"], &stored["involvedObject"]["name"], &stored["count"]),
        (&json!("hola"), &json!("p"), &json!(2))
    );
    let core = by_kind("", "v1", "Event").unwrap();
    assert_eq!(row(core, &stored), row(kind, &event));
    kind.rules.to_served(&mut stored);
    assert_eq!(stored, event);
}

#[test]
fn quotas_and_claims() {
    let (kind, mut quota) =
        made("{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: '2', limits.cpu: '1'}}}");
    quota["status"] = json!({"hard": {"pods": "2", "limits.cpu": "1"}, "used": {"pods": "1", "limits.cpu": "0"}});
    assert_eq!(row(kind, &quota)[1..3], [json!("pods: 1/2"), json!("limits.cpu: 0/1")]);
    refused(
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {accessModes: [Todos]}}",
        r#"
spec.accessModes: Unsupported value: "Todos": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"
spec.resources[storage]: Required value"#,
    );
}
