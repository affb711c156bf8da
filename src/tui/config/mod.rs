//! What the user has chosen, from a TOML file: looks, keys, aliases, own commands. Pure: reading the file is an effect.
//! `docs/configuracion.md` tells every option; a test holds the two together.

mod raw;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::keys::{self, Binding, Keymap};
use super::theme::Look;
use super::views;
use raw::Raw;

/// Lines kept of a log when the file says nothing.
const LOG_LINES: usize = 20_000;
/// Lines of a log that are read of what was written before.
const LOG_TAIL: u32 = 2000;

/// A command of the user's own, offered among the actions of some kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Custom {
    /// What it is called in the menu.
    pub name: String,
    /// Key of the table's spelling, such as `ctrl-k`; none offers it only in the menu.
    pub key: Option<String>,
    /// Plurals of the kinds that it is for; every kind when empty.
    pub kinds: Vec<String>,
    /// Command line with `$NAME`, `$NAMESPACE`, `$KIND`, run in the local shell.
    pub line: String,
}

/// The choices, with what holds when nothing was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The look; what the terminal asks for when absent.
    pub look: Option<Look>,
    /// Whether things may move.
    pub motion: bool,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// Whether nothing may be changed.
    pub read_only: bool,
    /// Keys in place of the tables' own.
    pub keymap: Keymap,
    /// Words of the palette that stand for others.
    pub aliases: BTreeMap<String, String>,
    /// Lines kept of a log.
    pub log_lines: usize,
    /// Lines of a log read of what was written before.
    pub log_tail: u32,
    /// The user's own commands.
    pub commands: Vec<Custom>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            look: None,
            motion: true,
            mouse: true,
            read_only: false,
            keymap: Keymap::default(),
            aliases: BTreeMap::new(),
            log_lines: LOG_LINES,
            log_tail: LOG_TAIL,
            commands: Vec::new(),
        }
    }
}

impl Settings {
    /// Reads the file's text.
    ///
    /// # Errors
    /// In Spanish, with the place and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw: Raw = toml::from_str(text).map_err(|error| place(text, &error))?;
        let plain = Self::default();
        let settings = Self {
            look: look(raw.tema.as_deref())?,
            motion: raw.movimiento.unwrap_or(plain.motion),
            mouse: raw.raton.unwrap_or(plain.mouse),
            read_only: raw.solo_lectura.unwrap_or(plain.read_only),
            keymap: keymap(raw.teclas)?,
            aliases: raw.alias,
            log_lines: raw.logs.lineas.map_or(plain.log_lines, |lines| lines.clamp(100, 1_000_000)),
            log_tail: raw.logs.cola.unwrap_or(plain.log_tail),
            commands: raw.orden.into_iter().map(raw::Order::custom).collect::<Result<_, _>>()?,
        };
        settings.clashes()?;
        Ok(settings)
    }

    /// A key that would mean two things in one view is refused: one of them could never be reached.
    fn clashes(&self) -> Result<(), String> {
        for entry in views::ALL {
            let groups = entry.keys.iter().copied().chain([keys::GLOBAL]);
            let all: Vec<&Binding> = groups.flatten().collect();
            for (index, binding) in all.iter().enumerate() {
                for key in self.keymap.keys(binding) {
                    let other = all[..index]
                        .iter()
                        .find(|other| other.action != binding.action && self.keymap.keys(other).contains(&key));
                    if let Some(other) = other.filter(|other| self.moved(binding) || self.moved(other)) {
                        let names = [binding, *other].map(|binding| name(binding).unwrap_or("otra acción"));
                        let [one, two] = names;
                        return Err(format!(
                            "la tecla «{key}» sería a la vez de «{two}» y de «{one}» en {}",
                            entry.name
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    fn moved(&self, binding: &Binding) -> bool {
        self.keymap.keys(binding) != binding.keys
    }
}

fn name(binding: &Binding) -> Option<&'static str> {
    keys::NAMES.iter().find(|(_, action)| *action == binding.action).map(|(name, _)| *name)
}

fn look(word: Option<&str>) -> Result<Option<Look>, String> {
    match word {
        None | Some("auto") => Ok(None),
        Some(word) => Look::named(word).map(Some).ok_or_else(|| {
            let known: Vec<&str> = Look::ALL.iter().map(|(name, _)| *name).collect();
            format!("no hay un tema «{word}»: puede ser auto, {}", known.join(", "))
        }),
    }
}

fn keymap(table: BTreeMap<String, Vec<String>>) -> Result<Keymap, String> {
    let mut keymap = Keymap::default();
    for (word, wanted) in table {
        let action = keys::NAMES.iter().find(|(name, _)| *name == word).map(|(_, action)| *action);
        let action =
            action.ok_or_else(|| format!("no hay una acción «{word}»: docs/configuracion.md las nombra todas"))?;
        if let Some(wrong) = wanted.iter().find(|key| keys::event(key).is_none()) {
            return Err(format!("«{wrong}» no es una tecla: se escribe como x, X, ctrl-x, f5, enter, pgdn"));
        }
        keymap.put(action, wanted);
    }
    Ok(keymap)
}

/// The parser's words behind the line that they are about.
fn place(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let line = line.map(|line| format!("línea {line}: ")).unwrap_or_default();
    format!("{line}{}", error.message())
}
