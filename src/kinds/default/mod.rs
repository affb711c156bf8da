//! What Kubernetes fills in where a manifest is silent (`pkg/apis/*/v1/defaults.go`). Must not refuse anything.

mod pod;

use serde_json::{Map, Value, json};

pub(super) use pod::{only_pod, pod_spec, template};

/// Sets a field that is absent or null, and gives the place of what stands there then.
pub(super) fn set<'a>(object: &'a mut Map<String, Value>, name: &str, value: Value) -> &'a mut Value {
    let field = object.entry(name).or_insert(Value::Null);
    if field.is_null() {
        *field = value;
    }
    field
}

/// Sets several fields that are absent or null.
pub(super) fn set_all<const N: usize>(object: &mut Map<String, Value>, fields: [(&str, Value); N]) {
    for (name, value) in fields {
        set(object, name, value);
    }
}

/// The map of this name, made when absent; nothing when something else stands there.
pub(super) fn map<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    set(object, name, json!({})).as_object_mut()
}

/// The spec of an object, made when absent.
pub(super) fn spec(object: &mut Value) -> Option<&mut Map<String, Value>> {
    map(object.as_object_mut()?, "spec")
}

/// The maps in the list of this name.
pub(super) fn each<'a>(
    object: &'a mut Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> + use<'a> {
    object.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// The map of this name, where there is one.
pub(super) fn get<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    object.get_mut(name)?.as_object_mut()
}
