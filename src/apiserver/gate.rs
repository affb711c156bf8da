//! Whether etcd and the API server are switched on, as requests feel it. Must not know who switches, nor why.
//!
//! What is switched off is played: the store stays in memory and the socket stays open, as the switchboard (`timonel.dev`)
//! is reached through them. To everybody else it is as in life: without etcd each request fails in etcd's words and
//! watches end; without the API server connections are closed without an answer.

use axum::body::Body;
use axum::response::Response;
use futures::{StreamExt, stream};
use http_body::Body as _;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::errors::{ApiError, ApiResult};
use crate::kinds::TIMONEL;

/// The two switches.
#[derive(Debug, Default)]
pub struct Gate {
    etcd: Switch,
    server: Switch,
}

/// While on, the token that whoever depends on it watches.
#[derive(Debug)]
struct Switch(Mutex<Option<CancellationToken>>);

impl Default for Switch {
    fn default() -> Self {
        Self(Mutex::new(Some(CancellationToken::new())))
    }
}

impl Switch {
    fn set(&self, on: bool) {
        let mut token = self.0.lock();
        match (on, token.is_some()) {
            (true, false) => *token = Some(CancellationToken::new()),
            (false, true) => token.take().iter().for_each(CancellationToken::cancel),
            _ => {}
        }
    }

    fn life(&self) -> Option<CancellationToken> {
        self.0.lock().clone()
    }
}

impl Gate {
    /// Switches the store behind the API server.
    pub fn set_etcd(&self, on: bool) {
        self.etcd.set(on);
    }

    /// Switches the API server, but for what the switchboard needs.
    pub fn set_server(&self, on: bool) {
        self.server.set(on);
    }

    /// Whether the store answers.
    pub(super) fn has_etcd(&self) -> bool {
        self.etcd.life().is_some()
    }

    /// Until when the store answers; an error in etcd's words when it does not.
    pub(super) fn etcd(&self) -> ApiResult<CancellationToken> {
        self.etcd.life().ok_or_else(ApiError::etcd_unreachable)
    }

    /// Until when a request for this path may be answered; `None` when the API server is off for it.
    pub(super) fn admit(&self, path: &str) -> Option<CancellationToken> {
        if serves_switchboard(path) { Some(CancellationToken::new()) } else { self.server.life() }
    }

    /// Until when connections that outlive their request (exec, port-forward) may go on.
    pub(super) fn session(&self) -> CancellationToken {
        let gone = || {
            let token = CancellationToken::new();
            token.cancel();
            token
        };
        self.server.life().unwrap_or_else(gone)
    }
}

/// The switchboard itself, and the discovery without which kubectl does not find it.
fn serves_switchboard(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let own = [format!("/apis/{TIMONEL}"), format!("/openapi/v3/apis/{TIMONEL}"), "/timonel".to_owned()];
    let below =
        |root: &String| path.strip_prefix(root.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    matches!(path, "/api" | "/apis" | "/openapi/v3") || own.iter().any(below)
}

/// Marks an answer that must not be sent: the connection is closed instead.
#[derive(Clone, Copy, Debug)]
pub(super) struct HangUp;

/// No answer at all.
pub(super) fn hang_up() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(HangUp);
    response
}

/// Why a connection ends in the middle.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the API server was switched off")]
pub(super) struct SwitchedOff;

/// An answer whose stream breaks off when the session ends; finite answers go out whole.
pub(super) fn until(session: CancellationToken, response: Response) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| {
        let state = Some((body.into_data_stream(), session));
        Body::from_stream(stream::unfold(state, |state| async {
            let (mut data, session) = state?;
            tokio::select! {
                biased;
                () = session.cancelled() => Some((Err(axum::Error::new(SwitchedOff)), None)),
                chunk = data.next() => chunk.map(|chunk| (chunk, Some((data, session)))),
            }
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switchboard_is_reached_while_the_server_is_off() {
        let gate = Gate::default();
        let session = gate.admit("/api/v1/pods").unwrap();
        gate.set_server(false);
        assert!(session.is_cancelled() && gate.admit("/api/v1/pods").is_none() && gate.session().is_cancelled());
        for path in ["/apis/timonel.dev/v1alpha1/components", "/timonel/v1/audit", "/apis", "/openapi/v3/"] {
            assert!(gate.admit(path).is_some(), "{path}");
        }
        for path in ["/apis/timonel.development/v1", "/apis/apps/v1/deployments", "/readyz", "/version"] {
            assert!(gate.admit(path).is_none(), "{path}");
        }
        gate.set_server(true);
        assert!(gate.admit("/api/v1/pods").is_some_and(|session| !session.is_cancelled()));
    }

    #[test]
    fn without_etcd_the_error_is_its_own() {
        let gate = Gate::default();
        let life = gate.etcd().unwrap();
        gate.set_etcd(false);
        assert!(life.is_cancelled());
        assert_eq!(gate.etcd().unwrap_err().code(), 500);
    }
}
