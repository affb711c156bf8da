//! One request for a resource: which kind, may they, which handler. Must not handle.

use axum::extract::Request;
use axum::response::Response;

use super::authn::User;
use super::authz::{self, Question};
use super::call::Call;
use super::errors::{ApiError, ApiResult};
use super::negotiate::{self, Form, Syntax};
use super::params::Params;
use super::request::{self, ResourceRequest, Verb};
use super::server::ApiServer;
use super::subresource::{self, Scope};
use super::{authz::reviews, body, components, proxy, usage, verbs};
use crate::kinds::{self, Kind, Subresource};

/// Answers a request for a resource.
pub(super) async fn serve(
    server: &ApiServer,
    user: User,
    asked: ResourceRequest,
    params: Params,
    http: Request,
) -> ApiResult<Response> {
    let verb = request::verb(http.method(), &asked, &params).ok_or_else(|| ApiError::method_not_allowed(None))?;
    let question = question(verb, &asked, &params);
    authz::check(server, &user, &question)?;
    let call = understand(server, user, verb, asked, params, &http)?;
    answer(call, http).await
}

/// The request as authorization sees it; a list by name counts as being about that name.
fn question(verb: Verb, asked: &ResourceRequest, params: &Params) -> Question {
    let by_name = || {
        let selector = params.get("fieldSelector")?;
        selector
            .split(',')
            .find_map(|term| term.strip_prefix("metadata.name="))
            .map(|name| name.trim_start_matches('=').to_owned())
    };
    let name = if asked.name.is_empty() { by_name().unwrap_or_default() } else { asked.name.clone() };
    Question {
        verb: verb.as_str().into(),
        group: asked.group.clone(),
        resource: asked.resource.clone(),
        subresource: asked.subresource.clone(),
        namespace: asked.namespace.clone(),
        name,
        path: String::new(),
    }
}

fn understand(
    server: &ApiServer,
    user: User,
    verb: Verb,
    mut asked: ResourceRequest,
    params: Params,
    http: &Request,
) -> ApiResult<Call> {
    let (kind, subresource) = find(&asked)?;
    let everywhere = asked.namespace.is_empty();
    if kind.namespaced && everywhere && !(asked.name.is_empty() && verb.reads()) {
        return Err(if asked.name.is_empty() {
            ApiError::method_not_allowed(Some(kind))
        } else {
            ApiError::no_such_path()
        });
    }
    // A new object has no path yet, and only one that has is replaced or patched.
    let misplaced = match verb {
        Verb::Create => subresource.is_none() && !asked.name.is_empty(),
        Verb::Update | Verb::Patch => asked.name.is_empty(),
        _ => false,
    };
    if misplaced {
        return Err(ApiError::method_not_allowed(Some(kind)));
    }
    if !kind.namespaced {
        asked.namespace.clear();
    }
    let form = if subresource.is_some_and(is_stream) { Form::default() } else { form(http, &params)? };
    let headers = http.headers().clone();
    Ok(Call { server: server.clone(), user, verb, kind, request: asked, subresource, params, headers, form })
}

/// The kind and subresource of a path. `POST …/bindings` is the old way to `pods/NAME/binding`.
fn find(asked: &ResourceRequest) -> ApiResult<(&'static Kind, Option<Subresource>)> {
    let kind = kinds::find(&asked.group, &asked.version, &asked.resource).ok_or_else(ApiError::no_such_path)?;
    if asked.subresource.is_empty() {
        return Ok((kind, None));
    }
    let found = subresource::find(kind, &asked.subresource).ok_or_else(ApiError::no_such_path)?;
    if !asked.rest.is_empty() && found != Subresource::Proxy {
        return Err(ApiError::no_such_path());
    }
    Ok((kind, Some(found)))
}

fn form(http: &Request, params: &Params) -> ApiResult<Form> {
    let mut form = negotiate::form(http.headers())?;
    let agent = http.headers().get(http::header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let for_people = agent.starts_with("curl") || agent.starts_with("Mozilla/5.0");
    if form.syntax == Syntax::Json && params.optional_flag("pretty").unwrap_or(for_people) {
        form.syntax = Syntax::Pretty;
    }
    Ok(form)
}

fn is_stream(subresource: Subresource) -> bool {
    matches!(
        subresource,
        Subresource::Log | Subresource::Exec | Subresource::Attach | Subresource::PortForward | Subresource::Proxy
    )
}

async fn answer(call: Call, http: Request) -> ApiResult<Response> {
    if call.kind.is_stored() {
        call.storage()?;
    }
    if call.subresource.is_some_and(is_stream) {
        return proxy::serve(&call, http).await;
    }
    if call.subresource.is_none() && !call.kind.verbs.contains(&call.verb.as_str()) {
        return Err(ApiError::method_not_allowed(Some(call.kind)));
    }
    match call.kind.kind {
        "ComponentStatus" => return components::serve(&call),
        "NodeMetrics" | "PodMetrics" => return usage::serve(&call).await,
        _ => {}
    }
    if call.verb.reads() {
        return handle(&call, &[]).await;
    }
    let bytes = body::read(http.into_body()).await?;
    // Only now: who sends slowly must not keep others waiting.
    let _turn = call.server.writing.acquire().await;
    handle(&call, &bytes).await
}

async fn handle(call: &Call, bytes: &[u8]) -> ApiResult<Response> {
    match Scope::of(call.subresource) {
        Some(scope) => view(call, scope, bytes).await,
        None => match (call.verb, call.subresource) {
            (Verb::Create, Some(subresource)) => subresource::create(call, subresource, bytes).await,
            _ => Err(ApiError::method_not_allowed(Some(call.kind))),
        },
    }
}

async fn view(call: &Call, scope: Scope, bytes: &[u8]) -> ApiResult<Response> {
    match call.verb {
        Verb::Get => verbs::get(call, scope),
        Verb::Update => verbs::update(call, scope, bytes).await,
        Verb::Patch if scope != Scope::Finalize => verbs::patch(call, scope, bytes).await,
        _ if scope != Scope::Whole => Err(ApiError::method_not_allowed(Some(call.kind))),
        Verb::List => verbs::list(call),
        Verb::Watch => verbs::watch(call),
        Verb::Create if !call.kind.is_stored() => reviews::create(call, bytes).await,
        Verb::Create => verbs::create(call, bytes).await,
        Verb::Delete => verbs::delete(call, bytes).await,
        Verb::DeleteCollection => verbs::collection(call, bytes).await,
        Verb::Patch => Err(ApiError::method_not_allowed(Some(call.kind))),
    }
}
