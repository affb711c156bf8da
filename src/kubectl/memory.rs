//! A world in memory for lessons and tests: written text is kept, files are a map, time is given.
//! Must not touch the machine.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use jiff::Timestamp;

use super::io::{Entry, Input, Io};
use crate::base::clock::Clock;

/// A world in memory. Its folder is `/`, so relative paths are below it.
#[derive(Debug)]
pub struct Memory {
    clock: Clock,
    out: Vec<u8>,
    all: Vec<u8>,
    input: VecDeque<Input>,
    files: BTreeMap<PathBuf, Vec<u8>>,
    env: BTreeMap<String, String>,
    edit: Option<Edit>,
}

/// What the user does with a text in the editor.
type Edit = fn(&str) -> String;

impl Memory {
    /// An empty world where it is as late as the clock says.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            out: Vec::new(),
            all: Vec::new(),
            input: VecDeque::new(),
            files: BTreeMap::new(),
            env: BTreeMap::new(),
            edit: None,
        }
    }

    /// Puts a file there.
    #[must_use]
    pub fn with_file(mut self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(place(path.as_ref()), content.into());
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Types this, and then no more.
    #[must_use]
    pub fn with_input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input.extend([Input::Bytes(bytes.into()), Input::End]);
        self
    }

    /// An editor that changes texts so.
    #[must_use]
    pub fn with_editor(mut self, edit: Edit) -> Self {
        self.edit = Some(edit);
        self
    }

    /// What was written to both streams since the last time that somebody asked, in its order.
    pub fn take(&mut self) -> String {
        self.out.clear();
        String::from_utf8_lossy(&std::mem::take(&mut self.all)).into_owned()
    }

    /// What was written to standard output since the last time that somebody asked.
    pub fn take_out(&mut self) -> String {
        self.all.clear();
        String::from_utf8_lossy(&std::mem::take(&mut self.out)).into_owned()
    }

    /// The content of a file, if it is there.
    #[must_use]
    pub fn file(&self, path: impl AsRef<Path>) -> Option<&[u8]> {
        self.files.get(&place(path.as_ref())).map(Vec::as_slice)
    }
}

/// Where a path leads, seen from `/`.
fn place(path: &Path) -> PathBuf {
    let mut place = PathBuf::from("/");
    for part in path.components() {
        match part {
            std::path::Component::Normal(name) => place.push(name),
            std::path::Component::ParentDir => drop(place.pop()),
            _ => {}
        }
    }
    place
}

#[async_trait]
impl Io for Memory {
    fn out(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.extend_from_slice(bytes);
        self.all.extend_from_slice(bytes);
        Ok(())
    }

    fn err(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.all.extend_from_slice(bytes);
        Ok(())
    }

    async fn input(&mut self) -> io::Result<Input> {
        Ok(self.input.pop_front().unwrap_or(Input::End))
    }

    fn entry(&self, path: &Path) -> io::Result<Entry> {
        let at = place(path);
        if self.files.contains_key(&at) {
            return Ok(Entry::File);
        }
        let below = self.files.keys().filter_map(|file| file.strip_prefix(&at).ok()?.components().next());
        let mut entries: Vec<PathBuf> = below.map(|name| path.join(name)).collect();
        entries.dedup();
        if entries.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(Entry::Folder(entries)) }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(&place(path)).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn write(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.files.insert(place(path), content.into());
        Ok(())
    }

    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn edit(&mut self, text: &str, _suffix: &str) -> io::Result<String> {
        let edit = self.edit.ok_or(io::ErrorKind::Unsupported)?;
        Ok(edit(text))
    }
}
