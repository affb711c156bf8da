//! The tabs of a detail: what each is called and what it is for. Must not draw.

use crate::tui::keys::{Action, Binding, bind};
use crate::tui::model::catalog::Target;
use crate::tui::model::kubectl;

/// What is shown of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// The page.
    Describe,
    /// The object as it is.
    Yaml,
    /// Its events.
    Events,
    /// Its owners and what it owns.
    Tree,
    /// What is tied to it otherwise.
    Relations,
    /// What it was before.
    History,
    /// What it uses.
    Usage,
}

impl Tab {
    /// Every tab, in order.
    pub const ALL: [Self; 7] =
        [Self::Describe, Self::Yaml, Self::Events, Self::Tree, Self::Relations, Self::History, Self::Usage];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Describe => "Descripción",
            Self::Yaml => "YAML",
            Self::Events => "Eventos",
            Self::Tree => "Árbol",
            Self::Relations => "Relaciones",
            Self::History => "Historia",
            Self::Usage => "Consumo",
        }
    }

    /// The tab so many further, round the end.
    pub fn step(self, by: usize) -> Self {
        let now = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        Self::ALL[(now + by) % Self::ALL.len()]
    }

    /// The command that tells the same.
    pub fn command(self, target: &Target) -> Option<String> {
        Some(match self {
            Self::Describe => kubectl::read("describe", target, ""),
            Self::Yaml => kubectl::read("get", target, " -o yaml"),
            Self::Events => kubectl::events(target),
            Self::History => kubectl::read("rollout history", target, ""),
            Self::Usage if ["Pod", "Node"].contains(&target.resource.kind.as_str()) => kubectl::read("top", target, ""),
            Self::Usage | Self::Tree | Self::Relations => return None,
        })
    }

    /// Whether it is a list of objects that can be entered.
    pub fn links(self) -> bool {
        matches!(self, Self::Tree | Self::Relations)
    }

    /// Whether it is a text that one reads.
    pub fn reads(self) -> bool {
        matches!(self, Self::Describe | Self::Yaml | Self::Events)
    }
}

/// Going from tab to tab.
pub static TABS: &[Binding] = &[
    bind(&["tab", "right"], Action::Next, "pestañas", "Pasar a la pestaña siguiente"),
    bind(&["backtab", "left"], Action::Previous, "", "Pasar a la pestaña anterior"),
    bind(&["1"], Action::Choose(0), "", "Descripción"),
    bind(&["2"], Action::Choose(1), "", "YAML"),
    bind(&["3"], Action::Choose(2), "", "Eventos"),
    bind(&["4"], Action::Choose(3), "", "Árbol: sus dueños, y lo que le pertenece"),
    bind(&["5"], Action::Choose(4), "", "Relaciones: quién lo elige, lo monta o lo usa"),
    bind(&["6"], Action::Choose(5), "", "Historia: sus revisiones, y qué cambió de una a otra"),
    bind(&["7"], Action::Choose(6), "", "Consumo: CPU y memoria de los últimos minutos"),
    bind(&["v"], Action::Table, "", "El consumo como tabla, o como gráfica"),
    bind(&["space"], Action::Mark, "", "En la historia: comparar con esta revisión"),
];
