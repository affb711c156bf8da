//! One request from its identity to its audit. Must not know what any path answers.

use axum::extract::{Request, State};
use axum::response::Response;

use super::authn::{self, User};
use super::errors::{ApiError, ApiResult};
use super::params::Params;
use super::request::{Target, target};
use super::server::ApiServer;
use super::{audit, authz, discovery, gate, health, metrics, openapi, proxy, resource, respond, streams};
use crate::client::{decisions, streams as paths};

/// Answers any request.
pub(super) async fn serve(State(server): State<ApiServer>, request: Request) -> Response {
    let started = server.clock.elapsed();
    let target = target(request.uri().path());
    let params = Params::parse(request.uri().query());
    let mut note = audit::Note::new(&request, &target, &params);
    let user = authn::user(&server, &request);
    user.iter().for_each(|user| note.user(user));
    let took = || server.clock.elapsed().saturating_sub(started);
    let Some(session) = server.gate.admit(request.uri().path()) else {
        server.audit.record(note, audit::UNANSWERED, took(), server.clock.now());
        return gate::hang_up();
    };
    let answer = tokio::select! {
        biased;
        () = session.cancelled() => {
            server.audit.record(note, audit::UNANSWERED, took(), server.clock.now());
            return gate::hang_up();
        }
        answer = answer(&server, user, target, params, request) => answer,
    };
    server.audit.record(note, answer.status().as_u16(), took(), server.clock.now());
    gate::until(session, answer)
}

async fn answer(
    server: &ApiServer,
    user: ApiResult<User>,
    target: Target,
    params: Params,
    request: Request,
) -> Response {
    let routed = match user {
        Ok(user) => route(server, user, target, params, request).await,
        Err(error) => Err(error),
    };
    routed.unwrap_or_else(|error| respond::failure(&error))
}

async fn route(
    server: &ApiServer,
    user: User,
    target: Target,
    params: Params,
    request: Request,
) -> ApiResult<Response> {
    if let Target::Resource(asked) = target {
        return resource::serve(server, user, asked, params, request).await;
    }
    let path = request.uri().path().trim_end_matches('/').to_owned();
    authz::check_path(server, &user, request.method(), &path)?;
    let headers = request.headers();
    match target {
        Target::GroupVersion(group, version) => discovery::resources(headers, &group, &version),
        Target::Group(group) => discovery::group(headers, &group),
        _ if path.starts_with("/openapi/") => openapi::serve(headers, &path, &params),
        _ if path == "/metrics" => Ok(metrics::serve(server)),
        _ if path == decisions::PATH => proxy::component(server, "kube-scheduler", request).await,
        _ if path == paths::AUDIT => Ok(streams::audit(server, &params)),
        _ if path == paths::HISTORY => streams::history(server, &params),
        _ => match path.as_str() {
            "/api" | "/apis" => Ok(discovery::groups(headers, &path)),
            _ => health::serve(server, &path, &params).ok_or_else(ApiError::no_such_path),
        },
    }
}
