//! The first-run tour: what is where, in a minute, over the live bridge. Shown once by itself; `:recorrido` brings it back.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Entry;
use crate::tui::keys::{Action, Binding, bind};
use crate::tui::state::State;
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::{dialog, lines};
use crate::tui::widgets::prose::prose;
use crate::tui::widgets::text::span;

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "recorrido",
    words: &["recorrido", "tour"],
    about: "Qué hay en la pantalla y con qué teclas, en un minuto",
    keys: KEYS,
    go: |_, _| Ok(vec![Step::Root, Step::Push(open())]),
};

static KEYS: &[&[Binding]] = &[&[
    bind(&["enter", "right", "space"], Action::Next, "seguir", "La tarjeta siguiente"),
    bind(&["left"], Action::Previous, "", "La tarjeta anterior"),
    bind(&["esc", "q"], Action::Back, "dejarlo", "Cerrar el recorrido (vuelve con :recorrido)"),
]];

/// The cards: a title and a text.
const CARDS: &[(&str, &str)] = &[
    (
        "Esto es el puente",
        "Un clúster de Kubernetes entero y vivo. Arriba los **masters** (el plano de control), en medio los **workers** con sus pods, \
         abajo los **servicios** y a quién llevan.\n\nLo que ves está pasando ahora: nada es de adorno.",
    ),
    (
        "Las señales",
        "`●` va bien · `◐` en camino · `✕` falla · `◌` sin worker o yéndose · `○` terminado o apagado · `?` sin noticias.\n\n\
         Cada señal lleva su palabra al lado: no hace falta ver los colores.",
    ),
    (
        "Moverse",
        "`Tab` pasa de sección y las flechas eligen. `Enter` entra en lo elegido, `Esc` vuelve.\n\n\
         `:` va a cualquier parte: `:pods`, `:svc`, `:deploy tienda`. `/` filtra una lista.",
    ),
    (
        "Algo falla: ¿por qué?",
        "`X` sobre cualquier cosa dice la causa, los campos y eventos que la prueban, qué hacer y la lección que lo enseña.\n\n\
         En el puente, sin elegir nada, `X` va al primer pod que falla.",
    ),
    (
        "Hacer cosas",
        "`a` abre todo lo que se puede hacer con algo, con el comando `kubectl` que haría lo mismo. \
         `l` logs, `s` terminal, `e` editar, `+` y `-` réplicas. `:crear` trae manifiestos listos.\n\nLo que no tiene vuelta pregunta antes, y `u` deshace lo último.",
    ),
    (
        "Romper para aprender",
        "`o` apaga y enciende partes del clúster: el scheduler, un kubelet, el DNS… y dice antes qué vas a ver.\n\n\
         `t` vuelve atrás en el tiempo: paso a paso, o reproducido.",
    ),
    (
        "Las lecciones",
        "`L` abre el curso: sigue los apuntes de clase y comprueba lo que de verdad pasa en el clúster.\n\n\
         `?` enseña todas las teclas de donde estés. Eso es todo: buen viento.",
    ),
];

#[derive(Debug, Default)]
struct Tour {
    card: usize,
}

/// The first card.
pub fn open() -> Box<dyn View> {
    Box::<Tour>::default()
}

impl View for Tour {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, _: &State) -> String {
        "Recorrido".into()
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn hint(&self, binding: &'static Binding, _: &State) -> &'static str {
        match binding.action {
            Action::Next if self.card + 1 == CARDS.len() => "empezar",
            Action::Back if self.card + 1 == CARDS.len() => "",
            _ => binding.hint,
        }
    }

    fn floats(&self) -> bool {
        true
    }

    fn act(&mut self, action: Action, _: &State) -> Steps {
        match action {
            Action::Next if self.card + 1 < CARDS.len() => self.card += 1,
            Action::Previous => self.card = self.card.saturating_sub(1),
            Action::Next | Action::Back => return vec![Step::Pop],
            _ => {}
        }
        Steps::new()
    }

    fn ready(&self, _: &State) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let (title, text) = CARDS[self.card];
        let width = area.width.min(70);
        let told = prose(theme, text, usize::from(width.saturating_sub(6)));
        let height = u16::try_from(told.len() + 6).unwrap_or(u16::MAX);
        let inner = dialog(frame, area, (width, height), title, theme);
        let dots = (0..CARDS.len()).map(|card| span(if card == self.card { "● " } else { "○ " }, theme.accent()));
        let last = self.card + 1 == CARDS.len();
        let way = if last { "  Enter empezar" } else { "  Enter seguir · ← atrás · Esc dejarlo" };
        let foot = Line::from(dots.chain([span(way, theme.dim())]).collect::<Vec<_>>());
        lines(frame, inner, std::iter::once(Line::default()).chain(told).chain([Line::default(), foot]));
    }
}
