//! Applies a lesson's manifests as kubectl would, and hands back a refusal in its own words. Must not soften it.

use http::Request;
use http::header::CONTENT_TYPE;
use kube::core::{DynamicObject, GroupVersionKind, Status};
use kube::discovery::{ApiResource, Scope, pinned_kind};
use kube::{Client, Resource};
use serde::Deserialize;
use serde_json::Value;

/// Who lessons write as.
pub(super) const MANAGER: &str = "timonel-lecciones";

/// Why a manifest was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// It was refused, by the server or, in kubectl's words, before it was sent.
    #[error("{text}")]
    Refused {
        /// The `reason` of the server's Status; empty when it was never sent.
        reason: String,
        /// The message as it came.
        text: String,
    },
    /// The server did not answer.
    #[error(transparent)]
    Unreachable(Box<kube::Error>),
}

impl From<kube::Error> for ApplyError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => refused(*status),
            other => Self::Unreachable(Box::new(other)),
        }
    }
}

fn refused(status: Status) -> ApplyError {
    ApplyError::Refused { reason: status.reason, text: status.message }
}

fn unsent(text: impl Into<String>) -> ApplyError {
    ApplyError::Refused { reason: String::new(), text: text.into() }
}

/// Applies every document of a file in order, each in its own namespace or else in the given one; the first refusal
/// ends it. Whether anything changed.
///
/// # Errors
/// The refusal, or that the server cannot be reached.
pub async fn apply(client: &Client, namespace: &str, text: &str) -> Result<bool, ApplyError> {
    let mut changed = false;
    for document in documents(text)? {
        changed |= apply_one(client, namespace, &document).await?;
    }
    Ok(changed)
}

/// The documents of a file, empty ones left out.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, ApplyError> {
    let documents = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    let documents: Result<Vec<_>, _> = documents.collect();
    let documents = documents.map_err(|error| unsent(format!("error converting YAML to JSON: {error}")))?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

async fn apply_one(client: &Client, namespace: &str, object: &Value) -> Result<bool, ApplyError> {
    let (resource, scope) = mapping(client, object).await?;
    let name = object["metadata"]["name"].as_str().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| unsent("resource name may not be empty"))?;
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or(namespace);
    let namespace = (scope == Scope::Namespaced).then_some(namespace);
    let path = DynamicObject::url_path(&resource, namespace);
    let there = existing(client, &format!("{path}/{name}")).await?;
    let (method, path, content) = match &there {
        // As kubectl's «unchanged»: a patch would take away what the server added to a pod's lists, which it does not allow.
        Some(there) if object["kind"] == "Pod" && holds(there, object) => return Ok(false),
        Some(_) => ("PATCH", format!("{path}/{name}"), "application/merge-patch+json"),
        None => ("POST", path, "application/json"),
    };
    let uri = format!("{path}?fieldManager={MANAGER}&fieldValidation=Strict");
    let request = Request::builder().method(method).uri(uri).header(CONTENT_TYPE, content);
    let request = request.body(object.to_string().into_bytes()).map_err(|error| unsent(error.to_string()))?;
    let now = client.request::<Value>(request).await?;
    Ok(there.is_none_or(|before| !same_version(&before, &now)))
}

/// Whether two states of an object are one: a write that changes nothing makes no revision.
pub(super) fn same_version(before: &Value, after: &Value) -> bool {
    let [before, after] = [before, after].map(|object| &object["metadata"]["resourceVersion"]);
    before.is_string() && before == after
}

/// The resource of an object, as the server's discovery has it.
async fn mapping(client: &Client, object: &Value) -> Result<(ApiResource, Scope), ApplyError> {
    let (version, kind) =
        (object["apiVersion"].as_str().unwrap_or_default(), object["kind"].as_str().unwrap_or_default());
    let (group, short) = version.rsplit_once('/').unwrap_or(("", version));
    match pinned_kind(client, &GroupVersionKind::gvk(group, short, kind)).await {
        Ok((resource, capabilities)) => Ok((resource, capabilities.scope)),
        Err(kube::Error::Discovery(_) | kube::Error::Api(_)) => {
            Err(unsent(format!("no matches for kind \"{kind}\" in version \"{version}\"")))
        }
        Err(error) => Err(error.into()),
    }
}

async fn existing(client: &Client, path: &str) -> Result<Option<Value>, ApplyError> {
    let request = Request::get(path).body(Vec::new()).map_err(|error| unsent(error.to_string()))?;
    match client.request::<Value>(request).await {
        Ok(there) => Ok(Some(there)),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether an object is already as a manifest wants it: the server may have added to it.
fn holds(there: &Value, wanted: &Value) -> bool {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| there.get(key).is_some_and(|own| holds(own, value)))
        }
        (Value::Array(there), Value::Array(wanted)) => {
            there.len() == wanted.len() && there.iter().zip(wanted).all(|(own, value)| holds(own, value))
        }
        _ => there == wanted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_that_the_server_completed_holds_its_manifest() {
        let there = json!({"spec": {"containers": [{"name": "c", "image": "i", "env": []}], "replicas": 2}});
        assert!(holds(&there, &json!({"spec": {"containers": [{"name": "c", "image": "i"}]}})));
        assert!(!holds(&there, &json!({"spec": {"containers": [{"name": "c", "image": "other"}]}})));
        assert!(!holds(&there, &json!({"spec": {"containers": []}})));
        assert!(!holds(&there, &json!({"spec": {"paused": true}})));
    }
}
