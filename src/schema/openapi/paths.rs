//! The paths of a document: what can be asked of each kind, with the parameters that kubectl looks for.
//! Must not describe objects: that is `schemas`.

use serde_json::{Map, Value, json};

use super::super::types;
use super::{Resource, Subresource, reference, schemas};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
type Parameter = (&'static str, &'static str);

const LIST: &[Parameter] = &[
    ("allowWatchBookmarks", "boolean"),
    ("continue", "string"),
    ("fieldSelector", "string"),
    ("labelSelector", "string"),
    ("limit", "integer"),
    ("resourceVersion", "string"),
    ("resourceVersionMatch", "string"),
    ("sendInitialEvents", "boolean"),
    ("timeoutSeconds", "integer"),
    ("watch", "boolean"),
];
const WRITE: &[Parameter] = &[("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string")];
const PATCH: &[Parameter] =
    &[("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string"), ("force", "boolean")];
const DELETE: &[Parameter] = &[
    ("dryRun", "string"),
    ("gracePeriodSeconds", "integer"),
    ("orphanDependents", "boolean"),
    ("propagationPolicy", "string"),
];
const PATCH_TYPES: [&str; 4] = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];

/// What a verb of discovery is in a path.
struct Operation {
    verb: &'static str,
    method: &'static str,
    action: &'static str,
    id: &'static str,
    parameters: &'static [Parameter],
}

const COLLECTION: &[Operation] = &[
    Operation { verb: "list", method: "get", action: "list", id: "list", parameters: LIST },
    Operation { verb: "create", method: "post", action: "post", id: "create", parameters: WRITE },
    Operation {
        verb: "deletecollection",
        method: "delete",
        action: "deletecollection",
        id: "deleteCollection",
        parameters: DELETE,
    },
];
const OBJECT: &[Operation] = &[
    Operation { verb: "get", method: "get", action: "get", id: "read", parameters: &[] },
    Operation { verb: "update", method: "put", action: "put", id: "replace", parameters: WRITE },
    Operation { verb: "patch", method: "patch", action: "patch", id: "patch", parameters: PATCH },
    Operation { verb: "delete", method: "delete", action: "delete", id: "delete", parameters: DELETE },
    Operation { verb: "create", method: "post", action: "post", id: "create", parameters: WRITE },
];

pub(super) fn of(document: &str, resources: &[Resource]) -> Map<String, Value> {
    let mut paths = Map::new();
    for resource in resources {
        let scope = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
        let base = format!("/{document}{scope}/{}", resource.plural);
        let place = Place { document, resource, subresource: None };
        paths.insert(base.clone(), place.path(COLLECTION, &[]));
        if resource.namespaced && resource.is_listed() {
            paths.insert(format!("/{document}/{}", resource.plural), place.everywhere());
        }
        // POST to an object is only for subresources.
        paths.insert(format!("{base}/{{name}}"), place.path(&OBJECT[..4], &["name"]));
        for subresource in resource.subresources {
            let place = Place { subresource: Some(subresource), ..place };
            paths.insert(format!("{base}/{{name}}/{}", subresource.name), place.path(OBJECT, &["name"]));
        }
    }
    paths.retain(|_, path| path.as_object().is_some_and(|path| path.len() > 1));
    paths
}

#[derive(Clone, Copy)]
struct Place<'a> {
    document: &'a str,
    resource: &'a Resource,
    subresource: Option<&'a Subresource>,
}

impl Place<'_> {
    fn path(self, operations: &[Operation], names: &[&str]) -> Value {
        let verbs = self.subresource.map_or(self.resource.verbs, |sub| sub.verbs);
        let mut path = Map::new();
        for operation in operations.iter().filter(|operation| verbs.contains(&operation.verb)) {
            path.insert(operation.method.to_owned(), self.operation(operation));
        }
        let namespace = self.resource.namespaced.then_some("namespace");
        let parameters: Vec<Value> = names.iter().copied().chain(namespace).map(in_path).collect();
        path.insert("parameters".to_owned(), Value::from(parameters));
        Value::Object(path)
    }

    /// A namespaced kind in all namespaces can only be listed.
    fn everywhere(self) -> Value {
        let mut list = self.operation(&COLLECTION[0]);
        list["operationId"] = Value::from(format!("{}ForAllNamespaces", self.operation_id("list", false)));
        json!({"get": list, "parameters": []})
    }

    fn operation(self, operation: &Operation) -> Value {
        let schema = self.subresource.map_or(self.resource.schema, |sub| sub.schema);
        let answer = match operation.action {
            "list" => format!("{schema}List"),
            "delete" | "deletecollection" => format!("{META}.Status"),
            _ => schema.to_owned(),
        };
        let mut value = json!({
            "tags": [self.document.trim_start_matches("apis/").trim_start_matches("api/").replace('/', "_")],
            "operationId": self.operation_id(operation.id, self.resource.namespaced),
            "parameters": parameters(operation),
            "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": reference(&answer)}}}},
            "x-kubernetes-action": operation.action,
            "x-kubernetes-group-version-kind": self.gvk(),
        });
        if let Some(body) = request_body(operation, schema) {
            value["requestBody"] = body;
        }
        value
    }

    fn gvk(self) -> Value {
        match self.subresource {
            Some(sub) if sub.schema != self.resource.schema => {
                types::get(sub.schema).map_or_else(|| self.resource.gvk(), schemas::type_gvk)
            }
            _ => self.resource.gvk(),
        }
    }

    /// `patchAppsV1NamespacedDeploymentScale`, as the API server names its operations.
    fn operation_id(self, verb: &str, namespaced: bool) -> String {
        let group = self.resource.group.split('.').next().unwrap_or_default();
        let group = if group.is_empty() { "core" } else { group };
        let scope = if namespaced { "Namespaced" } else { "" };
        let sub = self.subresource.map_or_else(String::new, |sub| capital(sub.name));
        format!("{verb}{}{}{scope}{}{sub}", capital(group), capital(self.resource.version), self.resource.kind)
    }
}

fn request_body(operation: &Operation, schema: &str) -> Option<Value> {
    match operation.action {
        "post" | "put" => Some(json!({"content": {"*/*": {"schema": reference(schema)}}, "required": true})),
        "patch" => {
            let patch = || json!({"schema": reference(&format!("{META}.Patch"))});
            let content: Map<String, Value> = PATCH_TYPES.iter().map(|kind| ((*kind).to_owned(), patch())).collect();
            Some(json!({"content": content, "required": true}))
        }
        "delete" | "deletecollection" => {
            Some(json!({"content": {"*/*": {"schema": reference(&format!("{META}.DeleteOptions"))}}}))
        }
        _ => None,
    }
}

/// What the operation takes in its query; what a list selects, a deletion of a collection selects too.
fn parameters(operation: &Operation) -> Vec<Value> {
    let selecting = if operation.action == "deletecollection" { LIST } else { &[] };
    let own = operation.parameters.iter().chain(&[("pretty", "string")]);
    let selecting = selecting.iter().filter(|(name, _)| !["allowWatchBookmarks", "watch"].contains(name));
    own.chain(selecting).map(in_query).collect()
}

fn in_query((name, kind): &Parameter) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": true}})
}

fn in_path(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "uniqueItems": true}})
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
