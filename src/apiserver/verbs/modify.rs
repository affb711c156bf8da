//! The one way in which a stored object changes: read, change, check, compare-and-swap, again on a lost race.
//! Must not know where a change comes from.

use serde_json::Value;

use super::super::Meta;
use super::super::admission::{self, Operation};
use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::managed::{self, Tracking};
use super::super::meta::Encoded;
use super::super::object;
use super::super::respond::Payload;
use super::super::subresource::Scope;
use super::get::record;
use crate::kinds::{Subresource, validate};
use crate::store::{Expect, Record, WriteError};

/// Lost races after which the caller is told of a conflict.
const ATTEMPTS: usize = 20;

/// Changes an object. `change` gets the view of the stored object and answers the wanted one; it runs again when
/// somebody else wrote meanwhile, unless what it answers names the `resourceVersion` that it was made for.
pub(in super::super) async fn modify<F>(call: &Call, scope: Scope, change: F) -> ApiResult<Payload>
where
    F: FnMut(Value) -> ApiResult<Value> + Send,
{
    modify_tracked(call, scope, Tracking::Update, change).await
}

/// As [`modify`], saying how the owners of fields are told.
pub(super) async fn modify_tracked<F>(
    call: &Call,
    scope: Scope,
    tracking: Tracking,
    mut change: F,
) -> ApiResult<Payload>
where
    F: FnMut(Value) -> ApiResult<Value> + Send,
{
    let name = &call.request.name;
    let dry = call.dry_run()?;
    for _ in 0..ATTEMPTS {
        let current = record(call, name)?;
        let old = call.read(&current.value.bytes())?;
        let written = change(scope.view(old.clone()))?;
        pinned(call, name, &written, &current)?;
        let mut new = scope.absorb(&old, written)?;
        let _held = prepare(call, scope, &old, &mut new).await?;
        if tracking == Tracking::Update {
            new = managed::track(call, scope, Some(&old), &new);
        }
        if object::same(&new, &old) {
            return view(call, scope, current.value.bytes());
        }
        if dry {
            return Ok(Payload::Made(scope.view(new)));
        }
        let (encoded, goes) = (Encoded::new(call.kind, &new).at(call.server.clock.now()), may_go(&new));
        // A thousand writes may wait for the store at once: none keeps its objects meanwhile.
        drop((old, new));
        match commit(call, &current, encoded, goes).await {
            Ok(record) => return view(call, scope, record.value.bytes()),
            Err(WriteError::Conflict { .. }) => {}
            Err(WriteError::Backend(error)) => return Err(ApiError::internal(error)),
        }
    }
    Err(ApiError::modified(call.kind, name))
}

/// What the client sees of the stored object through a scope.
fn view(call: &Call, scope: Scope, stored: bytes::Bytes) -> ApiResult<Payload> {
    if scope.is_whole_view() { payload(call, stored) } else { Ok(Payload::Made(scope.view(call.read(&stored)?))) }
}

/// The stored object as the client is to see it.
pub(super) fn payload(call: &Call, stored: bytes::Bytes) -> ApiResult<Payload> {
    if call.shows_stored() { Ok(Payload::Stored(stored)) } else { call.read(&stored).map(Payload::Made) }
}

/// Refuses what was made for another revision than the current one.
fn pinned(call: &Call, name: &str, written: &Value, current: &Record<Meta>) -> ApiResult<()> {
    let version = object::meta(written, "resourceVersion");
    if version.is_empty() || version.parse() == Ok(current.modified) {
        return Ok(());
    }
    if version.parse::<u64>().is_err() {
        let bad = validate::FieldError::invalid("metadata.resourceVersion", version, "must be specified for an update");
        return Err(ApiError::invalid(call.kind, name, &[bad]));
    }
    Err(ApiError::modified(call.kind, name))
}

/// Defaults, admission, the kind's rules and validation.
async fn prepare<'a>(call: &'a Call, scope: Scope, old: &Value, new: &mut Value) -> ApiResult<admission::Held<'a>> {
    let kind = call.kind;
    restore_system_fields(new, old);
    if kind.rules.updates_unconditionally() && object::meta(new, "resourceVersion").is_empty() {
        object::set_meta(new, "resourceVersion", old["metadata"]["resourceVersion"].clone());
    }
    kind.rules.default(new);
    admission::mutate(call, Operation::Update, new, Some(old))?;
    let held = match scope {
        Scope::Whole => admission::allocate(call, new, Some(old)).await?,
        _ => admission::Held::default(),
    };
    scope.prepare(kind, new, old);
    let mut errors = validate::metadata_update(new, old);
    errors.extend(match scope {
        Scope::Status => kind.rules.validate_status(new, old),
        Scope::Bound | Scope::Finalize | Scope::Approval => Vec::new(),
        Scope::EphemeralContainers => kind.rules.validate_part(Subresource::EphemeralContainers, new, old),
        Scope::Resize => kind.rules.validate_part(Subresource::Resize, new, old),
        _ => kind.rules.validate_update(new, old),
    });
    if !errors.is_empty() {
        return Err(ApiError::invalid(kind, object::name(old), &errors));
    }
    admission::judge(call, Operation::Update, new, Some(old))?;
    Ok(held)
}

/// What no client writes: an absent value is the stored one, and deletion is not begun nor undone by an update.
fn restore_system_fields(new: &mut Value, old: &Value) {
    for field in ["uid", "creationTimestamp", "name", "namespace"] {
        if object::meta(new, field).is_empty() {
            object::set_meta(new, field, old["metadata"][field].clone());
        }
    }
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        object::set_meta(new, field, old["metadata"][field].clone());
    }
}

/// Writes the change; an object whose deletion was only waiting for this change goes.
async fn commit(
    call: &Call,
    current: &Record<Meta>,
    encoded: Encoded,
    goes: bool,
) -> Result<Record<Meta>, WriteError<Meta>> {
    let expect = Expect::Revision(current.modified);
    let store = call.store();
    if goes {
        store.delete(&current.key, expect, move |revision| encoded.finish(revision)).await
    } else {
        store.put(&current.key, expect, move |revision| encoded.finish(revision)).await
    }
}

/// Whether nothing holds a dying object back any more: no finalizer, no grace period, no content of a namespace.
pub(super) fn may_go(object: &Value) -> bool {
    let none = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
    object::deleting(object)
        && none(&object["metadata"]["finalizers"])
        && object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or_default() == 0
        && (object["kind"] != "Namespace" || none(&object["spec"]["finalizers"]))
}
