//! `/containerLogs`: a container's log with kubectl's parameters. Must not keep logs: the runtime does.

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, future, stream};
use jiff::{SignedDuration, Timestamp};

use super::{Refusal, Server, failed};
use crate::kubelet::runtime::{LogLine, LogOptions};

/// kubectl's parameters.
#[derive(Debug, Default, PartialEq, Eq)]
struct Query {
    follow: bool,
    previous: bool,
    timestamps: bool,
    tail: Option<usize>,
    limit: Option<usize>,
    since: Option<Timestamp>,
    stdout_only: Option<bool>,
}

pub(super) async fn container_logs(
    State(server): State<Server>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    match answer(&server, (&namespace, &pod, &container), query.as_deref().unwrap_or_default()).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn answer(
    server: &Server,
    (namespace, pod, container): (&str, &str, &str),
    query: &str,
) -> Result<Response, Refusal> {
    let query = Query::parse(query, server.context.clock.now())?;
    let object = server.pod(namespace, pod)?;
    let id = server.container_id(&object, container, query.previous)?;
    let options = LogOptions { follow: query.follow, tail: query.tail, since: query.since };
    let lines = match server.context.runtime.logs(&id, options).await {
        Ok(lines) => lines,
        Err(crate::kubelet::runtime::RuntimeError::NotFound(_)) => {
            let text = format!("unable to retrieve container logs for {}://{id}", server.context.host.scheme);
            return Ok((StatusCode::OK, text).into_response());
        }
        Err(error) => return Ok(failed(&error)),
    };
    let body = Body::from_stream(limited(formatted(lines, &query), query.limit).map(Ok::<_, std::convert::Infallible>));
    Ok(([(header::CONTENT_TYPE, "text/plain")], body).into_response())
}

impl Query {
    fn parse(text: &str, now: Timestamp) -> Result<Self, Refusal> {
        let mut query = Self::default();
        let bad = |name: &str, value: &str| {
            (StatusCode::BAD_REQUEST, format!("unable to decode query: invalid {name}: {value:?}\n"))
        };
        for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = value.replace("%3A", ":").replace("%3a", ":").replace("%2B", "+").replace("%2b", "+");
            let flag = matches!(value.as_str(), "true" | "1");
            let number = || value.parse::<u32>().map_err(|_| bad(name, &value));
            match name {
                "follow" => query.follow = flag,
                "previous" => query.previous = flag,
                "timestamps" => query.timestamps = flag,
                "tailLines" => query.tail = Some(number()? as usize),
                "limitBytes" => query.limit = Some(number()? as usize),
                "sinceSeconds" => query.since = Some(now - SignedDuration::from_secs(i64::from(number()?))),
                "sinceTime" => query.since = Some(value.parse().map_err(|_| bad(name, &value))?),
                "stream" => query.stdout_only = (value != "All").then_some(value == "Stdout"),
                _ => {}
            }
        }
        Ok(query)
    }
}

fn formatted<S: Stream<Item = LogLine>>(lines: S, query: &Query) -> impl Stream<Item = Bytes> + use<S> {
    let (timestamps, only) = (query.timestamps, query.stdout_only);
    lines.filter_map(move |line| {
        let wanted = only.is_none_or(|stdout| stdout != line.stderr);
        let prefix = timestamps.then(|| format!("{:.9} ", line.at));
        future::ready(
            wanted.then(|| prefix.map_or(line.line.clone(), |text| [text.as_bytes(), &line.line].concat().into())),
        )
    })
}

/// Ends after that many bytes.
fn limited(chunks: impl Stream<Item = Bytes>, limit: Option<usize>) -> impl Stream<Item = Bytes> {
    let chunks = Box::pin(chunks);
    stream::unfold((chunks, limit), |(mut chunks, left)| async move {
        if left == Some(0) {
            return None;
        }
        let mut chunk = chunks.next().await?;
        let left = left.map(|left| {
            chunk.truncate(left);
            left - chunk.len()
        });
        Some((chunk, (chunks, left)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectls_parameters_are_understood_and_bad_ones_refused() {
        let now = Timestamp::from_second(1_000).unwrap();
        let query = Query::parse("follow=true&tailLines=3&sinceSeconds=60&timestamps=true", now).unwrap();
        let since = Some(Timestamp::from_second(940).unwrap());
        assert_eq!(query, Query { follow: true, tail: Some(3), since, timestamps: true, ..Query::default() });
        assert_eq!(Query::parse("tailLines=x", now).unwrap_err().0, StatusCode::BAD_REQUEST);
        assert!(Query::parse("sinceTime=2026-01-02T03%3A04%3A05Z", now).unwrap().since.is_some());
    }

    #[tokio::test]
    async fn bytes_are_limited_across_lines() {
        let chunks = stream::iter(["uno\n", "dos\n", "tres\n"].map(Bytes::from));
        let text: Vec<Bytes> = limited(chunks, Some(6)).collect().await;
        assert_eq!(text.concat(), b"uno\ndo");
    }
}
