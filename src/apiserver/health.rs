//! `/version`, the health checks and the list of paths. Must not need a resource.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::params::Params;
use super::respond;
use super::server::ApiServer;
use crate::kinds;

/// The Kubernetes version whose API is spoken.
pub(super) const GIT_VERSION: &str = "v1.36.0";

/// Answers a path that is no resource; `None` when there is nothing there.
pub(super) fn serve(server: &ApiServer, path: &str, params: &Params) -> Option<Response> {
    match path {
        "" => Some(respond::json(StatusCode::OK, &json!({ "paths": paths() }))),
        "/version" => Some(respond::finish(
            StatusCode::OK,
            respond::JSON,
            serde_json::to_string_pretty(&version()).unwrap_or_default().into(),
            &[],
        )),
        _ => health(server, path, params),
    }
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36",
        "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
        "gitVersion": format!("{GIT_VERSION}+timonel.{}", env!("CARGO_PKG_VERSION")),
        "gitCommit": "", "gitTreeState": "", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "rustc", "platform": format!("{}/{}", std::env::consts::OS, arch()),
    })
}

/// Go's name of this machine's architecture.
fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The parts that a check looks at.
const CHECKS: [&str; 4] = ["ping", "log", "etcd", BOOTSTRAP];
/// What is not there at once: the objects that every cluster starts with.
const BOOTSTRAP: &str = "poststarthook/rbac/bootstrap-roles";

fn health(server: &ApiServer, path: &str, params: &Params) -> Option<Response> {
    let (root, part) = match path.trim_start_matches('/').split_once('/') {
        Some((root, part)) => (root, Some(part)),
        None => (path.trim_start_matches('/'), None),
    };
    if !["healthz", "livez", "readyz"].contains(&root) || part.is_some_and(|part| !CHECKS.contains(&part)) {
        return None;
    }
    let passes = |check: &str| match check {
        BOOTSTRAP => server.is_ready(),
        "etcd" => server.gate.has_etcd(),
        _ => true,
    };
    let failed: Vec<&str> =
        CHECKS.into_iter().filter(|check| part.is_none_or(|part| part == *check) && !passes(check)).collect();
    let code = if failed.is_empty() { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
    let verbose = part.is_none() && (params.optional_flag("verbose").is_some() || !failed.is_empty());
    let text = if verbose { report(root, &failed) } else { "ok".to_owned() };
    Some(respond::finish(code, "text/plain; charset=utf-8", text.into(), &[]))
}

fn report(root: &str, failed: &[&str]) -> String {
    let line = |check: &str| {
        if failed.contains(&check) {
            format!("[-]{check} failed: reason withheld\n")
        } else {
            format!("[+]{check} ok\n")
        }
    };
    let verdict = if failed.is_empty() { "passed" } else { "failed" };
    CHECKS.into_iter().map(line).chain([format!("{root} check {verdict}\n")]).collect()
}

fn paths() -> Vec<String> {
    let mut paths: Vec<String> = ["/api", "/api/v1", "/apis"].map(Into::into).into();
    for kind in kinds::ALL.iter().filter(|kind| !kind.group.is_empty()) {
        paths.push(format!("/apis/{}", kind.group));
        paths.push(format!("/apis/{}/{}", kind.group, kind.version));
    }
    let own = [
        "/healthz",
        "/healthz/etcd",
        "/healthz/log",
        "/healthz/ping",
        "/livez",
        "/livez/etcd",
        "/livez/log",
        "/livez/ping",
        "/metrics",
        "/openapi/v3",
        "/readyz",
        "/readyz/etcd",
        "/readyz/log",
        "/readyz/ping",
        "/version",
    ];
    paths.extend(own.map(Into::into));
    paths.sort();
    paths.dedup();
    paths
}
