//! The data of ConfigMaps and Secrets: literals, files, folders and env files. Must not know which of both it is for.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;

use crate::base::syntax;
use crate::kubectl::failure::{Failure, Outcome, go_words};
use crate::kubectl::io::{Entry, Io};

/// Where the data comes from.
#[derive(Args, Debug)]
pub(super) struct Sources {
    /// clave=valor; se puede repetir.
    #[arg(long, value_name = "CLAVE=VALOR")]
    from_literal: Vec<String>,
    /// Archivo, clave=archivo o carpeta; se puede repetir.
    #[arg(long, value_name = "ARCHIVO")]
    from_file: Vec<String>,
    /// Archivo con líneas CLAVE=valor.
    #[arg(long, value_name = "ARCHIVO")]
    from_env_file: Vec<String>,
}

/// Key → bytes.
pub(super) type Data = BTreeMap<String, Vec<u8>>;

impl Sources {
    /// Whether any file was named.
    pub fn has_files(&self) -> bool {
        !self.from_file.is_empty()
    }

    /// Reads them all; `kind` is what the keys belong to.
    pub fn read(&self, kind: &str, io: &dyn Io) -> Outcome<Data> {
        if !self.from_env_file.is_empty() && (!self.from_file.is_empty() || !self.from_literal.is_empty()) {
            return Err(Failure::error("from-env-file cannot be combined with from-file or from-literal"));
        }
        let mut data = Adding { kind, data: Data::new() };
        for source in &self.from_file {
            data.file(source, io)?;
        }
        for source in &self.from_literal {
            let wrong = || Failure::error(format!("invalid literal source {source}, expected key=value"));
            let (key, value) = source.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(wrong)?;
            data.add(key, value.as_bytes().to_vec())?;
        }
        for path in &self.from_env_file {
            data.env_file(path, io)?;
        }
        Ok(data.data)
    }
}

struct Adding<'k> {
    kind: &'k str,
    data: Data,
}

impl Adding<'_> {
    fn file(&mut self, source: &str, io: &dyn Io) -> Outcome {
        let (key, path) = match source.split_once('=') {
            Some(("", path)) => return Err(Failure::error(format!("key name for file path {path} missing"))),
            Some((key, "")) => return Err(Failure::error(format!("file path for key name {key} missing"))),
            Some((_, rest)) if rest.contains('=') => {
                return Err(Failure::error("key names or file paths cannot contain '='"));
            }
            Some((key, path)) => (key.to_string(), path),
            None => (file_name(Path::new(source)), source),
        };
        match io.entry(Path::new(path)).map_err(|error| unread(path, &error))? {
            Entry::File => self.add(&key, read(path, io)?),
            Entry::Folder(_) if source.contains('=') => {
                Err(Failure::error(format!("cannot give a key name for a directory path {path:?}")))
            }
            Entry::Folder(entries) => {
                for entry in entries.iter().filter(|entry| matches!(io.entry(entry), Ok(Entry::File))) {
                    self.add(&file_name(entry), read(&entry.to_string_lossy(), io)?)?;
                }
                Ok(())
            }
        }
    }

    fn env_file(&mut self, path: &str, io: &dyn Io) -> Outcome {
        let bytes = read(path, io)?;
        for line in String::from_utf8_lossy(&bytes).lines() {
            let line = line.trim_start_matches('\u{feff}').trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // A name alone takes its value from the environment.
            let (key, value) = match line.split_once('=') {
                Some((key, value)) => (key, value.to_string()),
                None => (line, io.env(line).unwrap_or_default()),
            };
            self.add(key, value.into_bytes())?;
        }
        Ok(())
    }

    fn add(&mut self, key: &str, value: Vec<u8>) -> Outcome {
        let kind = self.kind;
        let wrong = config_key(key);
        if !wrong.is_empty() {
            return Err(Failure::error(format!("{key:?} is not a valid key name for a {kind}: {}", wrong.join(","))));
        }
        if self.data.insert(key.to_string(), value).is_some() {
            return Err(Failure::error(format!(
                "cannot add key {key:?}, another key by that name already exists in Data for {kind} \"\""
            )));
        }
        Ok(())
    }
}

fn config_key(key: &str) -> Vec<String> {
    const PATTERN: &str = "[-._a-zA-Z0-9]+";
    let mut wrong = syntax::too_long(key, 253);
    if !syntax::matches(PATTERN, key) {
        let rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        wrong.push(syntax::regex_error(rule, PATTERN, &["key.name", "KEY_NAME", "key-name"]));
    }
    wrong
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(path: &str, io: &dyn Io) -> Outcome<Vec<u8>> {
    io.read(Path::new(path)).map_err(|error| unread(path, &error))
}

fn unread(path: &str, error: &std::io::Error) -> Failure {
    Failure::error(format!("error reading {path}: {}", go_words(error)))
}
