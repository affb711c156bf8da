//! autoscaling/v1: the autoscaler that knew only CPU. Stored as v2. Must not scale anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Autoscaler;
use crate::kinds::at::At;
use crate::kinds::default::{self, set};
use crate::kinds::kind::Rules;
use crate::kinds::validate::{FieldError, autoscaler};

pub(super) struct AutoscalerV1;

impl Rules for AutoscalerV1 {
    fn has_status(&self) -> bool {
        true
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"currentReplicas": 0, "desiredReplicas": 0})
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let mut stored = object.clone();
        self.to_stored(&mut stored);
        Autoscaler.row(&stored, now)
    }

    fn default(&self, object: &mut Value) {
        if let Some(spec) = default::spec(object) {
            set(spec, "minReplicas", json!(1));
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let mut errors = autoscaler::spec(&spec);
        let percent = spec.field("targetCPUUtilizationPercentage");
        if percent.number().is_some_and(|percent| percent < 1) {
            errors.push(percent.invalid("must be greater than 0"));
        }
        errors
    }

    fn to_stored(&self, object: &mut Value) {
        let Some(fields) = object.as_object_mut() else { return };
        fields.insert("apiVersion".to_owned(), json!("autoscaling/v2"));
        let moves = [
            ("spec", "targetCPUUtilizationPercentage", "metrics", "target"),
            ("status", "currentCPUUtilizationPercentage", "currentMetrics", "current"),
        ];
        for (part, percent, metrics, side) in moves {
            let Some(part) = default::get(fields, part) else { continue };
            if let Some(percent) = part.remove(percent).and_then(|percent| percent.as_i64()) {
                let mut value = json!({"averageUtilization": percent});
                if side == "target" {
                    value["type"] = json!("Utilization");
                }
                part.insert(
                    metrics.to_owned(),
                    json!([{"type": "Resource", "resource": {"name": "cpu", side: value}}]),
                );
            }
        }
    }

    /// What v1 cannot say stays in the store and is not shown.
    fn to_served(&self, object: &mut Value) {
        let Some(fields) = object.as_object_mut() else { return };
        fields.insert("apiVersion".to_owned(), json!("autoscaling/v1"));
        let moves = [
            ("spec", "targetCPUUtilizationPercentage", "metrics", "target"),
            ("status", "currentCPUUtilizationPercentage", "currentMetrics", "current"),
        ];
        for (part, percent, metrics, side) in moves {
            let Some(part) = default::get(fields, part) else { continue };
            let metrics = part.remove(metrics).unwrap_or_default();
            let mut all = metrics.as_array().into_iter().flatten().map(|metric| &metric["resource"]);
            let cpu = all.find(|resource| resource["name"] == "cpu");
            if let Some(value) = cpu.and_then(|cpu| cpu[side]["averageUtilization"].as_i64()) {
                part.insert(percent.to_owned(), json!(value));
            }
            part.remove("behavior");
            part.remove("conditions");
        }
    }
}
