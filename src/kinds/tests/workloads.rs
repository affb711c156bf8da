//! Deployments and their like: refusals of the transcripts, defaults, generations.

use serde_json::json;

use super::{change_refused, made, refused, row};

const WEB: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: nginx}]}}}}";

#[test]
fn the_manifest_of_the_notes() {
    refused(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: backend}, spec: {replicas: 3}}",
        "
spec.selector: Required value
spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`
spec.template.spec.containers: Required value",
    );
    refused(
        &WEB.replace("labels: {app: web}}", "labels: {app: otra}}"),
        "spec.template.metadata.labels: Invalid value: {\"app\":\"otra\"}: `selector` does not match template `labels`",
    );
    refused(
        &WEB.replace("spec: {selector", "spec: {replicas: -1, selector"),
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
    );
}

#[test]
fn the_selector_stays() {
    change_refused(
        WEB,
        |new| {
            new["spec"]["selector"] = json!({"matchLabels": {"app": "otra"}});
            new["spec"]["template"]["metadata"]["labels"] = json!({"app": "otra"});
        },
        "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"otra\"}}: field is immutable",
    );
}

#[test]
fn strategies() {
    let with = |strategy: &str| WEB.replace("spec: {selector", &format!("spec: {{strategy: {strategy}, selector"));
    refused(
        &with("{rollingUpdate: {maxUnavailable: 0, maxSurge: 0}}"),
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
    );
    refused(
        &with("{rollingUpdate: {maxUnavailable: 200%}}"),
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"200%\": must not be greater than 100%",
    );
    refused(
        &with("{type: Recreate, rollingUpdate: {}}"),
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    );
}

#[test]
fn defaults_generations_and_rows() {
    let (kind, old) = made(WEB);
    assert_eq!(
        old["spec"]["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}})
    );
    assert_eq!((&old["spec"]["replicas"], &old["metadata"]["generation"]), (&json!(1), &json!(1)));
    let mut new = old.clone();
    new["metadata"]["labels"] = json!({"a": "b"});
    kind.rules.prepare_update(&mut new, &old);
    assert_eq!(new["metadata"]["generation"], 1);
    new["spec"]["replicas"] = json!(2);
    new["status"] = json!({"replicas": 9});
    kind.rules.prepare_update(&mut new, &old);
    assert_eq!((&new["metadata"]["generation"], &new["status"]), (&json!(2), &json!({})));
    assert_eq!(
        row(kind, &old),
        [json!("web"), json!("0/1"), json!(0), json!(0), json!("10m"), json!("c"), json!("nginx"), json!("app=web")]
    );
}
