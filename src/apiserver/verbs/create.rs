//! Create: a new object gets its identity, passes admission and validation, and is stored. Must not know any kind.

use axum::response::Response;
use serde_json::Value;

use super::super::Meta;
use super::super::admission::{self, Operation};
use super::super::body;
use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::managed::{self, Tracking};
use super::super::meta::Encoded;
use super::super::object;
use super::super::respond::{Payload, Reply};
use super::super::subresource::Scope;
use super::modify::payload;
use super::update::same_namespace;
use crate::kinds::validate;
use crate::store::{Expect, Record, WriteError};

/// Times that a generated name is drawn before the client hears of a clash (apiserver `maxNameGenerationCreateAttempts`).
const NAME_ATTEMPTS: usize = 8;
/// Characters that `generateName` adds.
const SUFFIX: usize = 5;
/// Bytes of a generated name without its suffix (apiserver `maxGeneratedNameLength`).
const MAX_GENERATED: usize = 58;

/// Answers a create.
pub(in super::super) async fn create(call: &Call, bytes: &[u8]) -> ApiResult<Response> {
    let decoded = body::decode(&call.headers, bytes, call.kind.into(), call.field_validation()?)?;
    let mut warnings = decoded.warnings;
    let value = decoded.value;
    warnings.extend(call.kind.rules.warnings(&value));
    let payload = insert(call, value).await.map_err(|error| error.warn(&warnings))?;
    Reply::created(payload).warn(warnings).render(call)
}

/// Stores a decoded object as a new one.
pub(in super::super) async fn insert(call: &Call, value: Value) -> ApiResult<Payload> {
    insert_tracked(call, value, Tracking::Update).await
}

/// As [`insert`], saying how the owners of fields are told.
pub(super) async fn insert_tracked(call: &Call, mut value: Value, tracking: Tracking) -> ApiResult<Payload> {
    let dry = call.dry_run()?;
    place(call, &mut value)?;
    identify(call, &mut value, tracking);
    admission::arrive(call, &value).await?;
    call.kind.rules.default(&mut value);
    admission::mutate(call, Operation::Create, &mut value, None)?;
    let generated = object::name(&value).is_empty() && !object::meta(&value, "generateName").is_empty();
    for attempt in 1..=NAME_ATTEMPTS {
        if generated {
            generate_name(call, &mut value);
        }
        let _held = admit(call, &mut value).await?;
        if tracking == Tracking::Update {
            value = managed::track(call, Scope::Whole, None, &value);
        }
        if dry {
            return dry_run(call, value);
        }
        match store(call, &value).await {
            Ok(record) => return payload(call, record.value.bytes()),
            Err(WriteError::Conflict { .. }) if generated && attempt < NAME_ATTEMPTS => {}
            Err(WriteError::Conflict { .. }) => {
                return Err(ApiError::already_exists(call.kind, object::name(&value)));
            }
            Err(WriteError::Backend(error)) => return Err(ApiError::internal(error)),
        }
    }
    Err(ApiError::already_exists(call.kind, object::name(&value)))
}

/// Gives the object the URL's namespace.
fn place(call: &Call, value: &mut Value) -> ApiResult<()> {
    same_namespace(call, value)?;
    let namespace = if call.kind.namespaced { call.request.namespace.as_str().into() } else { Value::Null };
    object::set_meta(value, "namespace", namespace);
    Ok(())
}

/// What the server alone writes into a new object's metadata.
fn identify(call: &Call, value: &mut Value, tracking: Tracking) {
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "selfLink"] {
        object::set_meta(value, field, Value::Null);
    }
    if tracking == Tracking::Update {
        object::set_meta(value, "managedFields", Value::Null);
    }
    object::set_meta(value, "uid", call.server.names.uid().into());
    object::set_meta(value, "creationTimestamp", object::time(call.server.clock.now()).into());
}

fn generate_name(call: &Call, value: &mut Value) {
    let base = object::meta(value, "generateName");
    let cut = (0..=base.len().min(MAX_GENERATED)).rev().find(|at| base.is_char_boundary(*at)).unwrap_or_default();
    let name = format!("{}{}", &base[..cut], call.server.names.suffix(SUFFIX));
    object::set_meta(value, "name", name.into());
}

/// Allocation, the kind's preparation, validation, and what only judges.
async fn admit<'a>(call: &'a Call, value: &mut Value) -> ApiResult<admission::Held<'a>> {
    let held = admission::allocate(call, value, None).await?;
    call.kind.rules.prepare_create(value);
    let mut errors = validate::metadata(value, call.kind);
    errors.extend(call.kind.rules.validate(value));
    if !errors.is_empty() {
        return Err(ApiError::invalid(call.kind, object::name(value), &errors));
    }
    admission::judge(call, Operation::Create, value, None)?;
    Ok(held)
}

fn dry_run(call: &Call, value: Value) -> ApiResult<Payload> {
    if call.store().get(&call.key(object::name(&value))).is_some() {
        return Err(ApiError::already_exists(call.kind, object::name(&value)));
    }
    Ok(Payload::Made(value))
}

async fn store(call: &Call, value: &Value) -> Result<Record<Meta>, WriteError<Meta>> {
    let encoded = Encoded::new(call.kind, value).at(call.server.clock.now());
    call.store().put(&call.key(object::name(value)), Expect::Absent, move |revision| encoded.finish(revision)).await
}
