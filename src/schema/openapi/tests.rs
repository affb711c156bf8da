//! What kubectl looks for in the documents is there, and every reference resolves.

use serde_json::{Value, json};

use super::{OpenApi, Resource, Subresource};

const STORED: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

fn deployments() -> Resource {
    Resource {
        group: "apps",
        version: "v1",
        kind: "Deployment",
        plural: "deployments",
        namespaced: true,
        verbs: STORED,
        schema: "io.k8s.api.apps.v1.Deployment",
        subresources: &[
            Subresource { name: "status", verbs: &["get", "patch", "update"], schema: "io.k8s.api.apps.v1.Deployment" },
            Subresource {
                name: "scale",
                verbs: &["get", "patch", "update"],
                schema: "io.k8s.api.autoscaling.v1.Scale",
            },
        ],
    }
}

fn nodes() -> Resource {
    Resource {
        group: "",
        kind: "Node",
        plural: "nodes",
        namespaced: false,
        schema: "io.k8s.api.core.v1.Node",
        subresources: &[],
        ..deployments()
    }
}

fn document(name: &str) -> Value {
    let api = OpenApi::new("v1.36.0", [deployments(), nodes()]);
    serde_json::from_slice(&api.document(name).unwrap()).unwrap()
}

#[test]
fn the_index_names_each_document_once() {
    let api = OpenApi::new("v1.36.0", [deployments(), nodes(), deployments()]);
    let index: Value = serde_json::from_slice(&api.index()).unwrap();
    let names: Vec<&String> = index["paths"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["api/v1", "apis/apps/v1"]);
    let url = index["paths"]["api/v1"]["serverRelativeURL"].as_str().unwrap();
    assert!(url.starts_with("/openapi/v3/api/v1?hash="));
    assert_eq!(api.index(), OpenApi::new("v1.36.0", [deployments(), nodes(), deployments()]).index());
    assert!(api.document("apis/batch/v1").is_none());
}

#[test]
fn kubectl_finds_the_parameters_it_looks_for() {
    let document = document("apis/apps/v1");
    let patch = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
    let names: Vec<&str> =
        patch["parameters"].as_array().unwrap().iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["dryRun", "fieldManager", "fieldValidation", "force", "pretty"]);
    assert_eq!(
        patch["x-kubernetes-group-version-kind"],
        json!({"group": "apps", "version": "v1", "kind": "Deployment"})
    );
    assert!(patch["requestBody"]["content"].get("application/strategic-merge-patch+json").is_some());
    assert_eq!(patch["operationId"], "patchAppsV1NamespacedDeployment");
    let scale = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"]["get"];
    assert_eq!(
        scale["x-kubernetes-group-version-kind"],
        json!({"group": "autoscaling", "version": "v1", "kind": "Scale"})
    );
    assert!(document["paths"].get("/apis/apps/v1/deployments").is_some());
}

#[test]
fn schemas_carry_what_clients_read() {
    let document = document("apis/apps/v1");
    let schemas = &document["components"]["schemas"];
    let containers = &schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"];
    assert_eq!(containers["x-kubernetes-list-type"], "map");
    assert_eq!(containers["x-kubernetes-list-map-keys"], json!(["name"]));
    assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
    assert_eq!(containers["x-kubernetes-patch-strategy"], "merge");
    assert_eq!(schemas["io.k8s.api.apps.v1.DeploymentSpec"]["required"], json!(["selector", "template"]));
    assert_eq!(
        schemas["io.k8s.api.apps.v1.Deployment"]["x-kubernetes-group-version-kind"],
        json!([{"group": "apps", "version": "v1", "kind": "Deployment"}])
    );
    assert!(schemas.get("io.k8s.api.apps.v1.DeploymentList").is_some());
}

#[test]
fn every_reference_is_there() {
    for name in ["api/v1", "apis/apps/v1"] {
        let document = document(name);
        let mut wanted = Vec::new();
        references(&document, &mut wanted);
        assert!(wanted.len() > 40);
        for name in wanted {
            let name = name.trim_start_matches("#/components/schemas/");
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
    }
}

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}
