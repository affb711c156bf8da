//! The kubeconfig: which files hold it, what they say together, and changes to it. Must not connect.
//!
//! Rules of client-go's `clientcmd`: `--kubeconfig` alone, else the files of `$KUBECONFIG` merged (the first that says
//! something wins), else `~/.kube/config`.

use std::path::{Path, PathBuf};

use kube::config::Kubeconfig;
use serde_json::{Map, Value, json};

use super::failure::{Failure, Outcome, go_words};
use super::io::Io;
use super::print::yaml;
use crate::schema;

/// The lists of a kubeconfig: (list, what an entry holds).
pub(crate) const LISTS: [(&str, &str); 3] = [("clusters", "cluster"), ("contexts", "context"), ("users", "user")];
/// Fields that are paths, relative to their file.
const PATHS: [&str; 4] = ["certificate-authority", "client-certificate", "client-key", "tokenFile"];

/// The kubeconfig as its files say it.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    files: Vec<(PathBuf, Option<Value>)>,
}

impl Config {
    /// Reads the files that the flag or the environment names.
    pub fn load(io: &dyn Io, flag: Option<&Path>) -> Outcome<Self> {
        let paths = match flag {
            Some(path) => vec![path.to_path_buf()],
            None => paths(io),
        };
        let mut files = Vec::new();
        for path in paths {
            let content = match io.read(&path) {
                Ok(bytes) => Some(parse(&path, &bytes)?),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && flag.is_none() => None,
                Err(error) => return Err(Failure::error(format!("stat {}: {}", path.display(), go_words(&error)))),
            };
            files.push((path, content));
        }
        Ok(Self { files })
    }

    /// The file that changes go to where nothing says otherwise.
    pub fn main_file(&self) -> String {
        let existing = self.files.iter().find(|(_, content)| content.is_some());
        existing.or(self.files.last()).map(|(path, _)| path.display().to_string()).unwrap_or_default()
    }

    /// The address of the server that a context, or the current one, leads to.
    pub fn server(&self, context: Option<&str>) -> Option<String> {
        let context = context.map_or_else(|| self.current_context(), str::to_string);
        let cluster = self.entry("contexts", &context)?["cluster"].as_str()?.to_string();
        Some(self.entry("clusters", &cluster)?["server"].as_str()?.to_string())
    }

    /// Whether no file says anything.
    pub fn is_empty(&self) -> bool {
        self.files.iter().all(|(_, content)| content.is_none())
    }

    /// What all files say together, entries sorted by name.
    pub fn merged(&self) -> Value {
        let mut merged = json!({"apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": ""});
        for (list, _) in LISTS {
            let mut entries: Vec<Value> = Vec::new();
            for entry in self.files.iter().filter_map(|(_, file)| file.as_ref()?[list].as_array()).flatten() {
                if !entries.iter().any(|known| known["name"] == entry["name"]) {
                    entries.push(entry.clone());
                }
            }
            entries.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
            merged[list] = entries.into();
        }
        merged["current-context"] = self.current_context().into();
        merged
    }

    /// The current context's name; empty when there is none.
    pub fn current_context(&self) -> String {
        let said = self.files.iter().filter_map(|(_, file)| file.as_ref()?["current-context"].as_str());
        said.into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_string()
    }

    /// An entry's content: `entry("contexts", "prod")`.
    pub fn entry(&self, list: &str, name: &str) -> Option<Value> {
        let field = LISTS.iter().find(|(known, _)| *known == list)?.1;
        let found = self.files.iter().find_map(|(_, file)| find(file.as_ref()?, list, name))?;
        Some(found[field].clone())
    }

    pub fn has_context(&self, name: &str) -> bool {
        self.entry("contexts", name).is_some()
    }

    /// The namespace that a context, or the current one, names.
    pub fn namespace(&self, context: Option<&str>) -> Option<String> {
        let context = context.map_or_else(|| self.current_context(), str::to_string);
        let namespace = self.entry("contexts", &context)?["namespace"].as_str()?.to_string();
        Some(namespace).filter(|name| !name.is_empty())
    }

    /// As kube reads it, with paths made absolute.
    pub fn typed(&self) -> Result<Kubeconfig, String> {
        let mut whole = self.clone();
        for (path, file) in &mut whole.files {
            let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
            file.iter_mut().for_each(|file| make_absolute(file, &folder));
        }
        serde_json::from_value(whole.merged()).map_err(|error| format!("error: {error}"))
    }

    /// Changes or makes an entry where it is defined, or else in the first file that exists.
    pub fn set_entry(&mut self, list: &str, name: &str, change: impl FnOnce(&mut Map<String, Value>)) {
        let field = LISTS.iter().find(|(known, _)| *known == list).map_or("", |(_, field)| field);
        let file = self.file_of(|file| find(file, list, name).is_some());
        if !file[list].is_array() {
            file[list] = json!([]);
        }
        let Some(entries) = file[list].as_array_mut() else { return };
        if !entries.iter().any(|entry| entry["name"] == name) {
            entries.push(json!({"name": name, field: {}}));
        }
        let entry = entries.iter_mut().find(|entry| entry["name"] == name);
        if let Some(content) = entry.and_then(|entry| entry[field].as_object_mut()) {
            change(content);
        }
    }

    /// Takes an entry away; answers the file it was in.
    pub fn remove_entry(&mut self, list: &str, name: &str) -> Option<PathBuf> {
        let holds = |file: &&mut (PathBuf, Option<Value>)| {
            file.1.as_ref().is_some_and(|content| find(content, list, name).is_some())
        };
        let (path, content) = self.files.iter_mut().find(holds)?;
        let entries = content.as_mut()?[list].as_array_mut()?;
        entries.retain(|entry| entry["name"] != name);
        Some(path.clone())
    }

    /// Makes a context the current one; an empty name unsets it.
    pub fn set_current(&mut self, name: &str) {
        let says = |file: &Value| file["current-context"].as_str().is_some_and(|name| !name.is_empty());
        self.file_of(says)["current-context"] = name.into();
    }

    /// The file for which something holds, or else the first that exists, or else the last of the list.
    fn file_of(&mut self, holds: impl Fn(&Value) -> bool) -> &mut Value {
        let place = |wanted: &dyn Fn(&Value) -> bool| {
            self.files.iter().position(|(_, content)| content.as_ref().is_some_and(wanted))
        };
        let found = place(&holds).or_else(|| place(&|_| true)).unwrap_or(self.files.len().saturating_sub(1));
        self.files[found].1.get_or_insert_with(|| json!({"apiVersion": "v1", "kind": "Config", "preferences": {}}))
    }

    /// Writes the files back as kubectl writes them.
    pub fn save(&self, io: &mut dyn Io) -> Outcome {
        for (path, content) in &self.files {
            let Some(content) = content else { continue };
            let mut content = content.clone();
            for (list, _) in LISTS {
                if content[list].as_array().is_none_or(Vec::is_empty) {
                    content[list] = Value::Null;
                }
            }
            if content["current-context"].is_null() {
                content["current-context"] = "".into();
            }
            io.write(path, yaml::document(&content).as_bytes())
                .map_err(|error| Failure::error(format!("open {}: {}", path.display(), go_words(&error))))?;
        }
        Ok(())
    }
}

fn paths(io: &dyn Io) -> Vec<PathBuf> {
    if let Some(list) = io.env("KUBECONFIG").filter(|list| !list.is_empty()) {
        return std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect();
    }
    vec![Path::new(&io.env("HOME").unwrap_or_default()).join(".kube/config")]
}

fn parse(path: &Path, bytes: &[u8]) -> Outcome<Value> {
    let parsed = schema::yaml::parse(bytes);
    let parsed =
        parsed.map_err(|error| Failure::error(format!("error loading config file {:?}: {error}", path.display())))?;
    Ok(if parsed.value.is_object() { parsed.value } else { json!({}) })
}

fn find(file: &Value, list: &str, name: &str) -> Option<Value> {
    file[list].as_array()?.iter().find(|entry| entry["name"] == name).cloned()
}

fn make_absolute(file: &mut Value, folder: &Path) {
    for (list, field) in LISTS {
        for entry in file[list].as_array_mut().into_iter().flatten() {
            for name in PATHS {
                let relative =
                    entry[field][name].as_str().filter(|path| !path.is_empty() && Path::new(path).is_relative());
                if let Some(path) = relative.map(|path| folder.join(path)) {
                    entry[field][name] = path.to_string_lossy().into();
                }
            }
        }
    }
}
