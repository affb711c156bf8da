//! Watch: stored bytes wrapped as events, filtered, with bookmarks. Must not serialize an object that did not change.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Interval, Sleep};
use tokio_util::sync::CancellationToken;

use super::super::Meta;
use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::meta::Encoded;
use super::super::negotiate::View;
use super::super::respond;
use super::super::select::Selection;
use super::super::table::Tabler;
use super::list::revision;
use crate::store::{Event, Record, Revision, Watch};

/// How often a quiet watcher hears of the current revision (apiserver `bookmarkFrequency`).
const BOOKMARK: Duration = Duration::from_secs(60);
/// A watch without `timeoutSeconds` ends after this long up to twice as long (apiserver `MinRequestTimeout`).
const MIN_TIMEOUT: u64 = 1800;
/// Events are sent together up to about this many bytes.
const CHUNK: usize = 64 * 1024;

/// Answers a watch.
pub(in super::super) fn watch(call: &Call) -> ApiResult<Response> {
    let plan = Plan::new(call)?;
    let mut output = Output { call: call.clone(), selection: plan.selection, columns: true, buffer: Vec::new() };
    let watched = match output.selection.picker(call) {
        Some(wants) => call.store().watch_some(&plan.prefix, plan.after, wants),
        None => call.store().watch(&plan.prefix, plan.after),
    };
    let body = match watched {
        Ok(watch) => {
            let feed = Box::new(Feed {
                output,
                watch,
                initial: plan.initial.into_iter(),
                initial_end: plan.initial_end,
                bookmarks: plan.bookmarks.then(quiet_interval),
                storage: call.storage()?,
                deadline: Box::pin(tokio::time::sleep(plan.timeout)),
                ended: false,
            });
            Body::from_stream(stream::unfold(feed, Feed::chunk).map(Ok::<_, Infallible>))
        }
        Err(too_old) => {
            let (asked, oldest) = (plan.after, too_old.oldest);
            output.failure(&ApiError::expired(format!("too old resource version: {asked} ({oldest})")));
            Body::from(output.buffer)
        }
    };
    let mut response = respond::finish(StatusCode::OK, respond::JSON, Bytes::new(), &[]);
    *response.body_mut() = body;
    Ok(response)
}

/// What a watch was asked for.
struct Plan {
    selection: Selection,
    prefix: String,
    after: Revision,
    initial: Vec<Record<Meta>>,
    /// The revision of the bookmark that ends the initial events, when one was asked for.
    initial_end: Option<Revision>,
    bookmarks: bool,
    timeout: Duration,
}

impl Plan {
    fn new(call: &Call) -> ApiResult<Self> {
        let params = &call.params;
        let selection = Selection::from_params(params, call.kind)?.only(&call.request.name)?;
        let prefix = selection.prefix(call);
        let bookmarks = params.flag("allowWatchBookmarks");
        let send_initial = initial_events(call)?;
        let from = revision(params.get("resourceVersion"))?.unwrap_or_default();
        let (after, initial) = if send_initial.unwrap_or(from == 0) {
            let page = call.store().list(&prefix, None, None);
            (page.revision, page.records)
        } else {
            (if from == 0 { call.store().revision() } else { from }, Vec::new())
        };
        let initial_end = (send_initial == Some(true) && bookmarks).then_some(after);
        Ok(Self { selection, prefix, after, initial, initial_end, bookmarks, timeout: timeout(call)? })
    }
}

fn timeout(call: &Call) -> ApiResult<Duration> {
    let asked = call.params.int("timeoutSeconds")?.and_then(|seconds| u64::try_from(seconds).ok()).filter(|s| *s > 0);
    let chosen = || MIN_TIMEOUT + u64::try_from(call.server.names.below(1800)).unwrap_or_default();
    Ok(Duration::from_secs(asked.unwrap_or_else(chosen)))
}

/// `sendInitialEvents`, refused where Kubernetes refuses it (`ValidateListOptions`).
fn initial_events(call: &Call) -> ApiResult<Option<bool>> {
    let asked = call.params.optional_flag("sendInitialEvents");
    let rule = call.params.get("resourceVersionMatch");
    let refuse = |field: &str, text: &str| Err(ApiError::invalid_options("ListOptions", field, text));
    match (asked, rule) {
        (None, Some(_)) => refuse(
            "resourceVersionMatch",
            "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        (Some(_), rule) if rule != Some("NotOlderThan") => refuse(
            "resourceVersionMatch",
            "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        _ => Ok(asked),
    }
}

/// A running watch.
struct Feed {
    output: Output,
    watch: Watch<Meta>,
    initial: std::vec::IntoIter<Record<Meta>>,
    initial_end: Option<Revision>,
    bookmarks: Option<Interval>,
    /// The store's own life: without it the watch ends, as when apiserver's watch cache loses etcd.
    storage: CancellationToken,
    deadline: Pin<Box<Sleep>>,
    ended: bool,
}

impl Feed {
    /// The next bytes of the stream; `None` at its end. Boxed: a stream keeps room for it three times.
    async fn chunk(mut self: Box<Self>) -> Option<(Bytes, Box<Self>)> {
        self.begin();
        while self.output.buffer.is_empty() && !self.ended {
            tokio::select! {
                // In this order, so that a run in virtual time repeats itself; no event must keep a watch from ending.
                biased;
                () = self.storage.cancelled() => self.ended = true,
                () = self.deadline.as_mut() => {
                    self.bookmark();
                    self.ended = true;
                }
                event = self.watch.next() => self.events(event),
                () = tick(self.bookmarks.as_mut()) => self.bookmark(),
            }
        }
        let bytes = std::mem::take(&mut self.output.buffer);
        (!bytes.is_empty()).then(|| (bytes.into(), self))
    }

    /// What was there when the watch began, then the bookmark that says so.
    fn begin(&mut self) {
        while self.output.buffer.len() < CHUNK {
            let Some(record) = self.initial.next() else { break };
            if self.output.selection.matches(&self.output.call, &record) {
                self.output.event("ADDED", &record.value.bytes());
            }
        }
        if self.initial.as_slice().is_empty()
            && let Some(revision) = self.initial_end.take()
        {
            self.output.bookmark(revision, true);
        }
    }

    /// An event, and those that are already there behind it.
    fn events(&mut self, first: Option<std::sync::Arc<Event<Meta>>>) {
        let mut next = Some(first);
        while let Some(event) = next {
            let Some(event) = event else {
                self.output.failure(&ApiError::expired("The resourceVersion for the provided watch is too old."));
                self.ended = true;
                return;
            };
            self.output.change(&event);
            next = if self.output.buffer.len() < CHUNK { self.watch.next().now_or_never() } else { None };
        }
    }

    fn bookmark(&mut self) {
        if self.bookmarks.is_some()
            && let Some(revision) = self.watch.progress()
        {
            self.output.bookmark(revision, false);
        }
    }
}

/// Ticks for bookmarks, the first one a whole interval from now.
fn quiet_interval() -> Interval {
    let mut interval = tokio::time::interval(BOOKMARK);
    interval.reset();
    interval
}

/// The next bookmark; never, when none was asked for.
async fn tick(interval: Option<&mut Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// Events as the client wants them, gathered in a buffer.
struct Output {
    call: Call,
    selection: Selection,
    /// Whether the next table still needs its columns.
    columns: bool,
    buffer: Vec<u8>,
}

impl Output {
    /// A write as this watcher sees it: its selection may turn a change into a coming or a going.
    fn change(&mut self, event: &Event<Meta>) {
        let before = event.previous.as_ref().filter(|previous| self.selection.matches(&self.call, previous));
        let after = !event.deleted && self.selection.matches(&self.call, &event.record);
        match (before, after) {
            (None, true) => self.event("ADDED", &event.record.value.bytes()),
            (Some(_), true) => self.event("MODIFIED", &event.record.value.bytes()),
            (Some(_), false) if event.deleted => self.event("DELETED", &event.record.value.bytes()),
            // As it was when it last matched, at the revision at which it ceased to.
            (Some(previous), false) => {
                if let Ok(value) = self.call.read(&previous.value.bytes()) {
                    let (bytes, _) = Encoded::new(self.call.kind, &value).finish(event.revision);
                    self.event("DELETED", &bytes);
                }
            }
            (None, false) => {}
        }
    }

    fn event(&mut self, kind: &str, stored: &[u8]) {
        match self.call.form.view {
            View::Whole if self.call.shows_stored() => self.wrap(kind, stored),
            View::Partial(version) if self.call.shows_stored() => {
                let Ok(value) = respond::parse_metadata(stored) else { return };
                self.wrap(kind, respond::partial(value, version).to_string().as_bytes());
            }
            view => {
                let Ok(value) = self.call.read(stored) else { return };
                if let Ok(viewed) = self.view(view, value) {
                    self.wrap(kind, viewed.to_string().as_bytes());
                }
            }
        }
    }

    fn view(&mut self, view: View, value: Value) -> ApiResult<Value> {
        let version = match view {
            View::Whole => return Ok(value),
            View::Partial(version) => return Ok(respond::partial(value, version)),
            View::Table(version) => version,
        };
        let metadata = json!({ "resourceVersion": value["metadata"]["resourceVersion"] });
        let tabler = Tabler::new(&self.call, version)?;
        let columns = std::mem::take(&mut self.columns);
        Ok(tabler.table(&metadata, columns, &[tabler.row(&value)]))
    }

    fn bookmark(&mut self, revision: Revision, initial_end: bool) {
        let mut metadata = json!({ "resourceVersion": revision.to_string(), "creationTimestamp": null });
        if initial_end {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let object = match self.call.form.view {
            View::Whole => {
                json!({ "kind": self.call.kind.kind, "apiVersion": self.call.kind.api_version(), "metadata": metadata })
            }
            View::Partial(version) => {
                json!({ "kind": "PartialObjectMetadata", "apiVersion": format!("meta.k8s.io/{version}"), "metadata": metadata })
            }
            View::Table(version) => json!({
                "kind": "Table", "apiVersion": format!("meta.k8s.io/{version}"), "metadata": metadata,
                "columnDefinitions": null, "rows": [],
            }),
        };
        self.wrap("BOOKMARK", object.to_string().as_bytes());
    }

    fn failure(&mut self, error: &ApiError) {
        self.wrap("ERROR", error.status().to_string().as_bytes());
    }

    fn wrap(&mut self, kind: &str, object: &[u8]) {
        self.buffer.reserve(object.len() + 40);
        self.buffer.extend_from_slice(b"{\"type\":\"");
        self.buffer.extend_from_slice(kind.as_bytes());
        self.buffer.extend_from_slice(b"\",\"object\":");
        self.buffer.extend_from_slice(object);
        self.buffer.extend_from_slice(b"}\n");
    }
}
