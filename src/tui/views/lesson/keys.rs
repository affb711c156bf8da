//! The keys of a lesson under way, by where the learner is. Must not do anything.

use crate::tui::actions;
use crate::tui::keys::{Action, Binding, MOVES, bind};
use crate::tui::views::bridge;

/// In a step with a manifest.
pub(super) static IN_PANEL: &[&[Binding]] = &[FIRST, EDIT, THEN, MOVES];

/// In a step without one.
pub(super) static WITHOUT_EDITOR: &[&[Binding]] = &[FIRST, THEN, MOVES];

static FIRST: &[Binding] = &[
    bind(&["enter"], Action::Enter, "responder o seguir", "Responder la predicción; con todo en verde, seguir"),
    bind(&["tab", "backtab"], Action::Next, "puente", "Pasar al puente"),
    bind(&["i"], Action::Hint, "pista", "Pedir una pista"),
];

static EDIT: &[Binding] = &[bind(&["e"], Action::Edit, "editor", "Abrir el manifiesto de la lección en el editor")];

const OPTION: &str = "Marcar la opción de ese número; con Enter se responde";
const ITEM: &str = "En una lista que ordenar, tomar la de ese número";

static THEN: &[Binding] = &[
    bind(&["c"], Action::Copy, "copiar", "Copiar un comando del paso"),
    bind(&["s"], Action::Shell, "", "Una terminal donde kubectl funciona, como :terminal (Ctrl-q vuelve a la lección)"),
    bind(&["r"], Action::Restart, "", "Empezar la lección de nuevo (pregunta antes)"),
    bind(&["esc", "q"], Action::Back, "", "Pasar al puente; desde allí, dejar la lección"),
    bind(&["1"], Action::Choose(0), "", OPTION),
    bind(&["2"], Action::Choose(1), "", OPTION),
    bind(&["3"], Action::Choose(2), "", OPTION),
    bind(&["4"], Action::Choose(3), "", OPTION),
    bind(&["5"], Action::Choose(4), "", OPTION),
    bind(&["6"], Action::Choose(5), "", OPTION),
    bind(&["7"], Action::Choose(6), "", ITEM),
    bind(&["8"], Action::Choose(7), "", ITEM),
    bind(&["9"], Action::Choose(8), "", ITEM),
];

/// While it is set up.
pub(super) static PREPARING: &[&[Binding]] = &[AWAY];

/// When it cannot be set up.
pub(super) static BROKEN: &[&[Binding]] = &[AGAIN, AWAY, MOVES];

static AGAIN: &[Binding] = &[bind(&["r"], Action::Restart, "otra vez", "Intentar preparar la lección otra vez")];

static AWAY: &[Binding] = &[
    bind(&["tab", "backtab"], Action::Next, "puente", "Pasar al puente"),
    bind(&["esc", "q"], Action::Back, "", "Pasar al puente; desde allí, dejar la lección"),
];

/// On the bridge beside it.
pub(super) static ON_BRIDGE: &[&[Binding]] = &[
    &[
        bind(&["tab", "backtab"], Action::Next, "lección", "Pasar a la lección"),
        bind(&["i"], Action::Hint, "pista", "Pedir una pista"),
        bind(&["esc", "q"], Action::Back, "dejar", "Dejar la lección (pregunta antes; tu progreso se guarda)"),
    ],
    actions::ENTER,
    actions::FIRST,
    actions::PODS,
    actions::THEN,
    bridge::OWN,
    MOVES,
];
