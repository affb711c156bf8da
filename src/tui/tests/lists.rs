//! Tables: what they look like, live changes, filter, sort, namespaces, palette, and what is done with a row.

use jiff::SignedDuration;

use super::fixture::{Driver, SIZES, golden, now, pod};
use crate::tui::model::failure::Failure;
use crate::tui::model::table::{Column, Row, Table};
use crate::tui::msg::{Deed, Effect, Msg, Outcome, Reply};
use crate::tui::state::Fate;

pub fn columns() -> Vec<Column> {
    let names = [
        ("Name", 0),
        ("Ready", 0),
        ("Status", 0),
        ("Restarts", 0),
        ("Age", 0),
        ("IP", 1),
        ("Node", 1),
        ("Nominated Node", 1),
        ("Readiness Gates", 1),
    ];
    names.map(|(name, priority)| Column { name: name.into(), priority }).to_vec()
}

pub fn row(namespace: &str, name: &str, ready: &str, status: &str, restarts: &str, age: i64) -> Row {
    let cells = [name, ready, status, restarts, "0s", "10.244.1.5", "worker-1", "<none>", "<none>"];
    Row {
        cells: cells.iter().collect(),
        namespace: namespace.into(),
        name: name.into(),
        uid: format!("uid-{namespace}-{name}").into(),
        created: Some(now() - SignedDuration::from_secs(age)),
    }
}

pub fn table() -> Reply {
    let rows = vec![
        row("tienda", "carrito-7d4b9c6f5-x2x8k", "1/1", "Running", "0", 7300),
        row("default", "web-6f7d9c8b54-a1b2c", "1/1", "Running", "0", 200),
        row("default", "web-6f7d9c8b54-c3d4e", "0/1", "CrashLoopBackOff", "12 (14s ago)", 90_000),
        row("default", "migracion-9x8x7", "0/1", "Completed", "0", 30),
        row("default", "api-5c9b8d7f66-s2t3u", "0/2", "ContainerCreating", "3", 5),
    ];
    Reply::Table(Table { columns: columns(), rows, version: "7".into(), ..Table::default() })
}

pub fn pods(size: (u16, u16)) -> Driver {
    let mut driver = Driver::new(size);
    driver.press(":").write("po").press("enter").table(table());
    driver
}

#[test]
fn golden_pods() {
    for size in SIZES {
        golden("pods", &mut pods(size));
    }
}

#[test]
fn golden_help() {
    for size in SIZES {
        let mut driver = pods(size);
        golden("help_of_pods", driver.press("?"));
    }
}

#[test]
fn golden_palette() {
    let mut driver = Driver::new((80, 24));
    golden("palette", driver.press(":").write("de"));
}

#[test]
fn rows_change_appear_and_go() {
    let mut driver = pods((120, 40));
    driver.table(Reply::Row(row("default", "nuevo", "1/1", "Running", "0", 1)));
    driver.shows("nuevo");
    driver.table(Reply::Row(row("default", "nuevo", "0/1", "Error", "0", 1)));
    driver.shows("Error");
    driver.table(Reply::RowGone("uid-default-nuevo".into()));
    driver.hides("nuevo");
}

#[test]
fn a_filter_keeps_what_passes_and_esc_takes_it_away() {
    let mut driver = pods((120, 40));
    driver.press("/").write("!running").press("enter");
    driver.hides("carrito");
    driver.shows("3 de 5");
    driver.press("esc");
    driver.shows("carrito");
    driver.press("/").write("(").press("enter");
    driver.shows("12 (14s ago)");
    driver.hides("carrito");
}

#[test]
fn the_choice_follows_its_row_when_the_order_changes() {
    let mut driver = pods((120, 40));
    driver.press("down down");
    driver.press("S").press("G k").press("esc");
    driver.press("S down down down enter");
    driver.press("ctrl-d");
    driver.shows("¿Borrar pod/web-6f7d9c8b54-a1b2c?");
}

#[test]
fn numbers_sort_as_numbers() {
    let mut driver = pods((120, 40));
    driver.press("S down down down enter S enter");
    let screen = driver.screen();
    let place = |text: &str| screen.find(text).unwrap();
    assert!(place("12 (14s ago)") < place("ContainerCreating"), "{screen}");
    assert!(screen.contains("RESTARTS↓"));
}

#[test]
fn deleting_asks_first_and_no_is_the_default() {
    let mut driver = pods((120, 40));
    driver.press("ctrl-d enter");
    assert!(!driver.effects.iter().any(|effect| matches!(effect, Effect::Change { .. })));
    driver.press("ctrl-d s");
    let Some(Effect::Change { command, change: Deed::Delete, .. }) = driver.effects.last() else { panic!("no borró") };
    assert_eq!(command, "kubectl delete pod api-5c9b8d7f66-s2t3u");
    driver.shows("$ kubectl delete pod api-5c9b8d7f66-s2t3u ◐");
    let command = command.clone();
    let failure = Failure { code: 403, message: "pods is forbidden".into(), ..Failure::default() };
    driver.send(Msg::Done(Outcome { command, result: Err(failure), undo: None }));
    driver.shows("✕ no se pudo. No tienes permiso para esto.");
    assert!(matches!(driver.app.state.log.last().unwrap().fate, Fate::Refused(_)));
}

#[test]
fn golden_delete() {
    let mut driver = pods((80, 24));
    golden("delete", driver.press("ctrl-d"));
}

/// A Deployment about to be scaled.
pub fn scaling(size: (u16, u16)) -> Driver {
    let mut driver = Driver::new(size);
    driver.press(":").write("deploy").press("enter");
    let row = Row { cells: ["web", "2/4", "4", "2", "5m"].iter().collect(), ..row("default", "web", "", "", "", 300) };
    let columns = ["Name", "Ready", "Up-to-date", "Available", "Age"]
        .map(|name| Column { name: name.into(), priority: 0 })
        .to_vec();
    driver.table(Reply::Table(Table { columns, rows: vec![row], ..Table::default() }));
    driver.press("+");
    driver
}

#[test]
fn scaling_shows_the_command_before_it_is_sent() {
    let mut driver = scaling((120, 40));
    driver.press("+");
    driver.shows("$ kubectl scale deployment/web --replicas=6");
    driver.press("enter");
    assert!(matches!(driver.effects.last(), Some(Effect::Change { change: Deed::Scale(6), .. })));
}

/// As one who knows kubectl types it.
#[test]
fn the_namespace_flags_of_kubectl_are_understood_and_others_are_refused() {
    let mut driver = Driver::new((120, 40));
    driver.press(":").write("pods -n tienda").press("enter").shows("Pod · tienda");
    assert_eq!(driver.app.state.scope.only(), Some("tienda"));
    driver.press(":").write("pods -A").press("enter").shows("Pod · todos");
    driver.press(":").write("pods api-nuevo").press("enter").shows("Pod · api-nuevo");
    driver.press(":").write("pods -A").press("enter").shows("Pod · todos");
    assert!(driver.app.state.scope.all());
    driver
        .press(":")
        .write("pods -o wide")
        .press("enter")
        .shows("«-o wide» no es un namespace: prueba :pods NAMESPACE");
    assert!(driver.app.state.scope.all());
}

#[test]
fn a_name_with_the_letters_of_a_flag_in_it_is_a_name() {
    let mut driver = Driver::with((120, 40), vec![pod("con-nombre", "web", "worker-1", "10.244.1.9")]);
    driver.press(":").write("pods con-nombre").press("enter").shows("/ con-nombre");
    assert!(driver.app.state.scope.all());
}

#[test]
fn a_digit_too_many_is_asked_about() {
    let mut driver = scaling((120, 40));
    driver.write("99999").press("enter");
    driver.shows("¿Pedir tantas réplicas?");
    assert!(!driver.effects.iter().any(|effect| matches!(effect, Effect::Change { .. })));
    driver.press("s");
    assert!(matches!(driver.effects.last(), Some(Effect::Change { change: Deed::Scale(99_999), .. })));
}

#[test]
fn a_pod_cannot_be_scaled_and_says_why() {
    let mut driver = pods((120, 40));
    driver.press("+");
    driver.shows("no tiene réplicas");
}

#[test]
fn a_refusal_is_said_plainly() {
    let mut driver = pods((120, 40));
    driver.table(Reply::Stale(Failure { code: 403, message: "pods is forbidden".into(), ..Failure::default() }));
    driver.shows("sin permiso para verlo: pods is forbidden");
}

#[test]
fn namespaces_scope_the_list() {
    let mut driver = pods((120, 40));
    driver.press("n");
    let columns = vec![Column { name: "Name".into(), priority: 0 }];
    let named =
        |name: &str| Row { cells: [name].iter().collect(), name: name.into(), uid: name.into(), ..Row::default() };
    driver.table(Reply::Table(Table { columns, rows: vec![named("default"), named("tienda")], ..Table::default() }));
    driver.shows("todos");
    driver.write("tie").press("enter");
    let Some(Effect::Table(_, listing)) =
        driver.effects.iter().rev().find(|effect| matches!(effect, Effect::Table(..)))
    else {
        panic!()
    };
    assert_eq!(listing.scope.only(), Some("tienda"));
    driver.shows("Pod · tienda");
}

#[test]
fn ten_thousand_rows_scroll() {
    let mut driver = Driver::new((120, 40));
    driver.press(":").write("po").press("enter");
    let rows = (0..10_000).map(|index| row("default", &format!("pod-{index:05}"), "1/1", "Running", "0", 9)).collect();
    driver.table(Reply::Table(Table { columns: columns(), rows, ..Table::default() }));
    driver.press("G");
    driver.shows("pod-09999");
    driver.hides("pod-00000");
}

#[test]
fn an_unknown_word_is_explained() {
    let mut driver = Driver::new((120, 40));
    driver.press(":").write("pood").press("enter");
    driver.shows("no conozco «pood»");
}

#[test]
fn a_question_is_answered_before_one_goes_elsewhere() {
    let mut driver = pods((120, 40));
    driver.press("ctrl-d o t L");
    driver.shows("¿Borrar pod/api-5c9b8d7f66-s2t3u?");
    driver.press(":");
    driver.shows("╭ Ir a ─");
    driver.hides("¿Borrar");
}

#[test]
fn a_word_typed_into_a_question_does_not_answer_it() {
    let mut driver = pods((120, 40));
    driver.press("ctrl-d d e p l o y s");
    driver.shows("¿Borrar pod/api-5c9b8d7f66-s2t3u?");
    driver.shows("hay una pregunta abierta");
    let deleted = |driver: &Driver| driver.effects.iter().any(|effect| matches!(effect, Effect::Change { .. }));
    assert!(!deleted(&driver));
    driver.press("esc ctrl-d h p a left enter");
    driver.shows("se quedó como estaba: era «No»");
    driver.press("ctrl-d l o g s enter");
    assert!(!deleted(&driver), "ni con palabras que llevan una s");
    driver.press("ctrl-d right enter");
    assert!(deleted(&driver), "con las flechas y Enter se contesta igual");
}

#[test]
fn on_the_bridge_esc_lets_go_of_what_is_chosen_before_it_asks_to_leave() {
    let mut driver = Driver::new((120, 40));
    driver.press("down esc");
    driver.hides("¿Salir de Timonel?");
    driver.press("esc");
    driver.shows("¿Salir de Timonel?");
}
