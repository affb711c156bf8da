//! The terminal: one owner of state, pure update, `draw(&self)`. Must not import the cluster: it is a client.
//!
//! A [`msg::Msg`] goes into [`app::App::update`], effects come out, [`effects`] does them and answers with messages.
//! Views (one file each in `views/`) live in a stack; drawing never changes anything.

mod actions;
mod app;
mod config;
mod editor;
mod effects;
mod keys;
mod model;
mod msg;
mod run;
mod screen;
mod shot;
mod state;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod view;
mod views;
mod widgets;

use std::path::PathBuf;

use kube::Client;

use crate::lessons::Catalogue;

pub use run::run;
pub use shot::rehearse;
pub use terminal::terminal_size;

/// How the dashboard starts.
pub struct Options {
    /// The cluster.
    pub client: Client,
    /// The second cluster of the lesson whose own cluster this is, if it has one.
    pub second: Option<Client>,
    /// Its name: the kubeconfig's context, or the embedded cluster's.
    pub context: String,
    /// The kubeconfig that leads to it; kubectl's own when absent.
    pub kubeconfig: Option<PathBuf>,
    /// Where drafts are kept; nowhere when absent.
    pub data_dir: Option<PathBuf>,
    /// What to show first, as the palette takes it (`puente`, `pods`, `editar archivo.yaml`).
    pub view: String,
    /// The configuration file; it need not exist, and is read again whenever it changes.
    pub config: Option<PathBuf>,
    /// Whether the environment asks for no colour (`NO_COLOR`).
    pub no_color: bool,
    /// What the terminal says of its colours (`COLORFGBG`).
    pub colours: Option<String>,
    /// Whether nothing may be changed (`--solo-lectura`).
    pub read_only: bool,
    /// The lessons to show instead of those in the executable.
    pub lessons: Option<Catalogue>,
    /// Whether the cluster ends with the dashboard and nothing of it is kept.
    pub fleeting: bool,
    /// The lesson whose own cluster this is: it is left with the lesson.
    pub practice: Option<String>,
    /// Whether lessons give hints.
    pub hints: bool,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("context", &self.context).field("view", &self.view).finish_non_exhaustive()
    }
}

/// Why the dashboard ended.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Its user left.
    Left,
    /// Open this elsewhere, as the palette takes it: a lesson on a cluster of its own, or what comes after it.
    Elsewhere(String),
}

/// One frame of a view as text, once it has all that it shows; trailing blanks are left out.
///
/// # Errors
/// When there is no such view, or the cluster cannot be reached.
pub async fn frame(client: Client, view: &str, size: (u16, u16)) -> anyhow::Result<String> {
    shot::rehearse(client, view, &[], size).await
}
