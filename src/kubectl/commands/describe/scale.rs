//! What bounds the number of pods: autoscalers and disruption budgets. Must not ask the server.

use serde_json::Value;

use super::page::{Page, items, number, or_unset, pairs, text, time};
use crate::base::selector::Selector;

pub(super) fn autoscaler(page: &mut Page, object: &Value) {
    let (spec, status) = (&object["spec"], &object["status"]);
    page.identity(object);
    page.marks(object);
    page.field("CreationTimestamp", time(&object["metadata"]["creationTimestamp"]));
    let target = &spec["scaleTargetRef"];
    page.field("Reference", format!("{}/{}", text(&target["kind"]), text(&target["name"])));
    page.field("Metrics", "( current / target )");
    for (index, metric) in items(&spec["metrics"]).enumerate() {
        let current = &status["currentMetrics"][index];
        page.line(1, measured(metric, current));
    }
    page.field("Min replicas", or_unset(&spec["minReplicas"]));
    page.field("Max replicas", number(&spec["maxReplicas"]));
    let kind = text(&target["kind"]);
    page.line(
        0,
        format!(
            "{kind} pods:\t{} current / {} desired",
            number(&status["currentReplicas"]),
            number(&status["desiredReplicas"])
        ),
    );
    if items(&status["conditions"]).next().is_some() {
        page.line(0, "Conditions:\n  Type\tStatus\tReason\tMessage");
        page.line(1, "----\t------\t------\t-------");
        for one in items(&status["conditions"]) {
            let told = ["type", "status", "reason", "message"].map(|field| text(&one[field]));
            page.line(1, told.join("\t"));
        }
    }
}

fn measured(metric: &Value, current: &Value) -> String {
    let kind = text(&metric["type"]);
    if kind != "Resource" {
        return format!("<unknown metric type> {kind:?}");
    }
    let (goal, now) = (&metric["resource"]["target"], &current["resource"]["current"]);
    let of = text(&metric["resource"]["name"]);
    let amount = text(&now["averageValue"]);
    match goal["averageUtilization"].as_i64() {
        Some(goal) => {
            let now = now["averageUtilization"]
                .as_i64()
                .map_or_else(|| "<unknown>".into(), |now| format!("{now}% ({amount})"));
            format!("resource {of} on pods  (as a percentage of request):\t{now} / {goal}%")
        }
        None => {
            let now = if amount.is_empty() { "<unknown>".into() } else { amount };
            format!("resource {of} on pods:\t{now} / {}", text(&goal["averageValue"]))
        }
    }
}

pub(super) fn budget(page: &mut Page, object: &Value) {
    let (spec, status) = (&object["spec"], &object["status"]);
    page.identity(object);
    for (label, field) in [("Min available", "minAvailable"), ("Max unavailable", "maxUnavailable")] {
        page.maybe(label, &spec[field]);
    }
    let selector = serde_json::from_value(spec["selector"].clone()).ok();
    let selector = selector.and_then(|selector| Selector::from_label_selector(&selector).ok());
    page.field("Selector", selector.map_or_else(|| "<unset>".into(), |selector| selector.to_string()));
    page.line(0, "Status:");
    for (label, field) in [
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ] {
        page.line(2, format!("{label}:\t{}", number(&status[field])));
    }
}

pub(super) fn priority(page: &mut Page, object: &Value) {
    page.field("Name", text(&object["metadata"]["name"]));
    page.field("Value", number(&object["value"]));
    page.field("GlobalDefault", object["globalDefault"] == true);
    page.field("PreemptionPolicy", text(&object["preemptionPolicy"]));
    page.field("Description", text(&object["description"]));
    let annotations = pairs(&object["metadata"]["annotations"]);
    page.field("Annotations", annotations.trim_end());
}
