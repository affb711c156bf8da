//! An object told in a page: who it is, how it is, what it has inside, what happened to it. Pure.
//! Field names stay Kubernetes'; the labels around them are Spanish.

mod kinds;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde_json::Value;

use super::format::{age, seconds_between};
use super::light::Light;

/// One line of the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// Levels inwards.
    pub indent: usize,
    /// What is told of; empty goes on with the line before.
    pub label: String,
    /// What is told.
    pub text: String,
    /// How it is doing, where that can be said.
    pub light: Option<Light>,
    /// Whether it opens a section.
    pub heading: bool,
}

/// The lines of a page, as they are written.
#[derive(Debug, Default)]
pub struct Page(Vec<Told>);

impl Page {
    fn heading(&mut self, text: &str) {
        self.0.push(Told::default());
        self.0.push(Told { label: text.into(), heading: true, ..Told::default() });
    }

    /// A label and a text; nothing at all when the text is empty.
    fn line(&mut self, label: &str, text: impl Into<String>) {
        self.at(0, label, text);
    }

    fn at(&mut self, indent: usize, label: &str, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.0.push(Told { indent, label: label.into(), text, ..Told::default() });
        }
    }

    fn lit(&mut self, indent: usize, light: Light, label: &str, text: impl Into<String>) {
        self.0.push(Told { indent, label: label.into(), text: text.into(), light: Some(light), heading: false });
    }
}

/// The page of an object, and of the events about it unless they stand elsewhere.
pub fn describe(object: &Value, events: Option<&[Value]>, now: Timestamp) -> Vec<Told> {
    let mut page = Page::default();
    identity(&mut page, object, now);
    kinds::specific(&mut page, object, now);
    conditions(&mut page, object, now);
    events.inspect(|events| happenings(&mut page, events, now));
    page.0
}

/// A text of the object; empty where there is none.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `app=web, env=prod`.
fn pairs(value: &Value) -> String {
    let pairs = value.as_object().into_iter().flatten();
    pairs.map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join(", ")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn since(value: &Value, now: Timestamp) -> String {
    let at = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    at.map(|at| format!("hace {}", age(seconds_between(at, now)))).unwrap_or_default()
}

fn identity(page: &mut Page, object: &Value, now: Timestamp) {
    let meta = &object["metadata"];
    page.line("Nombre", text(&meta["name"]));
    page.line("Namespace", text(&meta["namespace"]));
    page.line("Tipo", format!("{} ({})", text(&object["kind"]), text(&object["apiVersion"])));
    page.line("Creado", since(&meta["creationTimestamp"], now));
    if !meta["deletionTimestamp"].is_null() {
        page.lit(0, Light::Leaving, "Borrándose", format!("desde {}", since(&meta["deletionTimestamp"], now)));
    }
    page.line("Etiquetas", pairs(&meta["labels"]));
    let owners =
        items(&meta["ownerReferences"]).map(|owner| format!("{}/{}", text(&owner["kind"]), text(&owner["name"])));
    page.line("Dueño", owners.collect::<Vec<_>>().join(", "));
}

/// Conditions whose truth is bad news; of the others it is good news.
const BAD_WHEN_TRUE: &[&str] =
    &["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "ReplicaFailure", "Failed"];

fn conditions(page: &mut Page, object: &Value, now: Timestamp) {
    let conditions: Vec<&Value> = items(&object["status"]["conditions"]).collect();
    if conditions.is_empty() {
        return;
    }
    page.heading("condiciones");
    for condition in conditions {
        let name = text(&condition["type"]);
        let bad = BAD_WHEN_TRUE.contains(&name.as_str());
        let light = match condition["status"].as_str() {
            Some("True") if !bad => Light::Good,
            Some("False") if bad => Light::Good,
            Some("True" | "False") => Light::Bad,
            _ => Light::Unknown,
        };
        let reason =
            [text(&condition["status"]), text(&condition["reason"]), since(&condition["lastTransitionTime"], now)];
        let told: Vec<String> = reason.into_iter().filter(|part| !part.is_empty()).collect();
        page.lit(1, light, &name, told.join(" · "));
        page.at(2, "", text(&condition["message"]));
    }
}

/// Events, the newest first.
pub fn happenings(page: &mut Page, events: &[Value], now: Timestamp) {
    page.heading("eventos");
    let mut events: Vec<(String, &Value)> = events.iter().map(|event| (when(event), event)).collect();
    events.sort_by(|a, b| b.0.cmp(&a.0));
    for (at, event) in &events {
        let light = if event["type"] == "Warning" { Light::Bad } else { Light::Good };
        let count =
            event["count"].as_i64().filter(|count| *count > 1).map(|count| format!(" ×{count}")).unwrap_or_default();
        let ago = since(&Value::String(at.clone()), now);
        page.lit(1, light, &text(&event["reason"]), format!("{ago}{count}  {}", text(&event["message"])));
    }
    if events.is_empty() {
        page.at(1, "", "ninguno reciente (Kubernetes los guarda una hora)");
    }
}

/// When an event last happened.
fn when(event: &Value) -> String {
    let candidates = [
        &event["series"]["lastObservedTime"],
        &event["lastTimestamp"],
        &event["eventTime"],
        &event["metadata"]["creationTimestamp"],
    ];
    candidates.into_iter().map(text).find(|at| !at.is_empty()).unwrap_or_default()
}

/// Only the events, as a page.
pub fn events(events: &[Value], now: Timestamp) -> Vec<Told> {
    let mut page = Page::default();
    happenings(&mut page, events, now);
    page.0
}
