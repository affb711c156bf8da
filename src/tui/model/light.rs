//! The few states that everything on screen is in, each with its glyph and word. Must not know colours.

/// How something is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Light {
    /// Broken.
    Bad,
    /// Nobody has taken it yet.
    Waiting,
    /// On its way.
    Busy,
    /// Nothing is heard of it.
    #[default]
    Unknown,
    /// Being taken away.
    Leaving,
    /// As wanted.
    Good,
    /// Finished, and well.
    Done,
    /// It is there, and that is all there is to tell: a ConfigMap does nothing.
    Plain,
}

impl Light {
    /// The sign, readable without colour.
    pub const fn glyph(self) -> &'static str {
        match self {
            Self::Good => "●",
            Self::Busy => "◐",
            Self::Done => "○",
            Self::Bad => "✕",
            Self::Waiting | Self::Leaving => "◌",
            Self::Unknown => "?",
            Self::Plain => "·",
        }
    }

    /// The word in counters, for many.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "listos",
            Self::Busy => "en camino",
            Self::Done => "terminados",
            Self::Bad => "fallan",
            Self::Waiting => "sin nodo",
            Self::Leaving => "yéndose",
            Self::Unknown => "sin noticias",
            Self::Plain => "sin estado",
        }
    }

    /// From the worst to the best, for counters.
    pub const ALL: [Self; 7] =
        [Self::Good, Self::Busy, Self::Bad, Self::Waiting, Self::Leaving, Self::Unknown, Self::Done];
}

/// Words of the server's STATUS columns that mean that all is well, or over.
const WELL: &[&str] = &["Running", "Ready", "Active", "Bound", "Available", "True", "Deployed", "Normal"];
const OVER: &[&str] = &["Completed", "Succeeded", "Complete"];
const GOING: &[&str] = &["Pending", "ContainerCreating", "PodInitializing", "Terminating", "Released"];

/// What a cell of the server's table says of its row, if anything: STATUS by its word, READY as `1/2`.
pub fn of_cell(column: &str, text: &str) -> Option<Light> {
    match column {
        "Status" | "Type" if WELL.contains(&text) => Some(Light::Good),
        "Status" if OVER.contains(&text) => Some(Light::Done),
        "Status" if GOING.contains(&text) || text.starts_with("Init:") && text.contains('/') => Some(Light::Busy),
        "Status" if text.starts_with("Ready,") => Some(Light::Busy),
        "Status" if !text.is_empty() => Some(Light::Bad),
        "Type" if text == "Warning" => Some(Light::Bad),
        "Ready" => {
            let (ready, total) = text.split_once('/')?;
            Some(if ready == total { Light::Good } else { Light::Busy })
        }
        _ => None,
    }
}

/// What the cells of a row say together: one that ended is over however many of it are ready; else the worst.
pub fn of_row(lights: impl Iterator<Item = Light> + Clone) -> Option<Light> {
    if lights.clone().any(|light| light == Light::Done) { Some(Light::Done) } else { lights.min() }
}

/// Whether not all of what a workload wants has its newest version: READY counts those of the old one too.
pub fn outdated(ready: &str, updated: &str) -> bool {
    let wanted = ready.split_once('/').and_then(|(_, total)| total.parse::<u64>().ok());
    wanted.zip(updated.parse::<u64>().ok()).is_some_and(|(wanted, updated)| updated < wanted)
}
