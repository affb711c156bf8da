//! Every cause, produced by an object as Kubernetes writes it.

mod others;
mod pods;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Case, Finding, diagnose};
use crate::tui::model::world::World;

/// An object with what is around it.
pub struct Example {
    object: Value,
    events: Vec<Value>,
    around: Vec<Value>,
    off: Vec<&'static str>,
}

/// The time of every example.
pub fn now() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

impl Example {
    pub fn new(object: Value) -> Self {
        Self { object, events: Vec::new(), around: Vec::new(), off: Vec::new() }
    }

    /// An event about the object.
    pub fn event(mut self, reason: &str, message: &str) -> Self {
        self.events.push(json!({"reason": reason, "message": message, "lastTimestamp": "2026-05-01T11:59:00Z"}));
        self
    }

    /// Something around it.
    pub fn beside(mut self, object: Value) -> Self {
        self.around.push(object);
        self
    }

    /// A part of the cluster is switched off.
    pub fn without(mut self, part: &'static str) -> Self {
        self.off.push(part);
        self
    }

    pub fn found(&self) -> Vec<Finding> {
        let listed =
            ["Pod", "Node", "Service", "EndpointSlice", "IngressClass", "Secret", "StorageClass", "PersistentVolume"];
        let listed = listed.map(String::from).into_iter().collect();
        let world = World { objects: self.around.clone(), listed, ..World::default() };
        diagnose(&Case::new(&self.object, &self.events, Some(&world), now()).without(self.off.clone()))
    }
}

pub fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": message})
}

/// A worker as it is when all is well.
pub fn worker(name: &str) -> Value {
    json!({"kind": "Node", "metadata": {"name": name}, "spec": {}, "status": {"conditions": [condition("Ready", "True", "KubeletReady", "")]}})
}

fn every() -> Vec<(&'static str, Example)> {
    [pods::examples(), others::examples()].into_iter().flatten().collect()
}

fn rooms() -> impl Iterator<Item = &'static super::Cause> {
    let rooms = [
        super::image::CAUSES,
        super::job::CAUSES,
        super::life::CAUSES,
        super::network::CAUSES,
        super::node::CAUSES,
        super::off::CAUSES,
        super::reach::CAUSES,
        super::run::CAUSES,
        super::scale::CAUSES,
        super::schedule::CAUSES,
        super::start::CAUSES,
        super::storage::CAUSES,
        super::workload::CAUSES,
    ];
    rooms.into_iter().flatten().copied()
}

#[test]
fn each_example_has_its_cause_with_proofs_and_nothing_left_to_fill_in() {
    for (id, example) in every() {
        let found = example.found();
        let ids: Vec<&str> = found.iter().map(|finding| finding.id).collect();
        let Some(finding) = found.iter().find(|finding| finding.id == id) else {
            panic!("{id}: se encontró {ids:?} en {}", example.object)
        };
        assert!(!finding.proofs.is_empty(), "{id} no tiene pruebas");
        let told = format!("{}{}{}", finding.cause, finding.command, finding.advice.concat());
        for hole in [
            "{nombre}",
            "{ns}",
            "{cuántos}",
            "{contenedor}",
            "{objeto}",
            "{tipo}",
            "{pod}",
            "{nodo}",
            "{dueño}",
            "{texto}",
        ] {
            assert!(!told.contains(hole), "{id}: falta rellenar {hole} en {told}");
        }
    }
}

#[test]
fn every_cause_has_an_example_a_lesson_of_the_course_and_a_name_of_its_own() {
    let shown: BTreeSet<&str> = every().iter().map(|(id, _)| *id).collect();
    let known: Vec<&str> = rooms().map(|cause| cause.id).collect();
    assert!(known.len() >= 80, "{}", known.len());
    assert_eq!(known.iter().copied().collect::<BTreeSet<_>>().len(), known.len(), "un nombre se repite");
    let missing: Vec<&&str> = known.iter().filter(|id| !shown.contains(*id)).collect();
    assert!(missing.is_empty(), "sin ejemplo: {missing:?}");
    let catalogue = crate::tui::model::lesson::catalogue().unwrap();
    let planned: BTreeSet<&str> = catalogue.course().unwrap().planned().map(|lesson| lesson.id.as_str()).collect();
    for cause in rooms() {
        assert!(planned.contains(cause.lesson), "{}: no hay lección {}", cause.id, cause.lesson);
        assert!(cause.command.starts_with("kubectl "), "{}: {}", cause.id, cause.command);
    }
}

#[test]
fn what_is_well_has_no_cause() {
    let pod = json!({"kind": "Pod", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"nodeName": "worker-1", "containers": [{"name": "web"}]},
        "status": {"phase": "Running", "conditions": [condition("Ready", "True", "", "")],
            "containerStatuses": [{"name": "web", "ready": true, "restartCount": 3, "state": {"running": {}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}});
    let service = json!({"kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "ExternalName", "externalName": "otro.com"}});
    for object in [pod, service, worker("worker-1")] {
        let found = Example::new(object).beside(worker("worker-1")).found();
        assert!(found.is_empty(), "{found:?}");
    }
}
