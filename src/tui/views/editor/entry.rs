//! The editor in the table of views: its words, its keys.

use std::path::PathBuf;

use super::{Editor, Source, open};
use crate::tui::editor::templates;
use crate::tui::keys::{Action, Binding, bind};
use crate::tui::view::Step;
use crate::tui::views::Entry;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "editor",
    words: &["editar", "edit"],
    about: "Escribir manifiestos: `:editar archivo.yaml`, o sin nombre para elegir una plantilla",
    keys: KEYS,
    go: |state, name| match name {
        "" => (TEMPLATES.go)(state, ""),
        name if templates::names().contains(&name) => Ok(vec![Step::Push(open(Source::Template(name.into())))]),
        name => Ok(vec![Step::Push(open(Source::File(PathBuf::from(name))))]),
    },
};

/// The templates, to choose one.
pub static TEMPLATES: Entry = Entry {
    name: "plantillas",
    words: &["plantillas", "crear"],
    about: "Elegir una plantilla de manifiesto y editarla",
    keys: KEYS,
    go: |_, _| Ok(vec![Step::Push(Box::new(Editor::new(None)))]),
};

/// What works while one writes: letters are text.
pub(super) static KEYS: &[&[Binding]] = &[&[
    bind(&["ctrl-t", "f4"], Action::Check, "probar", "Probar en el servidor sin cambiar nada (--dry-run=server)"),
    bind(&["ctrl-e", "f5"], Action::Apply, "aplicar", "Aplicar al clúster; un archivo se guarda antes"),
    bind(&["ctrl-n", "f8"], Action::NextProblem, "problema", "Ir al siguiente problema"),
    bind(&["esc"], Action::Back, "cerrar", "Cerrar; si hay cambios, pregunta"),
    bind(&["f1"], Action::Help, "ayuda", "Esta ayuda"),
    bind(&["ctrl-s"], Action::Save, "guardar", "Guardar el archivo"),
    bind(&["ctrl-z"], Action::Undo, "deshacer", "Deshacer lo último escrito"),
    bind(&["ctrl-y"], Action::Redo, "", "Rehacer"),
]];
