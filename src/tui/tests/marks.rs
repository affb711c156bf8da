//! Lists: marks and what is done with all that are marked, labels, wide columns, several namespaces, what is remembered,
//! the menu of actions, read-only mode.

use super::fixture::{Driver, SIZES, golden};
use super::lists::{pods, table};
use crate::tui::config::Settings;
use crate::tui::model::catalog::Listing;
use crate::tui::model::memory::Memory;
use crate::tui::msg::{Deed, Effect, Msg};

fn listings(driver: &Driver) -> Vec<&Listing> {
    driver
        .effects
        .iter()
        .filter_map(|effect| if let Effect::Table(_, listing) = effect { Some(listing) } else { None })
        .collect()
}

fn changes(driver: &Driver) -> Vec<&str> {
    let effects = driver.effects.iter();
    effects
        .filter_map(|effect| if let Effect::Change { command, .. } = effect { Some(command.as_str()) } else { None })
        .collect()
}

#[test]
fn what_is_marked_is_deleted_together_after_one_question() {
    let mut driver = pods((120, 40));
    driver.press("down space space ctrl-d");
    driver.shows("¿Borrar 2 pods?");
    driver.shows("$ kubectl delete pod migracion-9x8x7 web-6f7d9c8b54-a1b2c");
    golden("delete_marked", &mut driver);
    driver.press("s");
    assert_eq!(changes(&driver), ["kubectl delete pod migracion-9x8x7", "kubectl delete pod web-6f7d9c8b54-a1b2c"]);
}

#[test]
fn esc_takes_away_the_filter_then_the_marks_and_then_goes_back() {
    let mut driver = pods((120, 40));
    driver.press("M /").write("web").press("enter");
    driver.shows("(2 de 5) · 5 marcados");
    driver.press("esc");
    driver.shows("(5) · 5 marcados");
    driver.press("esc");
    driver.hides("marcados");
    driver.press("esc");
    driver.shows("› Puente");
}

#[test]
fn labels_are_asked_of_the_server() {
    let mut driver = pods((120, 40));
    driver.press("/").write("-l app=web run").press("enter");
    assert_eq!(listings(&driver).last().unwrap().labels, "app=web");
    driver.table(table());
    driver.shows("carrito");
    driver.hides("api-5c9b8d7f66-s2t3u");
    driver.shows("$ kubectl get pods -A -l app=web");
}

#[test]
fn the_palette_takes_namespaces_labels_and_a_filter() {
    let mut driver = Driver::new((120, 40));
    driver.press(":").write("po tienda,default -l app=web /!Run").press("enter");
    let listing = listings(&driver).last().copied().cloned().unwrap();
    assert_eq!((listing.scope.title().as_str(), listing.labels.as_str()), ("default, tienda", "app=web"));
    assert_eq!(listing.parts().len(), 2);
    driver.shows("/ -l app=web !Run");
}

#[test]
fn wide_columns_push_others_out_and_are_remembered_with_the_order() {
    let mut driver = pods((80, 24));
    driver.hides("NODE");
    driver.press("w S down down enter");
    driver.shows("STATUS↑");
    let kept = driver.app.state.memory.text();
    assert_eq!(Memory::read(&kept), driver.app.state.memory);
    driver.press("esc :").write("po").press("enter").table(table());
    driver.shows("STATUS↑");
    assert!(Memory::read(&kept).of("pods").wide);
}

#[test]
fn neighbouring_columns_order_one_after_the_other() {
    let mut driver = pods((120, 40));
    driver.press("> >");
    driver.shows("READY↑");
    driver.press("<");
    driver.shows("NAME↑");
}

#[test]
fn several_namespaces_at_once() {
    let mut driver = pods((120, 40));
    driver.press("n");
    let columns = vec![crate::tui::model::table::Column { name: "Name".into(), priority: 0 }];
    let named = |name: &str| crate::tui::model::table::Row {
        cells: [name].iter().collect(),
        name: name.into(),
        uid: name.into(),
        ..Default::default()
    };
    let rows = ["default", "kube-system", "tienda"].map(named).to_vec();
    let reply = crate::tui::model::table::Table { columns, rows, ..Default::default() };
    driver.table(crate::tui::msg::Reply::Table(reply));
    driver.press("down tab down tab enter");
    driver.shows("Pod · default, tienda");
    assert_eq!(listings(&driver).last().unwrap().parts().len(), 2);
}

#[test]
fn golden_menu() {
    for size in SIZES {
        let mut driver = pods(size);
        golden("menu", driver.press("a"));
    }
}

#[test]
fn the_menu_says_why_not_and_what_else_would_do_it() {
    let mut driver = pods((120, 40));
    driver.press("a").press(&"down ".repeat(5));
    driver.shows("No ahora: pod/api-5c9b8d7f66-s2t3u no tiene réplicas");
    driver.press("G");
    driver.shows("$ kubectl delete pod api-5c9b8d7f66-s2t3u");
    driver.press("enter");
    driver.shows("¿Borrar pod/api-5c9b8d7f66-s2t3u?");
}

#[test]
fn the_menu_goes_round_and_the_keys_of_actions_work_in_it() {
    let mut driver = pods((120, 40));
    driver.press("a up");
    driver.shows("$ kubectl delete pod api-5c9b8d7f66-s2t3u");
    driver.press("down").shows("Qué es, cómo está");
    driver.press("r").shows("«Reiniciar sus pods» no es para pod/api-5c9b8d7f66-s2t3u");
    driver.press("+").shows("no tiene réplicas");
    driver.press("ctrl-d").shows("¿Borrar pod/api-5c9b8d7f66-s2t3u?");
}

#[test]
fn looking_only_changes_nothing() {
    let mut driver = pods((120, 40));
    driver.app.state.locked = true;
    driver.press("ctrl-d");
    driver.shows("modo de solo lectura");
    driver.press("r e");
    assert!(changes(&driver).is_empty() && !driver.effects.iter().any(|effect| matches!(effect, Effect::Submit(..))));
}

#[test]
fn keys_and_aliases_of_the_user() {
    let mut driver = pods((120, 40));
    let settings = Settings::parse("[teclas]\nborrar = [\"ctrl-x\"]\n[alias]\nmalos = \"po todos /Crash\"\n").unwrap();
    driver.send(Msg::Settings(Ok(Box::new(settings))));
    driver.press("ctrl-d");
    driver.hides("¿Borrar");
    driver.press("ctrl-x");
    driver.shows("¿Borrar");
    driver.press("n ?");
    driver.shows("Ctrl-x");
    driver.press("esc :").write("malos").press("enter");
    driver.shows("/ Crash");
}

#[test]
fn a_mistake_in_the_configuration_is_said_and_changes_nothing() {
    let mut driver = pods((120, 40));
    driver.send(Msg::Settings(Settings::parse("tema = \"rosa\"").map(Box::new)));
    driver.shows("no hay un tema «rosa»");
}

#[test]
fn a_restart_of_several_goes_to_each() {
    let mut driver = Driver::new((120, 40));
    driver.press(":").write("deploy").press("enter").table(table());
    driver.press("M r s");
    let deeds = driver.effects.iter().filter(|effect| matches!(effect, Effect::Change { change: Deed::Restart, .. }));
    assert_eq!(deeds.count(), 5);
}
