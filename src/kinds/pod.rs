//! Pod (core/v1): one or more containers that share an address and a node. Must not hold rules of other kinds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default;
use super::kind::{AGE, Column, Generation, Kind, NAME, Rules, Subresource, keep_metadata};
use super::validate::{FieldError, pod as validate};

mod diff;
pub(super) mod qos;
mod row;
mod update;

pub(super) static KIND: Kind = Kind {
    kind: "Pod",
    plural: "pods",
    singular: "pod",
    short_names: &["po"],
    categories: &["all"],
    schema: "io.k8s.api.core.v1.Pod",
    subresources: &[
        Subresource::Attach,
        Subresource::Binding,
        Subresource::EphemeralContainers,
        Subresource::Eviction,
        Subresource::Exec,
        Subresource::Log,
        Subresource::PortForward,
        Subresource::Proxy,
        Subresource::Resize,
        Subresource::Status,
    ],
    about: "Uno o varios contenedores que comparten IP y viven juntos en un nodo.",
    columns: &[
        NAME,
        Column::text("Ready"),
        Column::text("Status"),
        Column::text("Restarts"),
        AGE,
        Column::wide("IP"),
        Column::wide("Node"),
        Column::wide("Nominated Node"),
        Column::wide("Readiness Gates"),
    ],
    rules: &Pod,
    ..Kind::BASE
};

struct Pod;

/// What a pod says while nobody may give it a node (`applySchedulingGatedCondition`).
fn gated() -> Value {
    json!({
        "type": "PodScheduled", "status": "False", "lastProbeTime": null, "lastTransitionTime": null,
        "reason": "SchedulingGated", "message": "Scheduling is blocked due to non-empty scheduling gates",
    })
}

impl Rules for Pod {
    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn first_status(&self, object: &Value) -> Value {
        let mut status = json!({"phase": "Pending", "qosClass": qos::class(&object["spec"])});
        if object["spec"]["schedulingGates"].as_array().is_some_and(|gates| !gates.is_empty()) {
            status["conditions"] = json!([gated()]);
        }
        status
    }

    fn default(&self, object: &mut Value) {
        if let Some(spec) = default::spec(object) {
            default::pod_spec(spec);
            default::only_pod(spec);
        }
    }

    fn warnings(&self, object: &Value) -> Vec<String> {
        validate::warnings(&At::root(object).field("spec"))
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let mut errors = validate::spec(&spec, true);
        errors.extend(validate::only_pod(&spec));
        let ephemeral = spec.field("ephemeralContainers");
        if !ephemeral.is_empty() {
            errors.push(ephemeral.forbidden("cannot be set on create"));
        }
        let node = spec.field("nodeName");
        if !node.is_empty() && !spec.field("schedulingGates").is_empty() {
            errors.push(node.forbidden("cannot be set until all schedulingGates have been cleared"));
        }
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let (new, old) = (At::root(new).field("spec"), At::root(old).field("spec"));
        let mut errors = validate::spec(&new, true);
        errors.extend(validate::only_pod(&new));
        errors.extend(update::errors(&new, &old));
        errors
    }

    fn prepare_status(&self, new: &mut Value, old: &Value) {
        super::kind::prepare_status(new, old);
        keep_metadata(new, old, "ownerReferences");
    }

    fn validate_part(&self, part: Subresource, new: &Value, old: &Value) -> Vec<FieldError> {
        let (spec, before) = (At::root(new).field("spec"), At::root(old).field("spec"));
        let mut errors = validate::spec(&spec, true);
        errors.extend(match part {
            Subresource::EphemeralContainers => update::ephemeral(&spec, &before),
            _ => update::resize(&spec, &before),
        });
        errors
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        row::row(object, now)
    }

    fn fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let ips: Vec<String> = super::show::list(&status["podIPs"]).iter().map(|ip| text(&ip["ip"])).collect();
        vec![
            ("spec.nodeName", text(&spec["nodeName"])),
            ("spec.host", text(&spec["nodeName"])),
            ("spec.restartPolicy", text(&spec["restartPolicy"])),
            ("spec.schedulerName", text(&spec["schedulerName"])),
            ("spec.serviceAccountName", text(&spec["serviceAccountName"])),
            ("spec.hostNetwork", spec["hostNetwork"].as_bool().unwrap_or(false).to_string()),
            ("status.phase", text(&status["phase"])),
            ("status.podIP", text(&status["podIP"])),
            ("status.podIPs", ips.join(",")),
            ("status.nominatedNodeName", text(&status["nominatedNodeName"])),
        ]
    }
}
