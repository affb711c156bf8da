//! What one of the masters is for, in the words of the notes made precise, and where to look next.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Entry;
use crate::tui::keys::{Action, Binding, bind};
use crate::tui::model::bridge::scene;
use crate::tui::model::scope::Scope;
use crate::tui::state::State;
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::{dialog, lines};
use crate::tui::widgets::text::wrap;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "master",
    words: &[],
    about: "Para qué sirve cada parte del plano de control",
    keys: KEYS,
    go: super::unreachable_by_word,
};

static KEYS: &[&[Binding]] = &[&[
    bind(&["enter"], Action::Enter, "ver más", "Ir a lo que esta parte maneja"),
    bind(&["esc", "q"], Action::Back, "cerrar", "Volver al puente"),
]];

/// What is told of each, in the order of the bridge, and where Enter goes.
const TOLD: [(&str, &str); 4] = [
    (
        "La única puerta del clúster. Todo pasa por aquí: kubectl, esta pantalla, el scheduler, los controllers y los kubelets. \
         Comprueba quién eres, qué puedes hacer y si lo que pides es válido, y solo entonces lo guarda en etcd. Nadie más habla con etcd.",
        "recursos",
    ),
    (
        "Muchos bucles de control en un proceso. Cada uno compara lo deseado con lo que hay y actúa para acercarlos. \
         Las luces dicen cuántos objetos de cada bucle ya están como se quieren: ◐ es trabajo en marcha, no un error.",
        "deployments",
    ),
    (
        "Mira los pods que no tienen worker y elige uno para cada uno, una sola vez: descarta los que no pueden, puntúa los demás. \
         No arranca contenedores (eso hace el kubelet) ni mueve pods que ya tienen sitio.",
        "pods",
    ),
    (
        "La memoria del clúster: clave → valor, sin tablas. Cada cambio sube la revisión. Solo el API Server le habla. \
         Si se pierde, se pierde lo que el clúster sabe de sí mismo; los contenedores siguen hasta que alguien deba decidir algo.",
        "recursos",
    ),
];

#[derive(Debug)]
struct Told {
    index: usize,
}

/// Tells of the master at a place of the bridge.
pub fn open(index: usize) -> Box<dyn View> {
    Box::new(Told { index: index.min(TOLD.len() - 1) })
}

impl View for Told {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, state: &State) -> String {
        scene(&state.cluster, &Scope::default(), state.now).masters[self.index].name.into()
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn floats(&self) -> bool {
        true
    }

    fn act(&mut self, action: Action, _: &State) -> Steps {
        match action {
            Action::Enter => vec![Step::Pop, Step::Go(TOLD[self.index].1.into())],
            _ => vec![Step::Pop],
        }
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let width = area.width.min(72);
        let (text, place) = TOLD[self.index];
        let told = wrap(text, usize::from(width.saturating_sub(4)));
        let height = u16::try_from(told.len() + 5).unwrap_or(u16::MAX);
        let inner = dialog(frame, area, (width, height), &self.title(state), theme);
        let mut body = vec![Line::default()];
        body.extend(told.into_iter().map(Line::raw));
        body.extend([Line::default(), Line::styled(format!("Enter: ir a {place}"), theme.dim())]);
        lines(frame, inner, body);
    }
}
