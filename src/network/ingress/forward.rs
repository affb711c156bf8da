//! Carries one request to its backend and the answer back, upgrades included. Must not choose rules.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, HOST, HeaderName, UPGRADE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use parking_lot::RwLock;
use tokio::io::copy_bidirectional;

use super::pages::{Body, page, redirect};
use super::routes::{Backend, Port, Route, Routes};
use crate::base::net::{BoxStream, PodNet};
use crate::base::tasks::Tasks;
use crate::network::table::{self, Caller, Protocol, ServiceTable};

/// Endpoints that are tried while they refuse (nginx `proxy_next_upstream_tries`).
const TRIES: usize = 3;
/// How long a backend may think (nginx `proxy_read_timeout`).
const PATIENCE: Duration = Duration::from_secs(60);

/// What both doors share.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) routes: Arc<RwLock<Arc<Routes>>>,
    pub(super) table: ServiceTable,
    pub(super) net: Arc<dyn PodNet>,
    pub(super) tasks: Tasks,
    /// The port of HTTPS on this machine.
    pub(super) https: u16,
}

/// A request's circumstances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) peer: SocketAddr,
    /// The door that it came through.
    pub(super) port: u16,
    pub(super) secure: bool,
}

impl Gate {
    /// Answers a request: by its backend, or with the controller's own page.
    pub(super) async fn answer(&self, request: Request<Incoming>, arrival: Arrival) -> Response<Body> {
        let host = host_of(&request);
        let routes = self.routes.read().clone();
        let Some(route) = routes.find(&host, request.uri().path()) else { return page(StatusCode::NOT_FOUND) };
        if route.redirect && !arrival.secure {
            return redirect(&self.secure_location(&host, &request));
        }
        match self.connect(&route.backend, arrival.peer).await {
            Ok(stream) => self.exchange(stream, request, &route, arrival).await.unwrap_or_else(page),
            Err(status) => page(status),
        }
    }

    fn secure_location(&self, host: &str, request: &Request<Incoming>) -> String {
        let port = if self.https == 443 { String::new() } else { format!(":{}", self.https) };
        let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        format!("https://{host}{port}{path}")
    }

    /// A connection to one of the backend's endpoints, the next one where one refuses.
    async fn connect(&self, backend: &Backend, peer: SocketAddr) -> Result<BoxStream, StatusCode> {
        let caller = Caller { client: Some(peer.ip()), node: None };
        let wanted = |port: &table::Port| port.protocol == Protocol::Tcp && backend.port.is(port);
        let mut outcome = Err(StatusCode::SERVICE_UNAVAILABLE);
        for _ in 0..TRIES {
            let table::Route::To(endpoint) = self.table.enter(&backend.service, caller, wanted) else { break };
            match self.net.dial(None, endpoint).await {
                Ok(stream) => return Ok(stream),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => outcome = Err(StatusCode::GATEWAY_TIMEOUT),
                Err(_) => outcome = Err(StatusCode::BAD_GATEWAY),
            }
        }
        outcome
    }

    async fn exchange(
        &self,
        stream: BoxStream,
        mut request: Request<Incoming>,
        route: &Route,
        arrival: Arrival,
    ) -> Result<Response<Body>, StatusCode> {
        let bad = |_| StatusCode::BAD_GATEWAY;
        let client = request.headers().contains_key(UPGRADE).then(|| hyper::upgrade::on(&mut request));
        prepare(&mut request, route, arrival);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(bad)?;
        self.tasks.spawn(async move {
            // Its end is seen by whoever reads the answer.
            let _ = connection.with_upgrades().await;
        });
        let answered = tokio::time::timeout(PATIENCE, sender.send_request(request)).await;
        let mut response = answered.map_err(|_| StatusCode::GATEWAY_TIMEOUT)?.map_err(bad)?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let backend = hyper::upgrade::on(&mut response);
            if let Some(client) = client {
                self.tasks.spawn(join(client, backend));
            }
        }
        Ok(response.map(BodyExt::boxed))
    }
}

impl Port {
    fn is(&self, port: &table::Port) -> bool {
        match self {
            Self::Number(number) => port.port == *number,
            Self::Name(name) => port.name == *name,
        }
    }
}

async fn join(client: OnUpgrade, backend: OnUpgrade) {
    if let Ok((client, backend)) = tokio::try_join!(client, backend) {
        // Either side may hang up at any time.
        let _ = copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(backend)).await;
    }
}

/// The host that is asked for, without its port.
fn host_of(request: &Request<Incoming>) -> String {
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = named.or_else(|| request.uri().host()).unwrap_or_default();
    host.rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(host, _)| host)
        .into()
}

/// The request as the backend shall see it: its own path, and who asked whom.
fn prepare(request: &mut Request<Incoming>, route: &Route, arrival: Arrival) {
    let path = route.path(request.uri().path());
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(uri) = format!("{path}{query}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    let host = request.headers().get(HOST).cloned();
    let headers = request.headers_mut();
    if !headers.contains_key(UPGRADE) {
        headers.remove(CONNECTION);
    }
    let scheme = if arrival.secure { "https" } else { "http" };
    set(headers, "x-real-ip", &arrival.peer.ip().to_string());
    set(headers, "x-forwarded-for", &arrival.peer.ip().to_string());
    set(headers, "x-forwarded-port", &arrival.port.to_string());
    set(headers, "x-forwarded-proto", scheme);
    set(headers, "x-forwarded-scheme", scheme);
    set(headers, "x-scheme", scheme);
    if let Some(host) = host {
        headers.insert(HeaderName::from_static("x-forwarded-host"), host);
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
