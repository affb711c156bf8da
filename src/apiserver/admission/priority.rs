//! Priority: a pod's class becomes its number, and how it may displace others.

use serde_json::Value;

use super::super::call::{self, Call};
use super::super::errors::{ApiError, ApiResult};
use super::super::server::ApiServer;
use super::super::{object, respond};
use super::{Operation, Plugin};
use crate::kinds;

pub(super) const PLUGIN: Plugin = Plugin { mutate, ..Plugin::NONE };

fn mutate(call: &Call, operation: Operation, pod: &mut Value, old: Option<&Value>) -> ApiResult<()> {
    if call.kind.kind != "Pod" || !pod["spec"].is_object() {
        return Ok(());
    }
    if operation == Operation::Update {
        keep(pod, old);
        return Ok(());
    }
    let named = object::text(pod, &["spec", "priorityClassName"]).to_owned();
    let class = if named.is_empty() { default_class(&call.server) } else { Some(find(call, pod, &named)?) };
    let value = class.as_ref().and_then(|class| class["value"].as_i64()).unwrap_or_default();
    let given = pod["spec"]["priority"].as_i64();
    if given.is_some_and(|given| given != value) {
        let why = format!(
            "the integer value of priority ({}) must not be provided in pod spec; priority admission controller \
             computed {value} from the given PriorityClass name",
            given.unwrap_or_default()
        );
        return Err(ApiError::forbidden(call.kind, object::name(pod), &why));
    }
    if let Some(class) = class.as_ref().filter(|_| named.is_empty()) {
        pod["spec"]["priorityClassName"] = object::name(class).into();
    }
    pod["spec"]["priority"] = value.into();
    if pod["spec"]["preemptionPolicy"].is_null() {
        let policy = class.as_ref().and_then(|class| class["preemptionPolicy"].as_str());
        pod["spec"]["preemptionPolicy"] = policy.unwrap_or("PreemptLowerPriority").into();
    }
    Ok(())
}

/// An update that leaves the number out does not mean to change it.
fn keep(pod: &mut Value, old: Option<&Value>) {
    let Some(old) = old else { return };
    for field in ["priority", "preemptionPolicy"] {
        if pod["spec"][field].is_null() && !old["spec"][field].is_null() {
            pod["spec"][field] = old["spec"][field].clone();
        }
    }
}

fn find(call: &Call, pod: &Value, name: &str) -> ApiResult<Value> {
    let kind = kinds::find("scheduling.k8s.io", "v1", "priorityclasses");
    let record = kind.and_then(|kind| call.server.store.get(&call::key(kind, "", name)));
    let Some(record) = record else {
        let why = format!("no PriorityClass with name {name} was found");
        return Err(ApiError::forbidden(call.kind, object::name(pod), &why));
    };
    respond::parse(&record.value.bytes())
}

/// The class marked as everybody's, the lowest if there are several.
fn default_class(server: &ApiServer) -> Option<Value> {
    let kind = kinds::find("scheduling.k8s.io", "v1", "priorityclasses")?;
    let page = server.store.list(&call::prefix(kind, ""), None, None);
    let classes = page.records.iter().filter_map(|record| respond::parse(&record.value.bytes()).ok());
    classes.filter(|class| class["globalDefault"] == true).min_by_key(|class| class["value"].as_i64())
}
