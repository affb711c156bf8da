//! Objects, lists and failures → HTTP answers in the form asked for. Must not fetch anything.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WARNING};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::negotiate::{Form, Syntax, View};
use super::{object, table};

/// JSON's media type.
pub(super) const JSON: &str = "application/json";

/// Answers of at least this many bytes are compressed for clients that accept it (apiserver `defaultGzipThresholdBytes`).
pub(super) const COMPRESSIBLE_BYTES: usize = 128 * 1024;

/// Marks a finite answer that is worth compressing; streams never are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compressible;

/// What a handler answers with an object.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) object: Payload,
    pub(super) warnings: Vec<String>,
}

/// An object, as stored or as made.
#[derive(Debug)]
pub(super) enum Payload {
    Stored(Bytes),
    Made(Value),
}

impl Reply {
    /// 200 with an object.
    pub(super) fn ok(object: Payload) -> Self {
        Self { status: StatusCode::OK, object, warnings: Vec::new() }
    }

    /// 201 with an object.
    pub(super) fn created(object: Payload) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(object) }
    }

    /// With warnings for the person at the other end.
    pub(super) fn warn(mut self, warnings: Vec<String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// The answer as plain JSON, for objects that have no other form.
    pub(super) fn render_as_json(self) -> Response {
        let bytes = match self.object {
            Payload::Stored(bytes) => bytes,
            Payload::Made(value) => value.to_string().into(),
        };
        finish(self.status, JSON, bytes, &self.warnings)
    }

    /// The answer in the form that the call asks for.
    pub(super) fn render(self, call: &Call) -> ApiResult<Response> {
        let bytes = match (self.object, call.form.view, call.form.syntax) {
            (Payload::Stored(bytes), View::Whole, Syntax::Json) => {
                return Ok(finish(self.status, JSON, bytes, &self.warnings));
            }
            (Payload::Stored(bytes), ..) => parse(&bytes)?,
            (Payload::Made(value), ..) => value,
        };
        let viewed = view(call, bytes)?;
        let (media, bytes) = write(call.form, &viewed);
        Ok(finish(self.status, media, bytes, &self.warnings))
    }
}

/// One object in the view asked for; a `Status` stays what it is.
fn view(call: &Call, value: Value) -> ApiResult<Value> {
    if value["kind"] == "Status" && value["apiVersion"] == "v1" {
        return Ok(value);
    }
    match call.form.view {
        View::Whole => Ok(value),
        View::Table(version) => table::of_object(call, version, &value),
        View::Partial(version) => Ok(partial(value, version)),
    }
}

/// `PartialObjectMetadata` of an object.
pub(super) fn partial(mut value: Value, version: &str) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": value["metadata"].take(),
    })
}

/// Writes a value in a syntax; answers the media type and the bytes.
pub(super) fn write(form: Form, value: &Value) -> (&'static str, Bytes) {
    match form.syntax {
        Syntax::Json => (JSON, value.to_string().into()),
        Syntax::Pretty => (JSON, (serde_json::to_string_pretty(value).unwrap_or_default() + "\n").into()),
        Syntax::Yaml => ("application/yaml", serde_yaml::to_string(value).unwrap_or_default().into()),
    }
}

/// An HTTP answer of finite size.
pub(super) fn finish(status: StatusCode, media: &'static str, bytes: Bytes, warnings: &[String]) -> Response {
    let long = bytes.len() >= COMPRESSIBLE_BYTES;
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    for warning in warnings {
        if let Some(value) = warning_header(warning) {
            headers.append(WARNING, value);
        }
    }
    if long {
        response.extensions_mut().insert(Compressible);
    }
    response
}

/// A value as JSON.
pub(super) fn json(status: StatusCode, value: &Value) -> Response {
    finish(status, JSON, value.to_string().into(), &[])
}

/// A failure as `Status`.
pub(super) fn failure(error: &ApiError) -> Response {
    let status = error.status().to_string();
    let mut response = finish(error.code(), JSON, status.into(), error.warnings());
    if let Some(seconds) = error.retry_after_seconds() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// `299 - "text"` (RFC 7234 quoting, control characters dropped).
fn warning_header(text: &str) -> Option<HeaderValue> {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    let quoted = clean.replace('\\', "\\\\").replace('"', "\\\"");
    HeaderValue::from_bytes(format!("299 - \"{quoted}\"").as_bytes()).ok()
}

/// A stored object as a value.
pub(super) fn parse(bytes: &[u8]) -> ApiResult<Value> {
    serde_json::from_slice(bytes)
        .map_err(|error| ApiError::internal(format!("the stored object is unreadable: {error}")))
}

/// The metadata of stored bytes, as an object with nothing else: whoever follows every object's metadata (the garbage
/// collector) must not cost a reading of them whole.
pub(super) fn parse_metadata(bytes: &[u8]) -> ApiResult<Value> {
    #[derive(serde::Deserialize)]
    struct Head {
        #[serde(default)]
        metadata: Value,
    }
    let head: Head = serde_json::from_slice(bytes)
        .map_err(|error| ApiError::internal(format!("the stored object is unreadable: {error}")))?;
    Ok(json!({ "metadata": head.metadata }))
}

/// `Status: Success` about an object, as deletions answer.
pub(super) fn success(call: &Call, deleted: &Value) -> Value {
    let mut details =
        json!({ "name": object::name(deleted), "kind": call.kind.plural, "uid": object::meta(deleted, "uid") });
    if !call.kind.group.is_empty() {
        details["group"] = call.kind.group.into();
    }
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details })
}

/// A bare `Status: Success`.
pub(super) fn done(code: StatusCode) -> Value {
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code.as_u16() })
}
