//! ServiceAccount: every pod runs as an account of its namespace and gets its token. Must not sign tokens.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::call::{self, Call};
use super::super::errors::{ApiError, ApiResult};
use super::super::{object, respond};
use super::{Operation, Plugin};
use crate::client::api_access::{VOLUME, volume};
use crate::kinds;

pub(super) const PLUGIN: Plugin = Plugin { mutate, ..Plugin::NONE };

/// The account of a pod that names none.
const DEFAULT: &str = "default";
/// Where the token is mounted (`serviceaccount.DefaultAPITokenMountPath`).
const MOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// How long a pod waits for the default account of a new namespace (ten tries of about 100 ms in Kubernetes).
const PATIENCE: Duration = Duration::from_secs(1);

/// A new namespace's default account is made by a controller: waits for it a little.
pub(super) async fn arrive(call: &Call, value: &Value) {
    let account = account_name(value);
    let Some(kind) = applies(call).then(|| kinds::find("", "v1", "serviceaccounts")).flatten() else { return };
    let (store, key) = (&call.server.store, call::key(kind, &call.request.namespace, account));
    if account != DEFAULT || store.get(&key).is_some() {
        return;
    }
    let Ok(mut watch) = store.watch(&key, store.revision()) else { return };
    let there = async { while store.get(&key).is_none() && watch.next().await.is_some() {} };
    // Still missing after that: the refusal comes from `mutate`.
    let _given_up = tokio::time::timeout(PATIENCE, there).await;
}

fn applies(call: &Call) -> bool {
    call.kind.kind == "Pod" && call.kind.group.is_empty()
}

fn account_name(pod: &Value) -> &str {
    let spec = &pod["spec"];
    let named = ["serviceAccountName", "serviceAccount"].iter().filter_map(|field| spec[*field].as_str());
    named.into_iter().find(|name| !name.is_empty()).unwrap_or(DEFAULT)
}

fn mutate(call: &Call, operation: Operation, pod: &mut Value, _old: Option<&Value>) -> ApiResult<()> {
    let mirror = !pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null();
    if operation != Operation::Create || !applies(call) || mirror || !pod["spec"].is_object() {
        return Ok(());
    }
    let Some(kind) = kinds::find("", "v1", "serviceaccounts") else { return Ok(()) };
    let name = account_name(pod).to_owned();
    let namespace = call.request.namespace.as_str();
    let Some(record) = call.server.store.get(&call::key(kind, namespace, &name)) else {
        let why = format!("error looking up service account {namespace}/{name}: serviceaccount {name:?} not found");
        return Err(ApiError::forbidden(call.kind, object::name(pod), &why));
    };
    let account = respond::parse(&record.value.bytes())?;
    pod["spec"]["serviceAccountName"] = name.as_str().into();
    pod["spec"]["serviceAccount"] = name.as_str().into();
    let wanted = pod["spec"]["automountServiceAccountToken"].as_bool();
    if wanted.or(account["automountServiceAccountToken"].as_bool()).unwrap_or(true) {
        mount_token(call, pod);
    }
    let own_secrets = pod["spec"]["imagePullSecrets"].as_array().is_some_and(|list| !list.is_empty());
    if let (false, Some(secrets)) = (own_secrets, account.get("imagePullSecrets")) {
        pod["spec"]["imagePullSecrets"] = secrets.clone();
    }
    Ok(())
}

/// Mounts the token where a container has nothing at its place yet.
fn mount_token(call: &Call, pod: &mut Value) {
    let existing = pod["spec"]["volumes"].as_array().into_iter().flatten();
    let existing = existing.filter_map(|volume| volume["name"].as_str()).find(|name| name.starts_with(VOLUME));
    let (name, is_new) = match existing {
        Some(name) => (name.to_owned(), false),
        None => (format!("{VOLUME}{}", call.server.names.suffix(5)), true),
    };
    let mut needed = false;
    for list in ["containers", "initContainers"] {
        for container in object::items_mut(pod, &["spec", list]) {
            needed |= mount(container, &name);
        }
    }
    if needed && is_new {
        push(&mut pod["spec"], "volumes", volume(&name));
    }
}

fn mount(container: &mut Value, volume: &str) -> bool {
    let taken =
        container["volumeMounts"].as_array().is_some_and(|list| list.iter().any(|one| one["mountPath"] == MOUNT));
    if !taken {
        push(container, "volumeMounts", json!({ "name": volume, "readOnly": true, "mountPath": MOUNT }));
    }
    !taken
}

fn push(parent: &mut Value, field: &str, item: Value) {
    match parent[field].as_array_mut() {
        Some(list) => list.push(item),
        None => parent[field] = json!([item]),
    }
}
