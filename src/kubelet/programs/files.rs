//! The files that a program sees, in memory or on a disk. Must not write to a disk beyond the volumes that may be
//! written: an embedded container's PersistentVolumes (a hostPath is only read), everything in an engine's container.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::ops::Deref;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use parking_lot::RwLock;

use crate::kubelet::runtime::{Files, VolumeSource};

/// Files by path; a path that ends in a slash is a directory that was made.
type Contents = Arc<RwLock<BTreeMap<String, Bytes>>>;

/// A volume's contents, shared by the containers that mount it.
#[derive(Clone)]
pub(in crate::kubelet) enum Volume {
    /// In memory.
    Memory { contents: Contents, limit: Limit },
    /// Written by the kubelet, by nobody else.
    Given(Arc<RwLock<Files>>),
    /// A place on this machine, and whether it may be written.
    Disk { root: PathBuf, writable: bool },
}

/// What happens with more than a volume may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kubelet) enum Limit {
    /// Nothing: the kubelet measures and decides.
    None,
    /// No space is left, as in a tmpfs of that size.
    Refuse(u64),
}

/// What one container sees, laid out when it is first looked at: most programs never do. Clones share it.
#[derive(Clone)]
pub(in crate::kubelet) struct Tree(Arc<LazyLock<Layout, Box<dyn FnOnce() -> Layout + Send>>>);

/// Files and volumes by absolute path.
#[derive(Default)]
pub(in crate::kubelet) struct Layout {
    own: Contents,
    mounts: Vec<Mounted>,
}

struct Mounted {
    path: String,
    volume: Volume,
    sub_path: String,
    read_only: bool,
}

impl Volume {
    pub(in crate::kubelet) fn new(source: &VolumeSource) -> Self {
        match source {
            VolumeSource::Files(files) => Self::Given(Arc::new(RwLock::new(files.clone()))),
            VolumeSource::Empty { memory, limit } => {
                let limit = limit.filter(|_| *memory).map_or(Limit::None, Limit::Refuse);
                Self::Memory { contents: Contents::default(), limit }
            }
            VolumeSource::Host(path) => Self::Disk { root: path.clone(), writable: false },
            VolumeSource::Disk(path) => Self::Disk { root: path.clone(), writable: true },
        }
    }

    /// Replaces all contents at once.
    pub(in crate::kubelet) fn replace(&self, files: &Files) {
        if let Self::Given(given) = self {
            *given.write() = files.clone();
        }
    }

    /// A copy that later changes do not reach: what a `subPath` of files is (it is mounted once).
    pub(in crate::kubelet) fn frozen(&self) -> Self {
        match self {
            Self::Given(given) => Self::Given(Arc::new(RwLock::new(given.read().clone()))),
            other => other.clone(),
        }
    }

    /// Bytes of all its files, when they are in memory.
    pub(in crate::kubelet) fn size(&self) -> Option<u64> {
        match self {
            Self::Memory { contents, .. } => Some(contents.read().values().map(|data| data.len() as u64).sum()),
            Self::Given(given) => Some(given.read().iter().map(|(_, file)| file.data.len() as u64).sum()),
            Self::Disk { .. } => None,
        }
    }

    fn read(&self, path: &str) -> Option<Bytes> {
        match self {
            Self::Memory { contents, .. } => contents.read().get(path).cloned(),
            Self::Given(given) => given.read().iter().find(|(name, _)| name == path).map(|(_, file)| file.data.clone()),
            Self::Disk { root, .. } => fs::read(root.join(path)).ok().map(Bytes::from),
        }
    }

    fn write(&self, path: &str, data: Bytes) -> io::Result<()> {
        let (contents, limit) = match self {
            Self::Given(_) | Self::Disk { writable: false, .. } => {
                return Err(ErrorKind::ReadOnlyFilesystem.into());
            }
            Self::Disk { root, .. } => return write_to_disk(&root.join(path), &data),
            Self::Memory { contents, limit } => (contents, limit),
        };
        let mut contents = contents.write();
        let others = contents.iter().filter(|(name, _)| *name != path).map(|(_, data)| data.len() as u64).sum::<u64>();
        if matches!(limit, Limit::Refuse(most) if others + data.len() as u64 > *most) {
            return Err(ErrorKind::StorageFull.into());
        }
        contents.insert(path.into(), data);
        Ok(())
    }

    fn make_directory(&self, path: &str) -> io::Result<()> {
        match self {
            Self::Disk { root, writable: true } => fs::create_dir_all(root.join(path)),
            _ if path.is_empty() => Ok(()),
            _ => self.write(&format!("{path}/"), Bytes::new()),
        }
    }

    /// Removes a file, or a directory with all that is in it.
    fn remove(&self, path: &str) -> bool {
        match self {
            Self::Given(_) | Self::Disk { writable: false, .. } => false,
            Self::Memory { contents, .. } => {
                let (mut contents, below) = (contents.write(), format!("{path}/"));
                let before = contents.len();
                contents.retain(|name, _| name != path && !name.starts_with(&below));
                contents.len() < before
            }
            Self::Disk { root, .. } => {
                let path = root.join(path);
                if path.is_dir() { fs::remove_dir_all(path).is_ok() } else { fs::remove_file(path).is_ok() }
            }
        }
    }

    /// Relative paths of every file below a directory; directories end in a slash.
    fn names(&self, below: &str) -> Vec<String> {
        match self {
            Self::Memory { contents, .. } => contents.read().keys().cloned().collect(),
            Self::Given(given) => given.read().iter().map(|(name, _)| name.clone()).collect(),
            Self::Disk { root, .. } => {
                let entries = fs::read_dir(root.join(below)).into_iter().flatten().flatten();
                let name = |entry: fs::DirEntry| {
                    let slash = if entry.path().is_dir() { "/" } else { "" };
                    let name = format!("{}{slash}", entry.file_name().to_string_lossy());
                    if below.is_empty() { name } else { format!("{below}/{name}") }
                };
                entries.map(name).collect()
            }
        }
    }

    fn is_directory(&self, path: &str) -> bool {
        match self {
            Self::Memory { contents, .. } => {
                let below = format!("{path}/");
                path.is_empty() || contents.read().keys().any(|name| name.starts_with(&below))
            }
            Self::Given(given) => {
                let below = format!("{path}/");
                path.is_empty() || given.read().iter().any(|(name, _)| name.starts_with(&below))
            }
            Self::Disk { root, .. } => root.join(path).is_dir(),
        }
    }
}

fn write_to_disk(path: &Path, data: &[u8]) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, data)
}

impl Tree {
    /// One that is laid out when it is first looked at.
    pub(in crate::kubelet) fn later(layout: impl FnOnce() -> Layout + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(layout))))
    }

    /// Lays it out now: what a part of a volume holds is what it held then.
    pub(in crate::kubelet) fn lay_out(self) -> Self {
        LazyLock::force(&self.0);
        self
    }

    /// All of a disk, from a folder of this machine down.
    pub(in crate::kubelet) fn disk(root: &Path) -> Self {
        let mut layout = Layout::default();
        layout.mount("/", Volume::Disk { root: root.into(), writable: true }, "", false);
        layout.into()
    }
}

impl Deref for Tree {
    type Target = Layout;

    fn deref(&self) -> &Layout {
        &self.0
    }
}

impl From<Layout> for Tree {
    fn from(layout: Layout) -> Self {
        Self::later(|| layout)
    }
}

impl Layout {
    /// A file of the container's own.
    pub(in crate::kubelet) fn seed(&mut self, path: &str, text: String) {
        self.own.write().insert(path.trim_start_matches('/').into(), text.into());
    }

    pub(in crate::kubelet) fn mount(&mut self, path: &str, volume: Volume, sub_path: &str, read_only: bool) {
        let path = path.trim_matches('/').to_owned();
        let volume = if sub_path.is_empty() { volume } else { volume.frozen() };
        self.mounts.push(Mounted { path, volume, sub_path: sub_path.trim_matches('/').into(), read_only });
        self.mounts.sort_by_key(|mount| std::cmp::Reverse(mount.path.len()));
    }

    /// The volume that holds a path, the path inside it, and whether it may be written.
    fn place(&self, path: &str) -> (Volume, String, bool) {
        let path = normal(path);
        for mount in &self.mounts {
            let below = |rest: &&str| mount.path.is_empty() || rest.is_empty() || rest.starts_with('/');
            let inside = path.strip_prefix(&mount.path).filter(below);
            if let Some(rest) = inside {
                let inner = format!("{}/{}", mount.sub_path, rest.trim_start_matches('/'));
                return (mount.volume.clone(), inner.trim_matches('/').to_owned(), !mount.read_only);
            }
        }
        (Volume::Memory { contents: self.own.clone(), limit: Limit::None }, path, true)
    }

    pub(in crate::kubelet) fn read(&self, path: &str) -> Option<Bytes> {
        let (volume, inner, _) = self.place(path);
        volume.read(&inner)
    }

    pub(in crate::kubelet) fn write(&self, path: &str, data: Bytes) -> io::Result<()> {
        let (volume, inner, writable) = self.place(path);
        if !writable {
            return Err(ErrorKind::ReadOnlyFilesystem.into());
        }
        if volume.is_directory(&inner) {
            return Err(ErrorKind::IsADirectory.into());
        }
        volume.write(&inner, data)
    }

    /// A file on a disk, opened to be written as bytes come; `None` where files are in memory.
    pub(in crate::kubelet) fn open(&self, path: &str, append: bool) -> Option<io::Result<fs::File>> {
        let (volume, inner, writable) = self.place(path);
        match volume {
            Volume::Memory { .. } => None,
            Volume::Disk { root, writable: true } if writable => {
                let mut options = fs::OpenOptions::new();
                let options = options.create(true).write(true).append(append).truncate(!append);
                Some(fs::create_dir_all(&root).and_then(|()| options.open(root.join(inner))))
            }
            Volume::Given(_) | Volume::Disk { .. } => Some(Err(ErrorKind::ReadOnlyFilesystem.into())),
        }
    }

    /// Makes a directory; one that is there already stays.
    pub(in crate::kubelet) fn make_directory(&self, path: &str) -> io::Result<()> {
        let (volume, inner, writable) = self.place(path);
        if writable { volume.make_directory(&inner) } else { Err(ErrorKind::ReadOnlyFilesystem.into()) }
    }

    pub(in crate::kubelet) fn remove(&self, path: &str) -> bool {
        let (volume, inner, writable) = self.place(path);
        writable && volume.remove(&inner)
    }

    /// The names in a directory, sorted; `None` when nothing is there.
    pub(in crate::kubelet) fn list(&self, path: &str) -> Option<Vec<String>> {
        let (volume, inner, _) = self.place(path);
        let here = normal(path);
        let below = |name: &str, base: &str| -> Option<String> {
            let rest = if base.is_empty() { name } else { name.strip_prefix(base)?.strip_prefix('/')? };
            rest.split('/').next().filter(|first| !first.is_empty()).map(Into::into)
        };
        let mut names: Vec<String> = volume.names(&inner).iter().filter_map(|name| below(name, &inner)).collect();
        names.extend(self.mounts.iter().filter_map(|mount| below(&mount.path, &here)));
        names.sort_unstable();
        names.dedup();
        let mounted = || self.mounts.iter().any(|mount| mount.path == here && mount.sub_path.is_empty());
        let exists = !names.is_empty() || here.is_empty() || volume.is_directory(&inner) || mounted();
        exists.then_some(names)
    }

    /// Every file at or below a path, by its path from there; directories end in a slash.
    pub(in crate::kubelet) fn walk(&self, path: &str) -> Vec<(String, Bytes)> {
        let mut found = Vec::new();
        for name in self.list(path).unwrap_or_default() {
            let whole = format!("{}/{name}", path.trim_end_matches('/'));
            match self.read(&whole) {
                Some(data) => found.push((name, data)),
                None => {
                    found.push((format!("{name}/"), Bytes::new()));
                    found.extend(self.walk(&whole).into_iter().map(|(inner, data)| (format!("{name}/{inner}"), data)));
                }
            }
        }
        found
    }
}

/// A path without its leading slash, `.` and `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => drop(parts.pop()),
            _ => {}
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests;
