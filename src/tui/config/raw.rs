//! The file as it is written: its words are Spanish, and an unknown one is an error. Must not decide what they mean.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Custom;
use crate::tui::keys;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    pub tema: Option<String>,
    pub movimiento: Option<bool>,
    pub raton: Option<bool>,
    pub solo_lectura: Option<bool>,
    pub logs: Logs,
    pub teclas: BTreeMap<String, Vec<String>>,
    pub alias: BTreeMap<String, String>,
    pub orden: Vec<Order>,
}

/// The table `[logs]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logs {
    pub lineas: Option<usize>,
    pub cola: Option<u32>,
}

/// One `[[orden]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    nombre: String,
    tecla: Option<String>,
    #[serde(default)]
    tipos: Vec<String>,
    linea: String,
}

impl Order {
    /// The command, if its key is one.
    pub fn custom(self) -> Result<Custom, String> {
        if let Some(wrong) = self.tecla.as_ref().filter(|key| keys::event(key).is_none()) {
            return Err(format!("«{wrong}» no es una tecla, en la orden «{}»", self.nombre));
        }
        Ok(Custom { name: self.nombre, key: self.tecla, kinds: self.tipos, line: self.linea })
    }
}
