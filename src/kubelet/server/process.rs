//! `/exec` and `/attach`: processes over WebSocket. Must not know the runtime's kind.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{Server, stream};
use crate::kubelet::runtime::{AttachRequest, ExecRequest, Process, RuntimeError};

/// Which streams are wanted, and the command.
#[derive(Debug, Default, PartialEq, Eq)]
struct Query {
    command: Vec<String>,
    stdin: bool,
    tty: bool,
}

/// A request that wants to speak the protocol, or one that does not.
type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;
type Names = Path<(String, String, String)>;

pub(super) async fn exec(
    State(server): State<Server>,
    Path((namespace, pod, container)): Names,
    RawQuery(query): RawQuery,
    upgrade: Upgrade,
) -> Response {
    let query = Query::parse(query.as_deref().unwrap_or_default());
    if query.command.is_empty() {
        return (StatusCode::BAD_REQUEST, "you must specify at least 1 of stdin, stdout, stderr and a command\n")
            .into_response();
    }
    let request = ExecRequest { command: query.command, stdin: query.stdin, tty: query.tty };
    let id = match running(&server, &namespace, &pod, &container) {
        Ok(id) => id,
        Err(refusal) => return refusal.into_response(),
    };
    let process = server.context.runtime.exec(&id, request).await;
    connect(upgrade, process)
}

pub(super) async fn attach(
    State(server): State<Server>,
    Path((namespace, pod, container)): Names,
    RawQuery(query): RawQuery,
    upgrade: Upgrade,
) -> Response {
    let query = Query::parse(query.as_deref().unwrap_or_default());
    let id = match running(&server, &namespace, &pod, &container) {
        Ok(id) => id,
        Err(refusal) => return refusal.into_response(),
    };
    let process = server.context.runtime.attach(&id, AttachRequest { stdin: query.stdin, tty: query.tty }).await;
    connect(upgrade, process)
}

fn running(server: &Server, namespace: &str, pod: &str, container: &str) -> Result<String, super::Refusal> {
    let object = server.pod(namespace, pod)?;
    let status = server.status(&object);
    let mut statuses = status.init_container_statuses.into_iter().chain(status.container_statuses).flatten();
    let runs = statuses.any(|it| it.name == container && it.state.is_some_and(|state| state.running.is_some()));
    if !runs {
        return Err((StatusCode::NOT_FOUND, format!("container not found (\"{container}\")\n")));
    }
    server.container_id(&object, container, false)
}

fn connect(upgrade: Upgrade, process: Result<Process, RuntimeError>) -> Response {
    match upgrade {
        Ok(upgrade) => stream::upgrade(upgrade, process),
        Err(_) => (StatusCode::BAD_REQUEST, "Upgrade request required\n").into_response(),
    }
}

impl Query {
    fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            let flag = matches!(value, "true" | "1");
            match name {
                "command" => query.command.push(decode(value)),
                "stdin" | "input" => query.stdin = flag,
                "tty" => query.tty = flag,
                _ => {}
            }
        }
        query
    }
}

/// A query value without its percent and plus signs.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], hex.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_decoded() {
        let query = Query::parse("command=sh&command=-c&command=echo+a%20%26%26%20ls&stdin=true&stdout=true");
        assert_eq!(
            query,
            Query { command: vec!["sh".into(), "-c".into(), "echo a && ls".into()], stdin: true, tty: false }
        );
    }
}
