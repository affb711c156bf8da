//! Patch: JSON Patch, merge and strategic merge over the client's view. Must not write by itself.

use axum::response::Response;
use serde_json::Value;

use super::super::body::{self, Expected, FieldValidation};
use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::managed::{self, Tracking};
use super::super::object;
use super::super::respond::Reply;
use super::super::subresource::Scope;
use super::create::insert_tracked;
use super::modify::{modify, modify_tracked};
use crate::schema;

/// Operations that one JSON patch may have (apiserver `MaxJSONPatchOperations`).
const MAX_OPERATIONS: usize = 10_000;

/// Bytes that the copies of one JSON patch may add (apiserver sets evanphx's `AccumulatedCopySizeLimit`).
const MAX_COPIED: usize = 3 * 1024 * 1024;

/// The media type of a server-side apply.
const APPLY: &str = "application/apply-patch+yaml";

/// What we read as patches.
const ACCEPTED: &str = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, application/strategic-merge-patch+json";

/// A patch of one of the three kinds.
enum Patch {
    Json(json_patch::Patch),
    Merge(Value),
    Strategic(Value),
}

/// Answers a patch of an object or of one of its views.
pub(in super::super) async fn patch(call: &Call, scope: Scope, bytes: &[u8]) -> ApiResult<Response> {
    if body::media_type(&call.headers) == APPLY {
        return apply(call, scope, bytes).await;
    }
    let patch = Patch::read(call, bytes)?;
    let validation = call.field_validation()?;
    let expected = scope.expected(call.kind);
    let mut warnings = Vec::new();
    let payload = modify(call, scope, |old| {
        let patched = patch.apply(&old, expected)?;
        let checked = check(&patch, patched, expected, validation)?;
        warnings = checked.warnings;
        if scope == Scope::Whole {
            warnings.extend(call.kind.rules.warnings(&checked.value));
        }
        same_identity(call, &checked.value, &old)?;
        Ok(checked.value)
    })
    .await
    .map_err(|error| error.warn(&warnings))?;
    Reply::ok(payload).warn(warnings).render(call)
}

/// Server-side apply: the configuration's fields become the manager's, and an object that is missing is created.
async fn apply(call: &Call, scope: Scope, bytes: &[u8]) -> ApiResult<Response> {
    if call.params.get("fieldManager").is_none() {
        let text = "Required value: is required for apply patch";
        return Err(ApiError::invalid_options("PatchOptions", "fieldManager", text));
    }
    let parsed =
        schema::yaml::parse(bytes).map_err(|why| ApiError::bad_request(format!("error decoding YAML: {why}")))?;
    let config = body::typed(parsed.value, bytes, scope.expected(call.kind))?;
    let checked = body::check(config.clone(), parsed.duplicates, scope.expected(call.kind), call.field_validation()?)?;
    let mut warnings = checked.warnings;
    warnings.extend(call.kind.rules.warnings(&checked.value));
    let name = call.request.name.as_str();
    if !object::name(&config).is_empty() && object::name(&config) != name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({name})",
            object::name(&config)
        )));
    }
    let exists = call.store().get(&call.key(name)).is_some();
    let written = if exists || scope != Scope::Whole {
        let change = |old: Value| merged(call, scope, Some(&old), &config);
        modify_tracked(call, scope, Tracking::Applied, change).await.map(Reply::ok)
    } else {
        let mut value = merged(call, scope, None, &config)?;
        object::set_meta(&mut value, "name", name.into());
        insert_tracked(call, value, Tracking::Applied).await.map(Reply::created)
    };
    written.map_err(|error| error.warn(&warnings))?.warn(warnings).render(call)
}

/// The live object with the configuration applied, as Go would hold it.
fn merged(call: &Call, scope: Scope, live: Option<&Value>, config: &Value) -> ApiResult<Value> {
    let value = managed::apply(call, scope, live, config)?;
    let validation = FieldValidation::Ignore;
    body::check(value, Vec::new(), scope.expected(call.kind), validation).map(|checked| checked.value)
}

impl Patch {
    fn read(call: &Call, bytes: &[u8]) -> ApiResult<Self> {
        match body::media_type(&call.headers) {
            "application/json-patch+json" => Self::read_json(bytes),
            "application/merge-patch+json" => {
                let refuse = |why: String| ApiError::bad_request(format!("error decoding patch: {why}"));
                read_map(bytes).map(Self::Merge).map_err(refuse)
            }
            "application/strategic-merge-patch+json" => {
                read_map(bytes).map(Self::Strategic).map_err(ApiError::bad_request)
            }
            _ => Err(ApiError::unsupported_media_type(ACCEPTED)),
        }
    }

    fn read_json(bytes: &[u8]) -> ApiResult<Self> {
        let value = schema::json::parse(bytes).map_err(ApiError::bad_request)?.value;
        if !value.is_array() {
            return Err(ApiError::bad_request(wrong_type(&value, "jsonpatch.Patch")));
        }
        // Go looks at an operation only when its turn comes.
        let patch: json_patch::Patch = serde_json::from_value(value).map_err(|_| ApiError::unprocessable())?;
        if patch.0.len() > MAX_OPERATIONS {
            let count = patch.0.len();
            return Err(ApiError::too_large_patch(format!(
                "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {count}"
            )));
        }
        Ok(Self::Json(patch))
    }

    fn apply(&self, old: &Value, expected: Expected<'_>) -> ApiResult<Value> {
        match self {
            Self::Json(patch) => {
                let mut value = old.clone();
                json(&mut value, patch).ok_or_else(ApiError::unprocessable)?;
                Ok(value)
            }
            Self::Merge(patch) => Ok(schema::merge::merge(old.clone(), patch.clone())),
            Self::Strategic(patch) => schema::merge::strategic(expected.schema, old, patch).map_err(unmergeable),
        }
    }

    /// How Go prints the patch in an error: strategic ones as a map.
    fn shown(&self, patched: &Value) -> String {
        match self {
            Self::Strategic(patch) => go_print(patch),
            Self::Json(_) | Self::Merge(_) => patched.to_string(),
        }
    }
}

/// Applies one operation after the other; `None` when one does not apply, or copies grow without measure.
fn json(value: &mut Value, patch: &json_patch::Patch) -> Option<()> {
    let mut copied = 0;
    for operation in &patch.0 {
        if let json_patch::PatchOperation::Copy(copy) = operation {
            copied += value.pointer(copy.from.as_str())?.to_string().len();
        }
        if copied > MAX_COPIED {
            return None;
        }
        json_patch::patch(value, std::slice::from_ref(operation)).ok()?;
    }
    Some(())
}

/// A merge patch must be a map.
fn read_map(bytes: &[u8]) -> Result<Value, String> {
    let value = schema::json::parse(bytes)?.value;
    if value.is_object() { Ok(value) } else { Err(wrong_type(&value, "map[string]interface {}")) }
}

fn wrong_type(value: &Value, wanted: &str) -> String {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {found} into Go value of type {wanted}")
}

/// What a strategic patch that cannot be merged is answered (`interpretStrategicMergePatchError`): its format is refused,
/// everything else comes as a plain error of the server's.
fn unmergeable(why: String) -> ApiError {
    const FORMATS: [&str; 4] = [
        "invalid JSON document",
        "invalid patch format of retainKeys",
        "expected a []interface",
        "The order in patch list",
    ];
    if FORMATS.iter().any(|format| why.starts_with(format)) {
        return ApiError::bad_request(why);
    }
    if why == "lists of lists are not supported" { ApiError::unprocessable() } else { ApiError::unknown(why) }
}

/// Holds the patched object to its schema; what is wrong is said of the patch (apiserver `patcher`).
fn check(
    patch: &Patch,
    patched: Value,
    expected: Expected<'_>,
    validation: FieldValidation,
) -> ApiResult<body::Decoded> {
    if !patched.is_object() {
        return Err(ApiError::bad_request("the patched object is not an object"));
    }
    let shown = patch.shown(&patched);
    let refuse = |why: String| match patch {
        Patch::Strategic(_) => ApiError::invalid_patch(&shown, &restored(&why)),
        _ => ApiError::invalid_patch(&shown, &why),
    };
    let checked = schema::check(expected.schema, patched).map_err(refuse)?;
    let warnings = validation.judge(checked.unknown, refuse)?;
    Ok(body::Decoded { value: checked.value, warnings })
}

/// A patch changes neither type nor name nor place.
fn same_identity(call: &Call, new: &Value, old: &Value) -> ApiResult<()> {
    for field in ["apiVersion", "kind"] {
        if new[field] != old[field] {
            let (found, wanted) = (new[field].as_str().unwrap_or_default(), old[field].as_str().unwrap_or_default());
            return Err(ApiError::bad_request(format!(
                "the {field} in the data ({found}) does not match the expected {field} ({wanted})"
            )));
        }
    }
    let (name, wanted) = (object::name(new), call.request.name.as_str());
    if name != wanted {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({wanted})"
        )));
    }
    super::update::same_namespace(call, new)
}

/// A type error as a strategic patch says it: its result is converted, not decoded (apimachinery `fromUnstructured`).
fn restored(why: &str) -> String {
    let parts = why.strip_prefix("json: cannot unmarshal ").and_then(|rest| {
        let (found, rest) = rest.split_once(" into ")?;
        Some((found, rest.rsplit_once(" of type ")?.1))
    });
    let Some((found, wanted)) = parts else { return why.into() };
    let found = match found.split_once(' ').unwrap_or((found, "")) {
        ("object", _) => "map",
        ("array", _) => "slice",
        ("number", digits) if digits.contains(['.', 'e', 'E']) => "float64",
        ("number", _) => "int64",
        (other, _) => other,
    };
    match wanted {
        "int32" | "int64" if found == "float64" => format!("cannot convert {found} to {wanted}"),
        "string" if found == "int64" => format!("cannot convert {found} to {wanted}"),
        _ if wanted.starts_with("[]") => format!("cannot restore slice from {found}"),
        _ if wanted.starts_with("map[") => format!("cannot restore map from {found}"),
        _ if wanted.contains('.') => format!("cannot restore struct from: {found}"),
        _ => format!("unrecognized type: {wanted}"),
    }
}

/// A value as Go's `%+v` prints maps: `map[spec:map[replicas:2]]`.
fn go_print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(go_print).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(key, value)| format!("{key}:{}", go_print(value))).collect();
            format!("map[{}]", pairs.join(" "))
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::json;

    fn applied(old: &Value, patch: Value) -> Option<Value> {
        let mut value = old.clone();
        json(&mut value, &serde_json::from_value(patch).unwrap()).map(|()| value)
    }

    #[test]
    fn copies_do_not_grow_without_measure() {
        let copy = json!({ "op": "copy", "from": "/a", "path": "/a/-" });
        let patch: Vec<Value> = std::iter::repeat_n(copy, 40).collect();
        assert_eq!(applied(&json!({ "a": ["x".repeat(100)] }), patch.into()), None);
    }

    fn object() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![(0..4).prop_map(Value::from), "[ab/~]{1,2}".prop_map(Value::from)];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c/~]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_difference_applied_gives_the_new_and_leaves_none(old in object(), new in object()) {
            let patch = serde_json::to_value(json_patch::diff(&old, &new)).unwrap();
            let got = applied(&old, patch).unwrap();
            prop_assert!(json_patch::diff(&got, &new).0.is_empty());
            prop_assert_eq!(got, new);
        }
    }
}
