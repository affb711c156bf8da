//! `ComponentStatus` (core/v1): the old health of the control plane, computed and never stored. Must not ask for it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::{Column, Kind, NAME, Rules};
use super::show;

pub(super) static KIND: Kind = Kind {
    kind: "ComponentStatus",
    plural: "componentstatuses",
    singular: "componentstatus",
    short_names: &["cs"],
    namespaced: false,
    schema: "io.k8s.api.core.v1.ComponentStatus",
    verbs: &["get", "list"],
    about: "La salud de las piezas del plano de control, a la antigua.",
    deprecated: "v1 ComponentStatus is deprecated in v1.19+",
    columns: &[NAME, Column::text("Status"), Column::text("Message"), Column::text("Error")],
    rules: &ComponentStatus,
    ..Kind::BASE
};

struct ComponentStatus;

impl Rules for ComponentStatus {
    fn row(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        let health = show::list(&object["conditions"]).iter().find(|condition| condition["type"] == "Healthy");
        let health = health.unwrap_or(&Value::Null);
        let status = match health["status"].as_str() {
            Some("True") => "Healthy",
            Some(_) => "Unhealthy",
            None => "Unknown",
        };
        let text = |name: &str| show::text_or(&health[name], "");
        vec![show::name(object), json!(status), text("message"), text("error")]
    }
}
