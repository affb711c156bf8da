//! Who owns which field: what this server tells the schema room of a write. Must not compare objects itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::call::Call;
use super::errors::{ApiError, ApiResult, StatusCause};
use super::object;
use super::subresource::Scope;
use crate::schema::apply::{self, ApplyError, Writer};

/// What a write does to `metadata.managedFields`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tracking {
    /// Whoever writes owns what it changed.
    Update,
    /// A server-side apply has said it already.
    Applied,
}

/// Calls `work` with who writes through a scope now.
fn as_writer<T>(call: &Call, scope: Scope, work: impl FnOnce(&Writer<'_>) -> T) -> T {
    let (manager, time) = (call.manager(), object::time(call.server.clock.now()));
    let version = call.kind.api_version();
    let ignored: &[&str] = match scope {
        Scope::Status => &["spec"],
        _ if call.kind.rules.has_status() => &["status"],
        _ => &[],
    };
    let subresource = if scope == Scope::Bound { "" } else { call.request.subresource.as_str() };
    work(&Writer { manager: &manager, api_version: &version, subresource, time: &time, ignored })
}

/// The written object with its owners brought up to date.
pub(super) fn track(call: &Call, scope: Scope, live: Option<&Value>, new: &Value) -> Value {
    as_writer(call, scope, |writer| apply::update(call.kind.schema, live, new, writer))
}

/// What a server-side apply makes of the live object.
pub(super) fn apply(call: &Call, scope: Scope, live: Option<&Value>, config: &Value) -> ApiResult<Value> {
    let schema = scope.expected(call.kind).schema;
    let apply = |force| as_writer(call, scope, |writer| apply::apply(schema, live, config, writer, force));
    let mut applied = apply(call.params.flag("force"));
    if let (Err(ApplyError::Conflicts { causes, .. }), Some(live)) = (&applied, live)
        && call.manager() == UPGRADER
        && all_last_applied(schema, live, causes)
    {
        applied = apply(true);
    }
    applied.map_err(|error| match error {
        ApplyError::Invalid(text) => ApiError::bad_request(text),
        ApplyError::Conflicts { message, causes } => {
            let cause = |conflict: apply::Conflict| StatusCause {
                reason: "FieldManagerConflict".into(),
                message: conflict.message,
                field: conflict.field,
            };
            ApiError::apply_conflict(message, causes.into_iter().map(cause).collect())
        }
    })
}

/// The manager whose first server-side apply may overwrite what client-side applies left (apiserver `lastAppliedManager`).
const UPGRADER: &str = "kubectl";
/// Where client-side applies remember what they sent.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Whether every conflict is about a field of the configuration that was last applied from the client's side.
fn all_last_applied(schema: &str, live: &Value, conflicts: &[apply::Conflict]) -> bool {
    let text = live["metadata"]["annotations"][LAST_APPLIED].as_str();
    let Some(config) = text.and_then(|text| serde_json::from_str::<Value>(text).ok()) else { return false };
    let version = config["apiVersion"].as_str().unwrap_or_default();
    let writer = Writer { manager: UPGRADER, api_version: version, subresource: "", time: "", ignored: &[] };
    let Ok(owned) = apply::apply(schema, None, &config, &writer, true) else { return false };
    let mut fields = BTreeSet::new();
    paths(&owned["metadata"]["managedFields"][0]["fieldsV1"], "", &mut fields);
    conflicts.iter().all(|conflict| fields.contains(&conflict.field))
}

/// The paths of a `fieldsV1` as conflicts write them: `.spec.containers[name="web"].image`.
fn paths(fields: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    for (key, inner) in fields.as_object().into_iter().flatten() {
        let step = match key.split_once(':') {
            Some(("f", name)) => format!(".{name}"),
            Some(("k", keys)) => match serde_json::from_str::<BTreeMap<String, Value>>(keys) {
                Ok(keys) => {
                    let pairs: Vec<String> = keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
                    format!("[{}]", pairs.join(","))
                }
                Err(_) => continue,
            },
            Some(("v", value)) => format!("[={value}]"),
            _ => continue,
        };
        let path = format!("{prefix}{step}");
        paths(inner, &path, found);
        found.insert(path);
    }
}
