//! The configuration file: what it takes, and what it says of what it does not take.

use super::Settings;
use crate::tui::keys::{self, Action, NAMES};
use crate::tui::theme::Look;

/// Every option is told in the documentation.
const DOCS: &str = include_str!("../../../docs/configuracion.md");

#[test]
fn an_empty_file_changes_nothing() {
    assert_eq!(Settings::parse("").unwrap(), Settings::default());
}

#[test]
fn the_documented_example_is_valid() {
    let example = DOCS.split("```toml").nth(1).unwrap().split("```").next().unwrap();
    let settings = Settings::parse(example).unwrap();
    assert_eq!(settings.look, Some(Look::Light));
    let borrar = keys::event("ctrl-x").unwrap();
    let groups = crate::tui::views::resources::ENTRY.keys;
    assert_eq!(settings.keymap.find(groups, borrar), Some(Action::Delete));
    assert_eq!(settings.keymap.find(groups, keys::event("ctrl-d").unwrap()), None);
}

#[test]
fn every_name_of_an_action_is_documented() {
    for (name, _) in NAMES {
        assert!(DOCS.contains(&format!("`{name}`")), "docs/configuracion.md no nombra «{name}»");
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, said) in [
        ("tema = \"rosa\"", "no hay un tema «rosa»"),
        ("\ncolor = 1", "línea 2: unknown field `color`"),
        ("[teclas]\nvolar = [\"v\"]", "no hay una acción «volar»"),
        ("[teclas]\nborrar = [\"supr\"]", "«supr» no es una tecla"),
        ("[teclas]\nborrar = [\"e\"]", "la tecla «e» sería a la vez de"),
    ] {
        let error = Settings::parse(text).unwrap_err();
        assert!(error.contains(said), "«{text}»: {error}");
    }
}
