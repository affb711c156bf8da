//! Node (core/v1): a machine that runs pods. Must not hold rules of other kinds.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::kind::{AGE, Column, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{self, FieldError};

pub(super) static KIND: Kind = Kind {
    kind: "Node",
    plural: "nodes",
    singular: "node",
    short_names: &["no"],
    namespaced: false,
    schema: "io.k8s.api.core.v1.Node",
    subresources: &[Subresource::Proxy, Subresource::Status],
    about: "Una máquina del clúster: pone CPU y memoria, y su kubelet corre los pods que le tocan.",
    columns: &[
        NAME,
        Column::text("Status"),
        Column::text("Roles"),
        AGE,
        Column::text("Version"),
        Column::wide("Internal-IP"),
        Column::wide("External-IP"),
        Column::wide("OS-Image"),
        Column::wide("Kernel-Version"),
        Column::wide("Container-Runtime"),
    ],
    rules: &Node,
    ..Kind::BASE
};

struct Node;

impl Rules for Node {
    fn has_status(&self) -> bool {
        true
    }

    /// A kubelet registers itself with its status (`pkg/registry/core/node`: create keeps it).
    fn first_status(&self, object: &Value) -> Value {
        if object["status"].is_object() { object["status"].clone() } else { json!({}) }
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let info = &object["status"]["nodeInfo"];
        vec![
            show::name(object),
            json!(status(object)),
            json!(roles(object)),
            show::age(object, now),
            show::text_or(&info["kubeletVersion"], ""),
            address(object, "InternalIP"),
            address(object, "ExternalIP"),
            show::text_or(&info["osImage"], "<unknown>"),
            show::text_or(&info["kernelVersion"], "<unknown>"),
            show::text_or(&info["containerRuntimeVersion"], "<unknown>"),
        ]
    }

    fn default(&self, object: &mut Value) {
        // What a node can allot is what it has, unless it says otherwise.
        let Some(status) = object.get_mut("status").and_then(Value::as_object_mut) else { return };
        if let (None, Some(capacity)) = (status.get("allocatable"), status.get("capacity").cloned()) {
            status.insert("allocatable".to_owned(), capacity);
        }
    }

    /// Kubernetes shows taints under `metadata`.
    fn validate(&self, object: &Value) -> Vec<FieldError> {
        validate::taints(&At::named("metadata.taints", At::root(object).field("spec.taints").value))
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = self.validate(new);
        let (spec, before) = (At::root(new).field("spec"), At::root(old).field("spec"));
        for (name, text) in [
            ("podCIDRs", "node updates may not change podCIDR except from \"\" to valid"),
            ("providerID", "node updates may not change providerID except from \"\" to valid"),
        ] {
            let (new, old) = (spec.field(name), before.field(name));
            if !old.is_empty() && new.value != old.value {
                errors.push(spec.field(name).forbidden(text));
            }
        }
        errors
    }

    fn fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        vec![("spec.unschedulable", object["spec"]["unschedulable"].as_bool().unwrap_or(false).to_string())]
    }
}

fn status(object: &Value) -> String {
    let conditions = show::list(&object["status"]["conditions"]);
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready");
    let ready = match ready {
        Some(condition) if condition["status"] == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let cordoned = object["spec"]["unschedulable"] == true;
    if cordoned { format!("{ready},SchedulingDisabled") } else { ready.to_owned() }
}

fn roles(object: &Value) -> String {
    let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
    let role = |(key, value): (&String, &Value)| match key.strip_prefix("node-role.kubernetes.io/") {
        Some(role) => Some(role.to_owned()),
        None if key == "kubernetes.io/role" => value.as_str().map(str::to_owned),
        None => None,
    };
    let roles: BTreeSet<String> = labels.filter_map(role).filter(|role| !role.is_empty()).collect();
    if roles.is_empty() { "<none>".to_owned() } else { roles.into_iter().collect::<Vec<_>>().join(",") }
}

fn address(object: &Value, kind: &str) -> Value {
    let addresses = show::list(&object["status"]["addresses"]);
    let found = addresses.iter().find(|address| address["type"] == kind);
    found.map_or_else(|| json!("<none>"), |address| address["address"].clone())
}
