//! `HorizontalPodAutoscaler` (autoscaling/v2 and v1, one storage): more pods under load, fewer without.
//! Must not scale anything.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::at::At;
use super::default::{self, map, set, set_all};
use super::kind::{AGE, Column, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{FieldError, NameRule, autoscaler};

mod targets;
mod v1;

const COLUMNS: &[Column] = &[
    NAME,
    Column::text("Reference"),
    Column::text("Targets"),
    Column::text("MinPods"),
    Column::text("MaxPods"),
    Column::text("Replicas"),
    AGE,
];

pub(super) static KIND: Kind = Kind {
    group: "autoscaling",
    version: "v2",
    kind: "HorizontalPodAutoscaler",
    plural: "horizontalpodautoscalers",
    singular: "horizontalpodautoscaler",
    short_names: &["hpa"],
    categories: &["all"],
    schema: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
    subresources: &[Subresource::Status],
    about: "Sube y baja el número de pods según la carga que miden las métricas.",
    columns: COLUMNS,
    rules: &Autoscaler,
    ..Kind::BASE
};

pub(super) static KIND_V1: Kind = Kind {
    version: "v1",
    schema: "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler",
    rules: &v1::AutoscalerV1,
    ..KIND
};

struct Autoscaler;

impl Rules for Autoscaler {
    fn has_status(&self) -> bool {
        true
    }

    fn name_rule(&self) -> NameRule {
        NameRule::Subdomain
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"desiredReplicas": 0, "currentMetrics": null})
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        row(object, &targets::targets(object), now)
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = default::spec(object) else { return };
        set(spec, "minReplicas", json!(1));
        let metrics = set(spec, "metrics", json!([]));
        if metrics.as_array().is_some_and(Vec::is_empty) {
            let target = json!({"type": "Utilization", "averageUtilization": 80});
            *metrics = json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]);
        }
        if let Some(behavior) = default::get(spec, "behavior") {
            fill_behavior(behavior);
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let mut errors = autoscaler::spec(&spec);
        errors.extend(autoscaler::metrics(&spec.field("metrics")));
        errors
    }
}

/// How fast to follow the load (`SetDefaults_HorizontalPodAutoscaler`).
fn fill_behavior(behavior: &mut Map<String, Value>) {
    let rate = |kind: &str, value: i64| json!({"type": kind, "value": value, "periodSeconds": 15});
    if let Some(up) = map(behavior, "scaleUp") {
        let policies = json!([rate("Pods", 4), rate("Percent", 100)]);
        set_all(up, [("stabilizationWindowSeconds", json!(0)), ("selectPolicy", json!("Max")), ("policies", policies)]);
    }
    if let Some(down) = map(behavior, "scaleDown") {
        set_all(down, [("selectPolicy", json!("Max")), ("policies", json!([rate("Percent", 100)]))]);
    }
}

fn row(object: &Value, targets: &str, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let text = |name: &str| spec["scaleTargetRef"][name].as_str().unwrap_or_default();
    let fewest = spec["minReplicas"].as_i64().map_or_else(|| "<unset>".to_owned(), |count| count.to_string());
    vec![
        show::name(object),
        json!(format!("{}/{}", text("kind"), text("name"))),
        json!(targets),
        json!(fewest),
        show::count(&spec["maxReplicas"]),
        show::count(&status["currentReplicas"]),
        show::age(object, now),
    ]
}
