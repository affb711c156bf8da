//! Turns the events of one kind's watch into changes. Must do no IO; a watch that begins again loses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kube::core::DynamicObject;
use kube::discovery::ApiResource;
use kube::runtime::watcher::Event;
use serde_json::Value;

use super::predicate::Was;
use super::world::{Change, is_leaving};

/// What a watch of one kind has seen.
#[derive(Debug)]
pub(super) struct Recorder {
    resource: ApiResource,
    /// Of the second cluster: what to say instead of the namespace, so that nobody takes it for the lesson's own.
    far: Option<String>,
    known: BTreeMap<String, Arc<Value>>,
    listed: BTreeSet<String>,
    synced: bool,
}

impl Recorder {
    pub(super) fn new(resource: ApiResource, far: Option<String>) -> Self {
        Self { resource, far, known: BTreeMap::new(), listed: BTreeSet::new(), synced: false }
    }

    /// Whether the first list is complete.
    pub(super) fn synced(&self) -> bool {
        self.synced
    }

    pub(super) fn absorb(&mut self, event: Event<DynamicObject>) -> Vec<Change> {
        match event {
            Event::Init => {
                self.listed.clear();
                Vec::new()
            }
            Event::InitApply(object) => {
                self.listed.insert(object.metadata.name.clone().unwrap_or_default());
                self.seen(object)
            }
            Event::InitDone => self.listed_all(),
            Event::Apply(object) => self.seen(object),
            Event::Delete(object) => {
                let object = self.value(object);
                self.gone(object)
            }
        }
    }

    fn seen(&mut self, object: DynamicObject) -> Vec<Change> {
        let object = self.value(object);
        let before = self.known.insert(name(&object), Arc::clone(&object));
        if !self.synced {
            return vec![Change::Known(object)];
        }
        let was = match &before {
            None => Was::Created,
            Some(before) if version(before) == version(&object) => return Vec::new(),
            Some(before) if is_leaving(&object) && !is_leaving(before) => Was::Leaving,
            Some(_) => Was::Updated,
        };
        vec![Change::Object(was, object)]
    }

    fn gone(&mut self, object: Arc<Value>) -> Vec<Change> {
        let before = self.known.remove(&name(&object));
        let announced = before.is_some_and(|before| is_leaving(&before));
        let leaving = (!announced).then(|| Change::Object(Was::Leaving, Arc::clone(&object)));
        leaving.into_iter().chain([Change::Object(Was::Deleted, object)]).collect()
    }

    /// Whatever a list that began again no longer holds went away meanwhile.
    fn listed_all(&mut self) -> Vec<Change> {
        self.synced = true;
        let lost: Vec<_> =
            self.known.iter().filter(|(name, _)| !self.listed.contains(*name)).map(|(_, o)| Arc::clone(o)).collect();
        lost.into_iter().flat_map(|object| self.gone(object)).collect()
    }

    /// The object as JSON; items of a list do not say their kind.
    fn value(&self, object: DynamicObject) -> Arc<Value> {
        let mut value = serde_json::to_value(object).unwrap_or_default();
        value["apiVersion"] = self.resource.api_version.as_str().into();
        value["kind"] = self.resource.kind.as_str().into();
        if let Some(far) = &self.far {
            value["metadata"]["namespace"] = far.as_str().into();
        }
        Arc::new(value)
    }
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

fn version(object: &Value) -> &Value {
    &object["metadata"]["resourceVersion"]
}
