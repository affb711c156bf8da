//! `/openapi/v3`: the index and one document a group and version. Must not build schemas: the schema room does.

use std::sync::LazyLock;

use axum::response::Response;
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use super::discovery::{facts, hex};
use super::errors::{ApiError, ApiResult};
use super::health::GIT_VERSION;
use super::negotiate;
use super::params::Params;
use super::respond;
use crate::kinds::{self, Kind, Subresource};
use crate::schema::openapi::{self, OpenApi};

/// The documents of every kind; each is built when first asked for.
static DOCUMENTS: LazyLock<OpenApi> = LazyLock::new(|| OpenApi::new(GIT_VERSION, described().map(resource)));

/// Metrics are of a server beside the API server in Kubernetes; their types are not in its documents.
fn described() -> impl Iterator<Item = &'static Kind> {
    kinds::ALL.iter().copied().filter(|kind| !kind.schema.is_empty())
}

fn resource(kind: &Kind) -> openapi::Resource {
    let under: Vec<openapi::Subresource> = kind.subresources.iter().filter_map(|one| subresource(kind, *one)).collect();
    openapi::Resource {
        group: kind.group,
        version: kind.version,
        kind: kind.kind,
        plural: kind.plural,
        namespaced: kind.namespaced,
        verbs: kind.verbs,
        schema: kind.schema,
        // Built once for the life of the process.
        subresources: under.leak(),
    }
}

/// Streams have no document.
fn subresource(kind: &Kind, one: Subresource) -> Option<openapi::Subresource> {
    let schema = match one {
        Subresource::Scale => "io.k8s.api.autoscaling.v1.Scale",
        Subresource::Eviction => "io.k8s.api.policy.v1.Eviction",
        Subresource::Binding => "io.k8s.api.core.v1.Binding",
        Subresource::Token => "io.k8s.api.authentication.v1.TokenRequest",
        Subresource::Log | Subresource::Exec | Subresource::Attach | Subresource::PortForward | Subresource::Proxy => {
            return None;
        }
        _ => kind.schema,
    };
    let facts = facts(kind, one);
    Some(openapi::Subresource { name: facts.path, verbs: facts.verbs, schema })
}

/// The media type in which kubectl asks for version 2.
const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/// What the server says it is: an at sign would be no media type.
const V2_ANSWER: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// Version 2 has no types here: kubectl then leaves judging objects to the server, which is the one that knows.
fn v2(headers: &HeaderMap) -> Response {
    let wants_protobuf = negotiate::clauses(headers).iter().any(|(clause, _)| clause.starts_with(V2_PROTOBUF));
    if !wants_protobuf {
        let info = json!({ "title": "Kubernetes", "version": GIT_VERSION });
        let document = json!({ "swagger": "2.0", "info": info, "paths": {}, "definitions": {} });
        return respond::json(StatusCode::OK, &document);
    }
    let info = [field(1, b"Kubernetes"), field(2, GIT_VERSION.as_bytes())].concat();
    let document = [field(1, b"2.0"), field(2, &info)].concat();
    respond::finish(StatusCode::OK, V2_ANSWER, document.into(), &[])
}

/// A short length-delimited protobuf field.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap_or_default();
    [&[number << 3 | 2, length], bytes].concat()
}

/// Answers a path under `/openapi/`.
pub(super) fn serve(headers: &HeaderMap, path: &str, params: &Params) -> ApiResult<Response> {
    if path == "/openapi/v2" {
        return Ok(v2(headers));
    }
    let bytes = match path.strip_prefix("/openapi/v3") {
        Some("") => DOCUMENTS.index(),
        Some(rest) => DOCUMENTS.document(rest.trim_start_matches('/')).ok_or_else(ApiError::no_such_path)?,
        None => return Err(ApiError::no_such_path()),
    };
    let etag = format!("\"{}\"", hex(&bytes));
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()) == Some(&etag);
    let mut response = if known {
        respond::finish(StatusCode::NOT_MODIFIED, respond::JSON, bytes::Bytes::new(), &[])
    } else {
        respond::finish(StatusCode::OK, respond::JSON, bytes, &[])
    };
    let answer = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&etag) {
        answer.insert(ETAG, value);
    }
    if params.get("hash").is_some() {
        answer.insert(CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
    }
    Ok(response)
}
