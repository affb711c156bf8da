//! What a lesson's keys open or ask before they do it. Must not change the lesson.

use super::{Play, draw};
use crate::tui::keys::Action;
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, copied};
use crate::tui::views::{chooser, confirm, editor};

impl Play {
    /// Nobody answers what cannot be read, nor passes over what stands before it.
    pub(super) fn read_on(&mut self, state: &State) {
        let (below, page) = (draw::below(self, state), draw::page(self, state));
        if below > page {
            self.top += page.saturating_sub(1);
        } else {
            self.follow = true;
        }
    }

    pub(super) fn edit(&self) -> Steps {
        match self.session.view().edit.filter(|_| !self.session.finished()) {
            Some((name, text)) => vec![Step::Push(editor::open(self.source(name, text)))],
            None => vec![Step::Say(Notice::tip("este paso no tiene ningún manifiesto que editar"))],
        }
    }

    pub(super) fn copy(&self) -> Steps {
        match self.session.view().commands {
            [] => vec![Step::Say(Notice::tip("este paso no tiene comandos que copiar"))],
            [only] => copied(only.clone()),
            many => vec![Step::Push(chooser::open("¿Qué comando copio?", many.to_vec(), 0))],
        }
    }

    pub(super) fn ask_again(&self) -> Steps {
        let lost =
            vec!["Los objetos de la lección se borran y se crean otra vez, y empiezas por su primer paso. Las lecciones que ya aprobaste siguen aprobadas.".into()];
        vec![Step::Push(confirm::open("¿Empezar la lección de nuevo?", lost, None, vec![Step::Act(Action::Yes)]))]
    }

    pub(super) fn ask_to_leave(&self) -> Steps {
        if self.session.finished() {
            return vec![Step::Close];
        }
        let lost = vec![
            "Al volver, la lección empieza de nuevo por su primer paso. Lo que ya aprobaste queda guardado.".into(),
        ];
        vec![Step::Push(confirm::open("¿Dejar la lección?", lost, None, vec![Step::Close]))]
    }
}
