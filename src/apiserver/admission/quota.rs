//! ResourceQuota: a namespace creates no more than its quotas let it. Must not write their status: a controller does.
//!
//! What is used is counted from the store while the allocation lock is held, so that two writes never share a rest.

use serde_json::Value;

use super::super::call::{self, Call};
use super::super::errors::{ApiError, ApiResult};
use super::super::{object, respond};
use super::{Operation, Plugin};
use crate::base::quantity::Quantity;
use crate::kinds::quota::{self, Amounts};
use crate::kinds::{self, Kind};

pub(super) const PLUGIN: Plugin = Plugin { validate, ..Plugin::NONE };

/// Whether a write must wait for the others of its namespace.
pub(super) fn applies(call: &Call, operation: Operation) -> bool {
    let kind = call.kind;
    // These may come to need more after they were made.
    let grows = kind.group.is_empty() && matches!(kind.plural, "services" | "persistentvolumeclaims");
    kind.namespaced
        && kind.is_stored()
        && kind.kind != "Event"
        && call.subresource.is_none()
        && (operation == Operation::Create || grows)
        && quotas(call).is_some_and(|prefix| call.server.store.count(&prefix) > 0)
}

/// Where the quotas of the namespace are stored.
fn quotas(call: &Call) -> Option<String> {
    Some(call::prefix(kinds::find("", "v1", "resourcequotas")?, &call.request.namespace))
}

fn validate(call: &Call, operation: Operation, value: &Value, old: Option<&Value>) -> ApiResult<()> {
    if !applies(call, operation) {
        return Ok(());
    }
    let Some(prefix) = quotas(call) else { return Ok(()) };
    for record in call.server.store.list(&prefix, None, None).records {
        let quota = respond::parse(&record.value.bytes())?;
        if quota::covers(&quota, call.kind.into(), value) {
            check(call, &quota, value, old)?;
        }
    }
    Ok(())
}

fn check(call: &Call, quota: &Value, value: &Value, old: Option<&Value>) -> ApiResult<()> {
    let name = object::name(quota);
    let refuse = |why: String| Err(ApiError::forbidden(call.kind, object::name(value), &why));
    let mut hard = quota::hard(quota);
    hard.retain(|name, _| quota::counted(name) == Some(call.kind.into()));
    if is_pod(call.kind) {
        let missing = quota::unspecified(value, &hard);
        if !missing.is_empty() {
            return refuse(format!("failed quota: {name}: must specify {}", missing.join("; ")));
        }
    }
    let asked = asked(call, quota, value, old, &hard);
    if asked.is_empty() {
        return Ok(());
    }
    let used = used(call, quota, &hard);
    let exceeds = |(name, amount): &(&String, &Quantity)| hard[*name] < used[*name] + **amount;
    let exceeded: Vec<&String> = asked.iter().filter(exceeds).map(|(name, _)| name).collect();
    if exceeded.is_empty() {
        return Ok(());
    }
    let said = |amounts: &Amounts| {
        exceeded.iter().map(|name| format!("{name}={}", amounts[*name])).collect::<Vec<_>>().join(",")
    };
    let (asked, used, limited) = (said(&asked), said(&used), said(&hard));
    refuse(format!("exceeded quota: {name}, requested: {asked}, used: {used}, limited: {limited}"))
}

fn is_pod(kind: &Kind) -> bool {
    kind.group.is_empty() && kind.plural == "pods"
}

/// How much more of what a quota limits the namespace will use.
fn asked(call: &Call, quota: &Value, value: &Value, old: Option<&Value>, hard: &Amounts) -> Amounts {
    let (of, now) = (call.kind.into(), call.server.clock.now());
    let mut asked = quota::usage(of, value, now);
    if let Some(old) = old.filter(|old| quota::covers(quota, of, old)) {
        for (name, before) in quota::usage(of, old, now) {
            if let Some(amount) = asked.get_mut(&name) {
                *amount = *amount - before;
            }
        }
    }
    asked.retain(|name, amount| hard.contains_key(name) && *amount > Quantity::default());
    asked
}

/// What the objects that a quota covers use of what it limits.
fn used(call: &Call, quota: &Value, hard: &Amounts) -> Amounts {
    let (of, now) = (call.kind.into(), call.server.clock.now());
    let page = call.server.store.list(&call::prefix(call.kind, &call.request.namespace), None, None);
    let mut total: Amounts = hard.keys().map(|name| (name.clone(), Quantity::default())).collect();
    for record in page.records {
        let Ok(value) = respond::parse(&record.value.bytes()) else { continue };
        if quota::covers(quota, of, &value) {
            quota::add(&mut total, &quota::usage(of, &value, now));
        }
    }
    total
}
