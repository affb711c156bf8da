//! `pods/NAME/proxy`, `services/NAME/proxy` and `nodes/NAME/proxy`: HTTP to what runs behind a name.

use std::net::{IpAddr, SocketAddr};

use axum::extract::Request;
use axum::response::Response;
use serde_json::Value;

use super::super::call::{self, Call};
use super::super::errors::{ApiError, ApiResult};
use super::super::{object, respond};
use super::exchange::exchange;
use super::kubelet::to_node;
use crate::kinds;

/// Answers a request under `proxy`.
pub(super) async fn serve(call: &Call, http: Request) -> ApiResult<Response> {
    let (name, port) = split(&call.request.name);
    let record = call.server.store.get(&call.key(name)).ok_or_else(|| ApiError::not_found(call.kind, name))?;
    let value = respond::parse(&record.value.bytes())?;
    let query = http.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    // A bare `proxy/` leaves only its slash behind.
    let path = format!("/{}{query}", call.request.rest.trim_start_matches('/'));
    let address = match call.kind.kind {
        "Pod" => pod_address(&value, port)?,
        "Service" => service_address(call, name, &value, port)?,
        _ => return to_node(call, name, http, &path).await,
    };
    let unreachable = |error: std::io::Error| {
        ApiError::unavailable(format!("error trying to reach service: dial tcp {address}: {error}"))
    };
    let stream = call.server.pods.dial(None, address).await.map_err(unreachable)?;
    exchange(&call.server, stream, http, &path).await
}

/// `scheme:name:port`, `name:port` or `name`; the scheme is taken as HTTP.
fn split(text: &str) -> (&str, &str) {
    match text.split(':').collect::<Vec<_>>().as_slice() {
        [_, name, port] | [name, port] => (name, port),
        _ => (text, ""),
    }
}

fn pod_address(pod: &Value, port: &str) -> ApiResult<SocketAddr> {
    let ip = object::text(pod, &["status", "podIP"]);
    let ip: IpAddr = ip.parse().map_err(|_| ApiError::bad_request("address not allowed"))?;
    let first = pod["spec"]["containers"][0]["ports"][0]["containerPort"].as_u64();
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let mut ports = containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
    let named = || ports.find(|one| one["name"] == port).and_then(|one| one["containerPort"].as_u64());
    let number = match port {
        "" => first.or(Some(80)),
        _ => port.parse().ok().or_else(named),
    };
    let number = number.and_then(|number| u16::try_from(number).ok());
    let number = number.ok_or_else(|| ApiError::bad_request(format!("no port {port:?} in the pod")))?;
    Ok(SocketAddr::new(ip, number))
}

/// One ready endpoint of the service's port, drawn at random.
fn service_address(call: &Call, name: &str, service: &Value, port: &str) -> ApiResult<SocketAddr> {
    let none = || ApiError::unavailable(format!("no endpoints available for service {name:?}"));
    let ports = service["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let chosen = match port {
        "" => ports.first(),
        _ => ports
            .iter()
            .find(|one| one["name"] == port || (one["port"].is_number() && one["port"].as_u64() == port.parse().ok())),
    };
    let wanted = chosen.map(|one| one["name"].as_str().unwrap_or_default()).ok_or_else(none)?;
    let kind = kinds::find("", "v1", "endpoints").ok_or_else(none)?;
    let record = call.server.store.get(&call::key(kind, &call.request.namespace, name)).ok_or_else(none)?;
    let endpoints = respond::parse(&record.value.bytes())?;
    let mut addresses = Vec::new();
    for subset in endpoints["subsets"].as_array().into_iter().flatten() {
        let ports = subset["ports"].as_array().into_iter().flatten();
        for port in ports.filter(|one| one["name"].as_str().unwrap_or_default() == wanted) {
            let ips = subset["addresses"].as_array().into_iter().flatten().filter_map(|one| one["ip"].as_str());
            let number = port["port"].as_u64().and_then(|number| u16::try_from(number).ok()).unwrap_or_default();
            addresses.extend(ips.filter_map(|ip| Some(SocketAddr::new(ip.parse().ok()?, number))));
        }
    }
    if addresses.is_empty() {
        return Err(none());
    }
    Ok(addresses[call.server.names.below(addresses.len())])
}
