//! How each kind was last listed, so that it is listed so again. Pure: the app has it written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::catalog::Resource;
use super::rows::Sort;

/// How a kind is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prefs {
    /// What it is sorted by; by name without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<Sort>,
    /// Whether the columns of `-o wide` are always shown.
    pub wide: bool,
    /// What was typed after `/`; for this session only: a filter of last week hides what one looks for today.
    #[serde(skip)]
    pub filter: String,
}

/// All that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory(BTreeMap<String, Prefs>);

impl Memory {
    /// Where it is kept in the data directory.
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("tablero").join("listas.toml")
    }

    /// Reads what was kept; what cannot be read is forgotten: nothing but habits is lost.
    pub fn read(text: &str) -> Self {
        toml::from_str(text).unwrap_or_default()
    }

    /// What to keep.
    pub fn text(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// The name of a kind in here: `pods`, `deployments.apps`.
    pub fn name(resource: &Resource) -> String {
        if resource.group.is_empty() {
            resource.plural.clone()
        } else {
            format!("{}.{}", resource.plural, resource.group)
        }
    }

    /// How a kind is listed.
    pub fn of(&self, kind: &str) -> Prefs {
        self.0.get(kind).cloned().unwrap_or_default()
    }

    /// Keeps how a kind is listed.
    pub fn keep(&mut self, kind: &str, prefs: Prefs) {
        self.0.insert(kind.into(), prefs);
    }
}
