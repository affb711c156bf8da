//! What happened to an object. Must not tell anything else of it.

use jiff::Timestamp;
use serde_json::Value;

use super::page::{Page, number, since, text};
use crate::kubectl::failure::Outcome;
use crate::kubectl::rest::Ask;
use crate::kubectl::select::Info;
use crate::kubectl::session::Session;

/// The events about an object.
pub(super) async fn of(info: &Info, session: &mut Session<'_>) -> Outcome<Vec<Value>> {
    let uid = text(&info.object["metadata"]["uid"]);
    // Kubelets name their node as its uid.
    let uid = if info.resource.kind == "Node" { info.name.clone() } else { uid };
    let mut found = Vec::new();
    for uid in [uid, text(&info.object["metadata"]["uid"])] {
        if !found.is_empty() {
            break;
        }
        let mut fields = vec![
            format!("involvedObject.name={}", info.name),
            format!("involvedObject.kind={}", info.resource.kind),
            format!("involvedObject.uid={uid}"),
        ];
        let path = if info.namespace.is_empty() {
            "/api/v1/events".to_string()
        } else {
            fields.push(format!("involvedObject.namespace={}", info.namespace));
            format!("/api/v1/namespaces/{}/events", info.namespace)
        };
        let mut list = session.list(Ask::get(path).with("fieldSelector", fields.join(","))).await?;
        found = list["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
    }
    Ok(found)
}

/// `Events:` of a page.
pub(super) fn tell(page: &mut Page, events: &[Value], now: Timestamp) {
    if events.is_empty() {
        return page.field("Events", "<none>");
    }
    page.flush();
    let mut events: Vec<&Value> = events.iter().collect();
    events.sort_by_key(|event| last(event));
    page.line(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage");
    page.line(1, "----\t------\t----\t----\t-------");
    for event in events {
        let source = text(&event["source"]["component"]);
        let source = if source.is_empty() { text(&event["reportingComponent"]) } else { source };
        let (kind, reason, message) = (text(&event["type"]), text(&event["reason"]), text(&event["message"]));
        page.line(1, format!("{kind}\t{reason}\t{}\t{source}\t{}", age(event, now), message.trim()));
    }
}

fn last(event: &Value) -> String {
    let at = [&event["lastTimestamp"], &event["series"]["lastObservedTime"], &event["eventTime"]];
    at.into_iter().map(text).find(|at| !at.is_empty()).unwrap_or_default()
}

/// `5s`, or `5s (x3 over 2m)`.
fn age(event: &Value, now: Timestamp) -> String {
    let first = if event["eventTime"].is_null() { &event["firstTimestamp"] } else { &event["eventTime"] };
    let first = since(first, now);
    if event["series"].is_object() {
        let (at, count) = (&event["series"]["lastObservedTime"], number(&event["series"]["count"]));
        return format!("{} (x{count} over {first})", since(at, now));
    }
    match number(&event["count"]) {
        count @ 2.. => format!("{} (x{count} over {first})", since(&event["lastTimestamp"], now)),
        _ => first,
    }
}
