//! The scheduler's own little HTTP server, over the in-memory pipe: its last decisions and its health. Must not decide
//! who may ask: the API server does.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use super::Scheduler;
use crate::base::pipe::Listener;
use crate::client::decisions::PATH;

/// Answers until the tasks stop.
pub(super) async fn serve(mut listener: Listener, scheduler: Arc<Scheduler>) {
    while let Some(stream) = listener.accept_connection().await {
        let asked = scheduler.clone();
        scheduler.tasks.spawn(async move {
            let service = service_fn(move |request| {
                let answer = answer(&asked, &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let builder = hyper::server::conn::http1::Builder::new().timer(TokioTimer::new()).to_owned();
            // A caller that goes away is its own business.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn answer(scheduler: &Scheduler, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, kind, body) = match request.uri().path() {
        PATH => (StatusCode::OK, "application/json", decisions(scheduler, request.uri().query())),
        "/healthz" | "/livez" | "/readyz" => (StatusCode::OK, "text/plain", "ok".into()),
        _ => (StatusCode::NOT_FOUND, "text/plain", "404 page not found\n".into()),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    response
}

fn decisions(scheduler: &Scheduler, query: Option<&str>) -> Bytes {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let after = pairs.filter(|(name, _)| *name == "after").find_map(|(_, number)| number.parse().ok());
    let told = scheduler.log.lock().after(after.unwrap_or(0));
    serde_json::to_vec(&told).unwrap_or_default().into()
}
