//! The cell TARGETS: what each metric is and should be (`formatHPAMetrics`). Must not measure anything.

use serde_json::Value;

use crate::kinds::show;

/// How many metrics the cell shows.
const SHOWN: usize = 2;

pub(super) fn targets(object: &Value) -> String {
    let (wanted, seen) = (&object["spec"]["metrics"], &object["status"]["currentMetrics"]);
    let all = show::list(wanted).iter().enumerate();
    let all: Vec<String> = all.map(|(index, metric)| one(metric, seen.get(index).unwrap_or(&Value::Null))).collect();
    if all.is_empty() {
        return "<none>".to_owned();
    }
    let first = all.get(..SHOWN).unwrap_or(&all).join(", ");
    if all.len() > SHOWN { format!("{first} + {} more...", all.len() - SHOWN) } else { first }
}

fn one(metric: &Value, seen: &Value) -> String {
    let (source, prefix) = match metric["type"].as_str() {
        Some("Resource") => ("resource", true),
        Some("ContainerResource") => ("containerResource", true),
        Some("Pods") => ("pods", false),
        Some("Object") => ("object", false),
        Some("External") => ("external", false),
        _ => return "<unknown type>".to_owned(),
    };
    let (target, current) = (&metric[source]["target"], &seen[source]["current"]);
    let text = |side: &Value, name: &str| side[name].as_str().map(str::to_owned);
    let percent = |side: &Value| side["averageUtilization"].as_i64().map(|percent| format!("{percent}%"));
    let unknown = || "<unknown>".to_owned();
    let shown = match (text(target, "averageValue"), text(target, "value")) {
        (Some(wanted), _) if prefix || source == "pods" => {
            format!("{}/{wanted}", text(current, "averageValue").unwrap_or_else(unknown))
        }
        (Some(wanted), _) => format!("{}/{wanted} (avg)", text(current, "averageValue").unwrap_or_else(unknown)),
        (None, Some(wanted)) => format!("{}/{wanted}", text(current, "value").unwrap_or_else(unknown)),
        (None, None) => {
            let wanted = percent(target).unwrap_or_else(|| "<auto>".to_owned());
            format!("{}/{wanted}", percent(current).unwrap_or_else(unknown))
        }
    };
    match metric[source]["name"].as_str() {
        Some(name) if prefix => format!("{name}: {shown}"),
        _ => shown,
    }
}
