//! Component (timonel.dev): one part of the cluster and its switch. Must not switch anything: the supervisor does.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::default;
use super::kind::{Column, Generation, Kind, NAME, Rules, Subresource, TIMONEL};
use super::show;

pub(super) static KIND: Kind = Kind {
    group: TIMONEL,
    version: "v1alpha1",
    kind: "Component",
    plural: "components",
    singular: "component",
    short_names: &["comp"],
    categories: &["timonel"],
    namespaced: false,
    schema: "dev.timonel.v1alpha1.Component",
    subresources: &[Subresource::Status],
    about: "Una parte del clúster que se apaga y se enciende de verdad.",
    columns: &[
        NAME,
        Column::boolean("Enabled"),
        Column::text("State"),
        Column::text("Since"),
        Column::text("Req/s"),
        Column::text("Queue"),
        Column::integer("Restarts"),
        Column::wide("Message"),
        Column::wide("Description"),
    ],
    rules: &Component,
    ..Kind::BASE
};

struct Component;

impl Rules for Component {
    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"state": "Starting", "restarts": 0})
    }

    fn default(&self, object: &mut Value) {
        if let Some(spec) = default::spec(object) {
            default::set(spec, "enabled", json!(true));
        }
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let status = &object["status"];
        let number =
            |name: &str| json!(status[name].as_i64().map_or_else(|| "-".to_owned(), |number| number.to_string()));
        vec![
            show::name(object),
            json!(object["spec"]["enabled"] == true),
            show::text_or(&status["state"], "Unknown"),
            json!(show::since(&status["since"], now)),
            number("requestsPerSecond"),
            number("queueLength"),
            show::count(&status["restarts"]),
            show::text_or(&status["message"], ""),
            show::text_or(&status["description"], ""),
        ]
    }
}
