//! An object with what is around it, as the rules look at it. Must not judge.

use jiff::Timestamp;
use serde_json::Value;

use crate::tui::model::world::{World, each, name, namespace, text};

/// What a rule looks at.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The object.
    pub object: &'a Value,
    events: Vec<&'a Value>,
    world: Option<&'a World>,
    /// Parts of the cluster that are switched off.
    off: Vec<&'a str>,
    /// The time now.
    pub now: Timestamp,
}

impl<'a> Case<'a> {
    /// An object, the events about it, and what is around it where that was asked for.
    pub fn new(object: &'a Value, events: &'a [Value], world: Option<&'a World>, now: Timestamp) -> Self {
        Self { object, events: events.iter().collect(), world, off: Vec::new(), now }
    }

    /// The same where these parts are known to be switched off.
    pub fn without(self, off: Vec<&'a str>) -> Self {
        Self { off, ..self }
    }

    /// Whether somebody has switched a part off.
    pub fn is_off(&self, part: &str) -> bool {
        self.off.contains(&part)
    }

    /// Another object of the same world, with its own events.
    pub fn of(&self, object: &'a Value) -> Self {
        let about = |event: &&Value| {
            event["involvedObject"]["name"] == object["metadata"]["name"]
                && event["involvedObject"]["kind"] == object["kind"]
        };
        let events = self.objects("Event").filter(about).collect();
        Self { object, events, off: self.off.clone(), ..*self }
    }

    /// The object's kind.
    pub fn kind(&self) -> &'a str {
        text(self.object, "/kind")
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        name(self.object)
    }

    /// Its namespace; empty without one.
    pub fn namespace(&self) -> &'a str {
        namespace(self.object)
    }

    /// ` -n tienda`, as kubectl wants it; empty where kubectl takes it by itself.
    pub fn flag(&self) -> String {
        match self.namespace() {
            "" | "default" => String::new(),
            other => format!(" -n {other}"),
        }
    }

    /// A text at a path of the object.
    pub fn text(&self, path: &str) -> &'a str {
        text(self.object, path)
    }

    /// Whether it is being deleted.
    pub fn leaving(&self) -> bool {
        !self.object["metadata"]["deletionTimestamp"].is_null()
    }

    /// A condition of its status.
    pub fn condition(&self, kind: &str) -> Option<&'a Value> {
        each(self.object, "/status/conditions").find(|condition| condition["type"] == kind)
    }

    /// A condition, when it is as said.
    pub fn condition_is(&self, kind: &str, status: &str) -> Option<&'a Value> {
        self.condition(kind).filter(|condition| condition["status"] == status)
    }

    /// The latest event of some reasons whose message has a text.
    pub fn event(&self, reasons: &[&str], says: &str) -> Option<&'a Value> {
        let wanted =
            |event: &&&Value| reasons.contains(&text(event, "/reason")) && text(event, "/message").contains(says);
        self.events.iter().filter(wanted).max_by_key(|event| when(event)).copied()
    }

    /// The objects of a kind around it.
    pub fn objects(&self, kind: &'a str) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.world.into_iter().flat_map(move |world| world.of(kind))
    }

    /// Whether a kind was listed whole, so that what is not there does not exist.
    pub fn lists(&self, kind: &str) -> bool {
        self.world.is_some_and(|world| world.listed.contains(kind) && world.knows(kind))
    }

    /// One object around it by its name.
    pub fn named(&self, kind: &'a str, wanted: &str) -> Option<&'a Value> {
        self.objects(kind).find(|object| name(object) == wanted)
    }
}

/// When an event last happened, as text that sorts.
fn when(event: &Value) -> &str {
    let places = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    places.into_iter().map(|place| text(event, place)).find(|at| !at.is_empty()).unwrap_or_default()
}

/// What stands between double quotes, the first time after a text.
pub fn quoted<'t>(message: &'t str, after: &str) -> Option<&'t str> {
    let (_, rest) = message.split_once(after)?;
    let (_, rest) = rest.split_once('"')?;
    rest.split_once('"').map(|(inside, _)| inside)
}
