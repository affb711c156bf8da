//! What may change or refuse a write, in Kubernetes' order. One file each and one line in the table.
//! Must not store anything.

mod certificates;
mod lifecycle;
mod limits;
pub(super) mod nodes;
mod priority;
mod quota;
mod security;
mod service_account;
mod services;
mod storage;
mod tolerations;

use serde_json::Value;
use tokio::sync::MutexGuard;

use super::authz::escalation;
use super::call::Call;
use super::errors::ApiResult;

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
}

/// A rule that every write passes; each part may be left out.
#[derive(Clone, Copy)]
struct Plugin {
    /// Changes the object, or refuses it.
    mutate: fn(&Call, Operation, &mut Value, Option<&Value>) -> ApiResult<()>,
    /// Judges the final object.
    validate: fn(&Call, Operation, &Value, Option<&Value>) -> ApiResult<()>,
}

impl Plugin {
    const NONE: Self = Self { mutate: |_, _, _, _| Ok(()), validate: |_, _, _, _| Ok(()) };
}

/// Kubernetes' order (`pkg/kubeapiserver/options/plugins.go`).
static ALL: &[Plugin] = &[
    lifecycle::PLUGIN,
    limits::PLUGIN,
    service_account::PLUGIN,
    nodes::PLUGIN,
    security::PLUGIN,
    priority::PLUGIN,
    tolerations::PLUGIN,
    storage::PLUGIN,
    certificates::PLUGIN,
    quota::PLUGIN,
];

/// What a write must hold until it is done, so that no other takes the same address or quota.
#[derive(Default)]
pub(super) struct Held<'a>(#[expect(dead_code, reason = "held, not read")] Option<MutexGuard<'a, ()>>);

/// Before anything else of a create: its namespace must be there.
pub(super) async fn arrive(call: &Call, value: &Value) -> ApiResult<()> {
    lifecycle::arrive(call, value)?;
    service_account::arrive(call, value).await;
    Ok(())
}

/// Lets every rule change the object.
pub(super) fn mutate(call: &Call, operation: Operation, value: &mut Value, old: Option<&Value>) -> ApiResult<()> {
    ALL.iter().try_for_each(|plugin| (plugin.mutate)(call, operation, value, old))
}

/// Lets every rule refuse the object.
pub(super) fn judge(call: &Call, operation: Operation, value: &Value, old: Option<&Value>) -> ApiResult<()> {
    ALL.iter().try_for_each(|plugin| (plugin.validate)(call, operation, value, old))?;
    // Roles are guarded by their own storage, after everything else.
    escalation::check(call, value, old)
}

/// Takes what the object needs of the cluster's.
pub(super) async fn allocate<'a>(call: &'a Call, value: &mut Value, old: Option<&Value>) -> ApiResult<Held<'a>> {
    let service = services::applies(call);
    let operation = if old.is_none() { Operation::Create } else { Operation::Update };
    let counted = quota::applies(call, operation);
    if !(service || counted) {
        return Ok(Held(None));
    }
    let held = call.server.allocation.lock().await;
    if service {
        services::allocate(call, value, old)?;
    }
    Ok(Held(Some(held)))
}

/// Before a deletion.
pub(super) fn leave(call: &Call, name: &str) -> ApiResult<()> {
    lifecycle::leave(call, name)?;
    nodes::leave(call, name)
}
