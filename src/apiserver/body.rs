//! Request bodies: size limit, languages, strict decoding. Must not change what was sent beyond decoding it.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde_json::Value;

use super::errors::{ApiError, ApiResult};
use super::params::Params;
use crate::kinds::Kind;
use crate::schema;

/// The largest body (apiserver `MaxRequestBodyBytes`).
pub(super) const LIMIT: usize = 3 * 1024 * 1024;

/// Languages of objects that we read.
const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// Bytes of a body that is too large which are read all the same: a client that is cut off while it sends does not hear why.
const DRAINED: usize = 64 * 1024 * 1024;

/// How long a request may take to arrive (apiserver `--request-timeout`).
const ARRIVAL: Duration = Duration::from_secs(60);

/// Reads a whole body; who dawdles over it is told so.
pub(super) async fn read(body: Body) -> ApiResult<Bytes> {
    tokio::time::timeout(ARRIVAL, whole(body)).await.unwrap_or_else(|_| Err(ApiError::timeout()))
}

async fn whole(mut body: Body) -> ApiResult<Bytes> {
    let (mut bytes, mut size) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ApiError::bad_request(format!("unable to read the body: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        size += data.len();
        if size <= LIMIT {
            bytes.extend_from_slice(&data);
        } else if size > DRAINED {
            break;
        }
    }
    if size > LIMIT { Err(ApiError::too_large(LIMIT)) } else { Ok(bytes.freeze()) }
}

/// What to do with fields that the schema does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

impl FieldValidation {
    /// From `?fieldValidation=`, `Warn` when missing.
    pub(super) fn from_params(params: &Params, options: &str) -> ApiResult<Self> {
        match params.get("fieldValidation") {
            None | Some("Warn") => Ok(Self::Warn),
            Some("Strict") => Ok(Self::Strict),
            Some("Ignore") => Ok(Self::Ignore),
            Some(other) => {
                let text =
                    format!("Unsupported value: {other:?}: supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"");
                Err(ApiError::invalid_options(options, "fieldValidation", &text))
            }
        }
    }

    /// What becomes of the problems found: refusal, warnings or nothing.
    pub(super) fn judge(self, problems: Vec<String>, refuse: impl Fn(String) -> ApiError) -> ApiResult<Vec<String>> {
        match self {
            Self::Ignore => Ok(Vec::new()),
            Self::Strict if !problems.is_empty() => {
                Err(refuse(format!("strict decoding error: {}", problems.join(", "))))
            }
            Self::Warn | Self::Strict => Ok(problems),
        }
    }
}

/// A decoded object and what the client should be warned of.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) value: Value,
    pub(super) warnings: Vec<String>,
}

/// The type that a body must have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) group: &'a str,
    pub(super) version: &'a str,
    pub(super) kind: &'a str,
    pub(super) schema: &'a str,
}

impl<'a> From<&'a Kind> for Expected<'a> {
    fn from(kind: &'a Kind) -> Self {
        Self { group: kind.group, version: kind.version, kind: kind.kind, schema: kind.schema }
    }
}

impl Expected<'_> {
    fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.into() } else { format!("{}/{}", self.group, self.version) }
    }

    fn refusal(&self, found: &str, why: &str) -> ApiError {
        ApiError::bad_request(format!(
            "{found} in version {:?} cannot be handled as a {}: {why}",
            self.version, self.kind
        ))
    }
}

/// Decodes an object in whatever language it came, and holds it to its schema.
pub(super) fn decode(
    headers: &HeaderMap,
    bytes: &[u8],
    expected: Expected<'_>,
    validation: FieldValidation,
) -> ApiResult<Decoded> {
    let (mut value, duplicates) = parse(headers, bytes).map_err(|error| match error {
        Unread::Media => ApiError::unsupported_media_type(ACCEPTED),
        Unread::Text(why) => unrecognized(&expected, bytes, &why),
    })?;
    type_meta(&mut value, bytes, &expected)?;
    check(value, duplicates, expected, validation)
}

/// A configuration with its type filled in, or refused when it is of another one.
pub(super) fn typed(mut value: Value, bytes: &[u8], expected: Expected<'_>) -> ApiResult<Value> {
    type_meta(&mut value, bytes, &expected)?;
    Ok(value)
}

/// Holds a value to its schema.
pub(super) fn check(
    value: Value,
    duplicates: Vec<String>,
    expected: Expected<'_>,
    validation: FieldValidation,
) -> ApiResult<Decoded> {
    let checked = schema::check(expected.schema, value).map_err(|why| expected.refusal(expected.kind, &why))?;
    let problems = checked.unknown.into_iter().chain(duplicates).collect();
    let warnings = validation.judge(problems, |why| expected.refusal(expected.kind, &why))?;
    Ok(Decoded { value: checked.value, warnings })
}

enum Unread {
    Media,
    Text(String),
}

fn parse(headers: &HeaderMap, bytes: &[u8]) -> Result<(Value, Vec<String>), Unread> {
    let parsed = match media_type(headers) {
        "" | "application/json" | "*/*" => schema::json::parse(bytes),
        "application/yaml" | "text/yaml" | "application/x-yaml" => schema::yaml::parse(bytes),
        "application/vnd.kubernetes.protobuf" => {
            return schema::protobuf::decode(bytes).map(|value| (value, Vec::new())).map_err(Unread::Text);
        }
        _ => return Err(Unread::Media),
    };
    parsed.map(|parsed| (parsed.value, parsed.duplicates)).map_err(Unread::Text)
}

/// The body's media type without parameters.
pub(super) fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// Fills `apiVersion` and `kind` in, or refuses other ones.
fn type_meta(value: &mut Value, bytes: &[u8], expected: &Expected<'_>) -> ApiResult<()> {
    let Some(map) = value.as_object_mut() else {
        let why = "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct";
        return Err(unrecognized(expected, bytes, why));
    };
    let wanted = expected.api_version();
    let found = map.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if !found.is_empty() && found != wanted {
        return Err(ApiError::bad_request(format!(
            "the API version in the data ({found}) does not match the expected API version ({wanted})"
        )));
    }
    let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default();
    if !kind.is_empty() && kind != expected.kind {
        let package = if expected.group.is_empty() { "core" } else { expected.group.split('.').next().unwrap_or("") };
        let why =
            format!("converting ({}.{kind}) to ({package}.{}): unknown conversion", expected.version, expected.kind);
        return Err(expected.refusal(kind, &why));
    }
    map.insert("apiVersion".into(), wanted.into());
    map.insert("kind".into(), expected.kind.into());
    Ok(())
}

/// Bytes of a body that an error quotes.
const QUOTED: usize = 30;

fn unrecognized(expected: &Expected<'_>, bytes: &[u8], why: &str) -> ApiError {
    let head = &bytes[..bytes.len().min(QUOTED)];
    let more = if bytes.len() > QUOTED { " ..." } else { "" };
    let quoted = match bytes.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(head)),
        Some(_) => format!("{}{more}", head.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))),
    };
    ApiError::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): {why} ({quoted})",
        expected.kind
    ))
}
