//! Requests as kubectl sends them, and the server's answers and warnings. Must not print.

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::client::Body;
use serde::Deserialize;
use serde_json::Value;

use super::failure::{Failure, Outcome};

const JSON: &str = "application/json";
/// What kubectl accepts where it prints columns.
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
/// Objects of one page (kubectl's `--chunk-size`).
pub(crate) const PAGE: &str = "500";

/// How it begins when nobody listens there.
pub(crate) const REFUSED: &str = "The connection to the server was refused";

/// How a PATCH's body is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatchKind {
    Strategic,
    Merge,
    Json,
    Apply,
}

impl PatchKind {
    fn media(self) -> &'static str {
        match self {
            Self::Strategic => "application/strategic-merge-patch+json",
            Self::Merge => "application/merge-patch+json",
            Self::Json => "application/json-patch+json",
            Self::Apply => "application/apply-patch+yaml",
        }
    }
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    method: &'static str,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Vec<u8>,
    content: &'static str,
    accept: &'static str,
}

impl Ask {
    fn new(method: &'static str, path: impl Into<String>, body: Vec<u8>, content: &'static str) -> Self {
        Self { method, path: path.into(), query: Vec::new(), body, content, accept: JSON }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path, Vec::new(), JSON)
    }

    pub fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new("POST", path, body.to_string().into_bytes(), JSON)
    }

    pub fn put(path: impl Into<String>, body: &Value) -> Self {
        Self::new("PUT", path, body.to_string().into_bytes(), JSON)
    }

    pub fn patch(path: impl Into<String>, kind: PatchKind, body: impl Into<Vec<u8>>) -> Self {
        Self::new("PATCH", path, body.into(), kind.media())
    }

    pub fn delete(path: impl Into<String>, options: &Value) -> Self {
        Self::new("DELETE", path, options.to_string().into_bytes(), JSON)
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// A parameter that is only sent when it says something.
    pub fn maybe(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value.map(Into::into).filter(|value| !value.is_empty()) {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Asks for columns.
    pub fn table(mut self) -> Self {
        self.accept = TABLE;
        self
    }

    pub fn accept(mut self, media: &'static str) -> Self {
        self.accept = media;
        self
    }

    fn uri(&self) -> String {
        let mut uri = self.path.clone();
        for (name, value) in &self.query {
            uri.push(if uri.contains('?') { '&' } else { '?' });
            uri += &format!("{name}={}", escape(value));
        }
        uri
    }

    fn request(self) -> Outcome<Request<Body>> {
        let request = Request::builder().method(self.method).uri(self.uri()).header(header::ACCEPT, self.accept);
        let request = if self.body.is_empty() { request } else { request.header(header::CONTENT_TYPE, self.content) };
        request.body(Body::from(self.body)).map_err(|error| Failure::error(error.to_string()))
    }
}

/// Escapes a value of a query.
fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// An answer, or the server's refusal, with what the server warns of.
pub(crate) struct Answer {
    pub response: Outcome<Response<Body>>,
    pub warnings: Vec<String>,
}

/// Sends a request; its body is still to be read.
pub(crate) async fn send(client: &kube::Client, ask: Ask) -> Outcome<Answer> {
    let response = client.send(ask.request()?).await.map_err(unreachable)?;
    let warnings = response.headers().get_all(header::WARNING).iter().filter_map(|value| warning(value.to_str().ok()?));
    let warnings = warnings.collect();
    if response.status().is_success() {
        return Ok(Answer { response: Ok(response), warnings });
    }
    let code = response.status();
    let body = whole(response).await?;
    Ok(Answer { response: Err(refusal(code, &body)), warnings })
}

/// What the server says where an upgrade was refused, as kubectl words it.
pub(crate) async fn no_upgrade(client: &kube::Client, ask: Ask) -> Outcome<Failure> {
    let response = client.send(ask.request()?).await.map_err(unreachable)?;
    let code = response.status();
    let body = whole(response).await?;
    if serde_json::from_slice::<Status>(&body).is_ok_and(|status| status.status.as_deref() == Some("Failure")) {
        return Ok(refusal(code, &body));
    }
    Ok(Failure::error(format!("unable to upgrade connection: {}", String::from_utf8_lossy(&body).trim())))
}

/// The whole body.
pub(crate) async fn whole(response: Response<Body>) -> Outcome<Bytes> {
    Ok(response.into_body().collect().await.map_err(unreachable)?.to_bytes())
}

/// `299 - "text"`.
fn warning(header: &str) -> Option<String> {
    let text = header.strip_prefix("299 ")?.split_once(' ')?.1;
    serde_json::from_str(text).ok().or_else(|| Some(text.trim_matches('"').to_string()))
}

/// The server's Status, or what kubectl makes of an answer without one (apimachinery `NewGenericServerResponse`).
fn refusal(code: StatusCode, body: &[u8]) -> Failure {
    if let Ok(status) = serde_json::from_slice::<Status>(body)
        && status.status.as_deref() == Some("Failure")
    {
        return Failure::Status(Box::new(status));
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let (reason, message) = match code.as_u16() {
        400 => ("BadRequest", "the server rejected our request for an unknown reason".into()),
        401 => ("Unauthorized", "the server has asked for the client to provide credentials".into()),
        403 => ("Forbidden", text.to_string()),
        404 => ("NotFound", "the server could not find the requested resource".into()),
        405 => ("MethodNotAllowed", "the server does not allow this method on the requested resource".into()),
        406 => ("NotAcceptable", text.to_string()),
        409 => ("Conflict", "the server reported a conflict".into()),
        415 => ("UnsupportedMediaType", text.to_string()),
        422 => ("Invalid", "the server rejected our request due to an error in our request".into()),
        429 => {
            ("TooManyRequests", "the server has received too many requests and has asked us to try again later".into())
        }
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request".into()),
        504 => ("Timeout", "the server was unable to return a response in the time allotted".into()),
        code if code >= 500 => {
            ("InternalError", format!("an error on the server ({text:?}) has prevented the request from succeeding"))
        }
        _ => ("", format!("the server responded with the status code {code} but did not return more information")),
    };
    Failure::status(code.as_u16(), reason, message)
}

/// The server was not reached, or went away.
pub(crate) fn unreachable(error: impl Into<kube::Error>) -> Failure {
    let error = error.into();
    if let kube::Error::Api(status) = &error {
        return serde_json::to_value(status)
            .and_then(serde_json::from_value)
            .map_or_else(|_| Failure::error(status.message.clone()), |status| Failure::Status(Box::new(status)));
    }
    let mut cause: &dyn std::error::Error = &error;
    let mut refused = false;
    while let Some(deeper) = cause.source() {
        cause = deeper;
        let io = cause.downcast_ref::<std::io::Error>();
        refused |= io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused);
    }
    if refused {
        return Failure::Worded(format!("{REFUSED} - did you specify the right host or port?"));
    }
    Failure::Worded(format!("Unable to connect to the server: {cause}"))
}

/// What a watch tells.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Event {
    /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK`, `ERROR`.
    #[serde(rename = "type")]
    pub kind: String,
    pub object: Value,
}

/// The lines of a body, without their ends.
pub(crate) fn lines(response: Response<Body>) -> impl Stream<Item = Outcome<Vec<u8>>> + Send {
    let bytes = response.into_body().into_data_stream().map_err(std::io::Error::other).into_async_read();
    let lines = futures::stream::unfold(Box::pin(bytes), |mut bytes| async {
        let mut line = Vec::new();
        match futures::AsyncBufReadExt::read_until(&mut bytes, b'\n', &mut line).await {
            Ok(0) => None,
            Ok(_) => {
                if line.last() == Some(&b'\n') {
                    line.pop();
                }
                Some((Ok(line), bytes))
            }
            Err(error) => Some((Err(Failure::error(error.to_string())), bytes)),
        }
    });
    lines.fuse()
}

/// The events of a watch; an `ERROR` is the server's refusal.
pub(crate) fn events(response: Response<Body>) -> impl Stream<Item = Outcome<Event>> + Send {
    lines(response).map(|line| {
        let event: Event = serde_json::from_slice(&line?).map_err(|error| Failure::error(error.to_string()))?;
        if event.kind != "ERROR" {
            return Ok(event);
        }
        let status = serde_json::from_value::<Status>(event.object);
        Err(status.map_or_else(|error| Failure::error(error.to_string()), |status| Failure::Status(Box::new(status))))
    })
}
