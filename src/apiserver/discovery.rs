//! What resources exist: aggregated discovery (v2, v2beta1) and the plain lists. Derived from the table of kinds only.

use std::sync::LazyLock;

use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::errors::{ApiError, ApiResult};
use super::negotiate;
use super::respond;
use crate::kinds::{self, Kind, Subresource};

/// A document that never changes while we run, with its entity tag.
struct Document {
    media: String,
    bytes: Bytes,
    etag: String,
}

/// The hash of a document, as entity tags carry it.
pub(super) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02X}"))
}

impl Document {
    fn new(media: &str, value: &Value) -> Self {
        let bytes = Bytes::from(value.to_string());
        let digest: String = hex(&bytes);
        Self { media: media.into(), bytes, etag: format!("\"{digest}\"") }
    }

    fn serve(&self, headers: &HeaderMap) -> Response {
        let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let mut response = match known {
            Some(known) if known == self.etag => {
                respond::finish(StatusCode::NOT_MODIFIED, respond::JSON, Bytes::new(), &[])
            }
            _ => respond::finish(StatusCode::OK, respond::JSON, self.bytes.clone(), &[]),
        };
        let answer = response.headers_mut();
        for (name, value) in [(ETAG, self.etag.as_str()), (CONTENT_TYPE, self.media.as_str()), (VARY, "Accept")] {
            if let Ok(value) = HeaderValue::from_str(value) {
                answer.insert(name, value);
            }
        }
        response
    }
}

/// The forms of a root document: aggregated in two versions, and plain.
struct Root {
    v2: Document,
    v2beta1: Document,
    plain: Document,
}

impl Root {
    fn new(groups: &[&'static str], plain: &Value) -> Self {
        let aggregated = |version: &str| {
            let media = format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
            let items: Vec<Value> = groups.iter().map(|group| aggregated_group(group)).collect();
            Document::new(
                &media,
                &json!({
                    "kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{version}"),
                    "metadata": {}, "items": items,
                }),
            )
        };
        Self { v2: aggregated("v2"), v2beta1: aggregated("v2beta1"), plain: Document::new(respond::JSON, plain) }
    }

    fn choose(&self, headers: &HeaderMap) -> &Document {
        let mut clauses = negotiate::clauses(headers);
        clauses.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (clause, _) in clauses {
            let aggregated = clause.contains("as=APIGroupDiscoveryList") && clause.contains("g=apidiscovery.k8s.io");
            match clause.split(';').find_map(|param| param.trim().strip_prefix("v=")) {
                Some("v2") if aggregated => return &self.v2,
                Some("v2beta1") if aggregated => return &self.v2beta1,
                _ if !aggregated && !clause.contains("as=") => return &self.plain,
                _ => {}
            }
        }
        &self.plain
    }
}

static CORE: LazyLock<Root> = LazyLock::new(|| {
    let addresses = json!([{ "clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1" }]);
    Root::new(&[""], &json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses }))
});

static GROUPS: LazyLock<Root> = LazyLock::new(|| {
    let groups = group_names();
    let plain: Vec<Value> = groups.iter().map(|group| group_object(group)).collect();
    Root::new(&groups, &json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": plain }))
});

/// Answers `/api` and `/apis`.
pub(super) fn groups(headers: &HeaderMap, path: &str) -> Response {
    let root = if path == "/api" { &CORE } else { &GROUPS };
    root.choose(headers).serve(headers)
}

/// Answers `/apis/GROUP`.
pub(super) fn group(headers: &HeaderMap, group: &str) -> ApiResult<Response> {
    let known = group_names().into_iter().find(|name| *name == group).ok_or_else(ApiError::no_such_path)?;
    let mut object = group_object(known);
    object["kind"] = "APIGroup".into();
    object["apiVersion"] = "v1".into();
    Ok(Document::new(respond::JSON, &object).serve(headers))
}

/// Answers `/api/v1` and `/apis/GROUP/VERSION`.
pub(super) fn resources(headers: &HeaderMap, group: &str, version: &str) -> ApiResult<Response> {
    let kinds: Vec<&Kind> = of(group).into_iter().filter(|kind| kind.version == version).collect();
    let first = kinds.first().ok_or_else(ApiError::no_such_path)?;
    let resources: Vec<Value> = kinds.iter().flat_map(|kind| plain_resources(kind)).collect();
    let list = json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": first.api_version(), "resources": resources,
    });
    Ok(Document::new(respond::JSON, &list).serve(headers))
}

/// The kinds of a group, by name of their resource.
fn of(group: &str) -> Vec<&'static Kind> {
    let mut kinds: Vec<&Kind> = kinds::ALL.iter().copied().filter(|kind| kind.group == group).collect();
    kinds.sort_by_key(|kind| kind.plural);
    kinds
}

/// Groups other than the core, in the order of their first kind in the table.
fn group_names() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for kind in kinds::ALL.iter().filter(|kind| !kind.group.is_empty()) {
        if !names.contains(&kind.group) {
            names.push(kind.group);
        }
    }
    names
}

/// Versions of a group, the preferred one first: the highest.
fn versions(group: &str) -> Vec<&'static str> {
    let mut versions: Vec<&'static str> = of(group).into_iter().map(|kind| kind.version).collect();
    versions.sort_by_key(|version| std::cmp::Reverse(rank(version)));
    versions.dedup();
    versions
}

/// Kubernetes' order of versions: stable before beta before alpha, then by number.
fn rank(version: &str) -> (u8, u32, u32) {
    let rest = version.trim_start_matches('v');
    let (major, stage, minor) = match (rest.split_once("beta"), rest.split_once("alpha")) {
        (Some((major, minor)), _) => (major, 1, minor),
        (_, Some((major, minor))) => (major, 0, minor),
        _ => (rest, 2, ""),
    };
    (stage, major.parse().unwrap_or_default(), minor.parse().unwrap_or_default())
}

fn group_object(group: &str) -> Value {
    let version = |version: &&str| json!({ "groupVersion": format!("{group}/{version}"), "version": version });
    let versions: Vec<Value> = versions(group).iter().map(version).collect();
    json!({ "name": group, "versions": versions, "preferredVersion": versions.first() })
}

fn aggregated_group(group: &str) -> Value {
    let versions: Vec<Value> = versions(group)
        .into_iter()
        .map(|version| {
            let kinds = of(group).into_iter().filter(|kind| kind.version == version);
            let resources: Vec<Value> = kinds.map(aggregated_resource).collect();
            json!({ "version": version, "resources": resources, "freshness": "Current" })
        })
        .collect();
    let metadata = if group.is_empty() { json!({}) } else { json!({ "name": group }) };
    json!({ "metadata": metadata, "versions": versions })
}

fn aggregated_resource(kind: &Kind) -> Value {
    let mut resource = json!({
        "resource": kind.plural,
        "responseKind": { "group": "", "version": "", "kind": kind.kind },
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular,
        "verbs": kind.verbs,
    });
    let mut subresources: Vec<&Subresource> = kind.subresources.iter().collect();
    subresources.sort_by_key(|one| facts(kind, **one).path);
    for (field, list) in [("shortNames", kind.short_names), ("categories", kind.categories)] {
        if !list.is_empty() {
            resource[field] = json!(list);
        }
    }
    if !subresources.is_empty() {
        resource["subresources"] = subresources.into_iter().map(|one| aggregated_subresource(kind, *one)).collect();
    }
    resource
}

fn aggregated_subresource(kind: &Kind, subresource: Subresource) -> Value {
    let Facts { path, group, version, answers, verbs } = facts(kind, subresource);
    json!({
        "subresource": path,
        "responseKind": { "group": group, "version": version, "kind": answers },
        "verbs": verbs,
    })
}

fn plain_resources(kind: &Kind) -> Vec<Value> {
    let mut main = json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced,
        "kind": kind.kind, "verbs": kind.verbs,
    });
    for (field, list) in [("shortNames", kind.short_names), ("categories", kind.categories)] {
        if !list.is_empty() {
            main[field] = json!(list);
        }
    }
    let under = kind.subresources.iter().map(|one| {
        let Facts { path, group, version, answers, verbs } = facts(kind, *one);
        let mut object = json!({
            "name": format!("{}/{path}", kind.plural), "singularName": "", "namespaced": kind.namespaced,
            "kind": answers, "verbs": verbs,
        });
        for (field, text) in [("group", group), ("version", version)] {
            if !text.is_empty() {
                object[field] = text.into();
            }
        }
        object
    });
    std::iter::once(main).chain(under).collect()
}

/// What discovery says of a subresource.
pub(super) struct Facts {
    pub(super) path: &'static str,
    group: &'static str,
    version: &'static str,
    answers: &'static str,
    pub(super) verbs: &'static [&'static str],
}

/// The facts of a subresource; an empty group and version mean those of the resource itself.
pub(super) fn facts(kind: &Kind, subresource: Subresource) -> Facts {
    const VIEW: &[&str] = &["get", "patch", "update"];
    const CREATE: &[&str] = &["create"];
    const STREAM: &[&str] = &["create", "get"];
    const PROXY: &[&str] = &["create", "delete", "get", "patch", "update"];
    let own = |path, answers, verbs| Facts { path, group: "", version: "", answers, verbs };
    match subresource {
        Subresource::Status => own("status", kind.kind, VIEW),
        Subresource::Scale => Facts { group: "autoscaling", version: "v1", ..own("scale", "Scale", VIEW) },
        Subresource::Log => own("log", kind.kind, &["get"]),
        Subresource::Exec => own("exec", "PodExecOptions", STREAM),
        Subresource::Attach => own("attach", "PodAttachOptions", STREAM),
        Subresource::PortForward => own("portforward", "PodPortForwardOptions", STREAM),
        Subresource::Proxy => match kind.kind {
            "Service" => own("proxy", "ServiceProxyOptions", PROXY),
            "Node" => own("proxy", "NodeProxyOptions", PROXY),
            _ => own("proxy", "PodProxyOptions", PROXY),
        },
        Subresource::Binding => own("binding", "Binding", CREATE),
        Subresource::Eviction => Facts { group: "policy", version: "v1", ..own("eviction", "Eviction", CREATE) },
        Subresource::EphemeralContainers => own("ephemeralcontainers", kind.kind, VIEW),
        Subresource::Token => {
            Facts { group: "authentication.k8s.io", version: "v1", ..own("token", "TokenRequest", CREATE) }
        }
        Subresource::Approval => own("approval", kind.kind, VIEW),
        Subresource::Finalize => own("finalize", kind.kind, &["update"]),
        Subresource::Resize => own("resize", kind.kind, VIEW),
    }
}
