//! The cells that many tables share: names, ages, durations, containers. Must not know any kind.

use jiff::Timestamp;
use serde_json::{Value, json};

/// The name of the object.
pub(super) fn name(object: &Value) -> Value {
    object["metadata"]["name"].clone()
}

/// How long ago the object was created.
pub(super) fn age(object: &Value, now: Timestamp) -> Value {
    json!(since(&object["metadata"]["creationTimestamp"], now))
}

/// The moment of creation as it is stored.
pub(super) fn created_at(object: &Value) -> Value {
    object["metadata"]["creationTimestamp"].clone()
}

/// How long ago a timestamp is, or `<unknown>`.
pub(super) fn since(timestamp: &Value, now: Timestamp) -> String {
    seconds_since(timestamp, now).map_or_else(|| "<unknown>".to_owned(), human)
}

/// Whole seconds from a timestamp until now.
pub(super) fn seconds_since(timestamp: &Value, now: Timestamp) -> Option<i64> {
    let then = parse_time(timestamp)?;
    Some(now.duration_since(then).as_secs())
}

/// A timestamp of an object.
pub(super) fn parse_time(timestamp: &Value) -> Option<Timestamp> {
    timestamp.as_str()?.parse().ok()
}

/// `duration.HumanDuration` of apimachinery: at most two units, finer while short.
pub(super) fn human(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let days = hours / 24;
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 192 => two(days, "d", hours % 24, "h"),
        _ if days < 730 => format!("{days}d"),
        _ if days < 2920 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

fn two(big: i64, big_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 { format!("{big}{big_unit}") } else { format!("{big}{big_unit}{small}{small_unit}") }
}

/// A number of the object, zero where it has none.
pub(super) fn count(value: &Value) -> Value {
    json!(value.as_i64().unwrap_or(0))
}

/// A text of the object, with another for none.
pub(super) fn text_or(value: &Value, none: &str) -> Value {
    match value.as_str() {
        Some(text) if !text.is_empty() => json!(text),
        _ => json!(none),
    }
}

/// The elements of a list, none where there is no list.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// One text of each element, joined with commas.
pub(super) fn join(items: &Value, field: &str) -> String {
    list(items).iter().map(|item| item[field].as_str().unwrap_or_default()).collect::<Vec<_>>().join(",")
}

/// The cells Containers and Images of a pod spec.
pub(super) fn containers(pod_spec: &Value) -> [Value; 2] {
    let containers = &pod_spec["containers"];
    [json!(join(containers, "name")), json!(join(containers, "image"))]
}

/// Labels as `a=b,c=d`, `<none>` where there are none (`labels.FormatLabels`).
pub(super) fn labels(map: &Value) -> String {
    let pairs = map.as_object().into_iter().flatten();
    let pairs: Vec<String> =
        pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    if pairs.is_empty() { "<none>".to_owned() } else { pairs.join(",") }
}

/// A `LabelSelector` as kubectl prints it (`metav1.FormatLabelSelector`).
pub(super) fn selector(selector: &Value) -> String {
    if selector.is_null() {
        return "<none>".to_owned();
    }
    match super::validate::label_selector(selector) {
        Ok(found) if found.is_empty() => "<none>".to_owned(),
        Ok(found) => found.to_string(),
        Err(_) => "<error>".to_owned(),
    }
}

/// The first of a list, and how many more there are (`listWithMoreString`).
pub(super) fn first_of(list: &[String], shown: usize) -> String {
    let first = list.get(..shown).unwrap_or(list).join(",");
    if list.len() > shown { format!("{first} + {} more...", list.len() - shown) } else { first }
}

/// A flag in words (`printBoolPtr`).
pub(super) fn flag(value: &Value) -> Value {
    json!(match value.as_bool() {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    })
}

/// Modes of access by their initials, as kubectl shows them.
pub(super) fn access_modes(modes: &Value) -> String {
    let short = |mode: &Value| match mode.as_str() {
        Some("ReadWriteOnce") => "RWO",
        Some("ReadOnlyMany") => "ROX",
        Some("ReadWriteMany") => "RWX",
        Some("ReadWriteOncePod") => "RWOP",
        _ => "",
    };
    // Kubernetes has its own order.
    let found: Vec<&str> = list(modes).iter().map(short).collect();
    let ordered = ["RWO", "ROX", "RWX", "RWOP"].into_iter().filter(|mode| found.contains(mode));
    ordered.collect::<Vec<_>>().join(",")
}

/// The phase, or that the object is going.
pub(super) fn phase(object: &Value) -> Value {
    if object["metadata"]["deletionTimestamp"].is_null() {
        text_or(&object["status"]["phase"], "")
    } else {
        json!("Terminating")
    }
}
