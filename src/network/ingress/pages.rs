//! What the controller itself answers, in the words of ingress-nginx. Must not speak for a backend.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};

/// Any body.
pub(super) type Body = BoxBody<Bytes, hyper::Error>;

/// A page with a status: 404 when no rule takes a request, 503 when nobody is behind one, 502 when they do not answer.
pub(super) fn page(status: StatusCode) -> Response<Body> {
    let reason = match status {
        // nginx calls it by its old name.
        StatusCode::SERVICE_UNAVAILABLE => "Service Temporarily Unavailable",
        StatusCode::GATEWAY_TIMEOUT => "Gateway Time-out",
        other => other.canonical_reason().unwrap_or_default(),
    };
    let title = format!("{} {reason}", status.as_u16());
    let text = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// Sends the client to HTTPS (ingress-nginx `http-redirect-code`).
pub(super) fn redirect(location: &str) -> Response<Body> {
    let mut response = page(StatusCode::PERMANENT_REDIRECT);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

pub(super) fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed()
}
