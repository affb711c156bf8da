//! What is inside a guest image: an executable and the shared objects that it needs, as one reproducible tar layer.
//! Must not hold a file in memory: the layer is written twice, once to know its digest and once to the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::elf::{self, Program};

/// Where our executable is inside a guest.
pub(super) const EXECUTABLE: &str = "/timonel";

/// How much of a file is read to find its program headers.
const HEAD: u64 = 16 * 1024;

/// A guest's files.
#[derive(Clone, Debug)]
pub(super) struct RootFs {
    entries: BTreeMap<PathBuf, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    File(PathBuf),
    Link(PathBuf),
    /// An empty directory that everybody may write to.
    Scratch,
}

/// A layer's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    /// SHA-256 of the tar, in hexadecimal.
    pub digest: String,
    /// Bytes of the tar.
    pub size: u64,
}

impl RootFs {
    /// The files that `executable` needs, given the objects that a process linked like it has mapped, and a link to it
    /// for each of its `names` in `/bin`.
    ///
    /// # Errors
    /// `Unsupported` when the executable is not a Linux program; the file system's own errors.
    pub fn new(executable: &Path, maps: &str, names: impl Iterator<Item = &'static str>) -> io::Result<Self> {
        let mut head = Vec::new();
        File::open(executable)?.take(HEAD).read_to_end(&mut head)?;
        let mut entries = BTreeMap::from([(EXECUTABLE.into(), Entry::File(executable.into()))]);
        entries.extend(["/root", "/tmp"].map(|folder| (folder.into(), Entry::Scratch)));
        entries.extend(names.map(|name| (Path::new("/bin").join(name), Entry::Link(EXECUTABLE.into()))));
        match elf::inspect(&head) {
            Program::Foreign => return Err(io::Error::new(io::ErrorKind::Unsupported, "not a 64-bit Linux program")),
            Program::Static => {}
            Program::Dynamic(interpreter) => {
                for object in shared_objects(maps) {
                    entries.extend(aliases(&object));
                    entries.insert(object.clone(), Entry::File(object));
                }
                let source = fs::canonicalize(&interpreter)?;
                entries.insert(interpreter.into(), Entry::File(source));
            }
        }
        Ok(Self { entries })
    }

    /// The directories where the interpreter has to look, for `LD_LIBRARY_PATH`.
    pub fn library_path(&self) -> String {
        let objects = self.entries.keys().filter(|path| is_shared_object(path));
        let folders: BTreeSet<&Path> = objects.filter_map(|path| path.parent()).collect();
        folders.iter().map(|folder| folder.to_string_lossy()).collect::<Vec<_>>().join(":")
    }

    /// Writes the layer as a tar that depends on nothing but the files' contents.
    ///
    /// # Errors
    /// Those of the files and of `out`.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        let mut tar = tar::Builder::new(out);
        for (path, entry) in &self.entries {
            let path = path.strip_prefix("/").unwrap_or(path);
            let mut header = tar::Header::new_gnu();
            header.set_mtime(0);
            header.set_mode(0o755);
            match entry {
                Entry::File(source) => {
                    let file = File::open(source)?;
                    header.set_size(file.metadata()?.len());
                    tar.append_data(&mut header, path, file)?;
                }
                Entry::Link(target) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    header.set_size(0);
                    tar.append_link(&mut header, path, target)?;
                }
                Entry::Scratch => {
                    header.set_entry_type(tar::EntryType::Directory);
                    header.set_size(0);
                    header.set_mode(0o1777);
                    tar.append_data(&mut header, path, io::empty())?;
                }
            }
        }
        tar.into_inner()?.flush()
    }

    /// The layer's identity, by writing it to nowhere.
    ///
    /// # Errors
    /// Those of the files.
    pub fn layer(&self) -> io::Result<Layer> {
        let mut sink = Measure::default();
        self.write(&mut sink)?;
        Ok(Layer { digest: hex(&sink.hash.finalize()), size: sink.size })
    }
}

/// SHA-256 of some bytes, in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[derive(Default)]
struct Measure {
    hash: Sha256,
    size: u64,
}

impl Write for Measure {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The shared objects in the text of `/proc/<pid>/maps` (proc(5)).
fn shared_objects(maps: &str) -> BTreeSet<PathBuf> {
    let path = |line: &str| line.find('/').map(|start| PathBuf::from(&line[start..]));
    maps.lines().filter_map(path).filter(|path| is_shared_object(path)).collect()
}

fn is_shared_object(path: &Path) -> bool {
    stem(path).is_some()
}

/// `libz.so` of `/usr/lib/libz.so.1.2.13`.
fn stem(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let end = name.find(".so")? + ".so".len();
    matches!(name.as_bytes().get(end), None | Some(b'.')).then(|| &name[..end])
}

/// The links beside an object that lead to it: programs ask for `libz.so.1`, but `libz.so.1.2.13` is what is mapped.
fn aliases(object: &Path) -> Vec<(PathBuf, Entry)> {
    let (Some(folder), Some(name)) = (object.parent(), object.file_name()) else { return Vec::new() };
    let Ok(siblings) = fs::read_dir(folder) else { return Vec::new() };
    siblings
        .filter_map(|sibling| Some(sibling.ok()?.path()))
        .filter(|path| stem(path) == stem(object) && path.is_symlink())
        .filter(|path| fs::canonicalize(path).is_ok_and(|target| target == object))
        .map(|path| (path, Entry::Link(name.into())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
7f00-7f10 r-xp 00000000 08:01 12  /usr/lib/x86_64-linux-gnu/libc.so.6
7f10-7f20 r--p 00010000 08:01 12  /usr/lib/x86_64-linux-gnu/libc.so.6
7f20-7f30 r-xp 00000000 08:01 13  /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
7f30-7f40 r--p 00000000 08:01 14  /usr/lib/locale/C.utf8/LC_CTYPE
7f40-7f50 r--p 00000000 08:01 15  /home/ana/my.sort/notes.txt
7f50-7f60 rw-p 00000000 00:00 0   [stack]
";

    #[test]
    fn only_shared_objects_are_taken_from_the_maps() {
        let names: Vec<_> = shared_objects(MAPS).into_iter().collect();
        assert_eq!(
            names,
            [
                PathBuf::from("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
                PathBuf::from("/usr/lib/x86_64-linux-gnu/libc.so.6")
            ]
        );
    }

    #[test]
    fn an_object_comes_with_the_links_that_lead_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        fs::write(folder.join("libz.so.1.2"), "").unwrap();
        std::os::unix::fs::symlink("libz.so.1.2", folder.join("libz.so.1")).unwrap();
        std::os::unix::fs::symlink("libz.so.1.2", folder.join("libzz.so.1")).unwrap();
        let found = aliases(&folder.join("libz.so.1.2"));
        assert_eq!(found, [(folder.join("libz.so.1"), Entry::Link("libz.so.1.2".into()))]);
    }

    #[test]
    fn a_layer_is_reproducible_and_holds_what_is_needed() {
        let own = std::env::current_exe().unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let root = RootFs::new(&own, &maps, ["sh"].into_iter()).unwrap();
        let mut bytes = Vec::new();
        root.write(&mut bytes).unwrap();
        let layer = root.layer().unwrap();
        assert_eq!((layer.size, layer.digest), (bytes.len() as u64, sha256(&bytes)));
        let mut tar = tar::Archive::new(bytes.as_slice());
        let names: Vec<String> =
            tar.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
        assert!(["timonel", "bin/sh"].iter().all(|wanted| names.iter().any(|name| name == wanted)), "{names:?}");
        assert!(root.library_path().is_empty() || names.iter().any(|name| name.contains("libc.so")), "{names:?}");
    }

    #[test]
    fn a_foreign_executable_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "#!/bin/sh\n").unwrap();
        assert_eq!(RootFs::new(file.path(), "", std::iter::empty()).unwrap_err().kind(), io::ErrorKind::Unsupported);
    }
}
