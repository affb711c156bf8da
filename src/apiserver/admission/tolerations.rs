//! `DefaultTolerationSeconds`: a pod stays five minutes on a node that is not ready or not reachable.

use serde_json::{Value, json};

use super::super::call::Call;
use super::super::errors::ApiResult;
use super::{Operation, Plugin};

pub(super) const PLUGIN: Plugin = Plugin { mutate, ..Plugin::NONE };

/// Seconds before eviction (`--default-not-ready-toleration-seconds`).
const SECONDS: i64 = 300;
const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

#[expect(clippy::unnecessary_wraps, reason = "the table's signature")]
fn mutate(call: &Call, _operation: Operation, pod: &mut Value, _old: Option<&Value>) -> ApiResult<()> {
    if call.kind.kind != "Pod" || !pod["spec"].is_object() {
        return Ok(());
    }
    let own = pod["spec"]["tolerations"].as_array().cloned().unwrap_or_default();
    let mut all = own.clone();
    for taint in TAINTS {
        if !own.iter().any(|toleration| tolerates(toleration, taint)) {
            all.push(
                json!({ "key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS }),
            );
        }
    }
    pod["spec"]["tolerations"] = all.into();
    Ok(())
}

fn tolerates(toleration: &Value, taint: &str) -> bool {
    let text = |field: &str| toleration[field].as_str().unwrap_or_default();
    let key = text("key").is_empty() || text("key") == taint;
    key && (text("effect").is_empty() || text("effect") == "NoExecute")
}
