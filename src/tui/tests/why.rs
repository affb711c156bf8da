//! «¿Por qué falla?»: from the bridge, a list and a page; the view itself.

use serde_json::{Value, json};

use super::fixture::{Driver, SIZES, golden};
use super::lists::{row, table};
use crate::tui::model::cluster::Change;
use crate::tui::model::facts::{Component, Fact, Key};
use crate::tui::model::world::World;
use crate::tui::msg::{Effect, Msg, Reply, Ticket};

fn object(effect: &Effect) -> Option<Ticket> {
    if let Effect::Object(ticket, _) = effect { Some(*ticket) } else { None }
}

fn world(effect: &Effect) -> Option<Ticket> {
    if let Effect::World(ticket, _) = effect { Some(*ticket) } else { None }
}

fn crashing() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db-0", "namespace": "default", "uid": "p"},
        "spec": {"nodeName": "worker-1", "restartPolicy": "Always", "containers": [{"name": "db", "image": "timonel/demo:v1"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "db", "ready": false, "restartCount": 4,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 1m20s restarting failed container=db pod=db-0_default(p)"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}})
}

pub fn why(size: (u16, u16)) -> Driver {
    let mut driver = Driver::new(size);
    driver.press("tab backtab X");
    driver.answer(object, Reply::Object(Ok(crashing())));
    driver.answer(world, Reply::World(Box::default()));
    driver
}

/// A pod with two causes.
pub fn twice(size: (u16, u16)) -> Driver {
    let mut pod = crashing();
    pod["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "caja", "image": "no.invalid/caja:v1"}));
    pod["status"]["containerStatuses"].as_array_mut().unwrap().push(json!({"name": "caja", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"no.invalid/caja:v1\""}}}));
    let mut driver = Driver::new(size);
    driver.press("tab backtab X");
    driver.answer(object, Reply::Object(Ok(pod)));
    driver.answer(world, Reply::World(Box::default()));
    driver
}

#[test]
fn golden_why() {
    for size in SIZES {
        golden("why", &mut why(size));
    }
}

#[test]
fn the_bridge_tells_what_fails_and_x_says_why() {
    let mut driver = Driver::new((120, 40));
    driver.shows("FALLAN    ✕ db-0");
    // The first as they stand on the screen, and that it is not the only one.
    driver.press("X");
    driver.shows("¿Por qué? · default · pod/web-6f7d9c8b54-x2x8k");
    driver.shows("hay 1 más en apuros");
    driver.press("esc tab backtab X");
    driver.shows("¿Por qué? · default · pod/db-0");
    driver.shows("preguntando al servidor");
}

#[test]
fn a_scheduler_that_is_off_is_known_at_once() {
    let mut driver = Driver::new((120, 40));
    let off = Component { key: Key::new("", "scheduler"), state: "Stopped".into(), ..Component::default() };
    driver.send(Msg::Cluster(vec![Change::Put(Fact::Component(off.into()))]));
    driver.shows("el scheduler está apagado: nadie le elige worker");
    driver.press("X");
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-6f7d9c8b54-x2x8k", "namespace": "default"},
        "spec": {"containers": []}, "status": {"phase": "Pending"}});
    driver.answer(object, Reply::Object(Ok(pod)));
    driver.shows("El scheduler está apagado o no da señales");
    driver.shows("component/scheduler spec.enabled");
    driver.press("esc o");
    driver.shows("Enter encender");
}

#[test]
fn tab_stops_at_what_fails() {
    for size in [(80, 24), (120, 40)] {
        let mut driver = Driver::new(size);
        // The workers, and two sections back.
        driver.press("tab backtab enter");
        driver.shows("default · pod/db-0");
    }
}

#[test]
fn the_command_is_copied_and_the_lesson_opened() {
    let mut driver = why((120, 40));
    driver.shows("Lección 6.3 · Los ojos: get, describe, logs, events");
    driver.press("c");
    let copied = "kubectl logs db-0 -c db --previous";
    assert!(matches!(driver.effects.last(), Some(Effect::Copy(text)) if text == copied));
    driver.press("l");
    driver.shows("Logs");
    driver.press("esc X esc");
    driver.shows("masters · plano de control".to_uppercase().as_str());
}

#[test]
fn what_is_well_says_so_and_what_could_not_be_looked_at_too() {
    let mut driver = Driver::new((120, 40));
    driver.press("X");
    let mut pod = crashing();
    pod["status"] = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    driver.answer(object, Reply::Object(Ok(pod)));
    driver.shows("mirando alrededor");
    let missing = vec![("Lease".to_string(), crate::tui::model::failure::Failure { code: 403, ..Default::default() })];
    driver.answer(world, Reply::World(Box::new(World { missing, ..World::default() })));
    driver.shows("No se ve nada que falle.");
    driver.shows("no se pudo mirar Lease: sin permiso");
}

#[test]
fn a_row_that_fails_says_why_under_the_list_and_its_page_above_all() {
    let mut driver = Driver::new((120, 40));
    driver.press(":").write("po").press("enter").table(table());
    driver.table(Reply::Row(row("default", "db-0", "0/1", "CrashLoopBackOff", "4", 90)));
    driver.press("/").write("db-0").press("enter");
    driver.shows("✕ El contenedor «db» se cae");
    driver.press("enter");
    driver.answer(object, Reply::Object(Ok(crashing())));
    driver.shows("¿Por qué?      El contenedor «db» se cae: su programa termina con código 1 (4 reinicios). (X)");
}
