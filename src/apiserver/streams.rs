//! The streams of lines: the audit as it happens, and the history that is kept. Must not interpret what it tells.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{FutureExt, Stream, StreamExt, stream};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

use super::audit::Entry;
use super::errors::{ApiError, ApiResult};
use super::params::Params;
use super::server::ApiServer;
use super::{Meta, respond};
use crate::client::streams::{AuditLine, AuditRequest, Window};
use crate::store::{Event, Watch};

/// Lines are sent together up to about this many bytes.
const CHUNK: usize = 64 * 1024;

/// Answers `/timonel/v1/audit`: the requests answered from now on, of the `user`, `verb`, `resource` and `namespace`
/// that are asked for.
pub(super) fn audit(server: &ApiServer, params: &Params) -> Response {
    let wanted = Wanted::new(params);
    let lines = stream::unfold((server.audit.subscribe(), wanted), |(mut entries, wanted)| async move {
        let lines = audited(&mut entries, &wanted).await?;
        Some((lines, (entries, wanted)))
    });
    streamed(lines)
}

/// What a reader of the audit asks for.
struct Wanted(Vec<(&'static str, String)>);

impl Wanted {
    fn new(params: &Params) -> Self {
        let names = ["user", "verb", "resource", "namespace"];
        Self(names.into_iter().filter_map(|name| Some((name, params.get(name)?.to_owned()))).collect())
    }

    fn has(&self, entry: &Entry) -> bool {
        self.0.iter().all(|(name, wanted)| {
            let value = match *name {
                "user" => &entry.user,
                "verb" => entry.verb,
                "resource" => &entry.resource,
                _ => &entry.namespace,
            };
            value == wanted
        })
    }
}

/// The next lines: waits for one, and takes those that are there behind it.
async fn audited(entries: &mut Receiver<Arc<Entry>>, wanted: &Wanted) -> Option<Bytes> {
    let mut lines = Vec::new();
    let mut next = Some(entries.recv().await);
    while let Some(heard) = next {
        match heard {
            Ok(entry) if wanted.has(&entry) => line(&mut lines, &AuditLine::Request(told(&entry))),
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => line(&mut lines, &AuditLine::Missed { missed }),
            Err(RecvError::Closed) => return None,
        }
        if lines.len() >= CHUNK {
            break;
        }
        next = match entries.try_recv() {
            Ok(entry) => Some(Ok(entry)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(RecvError::Lagged(missed))),
            Err(_) if lines.is_empty() => Some(entries.recv().await),
            Err(_) => None,
        };
    }
    Some(lines.into())
}

fn told(entry: &Entry) -> AuditRequest {
    AuditRequest {
        time: entry.time,
        user: entry.user.clone(),
        agent: entry.agent.clone(),
        verb: entry.verb.to_owned(),
        resource: entry.resource.clone(),
        namespace: entry.namespace.clone(),
        name: entry.name.clone(),
        code: entry.code,
        latency_microseconds: u64::try_from(entry.took.as_micros()).unwrap_or(u64::MAX),
    }
}

/// Answers `/timonel/v1/history`: every revision kept after `from` (0 or absent: all) under `prefix`; with `watch=true`
/// also those to come.
pub(super) fn history(server: &ApiServer, params: &Params) -> ApiResult<Response> {
    let etcd = server.gate.etcd()?;
    let from = params.int("from")?.and_then(|from| u64::try_from(from).ok()).unwrap_or_default();
    let prefix = params.get("prefix").unwrap_or_default().to_owned();
    let (oldest, revision) = (server.store.oldest(), server.store.revision());
    let after = if from == 0 { oldest } else { from };
    let too_old = |oldest| ApiError::expired(format!("too old resource version: {from} ({oldest})"));
    let mut first = Vec::new();
    line(&mut first, &Typed { kind: "BOOKMARK", rest: Window { oldest, revision } });
    let first = stream::iter([Bytes::from(first)]);
    if params.flag("watch") {
        let watch = server.store.watch(&prefix, after).map_err(|error| too_old(error.oldest))?;
        return Ok(streamed(first.chain(following(watch, etcd))));
    }
    let events = server.store.history(after).map_err(|error| too_old(error.oldest))?;
    let events = events.into_iter().filter(move |event| event.record.key.starts_with(prefix.as_str()));
    Ok(streamed(first.chain(stream::unfold(events, |mut events| async move {
        let lines = written(events.by_ref());
        (!lines.is_empty()).then_some((lines, events))
    }))))
}

/// A line with its type.
#[derive(Serialize)]
struct Typed<T> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    rest: T,
}

/// Up to a chunk of lines.
fn written(events: impl Iterator<Item = Arc<Event<Meta>>>) -> Bytes {
    let mut lines = Vec::new();
    for event in events {
        write(&mut lines, &event);
        if lines.len() >= CHUNK {
            break;
        }
    }
    lines.into()
}

/// What comes, until etcd is switched off or the reader has fallen behind what is kept.
fn following(watch: Watch<Meta>, etcd: CancellationToken) -> impl Stream<Item = Bytes> + Send {
    stream::unfold(Some((watch, etcd)), |state| async {
        let (mut watch, etcd) = state?;
        let first = etcd.run_until_cancelled(watch.next()).await?;
        let (mut next, mut lines) = (Some(first), Vec::new());
        while let Some(event) = next {
            let Some(event) = event else {
                let expired = ApiError::expired("The resourceVersion for the provided watch is too old.");
                line(&mut lines, &json!({ "type": "ERROR", "object": expired.status() }));
                return Some((lines.into(), None));
            };
            write(&mut lines, &event);
            next = if lines.len() < CHUNK { watch.next().now_or_never() } else { None };
        }
        Some((Bytes::from(lines), Some((watch, etcd))))
    })
}

/// A revision as a line, with the object's bytes as they are stored.
fn write(lines: &mut Vec<u8>, event: &Event<Meta>) {
    let kind = match &event.previous {
        _ if event.deleted => "DELETED",
        None => "ADDED",
        Some(_) => "MODIFIED",
    };
    let key = &*event.record.key;
    line(
        lines,
        &match event.record.meta.written {
            Some(time) => json!({ "type": kind, "revision": event.revision, "time": time, "key": key }),
            None => json!({ "type": kind, "revision": event.revision, "key": key }),
        },
    );
    // The object goes in before the closing brace.
    lines.truncate(lines.len() - 2);
    lines.extend_from_slice(b",\"object\":");
    lines.extend_from_slice(&event.record.value.bytes());
    lines.extend_from_slice(b"}\n");
}

fn line(lines: &mut Vec<u8>, value: &impl Serialize) {
    // Serializing into memory cannot fail.
    let _infallible = serde_json::to_writer(&mut *lines, value);
    lines.push(b'\n');
}

fn streamed(lines: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let mut response = respond::finish(StatusCode::OK, respond::JSON, Bytes::new(), &[]);
    *response.body_mut() = Body::from_stream(lines.map(Ok::<_, Infallible>));
    response
}
