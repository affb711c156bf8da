//! One HTTP exchange over a stream that somebody opened, upgrades included. Must not choose whom to ask.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONNECTION, HOST, UPGRADE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};

use super::super::errors::{ApiError, ApiResult};
use super::super::server::ApiServer;

/// Headers that say who asks us, which nobody behind us needs to know.
const PRIVATE: [&str; 5] =
    ["authorization", "impersonate-user", "impersonate-group", "impersonate-uid", "proxy-authorization"];

/// Sends the request to a path of the other end and answers what it answers.
pub(super) async fn exchange<S>(server: &ApiServer, io: S, mut request: Request, path: &str) -> ApiResult<Response>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    *request.uri_mut() = path.parse::<Uri>().map_err(|error| ApiError::bad_request(error.to_string()))?;
    let wants_upgrade = request.headers().contains_key(UPGRADE);
    let ours = wants_upgrade.then(|| hyper::upgrade::on(&mut request));
    clean(request.headers_mut(), wants_upgrade);
    let unreachable = |error: hyper::Error| ApiError::unavailable(format!("error trying to reach service: {error}"));
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(io)).await.map_err(unreachable)?;
    server.tasks.spawn(async move {
        // Its end is seen by whoever reads the answer.
        let _ended = connection.with_upgrades().await;
    });
    let mut response = sender.send_request(request).await.map_err(unreachable)?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(ours) = ours
    {
        let theirs = hyper::upgrade::on(&mut response);
        let session = server.gate.session();
        server.tasks.spawn(async move {
            session.run_until_cancelled(join(ours, theirs)).await;
        });
    }
    Ok(response.map(Body::new))
}

async fn join(ours: hyper::upgrade::OnUpgrade, theirs: hyper::upgrade::OnUpgrade) {
    if let Ok((ours, theirs)) = tokio::try_join!(ours, theirs) {
        // Either side may hang up at any time.
        let _hung_up = copy_bidirectional(&mut TokioIo::new(ours), &mut TokioIo::new(theirs)).await;
    }
}

fn clean(headers: &mut HeaderMap, upgrading: bool) {
    for name in PRIVATE {
        headers.remove(name);
    }
    if !upgrading {
        headers.remove(CONNECTION);
    }
    headers.insert(HOST, HeaderValue::from_static("timonel"));
}
