//! Autoscalers (`pkg/apis/autoscaling/validation`). Must not measure anything.

use super::resources::quantity;
use super::{FieldError, NameRule, required};
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

const TYPES: &[&str] = &["ContainerResource", "External", "Object", "Pods", "Resource"];

/// What both versions have: bounds and what is scaled.
pub(in crate::kinds) fn spec(spec: &At) -> Errors {
    let (fewest, most) = (spec.field("minReplicas"), spec.field("maxReplicas"));
    let mut errors = Vec::new();
    if fewest.number().is_some_and(|fewest| fewest < 1) {
        errors.push(fewest.invalid("must be greater than or equal to 1"));
    }
    if most.int() < 1 {
        errors.push(most.invalid_as(most.int(), "must be greater than 0"));
    }
    if fewest.number().is_some_and(|fewest| most.int() < fewest) {
        errors.push(most.invalid_as(most.int(), "must be greater than or equal to `minReplicas`"));
    }
    errors.extend(reference(&spec.field("scaleTargetRef")));
    errors
}

fn reference(reference: &At) -> Errors {
    let named = |name: &str| {
        let field = reference.field(name);
        required(&field)
            .map_or_else(|| field.all(NameRule::PathSegment.check(field.text(), false)), |error| vec![error])
    };
    [named("kind"), named("name")].concat()
}

pub(in crate::kinds) fn metrics(metrics: &At) -> Errors {
    metrics.items().flat_map(|metric| one_metric(&metric)).collect()
}

fn one_metric(metric: &At) -> Errors {
    let kind = metric.field("type");
    let mut errors: Errors = Vec::new();
    if kind.is_empty() {
        errors.push(kind.required("must specify a metric source type"));
    }
    errors.extend(kind.one_of(TYPES));
    let own = lower_first(kind.text());
    let sources = ["object", "external", "pods", "resource", "containerResource"];
    let set: Vec<&str> = sources.into_iter().filter(|name| metric.field(name).is_set()).collect();
    if let Some(first) = set.first() {
        errors.extend(source(first, &metric.field(first)));
    }
    if !set.contains(&own.as_str()) {
        errors.push(metric.field(&own).required("must populate information for the given metric source"));
    }
    if set.len() != 1 {
        let others = set.into_iter().filter(|name| *name != own);
        errors.extend(others.map(|name| metric.field(name).forbidden("must populate the given metric source only")));
    }
    errors
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn source(name: &str, source: &At) -> Errors {
    let (mut errors, target) = (Vec::new(), source.field("target"));
    match name {
        "resource" | "containerResource" => {
            let name = source.field("name");
            if name.is_empty() {
                errors.push(name.required("must specify a resource name"));
            }
            errors.extend(resource_target(&target));
        }
        _ => {
            let name = source.field("metric.name");
            if name.is_empty() {
                errors.push(name.required("must specify a metric name"));
            }
            errors.extend(value_target(&target, name.path.contains(".pods.")));
        }
    }
    errors
}

fn resource_target(target: &At) -> Errors {
    let (percent, average) = (target.field("averageUtilization"), target.field("averageValue"));
    let mut errors = kind(target);
    if percent.number().is_some_and(|percent| percent < 1) {
        errors.push(percent.invalid("must be greater than 0"));
    }
    if percent.is_null() && average.is_null() {
        errors.push(percent.required("must set either a target raw value or a target utilization"));
    }
    if percent.is_set() && average.is_set() {
        errors.push(average.forbidden("may not set both a target raw value and a target utilization"));
    }
    errors.extend(positive(&average));
    errors
}

fn value_target(target: &At, average_only: bool) -> Errors {
    let (value, average) = (target.field("value"), target.field("averageValue"));
    let mut errors = kind(target);
    errors.extend(positive(&value));
    errors.extend(positive(&average));
    if average.is_null() && (average_only || value.is_null()) {
        let text = if average_only {
            "must specify a positive target averageValue"
        } else {
            "must set either a target value for metric or a per-pod target"
        };
        errors.push(average.required(text));
    }
    errors
}

fn kind(target: &At) -> Errors {
    let kind = target.field("type");
    if kind.is_empty() {
        return vec![kind.required("must specify a metric target type")];
    }
    let known = matches!(kind.text(), "Utilization" | "Value" | "AverageValue");
    let text = "must be either Utilization, Value, or AverageValue";
    if known { Vec::new() } else { vec![kind.invalid(text)] }
}

fn positive(at: &At) -> Option<FieldError> {
    let amount = quantity(at);
    let wrong = at.is_set() && (amount.is_zero() || amount.is_negative());
    wrong.then(|| at.invalid_as(amount.to_string(), "must be positive"))
}
