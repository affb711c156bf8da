//! Event (core/v1 and events.k8s.io/v1, one storage): what happened to an object. Must not hold rules of other kinds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::kind::{Column, Kind, NAME, Rules};
use super::show;
use super::validate::FieldError;

const COLUMNS: &[Column] = &[
    Column::text("Last Seen"),
    Column::text("Type"),
    Column::text("Reason"),
    Column::text("Object"),
    Column::wide("Subobject"),
    Column::wide("Source"),
    Column::text("Message"),
    Column::wide("First Seen"),
    Column::wide("Count"),
    Column { priority: 1, ..NAME },
];

pub(super) static KIND: Kind = Kind {
    kind: "Event",
    plural: "events",
    singular: "event",
    short_names: &["ev"],
    schema: "io.k8s.api.core.v1.Event",
    about: "Lo que acaba de pasarle a un objeto y quién lo dice: el diario del clúster.",
    columns: COLUMNS,
    rules: &Event(CORE),
    ..Kind::BASE
};

pub(super) static KIND_EVENTS: Kind =
    Kind { group: "events.k8s.io", schema: "io.k8s.api.events.v1.Event", rules: &Event(EVENTS), ..KIND };

/// How one version of the kind calls its fields.
struct Names {
    object: &'static str,
    message: &'static str,
    source: &'static str,
    count: &'static str,
    first: &'static str,
    last: &'static str,
    controller: &'static str,
}

impl Names {
    fn all(&self) -> [&'static str; 7] {
        [self.object, self.message, self.source, self.count, self.first, self.last, self.controller]
    }
}

const CORE: Names = Names {
    object: "involvedObject",
    message: "message",
    source: "source",
    count: "count",
    first: "firstTimestamp",
    last: "lastTimestamp",
    controller: "reportingComponent",
};

const EVENTS: Names = Names {
    object: "regarding",
    message: "note",
    source: "deprecatedSource",
    count: "deprecatedCount",
    first: "deprecatedFirstTimestamp",
    last: "deprecatedLastTimestamp",
    controller: "reportingController",
};

struct Event(Names);

impl Event {
    fn times(&self, object: &Value, now: Timestamp) -> (String, String, i64) {
        let Self(names) = self;
        let first = if object[names.first].is_null() { &object["eventTime"] } else { &object[names.first] };
        let last = if object[names.last].is_null() { first } else { &object[names.last] };
        let series = &object["series"];
        let (last, count) = if series.is_object() {
            (&series["lastObservedTime"], series["count"].as_i64().unwrap_or(0))
        } else {
            (last, object[names.count].as_i64().unwrap_or(0).max(1))
        };
        (show::since(first, now), show::since(last, now), count)
    }

    /// The same event with the names of another version.
    fn rename(&self, object: &mut Value, to: &Names, version: &str) {
        let Some(fields) = object.as_object_mut() else { return };
        fields.insert("apiVersion".to_owned(), json!(version));
        for (from, to) in self.0.all().into_iter().zip(to.all()).filter(|(from, to)| from != to) {
            if let Some(value) = fields.remove(from) {
                fields.insert(to.to_owned(), value);
            }
        }
    }

    /// Component and host, from the old field or else the new ones.
    fn source(&self, object: &Value) -> String {
        let source = &object[self.0.source];
        let either = |old: &str, new: &str| {
            let old = source[old].as_str().filter(|text| !text.is_empty());
            old.or(object[new].as_str()).unwrap_or_default().to_owned()
        };
        let (component, host) = (either("component", self.0.controller), either("host", "reportingInstance"));
        if host.is_empty() { component } else { format!("{component}, {host}") }
    }
}

impl Rules for Event {
    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (first, last, count) = self.times(object, now);
        let about = &object[self.0.object];
        let kind = about["kind"].as_str().unwrap_or_default().to_lowercase();
        let target = match about["name"].as_str() {
            Some(name) if !name.is_empty() => format!("{kind}/{name}"),
            _ => kind,
        };
        vec![
            json!(last),
            show::text_or(&object["type"], ""),
            show::text_or(&object["reason"], ""),
            json!(target),
            show::text_or(&about["fieldPath"], ""),
            json!(self.source(object)),
            json!(object[self.0.message].as_str().unwrap_or_default().trim()),
            json!(first),
            json!(count),
            show::name(object),
        ]
    }

    /// Of the old rules only what protects readers: the event stands in the namespace of its object.
    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let root = At::root(object);
        let about = root.field(self.0.object).field("namespace");
        let own = root.field("metadata.namespace");
        let legacy = root.field("eventTime").is_null() && self.0.object == "involvedObject";
        let mut errors = Vec::new();
        if about.is_empty() {
            if !matches!(own.text(), "" | "default" | "kube-system") {
                errors.push(about.invalid_as("", "does not match event.namespace"));
            }
        } else if about.text() != own.text() {
            errors.push(about.invalid("does not match event.namespace"));
        }
        if !legacy {
            errors.extend(reported(&root, &self.0));
        }
        errors
    }

    fn to_stored(&self, object: &mut Value) {
        self.rename(object, &CORE, "v1");
    }

    fn to_served(&self, object: &mut Value) {
        let version = if self.0.object == "regarding" { "events.k8s.io/v1" } else { "v1" };
        Event(CORE).rename(object, &self.0, version);
    }

    fn fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let about = &object[self.0.object];
        let component = text(&object[self.0.source]["component"]);
        let reporting = text(&object["reportingComponent"]) + &text(&object["reportingController"]);
        let source = if component.is_empty() { reporting.clone() } else { component };
        if self.0.object == "regarding" {
            return vec![
                ("regarding.kind", text(&about["kind"])),
                ("regarding.namespace", text(&about["namespace"])),
                ("regarding.name", text(&about["name"])),
                ("regarding.uid", text(&about["uid"])),
                ("regarding.apiVersion", text(&about["apiVersion"])),
                ("regarding.resourceVersion", text(&about["resourceVersion"])),
                ("regarding.fieldPath", text(&about["fieldPath"])),
                ("reason", text(&object["reason"])),
                ("reportingController", reporting),
                ("type", text(&object["type"])),
            ];
        }
        vec![
            ("involvedObject.kind", text(&about["kind"])),
            ("involvedObject.namespace", text(&about["namespace"])),
            ("involvedObject.name", text(&about["name"])),
            ("involvedObject.uid", text(&about["uid"])),
            ("involvedObject.apiVersion", text(&about["apiVersion"])),
            ("involvedObject.resourceVersion", text(&about["resourceVersion"])),
            ("involvedObject.fieldPath", text(&about["fieldPath"])),
            ("reason", text(&object["reason"])),
            ("reportingComponent", reporting),
            ("source", source),
            ("type", text(&object["type"])),
        ]
    }
}

/// What an event with an exact time must tell (`ValidateEventCreate`).
fn reported(root: &At, names: &Names) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for name in [names.controller, "reportingInstance", "action", "reason"] {
        let field = root.field(name);
        if field.is_empty() {
            errors.push(At::named(name.replace("Component", "Controller"), field.value).required(""));
        }
    }
    let kind = root.field("type");
    if !matches!(kind.text(), "Normal" | "Warning") {
        errors.push(kind.invalid_as(kind.text(), "has invalid value: ".to_owned() + kind.text()));
    }
    errors
}
