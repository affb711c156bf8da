//! The server's side of an informer: lists of one kind by pages, and its watch line by line, as client-go's reflector asks
//! for them. Must neither hold an object nor wait between attempts: the informer does.
//!
//! kube's own watcher keeps two buffers for each watch and reads every line into an object of its own; here a thousand
//! kubelets wait, and a state that many hear of is read once (see [`super::pool`]).

use bytes::{Bytes, BytesMut};
use http::Request;
use http_body_util::BodyExt;
use kube::api::{ListParams, WatchParams};
use kube::client::Body;
use kube::core::Status;
use kube::core::metadata::ListMeta;
use kube::runtime::watcher::{Config, Error};
use kube::{Api, Resource};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::on_demand::OnDemand;

/// What is listed and watched, and of whom.
pub(super) struct Source {
    clients: OnDemand,
    url: String,
    wanted: Config,
}

/// One page of a list.
#[derive(Deserialize)]
#[serde(bound = "K: DeserializeOwned")]
pub(super) struct Page<K> {
    #[serde(default)]
    pub(super) metadata: ListMeta,
    pub(super) items: Vec<K>,
}

/// One line of a watch: what happened, and to which object.
pub(super) enum Line<'a> {
    /// It is there, with what it says.
    Applied(&'a [u8]),
    /// It is gone; with its last state.
    Deleted(&'a [u8]),
    /// Nothing happened up to this version.
    Bookmark(String),
}

impl Source {
    pub(super) fn new<K: Resource>(api: Api<K>, wanted: Config) -> Self {
        Self { url: api.resource_url().to_owned(), clients: api.into_client().into(), wanted }
    }

    /// The same in all namespaces, with a client for each request.
    pub(super) fn on_demand<K: Resource<DynamicType = ()>>(clients: OnDemand, wanted: Config) -> Self {
        Self { url: K::url_path(&(), None), clients, wanted }
    }

    /// A page: the first one, or the one that the page before named.
    pub(super) async fn page<K: DeserializeOwned>(&self, next: Option<String>) -> Result<Page<K>, Error> {
        let params = ListParams {
            label_selector: self.wanted.label_selector.clone(),
            field_selector: self.wanted.field_selector.clone(),
            limit: self.wanted.page_size,
            continue_token: next,
            ..ListParams::default()
        };
        let request = self.request().list(&params).map_err(|error| failed(kube::Error::BuildRequest(error)))?;
        let text = self.clients.client().request_text(request).await.map_err(Error::InitialListFailed)?;
        serde_json::from_str(&text).map_err(|error| failed(kube::Error::SerdeError(error)))
    }

    /// What happens after a version.
    pub(super) async fn watch(&self, after: &str) -> Result<Lines, Error> {
        let params = WatchParams {
            label_selector: self.wanted.label_selector.clone(),
            field_selector: self.wanted.field_selector.clone(),
            timeout: self.wanted.timeout,
            bookmarks: true,
            send_initial_events: false,
        };
        let request = self
            .request()
            .watch(&params, after)
            .map_err(|error| Error::WatchStartFailed(kube::Error::BuildRequest(error)))?;
        let body = self.open(request).await.map_err(Error::WatchStartFailed)?;
        Ok(Lines { body, come: Come::default() })
    }

    fn request(&self) -> kube::core::Request {
        kube::core::Request::new(&self.url)
    }

    async fn open(&self, mut request: Request<Vec<u8>>) -> kube::Result<Body> {
        // Since 1.37 a server packs each event by itself, which no client of HTTP unpacks (tower-http#737).
        let plain = http::HeaderValue::from_static("identity");
        request.headers_mut().insert(http::header::ACCEPT_ENCODING, plain);
        let response = self.clients.client().send(request.map(Body::from)).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response.into_body());
        }
        let text = response.into_body().collect().await?.to_bytes();
        let refused = serde_json::from_slice::<Status>(&text).unwrap_or_else(|_| {
            Status::failure(&String::from_utf8_lossy(&text), "Unreadable").with_code(status.as_u16())
        });
        Err(kube::Error::Api(refused.boxed()))
    }
}

/// A running watch.
pub(super) struct Lines {
    body: Body,
    come: Come,
}

impl Lines {
    /// The next line; `None` when the watch has ended.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(line) = self.come.line() {
                return Ok(Some(line));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(Error::WatchFailed(error)),
                Some(Ok(frame)) => self.come.chunk = frame.into_data().unwrap_or_default(),
            }
        }
    }
}

/// What has come and was not handed out yet.
#[derive(Default)]
struct Come {
    chunk: Bytes,
    /// The beginning of a line that came in pieces.
    begun: BytesMut,
}

impl Come {
    /// A whole line, without a copy where it came in one piece.
    fn line(&mut self) -> Option<Bytes> {
        let Some(end) = self.chunk.iter().position(|byte| *byte == b'\n') else {
            // Nothing of the chunk is kept alive while the watch is quiet.
            self.begun.extend_from_slice(&std::mem::take(&mut self.chunk));
            return None;
        };
        let line = self.chunk.split_to(end + 1);
        if self.begun.is_empty() {
            return Some(line);
        }
        self.begun.extend_from_slice(&line);
        Some(std::mem::take(&mut self.begun).freeze())
    }
}

/// Reads a line, which servers write as `{"type":"ADDED","object":{…}}`.
///
/// # Errors
/// The server's own, when it is an `ERROR`; `WatchFailed` when it is no line of a watch.
pub(super) fn read(line: &[u8]) -> Result<Line<'_>, Error> {
    let (kind, object) = split(line.trim_ascii()).ok_or_else(|| {
        let told = format!("no watch event: {}", String::from_utf8_lossy(line));
        Error::WatchFailed(kube::Error::SerdeError(serde::de::Error::custom(told)))
    })?;
    match kind {
        b"ADDED" | b"MODIFIED" => Ok(Line::Applied(object)),
        b"DELETED" => Ok(Line::Deleted(object)),
        b"BOOKMARK" => Ok(Line::Bookmark(parse::<Marked>(object)?.metadata.resource_version)),
        _ => Err(Error::WatchError(parse::<Status>(object)?.boxed())),
    }
}

/// Reads an object.
pub(super) fn parse<T: DeserializeOwned>(object: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(object).map_err(|error| Error::WatchFailed(kube::Error::SerdeError(error)))
}

/// The kind of an event, and its object.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"{\"type\":\"")?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    let object = rest[end..].strip_prefix(b"\",\"object\":")?.strip_suffix(b"}")?;
    Some((&rest[..end], object))
}

fn failed(error: kube::Error) -> Error {
    Error::InitialListFailed(error)
}

/// What a bookmark says.
#[derive(Deserialize)]
struct Marked {
    metadata: Version,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    resource_version: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(chunks: &[&'static str]) -> Vec<String> {
        let (mut come, mut all) = (Come::default(), Vec::new());
        for chunk in chunks {
            come.chunk = Bytes::from_static(chunk.as_bytes());
            while let Some(line) = come.line() {
                all.push(String::from_utf8(line.to_vec()).unwrap());
            }
        }
        all
    }

    #[test]
    fn lines_come_whole_however_the_body_is_cut() {
        let whole = all(&["one\ntwo\nthree\n"]);
        assert_eq!(whole, ["one\n", "two\n", "three\n"]);
        assert_eq!(all(&["o", "ne\ntw", "o\n", "three\n"]), whole);
        assert_eq!(all(&["one\n", "half of a line"]), ["one\n"], "what never ended was never said");
    }

    #[test]
    fn a_line_says_what_happened_to_what() {
        let applied = |line| matches!(read(line), Ok(Line::Applied(b"{\"a\":1}")));
        assert!(applied(b"{\"type\":\"ADDED\",\"object\":{\"a\":1}}\n"));
        assert!(applied(b"{\"type\":\"MODIFIED\",\"object\":{\"a\":1}}\n"));
        assert!(matches!(read(b"{\"type\":\"DELETED\",\"object\":{}}\n"), Ok(Line::Deleted(b"{}"))));
        let bookmark = read(b"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}\n");
        assert!(matches!(bookmark, Ok(Line::Bookmark(version)) if version == "7"));
    }

    #[test]
    fn what_went_wrong_is_told_as_the_server_does() {
        let gone = read(b"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}}\n");
        assert!(matches!(gone, Err(Error::WatchError(status)) if status.code == 410));
        assert!(matches!(read(b"<html>"), Err(Error::WatchFailed(_))));
    }
}
