//! Claims without a class get the default one (`DefaultStorageClass`), and nobody's disk goes while it is used
//! (`StorageObjectInUseProtection`). Must not bind nor release: controllers do.

use serde_json::Value;

use super::super::call::{self, Call};
use super::super::errors::ApiResult;
use super::super::{object, respond};
use super::{Operation, Plugin};
use crate::kinds;

pub(super) const PLUGIN: Plugin = Plugin { mutate, ..Plugin::NONE };

/// Marks the class of claims that name none.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";
/// The class of a claim, before it was a field.
const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

#[expect(clippy::unnecessary_wraps, reason = "as every plug-in")]
fn mutate(call: &Call, operation: Operation, value: &mut Value, _old: Option<&Value>) -> ApiResult<()> {
    if operation != Operation::Create || !call.kind.group.is_empty() {
        return Ok(());
    }
    match call.kind.kind {
        "PersistentVolumeClaim" => {
            choose_class(call, value);
            protect(value, "kubernetes.io/pvc-protection");
        }
        "PersistentVolume" => protect(value, "kubernetes.io/pv-protection"),
        _ => {}
    }
    Ok(())
}

fn choose_class(call: &Call, claim: &mut Value) {
    let named = !claim["spec"]["storageClassName"].is_null() || !claim["metadata"]["annotations"][OLD_CLASS].is_null();
    if named || !claim["spec"].is_object() {
        return;
    }
    if let Some(class) = default_class(call) {
        claim["spec"]["storageClassName"] = class.into();
    }
}

/// The newest of the classes that are marked, the first by name among equals.
fn default_class(call: &Call) -> Option<String> {
    let kind = kinds::find("storage.k8s.io", "v1", "storageclasses")?;
    let page = call.server.store.list(&call::prefix(kind, ""), None, None);
    let classes = page.records.iter().filter_map(|record| respond::parse(&record.value.bytes()).ok());
    let marked = classes.filter(|class| class["metadata"]["annotations"][DEFAULT_CLASS] == "true");
    let rank = |class: &Value| {
        (object::meta(class, "creationTimestamp").to_owned(), std::cmp::Reverse(object::name(class).to_owned()))
    };
    marked.max_by_key(rank).map(|class| object::name(&class).to_owned())
}

fn protect(value: &mut Value, finalizer: &str) {
    let mut finalizers = object::finalizers(value);
    if !finalizers.iter().any(|known| known == finalizer) {
        finalizers.push(finalizer.to_owned());
        object::set_finalizers(value, finalizers);
    }
}
