//! One request, and who answered it. Must not count.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::target::Way;
use crate::base::net::{BoxStream, PodNet};

/// More of a page is not read.
const PAGE: usize = 1 << 20;

/// Who answered, as far as they say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub pod: String,
    pub version: String,
}

/// Asks once; an error says why nobody answered well, for a person.
pub(super) async fn ask(net: &dyn PodNet, way: &Way, path: &str, patience: Duration) -> Result<Answer, String> {
    match tokio::time::timeout(patience, exchange(net, way, path)).await {
        Ok(answered) => answered,
        Err(_) => Err(format!("sin respuesta en {} ms", patience.as_millis())),
    }
}

async fn exchange(net: &dyn PodNet, way: &Way, path: &str) -> Result<Answer, String> {
    let stream = connect(net, way).await.map_err(|error| refused(way, &error))?;
    let broken = |error: hyper::Error| format!("la conexión se cortó: {error}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let exchange = async {
        let request = Request::get(path)
            .header(header::HOST, &way.host)
            .header(header::ACCEPT, "application/json")
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new());
        let request = request.map_err(|error| error.to_string())?;
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let page = Limited::new(response.into_body(), PAGE).collect().await;
        judge(status, &page.map_err(|error| format!("la respuesta se cortó: {error}"))?.to_bytes())
    };
    let connection = async {
        // What breaks it shows in the exchange; when it is done, the answer has been handed over.
        let _ended = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        answer = exchange => answer,
        () = connection => Err("la conexión se cortó".into()),
    }
}

async fn connect(net: &dyn PodNet, way: &Way) -> io::Result<BoxStream> {
    if way.outside { Ok(Box::new(TcpStream::connect(way.to).await?)) } else { net.dial(way.from, way.to).await }
}

fn judge(status: StatusCode, page: &[u8]) -> Result<Answer, String> {
    if status.is_client_error() || status.is_server_error() {
        return Err(format!("HTTP {status}"));
    }
    let said: Value = serde_json::from_slice(page).unwrap_or_default();
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    Ok(Answer { pod: text("pod"), version: text("version") })
}

fn refused(way: &Way, error: &io::Error) -> String {
    let to = way.to;
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("{to} rechaza la conexión: nadie escucha ahí"),
        io::ErrorKind::HostUnreachable => format!("no hay camino hasta {to}"),
        io::ErrorKind::TimedOut => format!("{to} no contesta"),
        _ => format!("{to}: {error}"),
    }
}
