//! OpenAPI v3 as the API server publishes it: an index and one document for each group and version, for `kubectl
//! explain`, client-side patches and field validation. Built when asked for, from plain data. Must not know kinds.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::{Map, Value, json};

mod paths;
mod schemas;
#[cfg(test)]
mod tests;

/// One kind as its documents need it.
#[derive(Debug, Clone, Copy)]
pub struct Resource {
    /// The API group, empty for core.
    pub group: &'static str,
    /// The version, `v1`.
    pub version: &'static str,
    /// The kind, `Deployment`.
    pub kind: &'static str,
    /// The name in paths, `deployments`.
    pub plural: &'static str,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// The verbs of discovery: `get`, `list`, `create`, `update`, `patch`, `delete`, `deletecollection`, `watch`.
    pub verbs: &'static [&'static str],
    /// The name of its type, `io.k8s.api.apps.v1.Deployment`.
    pub schema: &'static str,
    /// What hangs under its objects.
    pub subresources: &'static [Subresource],
}

/// A subresource that has a document's path (streams such as `log` have none).
#[derive(Debug, Clone, Copy)]
pub struct Subresource {
    /// The name in paths, `scale`.
    pub name: &'static str,
    /// The verbs that it takes.
    pub verbs: &'static [&'static str],
    /// The name of its type, `io.k8s.api.autoscaling.v1.Scale`.
    pub schema: &'static str,
}

impl Resource {
    /// `api/v1` or `apis/apps/v1`: the document's name in the index.
    fn document(&self) -> String {
        match self.group {
            "" => format!("api/{}", self.version),
            group => format!("apis/{group}/{}", self.version),
        }
    }

    fn gvk(&self) -> Value {
        json!({"group": self.group, "version": self.version, "kind": self.kind})
    }

    fn is_listed(&self) -> bool {
        self.verbs.contains(&"list")
    }
}

/// All documents of one server.
#[derive(Debug)]
pub struct OpenApi {
    version: String,
    documents: BTreeMap<String, Document>,
}

#[derive(Debug, Default)]
struct Document {
    resources: Vec<Resource>,
    bytes: OnceLock<Bytes>,
}

impl OpenApi {
    /// The documents of these kinds; `version` is the server's, such as `v1.36.0`.
    pub fn new(version: &str, resources: impl IntoIterator<Item = Resource>) -> Self {
        let mut documents: BTreeMap<String, Document> = BTreeMap::new();
        for resource in resources {
            documents.entry(resource.document()).or_default().resources.push(resource);
        }
        Self { version: version.to_owned(), documents }
    }

    /// `GET /openapi/v3`: where each document is, with a hash that lets clients cache it.
    #[must_use]
    pub fn index(&self) -> Bytes {
        let entry = |(name, document): (&String, &Document)| {
            let url = format!("/openapi/v3/{name}?hash={}", self.hash(name, document));
            (name.clone(), json!({ "serverRelativeURL": url }))
        };
        let paths: Map<String, Value> = self.documents.iter().map(entry).collect();
        Bytes::from(json!({ "paths": paths }).to_string())
    }

    /// `GET /openapi/v3/NAME`, such as `apis/apps/v1`: JSON, built the first time.
    #[must_use]
    pub fn document(&self, name: &str) -> Option<Bytes> {
        let document = self.documents.get(name)?;
        let build = || Bytes::from(build(&self.version, name, &document.resources).to_string());
        Some(document.bytes.get_or_init(build).clone())
    }

    /// The same data and program make the same document, so hashing what goes in spares building it.
    fn hash(&self, name: &str, document: &Document) -> String {
        let mut hasher = fnv::FnvHasher::default();
        let input = format!("{} {} {name} {:?}", env!("CARGO_PKG_VERSION"), self.version, document.resources);
        hasher.write(input.as_bytes());
        format!("{:016X}", hasher.finish())
    }
}

fn build(version: &str, name: &str, resources: &[Resource]) -> Value {
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": paths::of(name, resources),
        "components": {"schemas": schemas::of(resources)},
    })
}

fn reference(type_name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{type_name}")})
}
