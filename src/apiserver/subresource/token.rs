//! `serviceaccounts/token`: a signed token for a service account. Must not keep tokens.

use axum::response::Response;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::admission::nodes;
use super::super::body::{self, Expected};
use super::super::call::{self, Call};
use super::super::errors::{ApiError, ApiResult};
use super::super::object;
use super::super::respond::{Payload, Reply};
use super::super::tokens::Claims;
use crate::kinds;
use crate::kinds::validate::FieldError;

/// The type of the body.
const REQUEST: Expected<'static> = Expected {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "TokenRequest",
    schema: "io.k8s.api.authentication.v1.TokenRequest",
};

/// Seconds of a token that asks for none, the fewest and the most (`validation.ValidateTokenRequest`).
const DEFAULT_SECONDS: i64 = 3600;
const MIN_SECONDS: i64 = 600;
const MAX_SECONDS: i64 = 1 << 32;

/// Answers the creation of a token.
pub(super) fn create(call: &Call, bytes: &[u8]) -> ApiResult<Response> {
    let mut request = body::decode(&call.headers, bytes, REQUEST, call.field_validation()?)?.value;
    let name = &call.request.name;
    let account = call.server.store.get(&call.key(name)).ok_or_else(|| ApiError::not_found(call.kind, name))?;
    nodes::token(call, name, &request["spec"]["boundObjectRef"])?;
    let seconds = request["spec"]["expirationSeconds"].as_i64().unwrap_or(DEFAULT_SECONDS);
    validate(seconds)?;
    let audiences: Vec<String> = match request["spec"]["audiences"].as_array() {
        Some(list) if !list.is_empty() => list.iter().filter_map(|one| one.as_str().map(Into::into)).collect(),
        _ => vec![super::super::tokens::ISSUER.into()],
    };
    let now = call.server.clock.now();
    let claims = Claims {
        namespace: call.request.namespace.clone(),
        account: name.clone(),
        uid: account.meta.uid().to_owned(),
        audiences: audiences.clone(),
        issued: now.as_second(),
        seconds,
        bound: bound(call, &request["spec"]["boundObjectRef"])?,
        id: call.server.names.uid(),
    };
    let token = call
        .server
        .tokens
        .sign(&claims)
        .ok_or_else(|| ApiError::unavailable("this server has no key to sign tokens"))?;
    let expires = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
    object::set_meta(&mut request, "name", name.as_str().into());
    object::set_meta(&mut request, "namespace", call.request.namespace.as_str().into());
    object::set_meta(&mut request, "creationTimestamp", object::time(now).into());
    request["spec"]["audiences"] = json!(audiences);
    request["spec"]["expirationSeconds"] = seconds.into();
    request["status"] = json!({ "token": token, "expirationTimestamp": object::time(expires) });
    Reply::created(Payload::Made(request)).render(call)
}

fn validate(seconds: i64) -> ApiResult<()> {
    let field = "spec.expirationSeconds";
    let why = if seconds < MIN_SECONDS {
        "may not specify a duration less than 10 minutes"
    } else if seconds > MAX_SECONDS {
        "may not specify a duration larger than 2^32 seconds"
    } else {
        return Ok(());
    };
    Err(ApiError::invalid_causes(
        "TokenRequest",
        "authentication.k8s.io",
        "",
        &[FieldError::invalid(field, seconds, why)],
    ))
}

/// The object that the token lives as long as: kind, name and uid.
fn bound(call: &Call, reference: &Value) -> ApiResult<Option<(String, String, String)>> {
    let text = |field: &str| reference[field].as_str().unwrap_or_default();
    let plural = match text("kind") {
        "" => return Ok(None),
        "Pod" => "pods",
        "Secret" => "secrets",
        "Node" => "nodes",
        other => {
            return Err(ApiError::bad_request(format!(
                "cannot bind token for serviceaccount {:?} to object of kind {other:?}",
                call.request.name
            )));
        }
    };
    let kind = kinds::find("", "v1", plural).ok_or_else(ApiError::no_such_path)?;
    let key = call::key(kind, &call.request.namespace, text("name"));
    let record = call.server.store.get(&key).ok_or_else(|| ApiError::not_found(kind, text("name")))?;
    let uid = record.meta.uid();
    if !text("uid").is_empty() && text("uid") != uid {
        let why = format!(
            "the UID in the bound object reference ({}) does not match the UID in record. The object might have been deleted and then recreated",
            text("uid")
        );
        return Err(ApiError::conflict(kind, text("name"), &why));
    }
    Ok(Some((text("kind").to_lowercase(), text("name").into(), uid.into())))
}
