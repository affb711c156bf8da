//! Keys as data: a view declares its bindings, and help, hint bar and dispatch are derived from them. Must not act.

use std::collections::HashMap;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key can mean. The same key means the same in every view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Next,
    Previous,
    Enter,
    Back,
    Quit,
    Help,
    Palette,
    Commands,
    Filter,
    Sort,
    SortLeft,
    SortRight,
    Wide,
    Mark,
    MarkAll,
    Namespaces,
    AllNamespaces,
    Contexts,
    Describe,
    Yaml,
    Events,
    Edit,
    Logs,
    Earlier,
    Since,
    Search,
    Context,
    NextFound,
    PreviousFound,
    Wrap,
    Timestamps,
    Follow,
    Pretty,
    Shell,
    Forward,
    Forwards,
    Why,
    Actions,
    Delete,
    ScaleUp,
    ScaleDown,
    Restart,
    Switches,
    Timeline,
    Copy,
    Yes,
    No,
    Check,
    Apply,
    Save,
    NextProblem,
    Table,
    Undo,
    Redo,
    Lessons,
    Hint,
    /// The option of that number, from 0.
    Choose(usize),
}

/// The names that the configuration has for actions; those that would lock one out of a dialog are left out.
pub static NAMES: &[(&str, Action)] = &[
    ("arriba", Action::Up),
    ("abajo", Action::Down),
    ("izquierda", Action::Left),
    ("derecha", Action::Right),
    ("página-arriba", Action::PageUp),
    ("página-abajo", Action::PageDown),
    ("principio", Action::Top),
    ("final", Action::Bottom),
    ("siguiente", Action::Next),
    ("anterior", Action::Previous),
    ("ayuda", Action::Help),
    ("ir-a", Action::Palette),
    ("comandos", Action::Commands),
    ("filtrar", Action::Filter),
    ("ordenar", Action::Sort),
    ("columna-izquierda", Action::SortLeft),
    ("columna-derecha", Action::SortRight),
    ("columnas-anchas", Action::Wide),
    ("marcar", Action::Mark),
    ("marcar-todo", Action::MarkAll),
    ("namespace", Action::Namespaces),
    ("todos-los-namespaces", Action::AllNamespaces),
    ("contextos", Action::Contexts),
    ("detalle", Action::Describe),
    ("yaml", Action::Yaml),
    ("eventos", Action::Events),
    ("editar", Action::Edit),
    ("logs", Action::Logs),
    ("logs-anteriores", Action::Earlier),
    ("desde", Action::Since),
    ("buscar", Action::Search),
    ("contexto", Action::Context),
    ("ajustar", Action::Wrap),
    ("horas", Action::Timestamps),
    ("seguir", Action::Follow),
    ("json", Action::Pretty),
    ("terminal", Action::Shell),
    ("port-forward", Action::Forward),
    ("port-forwards", Action::Forwards),
    ("por-qué", Action::Why),
    ("acciones", Action::Actions),
    ("borrar", Action::Delete),
    ("una-más", Action::ScaleUp),
    ("una-menos", Action::ScaleDown),
    ("reiniciar", Action::Restart),
    ("encender-apagar", Action::Switches),
    ("tiempo", Action::Timeline),
    ("copiar", Action::Copy),
    ("deshacer", Action::Undo),
    ("lecciones", Action::Lessons),
    ("guardar", Action::Save),
];

/// One line of a view's key table.
#[derive(Debug)]
pub struct Binding {
    /// Keys that do it, such as `ctrl-d`, `enter`, `G`; the first is the one shown.
    pub keys: &'static [&'static str],
    /// What they do.
    pub action: Action,
    /// Word for the hint bar; empty keeps it out of the bar.
    pub hint: &'static str,
    /// A sentence for the help.
    pub help: &'static str,
}

/// Shorthand for the key tables.
pub const fn bind(keys: &'static [&'static str], action: Action, hint: &'static str, help: &'static str) -> Binding {
    Binding { keys, action, hint, help }
}

/// Keys that work everywhere, after the view's own.
pub static GLOBAL: &[Binding] = &[
    bind(&["?", "f1"], Action::Help, "ayuda", "Ayuda de esta vista: todas sus teclas"),
    bind(&[":"], Action::Palette, "ir a", "Ir a un recurso o vista: :po, :deploy, :svc, :puente, :editar…"),
    bind(&["L"], Action::Lessons, "", "Las lecciones: empezar una o ver lo hecho"),
    bind(&["o"], Action::Switches, "", "Encender y apagar las partes del clúster"),
    bind(&["F"], Action::Forwards, "", "Los port-forward abiertos"),
    bind(&["t"], Action::Timeline, "", "Volver atrás en el tiempo"),
    bind(&["u"], Action::Undo, "", "Deshacer lo último que cambiaste en el clúster"),
    bind(&["C"], Action::Commands, "", "Los comandos kubectl equivalentes a lo que hiciste"),
    bind(&["esc", "q"], Action::Back, "", "Volver; desde el puente, salir"),
    bind(&["ctrl-c"], Action::Quit, "", "Salir de Timonel"),
];

/// How the way back is hinted where a view does not say it in its own words.
pub static LEAVE: Binding = bind(&["esc"], Action::Back, "volver", "Volver");

/// While one types what a list is filtered by.
pub static FILTERING: &[&[Binding]] = &[&[
    bind(&["enter"], Action::Enter, "listo", "Quedarse con lo filtrado"),
    bind(&["esc"], Action::No, "quitar el filtro", "Quitar el filtro"),
]];

/// Moving in a list; views add it to their own keys.
pub static MOVES: &[Binding] = &[
    bind(&["down", "j"], Action::Down, "", "Bajar"),
    bind(&["up", "k"], Action::Up, "", "Subir"),
    bind(&["pgdn", "ctrl-f"], Action::PageDown, "", "Bajar una página"),
    bind(&["pgup", "ctrl-b"], Action::PageUp, "", "Subir una página"),
    bind(&["g", "home"], Action::Top, "", "Ir al principio"),
    bind(&["G", "end"], Action::Bottom, "", "Ir al final"),
];

/// Keys that the user has put in place of those of the tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keymap(HashMap<Action, Vec<String>>);

impl Keymap {
    /// Puts keys in place of an action's own.
    pub fn put(&mut self, action: Action, keys: Vec<String>) {
        self.0.insert(action, keys);
    }

    /// The keys of a binding: the user's, else the table's.
    pub fn keys<'a>(&'a self, binding: &'a Binding) -> Vec<&'a str> {
        match self.0.get(&binding.action) {
            Some(keys) => keys.iter().map(String::as_str).collect(),
            None => binding.keys.to_vec(),
        }
    }

    /// How the first key of a binding is written on the screen; empty when the user took all its keys away.
    pub fn label(&self, binding: &Binding) -> String {
        self.keys(binding).first().map(|key| label(key)).unwrap_or_default()
    }

    /// The action bound to a key in some groups.
    pub fn find(&self, groups: &[&[Binding]], key: KeyEvent) -> Option<Action> {
        let mut all = groups.iter().copied().flatten();
        all.find(|binding| self.keys(binding).iter().any(|spec| matches(spec, key))).map(|binding| binding.action)
    }
}

/// Whether a key event is the one that the text names.
pub fn matches(spec: &str, key: KeyEvent) -> bool {
    let (wanted, name) = modifiers(spec);
    let relevant = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
    relevant == wanted && code(name) == Some(key.code)
}

fn modifiers(spec: &str) -> (KeyModifiers, &str) {
    match spec.split_once('-') {
        Some(("ctrl", rest)) => (KeyModifiers::CONTROL, rest),
        Some(("alt", rest)) => (KeyModifiers::ALT, rest),
        _ => (KeyModifiers::NONE, spec),
    }
}

fn code(name: &str) -> Option<KeyCode> {
    let mut letters = name.chars();
    if let (Some(only), None) = (letters.next(), letters.next()) {
        return Some(KeyCode::Char(only));
    }
    Some(match name {
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "pgup" => KeyCode::PageUp,
        "pgdn" => KeyCode::PageDown,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backtab" => KeyCode::BackTab,
        "space" => KeyCode::Char(' '),
        "backspace" => KeyCode::Backspace,
        _ => KeyCode::F(name.strip_prefix('f')?.parse().ok()?),
    })
}

/// The event of a key as the tables write it; `None` for what is no key.
pub fn event(spec: &str) -> Option<KeyEvent> {
    let (modifiers, name) = modifiers(spec);
    code(name).map(|code| KeyEvent::new(code, modifiers))
}

/// How a key is written on the screen.
pub fn label(spec: &str) -> String {
    match spec {
        "up" => "↑".into(),
        "down" => "↓".into(),
        "left" => "←".into(),
        "right" => "→".into(),
        "enter" => "Enter".into(),
        "esc" => "Esc".into(),
        "tab" => "Tab".into(),
        "backtab" => "Mayús-Tab".into(),
        "pgup" => "RePág".into(),
        "pgdn" => "AvPág".into(),
        "home" => "Inicio".into(),
        "end" => "Fin".into(),
        "space" => "Espacio".into(),
        "backspace" => "Retroceso".into(),
        _ => spec.strip_prefix("ctrl-").map_or_else(|| function_key(spec), |letter| format!("Ctrl-{letter}")),
    }
}

fn function_key(spec: &str) -> String {
    if spec.len() > 1 && spec.starts_with('f') { spec.to_uppercase() } else { spec.into() }
}
