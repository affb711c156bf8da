//! The volumes of Docker pods: written files in our data directory, empty ones as labelled volumes of the engine (which
//! may delete what a container wrote as root). Must not follow a path out of a volume.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use crate::kubelet::runtime::{Files, VolumeSource};

/// The link to the current generation of a volume's files (kubelet `AtomicWriter`).
const CURRENT: &str = "..data";
/// Most bytes of a termination message (kubelet `MaxPodTerminationMessageLogLength`).
const MESSAGE_LIMIT: u64 = 4096;

/// Where a volume's contents are, by the volume's name: an absolute path, or the name of a volume of the engine.
pub(super) type Sources = BTreeMap<String, String>;

/// The pods' part of the data directory.
#[derive(Clone, Debug)]
pub(super) struct Volumes {
    root: PathBuf,
}

impl Volumes {
    pub fn new(data_dir: &Path) -> Self {
        Self { root: data_dir.join("pods") }
    }

    fn pod(&self, uid: &str) -> PathBuf {
        self.root.join(uid)
    }

    fn volume(&self, uid: &str, volume: &str) -> PathBuf {
        self.pod(uid).join("volumes").join(volume)
    }

    /// Whether a path is one of ours.
    pub fn own(&self, path: &str) -> bool {
        Path::new(path).starts_with(&self.root)
    }

    /// What the engine has to mount for a volume.
    pub fn source(&self, uid: &str, name: &str, source: &VolumeSource) -> String {
        match source {
            VolumeSource::Files(_) => self.volume(uid, name).to_string_lossy().into_owned(),
            VolumeSource::Empty { .. } => format!("timonel_{uid}_{name}"),
            VolumeSource::Host(path) | VolumeSource::Disk(path) => path.to_string_lossy().into_owned(),
        }
    }

    /// Replaces a volume's files; readers see all the old or all the new ones.
    pub fn write(&self, uid: &str, volume: &str, files: &Files) -> io::Result<()> {
        let folder = self.volume(uid, volume);
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        let previous = fs::read_link(folder.join(CURRENT)).ok();
        let next = generation(previous.as_deref());
        write_files(&folder.join(&next), files)?;
        let staged = folder.join("..data_tmp");
        remove(&staged)?;
        symlink(&next, &staged)?;
        fs::rename(&staged, folder.join(CURRENT))?;
        publish(&folder, files)?;
        previous.map_or(Ok(()), |previous| remove(&folder.join(previous)))
    }

    /// The file that a container sees as `/dev/termination-log`.
    pub fn termination_log(&self, uid: &str, container: &str, attempt: u32) -> PathBuf {
        self.pod(uid).join("containers").join(format!("{container}_{attempt}"))
    }

    /// Makes a container's empty termination message, writable by any user.
    pub fn create_termination_log(&self, uid: &str, container: &str, attempt: u32) -> io::Result<PathBuf> {
        let path = self.termination_log(uid, container, attempt);
        fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
        let file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
        file.set_permissions(fs::Permissions::from_mode(0o666))?;
        Ok(path)
    }

    /// What a container left as its termination message.
    pub fn termination_message(&self, uid: &str, container: &str, attempt: u32) -> String {
        let mut message = Vec::new();
        let read = fs::File::open(self.termination_log(uid, container, attempt))
            .and_then(|file| file.take(MESSAGE_LIMIT).read_to_end(&mut message));
        read.map(|_| String::from_utf8_lossy(&message).into_owned()).unwrap_or_default()
    }

    /// Removes what a pod left in the data directory.
    pub fn remove_pod(&self, uid: &str) -> io::Result<()> {
        inside(uid)?;
        remove(&self.pod(uid))
    }

    /// Removes what pods left that are none of these.
    pub fn sweep(&self, known: &BTreeSet<String>) -> io::Result<()> {
        let Ok(pods) = fs::read_dir(&self.root) else { return Ok(()) };
        for pod in pods {
            let pod = pod?;
            if !known.contains(pod.file_name().to_string_lossy().as_ref()) {
                remove(&pod.path())?;
            }
        }
        Ok(())
    }

    /// Removes what all pods left.
    pub fn remove_all(&self) -> io::Result<()> {
        remove(&self.root)
    }
}

/// The path to mount for a part of a volume of files or of the host.
pub(super) fn sub_path(source: &str, sub: &str) -> io::Result<String> {
    if sub.is_empty() {
        return Ok(source.into());
    }
    let path = Path::new(source).join(inside(sub)?);
    let path = fs::canonicalize(&path).unwrap_or(path);
    Ok(path.to_string_lossy().into_owned())
}

/// A relative path that stays where it is put.
fn inside(path: &str) -> io::Result<&Path> {
    let path = Path::new(path);
    if path.components().all(|part| matches!(part, Component::Normal(_))) && path.components().next().is_some() {
        return Ok(path);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} leaves its volume", path.display())))
}

fn generation(previous: Option<&Path>) -> String {
    let number = previous.and_then(|name| name.to_str()?.strip_prefix("..v")?.parse::<u64>().ok());
    format!("..v{}", number.map_or(1, |number| number + 1))
}

fn write_files(folder: &Path, files: &Files) -> io::Result<()> {
    remove(folder)?;
    fs::create_dir_all(folder)?;
    for (path, file) in files.iter() {
        let path = folder.join(inside(path)?);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(&path, &file.data)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(file.mode))?;
    }
    Ok(())
}

/// Makes the first part of each path a link into the current generation and removes links to what is no more.
fn publish(folder: &Path, files: &Files) -> io::Result<()> {
    for (path, _) in files.iter() {
        let Some(first) = Path::new(path).components().next() else { continue };
        let link = folder.join(first);
        if !link.is_symlink() {
            symlink(Path::new(CURRENT).join(first), &link)?;
        }
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_symlink() && !path.exists() {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Removes a file, a link or a whole directory; nothing there is fine.
fn remove(path: &Path) -> io::Result<()> {
    let answer = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    answer.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubelet::runtime::File;

    fn files(entries: &[(&str, &str)]) -> Files {
        let file = |data: &str| File { data: data.to_string().into(), mode: 0o640 };
        entries.iter().map(|(path, data)| ((*path).to_string(), file(data))).collect()
    }

    #[test]
    fn files_are_replaced_as_a_whole() {
        let data = tempfile::tempdir().unwrap();
        let volumes = Volumes::new(data.path());
        volumes.write("u1", "config", &files(&[("a", "1"), ("deep/b", "2")])).unwrap();
        let folder = volumes.volume("u1", "config");
        assert_eq!(fs::read_to_string(folder.join("deep/b")).unwrap(), "2");
        assert_eq!(fs::metadata(folder.join("a")).unwrap().permissions().mode() & 0o777, 0o640);

        volumes.write("u1", "config", &files(&[("a", "new")])).unwrap();
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "new");
        assert!(!folder.join("deep").is_symlink());
        let mut left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["..data", "..v2", "a"]);

        volumes.sweep(&["u1".into()].into()).unwrap();
        assert!(folder.exists());
        volumes.write("u2", "config", &files(&[])).unwrap();
        volumes.sweep(&["u2".into()].into()).unwrap();
        assert!(!folder.exists() && volumes.pod("u2").exists());

        volumes.remove_pod("u2").unwrap();
        volumes.remove_pod("u2").unwrap();
        assert!(!volumes.pod("u2").exists());
    }

    #[test]
    fn a_path_stays_in_its_volume() {
        let data = tempfile::tempdir().unwrap();
        let volumes = Volumes::new(data.path());
        assert!(volumes.write("u1", "config", &files(&[("../../out", "x")])).is_err());
        assert!(sub_path("/srv", "../etc").is_err());
        assert_eq!(sub_path("/srv-that-is-not", "web").unwrap(), "/srv-that-is-not/web");
        assert!(volumes.remove_pod("..").is_err());
    }

    #[test]
    fn a_termination_message_is_cut() {
        let data = tempfile::tempdir().unwrap();
        let volumes = Volumes::new(data.path());
        let path = volumes.create_termination_log("u1", "web", 3).unwrap();
        fs::write(&path, "x".repeat(5000)).unwrap();
        assert_eq!(volumes.termination_message("u1", "web", 3).len(), 4096);
        assert_eq!(volumes.termination_message("u1", "web", 4), "");
    }
}
