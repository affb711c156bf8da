//! `/metrics` in Prometheus' text format. Must not count by itself: the audit and the store do.

use std::fmt::Write;

use axum::response::Response;
use http::StatusCode;

use super::respond;
use super::server::ApiServer;
use crate::kinds;

/// Answers `/metrics`.
pub(super) fn serve(server: &ApiServer) -> Response {
    let mut text = String::new();
    requests(server, &mut text);
    storage(server, &mut text);
    respond::finish(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text.into(), &[])
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _infallible = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

fn requests(server: &ApiServer, text: &mut String) {
    let counts = server.audit.counts();
    let labels = |label: &super::audit::Label| {
        let (verb, code) = (label.verb.to_uppercase(), label.code);
        format!("verb={verb:?},resource={:?},code=\"{code}\",component={:?}", label.resource, label.user)
    };
    head(text, "apiserver_request_total", "counter", "Requests by verb, resource, code and caller.");
    for (label, count) in &counts {
        let _infallible = writeln!(text, "apiserver_request_total{{{}}} {}", labels(label), count.requests);
    }
    head(text, "apiserver_request_duration_seconds", "summary", "Time until the answer began.");
    for (label, count) in &counts {
        let (labels, seconds) = (labels(label), count.took.as_secs_f64());
        let _infallible = writeln!(
            text,
            "apiserver_request_duration_seconds_sum{{{labels}}} {seconds}\napiserver_request_duration_seconds_count{{{labels}}} {}",
            count.requests
        );
    }
}

fn storage(server: &ApiServer, text: &mut String) {
    head(text, "apiserver_storage_objects", "gauge", "Objects stored, by resource.");
    for kind in kinds::ALL.iter().filter(|kind| kind.is_stored()) {
        let store = if kind.is_switchboard() { &server.board } else { &server.store };
        let (resource, count) = (super::errors::qualified(kind), store.count(&kind.storage_prefix()));
        let _infallible = writeln!(text, "apiserver_storage_objects{{resource={resource:?}}} {count}");
    }
    head(text, "timonel_store_revision", "counter", "Revision of the last write.");
    let _infallible = writeln!(text, "timonel_store_revision {}", server.store.revision());
    head(text, "timonel_store_bytes", "gauge", "Bytes of all current objects.");
    let _infallible = writeln!(text, "timonel_store_bytes {}", server.store.bytes());
}
