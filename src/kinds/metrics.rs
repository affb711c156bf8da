//! `NodeMetrics` and `PodMetrics` (metrics.k8s.io/v1beta1): what runs uses now, for `kubectl top`. Measured when asked,
//! never stored. Must not measure.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::{Column, Kind, NAME, Rules};
use super::show;
use crate::base::quantity::Quantity;

const BASE: Kind = Kind {
    group: "metrics.k8s.io",
    version: "v1beta1",
    verbs: &["get", "list"],
    columns: &[
        NAME,
        Column { name: "cpu", ..Column::text("") },
        Column { name: "memory", ..Column::text("") },
        Column { name: "Window", format: "duration", ..Column::text("") },
    ],
    rules: &Metrics,
    ..Kind::BASE
};

pub(super) static NODE_METRICS: Kind = Kind {
    kind: "NodeMetrics",
    plural: "nodes",
    namespaced: false,
    about: "Cuánta CPU y memoria se usa ahora en cada nodo.",
    ..BASE
};

pub(super) static POD_METRICS: Kind =
    Kind { kind: "PodMetrics", plural: "pods", about: "Cuánta CPU y memoria usa ahora cada pod.", ..BASE };

struct Metrics;

impl Rules for Metrics {
    fn row(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        let of = |resource: &str| match object["containers"].as_array() {
            Some(containers) => containers
                .iter()
                .map(|one| quantity(&one["usage"][resource]))
                .fold(Quantity::default(), |sum, one| sum + one),
            None => quantity(&object["usage"][resource]),
        };
        let cpu: Quantity = of("cpu");
        let memory: Quantity = of("memory");
        vec![show::name(object), json!(cpu.to_string()), json!(memory.to_string()), object["window"].clone()]
    }
}

fn quantity(value: &Value) -> Quantity {
    value.as_str().and_then(|text| Quantity::parse(text).ok()).unwrap_or_default()
}
