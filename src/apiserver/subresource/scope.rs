//! Views of an object: what a client sees and writes under it. Must not read or write the store.

use serde_json::{Value, json};

use super::super::body::Expected;
use super::super::errors::{ApiError, ApiResult};
use super::super::object;
use crate::kinds::{Kind, Subresource};

/// Which part of an object is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Scope {
    Whole,
    Status,
    Scale,
    Finalize,
    EphemeralContainers,
    Approval,
    Resize,
    /// What a binding writes into a pod.
    Bound,
}

impl Scope {
    /// The view of a subresource; `None` when it is an action or a stream.
    pub(in super::super) fn of(subresource: Option<Subresource>) -> Option<Self> {
        Some(match subresource {
            None => Self::Whole,
            Some(Subresource::Status) => Self::Status,
            Some(Subresource::Scale) => Self::Scale,
            Some(Subresource::Finalize) => Self::Finalize,
            Some(Subresource::EphemeralContainers) => Self::EphemeralContainers,
            Some(Subresource::Approval) => Self::Approval,
            Some(Subresource::Resize) => Self::Resize,
            Some(_) => return None,
        })
    }

    /// Whether the client sees the object itself.
    pub(in super::super) fn is_whole_view(self) -> bool {
        self != Self::Scale
    }

    /// The type that the client reads and writes.
    pub(in super::super) fn expected(self, kind: &Kind) -> Expected<'_> {
        match self {
            Self::Scale => Expected { group: "autoscaling", version: "v1", kind: "Scale", schema: SCALE },
            _ => kind.into(),
        }
    }

    /// What the client sees of an object.
    pub(in super::super) fn view(self, whole: Value) -> Value {
        match self {
            Self::Scale => scale(&whole),
            _ => whole,
        }
    }

    /// The whole object after the client wrote this view of it.
    pub(in super::super) fn absorb(self, old: &Value, written: Value) -> ApiResult<Value> {
        match self {
            Self::Whole | Self::Status | Self::Bound => Ok(written),
            Self::Scale => absorb_scale(old, &written),
            Self::Finalize => Ok(with(old, &written, &["spec", "finalizers"])),
            Self::EphemeralContainers => Ok(with(old, &written, &["spec", "ephemeralContainers"])),
            Self::Approval => Ok(with(old, &written, &["status", "conditions"])),
            Self::Resize => Ok(resized(old, &written)),
        }
    }

    /// The kind's own preparation of an update.
    pub(in super::super) fn prepare(self, kind: &Kind, new: &mut Value, old: &Value) {
        match self {
            Self::Status => kind.rules.prepare_status(new, old),
            Self::Approval | Self::Finalize | Self::Bound => {}
            _ => kind.rules.prepare_update(new, old),
        }
    }
}

/// The schema of autoscaling/v1 Scale.
const SCALE: &str = "io.k8s.api.autoscaling.v1.Scale";

fn scale(whole: &Value) -> Value {
    let metadata = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"]
        .into_iter()
        .filter_map(|field| Some((field.to_owned(), whole["metadata"].get(field)?.clone())))
        .collect::<serde_json::Map<_, _>>();
    let mut status = json!({ "replicas": whole["status"]["replicas"].as_i64().unwrap_or_default() });
    if let Some(selector) = selector_text(whole).filter(|text| !text.is_empty()) {
        status["selector"] = selector.into();
    }
    let spec = match whole["spec"]["replicas"].as_i64() {
        Some(0) | None => json!({}),
        Some(replicas) => json!({ "replicas": replicas }),
    };
    json!({ "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status })
}

/// The object's selector as text: a `LabelSelector`, or plain labels as replication controllers have.
fn selector_text(whole: &Value) -> Option<String> {
    use crate::base::selector::Selector;
    let selector = whole["spec"].get("selector")?;
    if selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some() {
        let parsed = serde_json::from_value(selector.clone()).ok()?;
        return Selector::from_label_selector(&parsed).ok().map(|selector| selector.to_string());
    }
    Some(Selector::from_labels(&object::strings(selector)).to_string())
}

fn absorb_scale(old: &Value, written: &Value) -> ApiResult<Value> {
    let replicas = written["spec"]["replicas"].as_i64().unwrap_or_default();
    if replicas < 0 {
        let error = crate::kinds::validate::FieldError::invalid(
            "spec.replicas",
            replicas,
            "must be greater than or equal to 0",
        );
        return Err(ApiError::invalid_causes("Scale", "autoscaling", object::name(old), &[error]));
    }
    let mut whole = with_metadata_version(old, written);
    if whole["spec"].is_object() {
        whole["spec"]["replicas"] = replicas.into();
    }
    Ok(whole)
}

/// The old object with the version that the client wrote against, so that a stale write is refused.
fn with_metadata_version(old: &Value, written: &Value) -> Value {
    let mut whole = old.clone();
    object::set_meta(&mut whole, "resourceVersion", written["metadata"]["resourceVersion"].clone());
    whole
}

/// The old object with one field taken from the written one.
fn with(old: &Value, written: &Value, path: &[&str; 2]) -> Value {
    let mut whole = with_metadata_version(old, written);
    let [outer, inner] = path;
    let Some(map) = whole.as_object_mut().and_then(|map| object::child_mut(map, outer)) else { return whole };
    match written[*outer].get(*inner) {
        Some(value) => map.insert((*inner).into(), value.clone()),
        None => map.remove(*inner),
    };
    whole
}

/// The old pod with the written resources of its containers.
fn resized(old: &Value, written: &Value) -> Value {
    let mut whole = with_metadata_version(old, written);
    for list in ["containers", "initContainers"] {
        let Some(containers) = whole["spec"].get_mut(list).and_then(Value::as_array_mut) else { continue };
        for container in containers {
            let same = |other: &&Value| other["name"] == container["name"];
            let found = written["spec"][list].as_array().and_then(|others| others.iter().find(same)).cloned();
            if let (Some(found), Some(map)) = (found, container.as_object_mut()) {
                for field in ["resources", "resizePolicy"] {
                    if let Some(value) = found.get(field) {
                        map.insert(field.into(), value.clone());
                    }
                }
            }
        }
    }
    whole
}
