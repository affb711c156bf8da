//! Every key that any help names does something: the screen, a question to the world or the end of the program tells.

use std::collections::BTreeSet;

use super::fixture::Driver;
use super::{around, detail, editor, lessons, lists, reach, timeline, why};
use crate::tui::keys::{self, Binding};
use crate::tui::model::scope::Scope;
use crate::tui::msg::Reply;
use crate::tui::shot;
use crate::tui::views::ALL;

type Size = (u16, u16);

/// How a view is come by.
type Way = fn(Size) -> Driver;

fn pressed(size: Size, keys: &str) -> Driver {
    let mut driver = Driver::new(size);
    driver.press(keys);
    driver
}

fn named(size: Size, word: &str) -> Driver {
    let mut driver = Driver::new(size);
    driver.press(":").write(word).press("enter");
    driver
}

fn over_pods(size: Size, keys: &str) -> Driver {
    let mut driver = lists::pods(size);
    driver.press(keys);
    driver
}

/// The first of the menu's entries that opens this view.
fn through_the_menu(size: Size, wanted: &str) -> Driver {
    let open = |down: usize| {
        let mut driver = over_pods(size, "a");
        driver.press(&"down ".repeat(down)).press("enter");
        driver
    };
    (0..20).map(open).find(|driver| driver.app.offered().0 == wanted).unwrap()
}

/// A bridge that shows one namespace.
fn scoped(size: Size) -> Driver {
    let mut driver = Driver::new(size);
    driver.app.state.scope = Scope::one("default");
    driver
}

fn namespaces(size: Size) -> Driver {
    let mut driver = named(size, "namespace");
    driver.table(lists::table());
    driver
}

/// Logs with a line that no screen holds, and one in JSON.
fn long_logs(size: Size) -> Driver {
    let mut driver = detail::logs(size);
    let line = format!("2026-05-01T12:09:59Z {}", "larga ".repeat(80));
    driver.answer(detail::object, Reply::Lines(1, vec![line, r#"2026-05-01T12:10:00Z {"msg":"hola"}"#.into()]));
    driver.press("k k");
    driver
}

fn typed(size: Size) -> Driver {
    let mut driver = editor::editing(size, "apuntes");
    driver.write("x").press("ctrl-z");
    driver
}

fn found(size: Size) -> Driver {
    let mut driver = detail::detail(size);
    driver.press("y /").write("e").press("enter");
    driver
}

/// Every view with keys of its own, by its name in the table of views; some in more than one situation.
const WAYS: &[(&str, &[Way])] = &[
    ("puente", &[Driver::new, scoped]),
    ("lecciones", &[|size| pressed(size, "L")]),
    ("leccion", &[|size| lessons::playing(size, "1.3")]),
    ("recursos", &[lists::pods]),
    ("tipos", &[|size| named(size, "tipos")]),
    ("detalle", &[detail::detail, found, around::measured, |size| around::detail(size, "6")]),
    ("por-qué", &[why::why, why::twice]),
    ("editor", &[|size| editor::editing(size, "apuntes"), typed]),
    ("logs", &[detail::logs, long_logs]),
    ("interruptores", &[|size| pressed(size, "o")]),
    ("línea de tiempo", &[timeline::past]),
    ("port-forwards", &[reach::forwards]),
    ("abrir port-forward", &[reach::forwarding]),
    ("contextos", &[reach::contexts]),
    ("namespace", &[namespaces]),
    ("comandos", &[|size| over_pods(size, "enter esc down enter esc C")]),
    ("ayuda", &[|size| pressed(size, "?")]),
    ("recorrido", &[|size| named(size, "recorrido")]),
    ("ir a", &[|size| pressed(size, ":")]),
    ("acciones", &[|size| over_pods(size, "a")]),
    ("escribir", &[|size| through_the_menu(size, "escribir")]),
    ("pregunta", &[|size| over_pods(size, "ctrl-d")]),
    ("escalar", &[lists::scaling]),
    ("elegir", &[reach::which]),
    ("terminal", &[|size| named(size, "terminal")]),
    ("master", &[|size| pressed(size, "tab backtab backtab backtab enter")]),
];

/// What to do first, so that there is somewhere to go.
const BEFORE: &[&str] =
    &["", "down", "down down", "right", "tab", "down right", "pgdn", "end", "tab tab down", "0", "i", "k k k"];

/// What a key may change.
fn seen(driver: &Driver) -> (String, String, usize, bool, &'static str) {
    let styles = shot::styles(&driver.app, driver.app.state.size).unwrap();
    (driver.screen(), styles, driver.effects.len(), driver.app.ended(), driver.app.offered().0)
}

/// Whether a key does something, after one beginning or another.
fn does_something(way: Way, size: Size, key: &str) -> bool {
    BEFORE.iter().any(|before| {
        let mut driver = way(size);
        let view = driver.app.offered().0;
        driver.press(before);
        if driver.app.offered().0 != view {
            return false;
        }
        let was = seen(&driver);
        driver.press(key);
        seen(&driver) != was
    })
}

fn keys_of(groups: &[&'static [Binding]]) -> BTreeSet<&'static str> {
    groups.iter().copied().flatten().flat_map(|binding| binding.keys.iter().copied()).collect()
}

#[test]
fn every_key_of_every_help_does_something() {
    let mut idle = Vec::new();
    for (name, ways) in WAYS {
        for size in [(80, 24), (120, 40)] {
            let (view, groups) = ways[0](size).app.offered();
            if view != *name {
                idle.push(format!("the way to {name} leads to {view}"));
                continue;
            }
            let silent = |key: &&str| !ways.iter().any(|way| does_something(*way, size, key));
            idle.extend(keys_of(groups).into_iter().filter(silent).map(|key| format!("{name} at {}: {key}", size.0)));
        }
    }
    assert!(idle.is_empty(), "these keys do nothing:\n{}", idle.join("\n"));
}

#[test]
fn every_global_key_does_something_from_the_bridge() {
    let silent: Vec<_> =
        keys_of(&[keys::GLOBAL]).into_iter().filter(|key| !does_something(Driver::new, (120, 40), key)).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

/// The templates are chosen in the editor itself.
#[test]
fn no_view_with_keys_is_forgotten() {
    let shown: BTreeSet<_> = WAYS.iter().map(|(name, _)| *name).collect();
    let forgotten: Vec<_> = ALL
        .iter()
        .filter(|entry| !entry.keys.is_empty() && entry.name != "plantillas" && !shown.contains(entry.name))
        .map(|entry| entry.name)
        .collect();
    assert_eq!(forgotten, Vec::<&str>::new());
}
