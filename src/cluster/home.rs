//! The data directory: who owns it, and where things lie in it. Must not know what the parts write there.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::base::hints::Hint;
use crate::base::names::Names;

/// A data directory held by this process until it is dropped.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    /// Held, not read: the lock ends with the process, a kill included.
    _lock: File,
}

/// What a data directory turned out to be.
#[derive(Debug)]
pub enum Opened {
    /// It is ours now.
    Ours(Home),
    /// Another Timonel runs there; its kubeconfig leads to it.
    Running {
        /// Where to reach the running server.
        kubeconfig: PathBuf,
    },
}

impl Home {
    /// Takes the directory, creating it when it is not there.
    ///
    /// # Errors
    /// When it cannot be created or written.
    pub fn open(dir: &Path) -> Result<Opened, Hint> {
        fs::create_dir_all(dir).map_err(|error| unusable(dir, &error))?;
        let path = dir.join("lock");
        let lock = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let lock = lock.map_err(|error| unusable(dir, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Opened::Ours(Self { dir: dir.to_path_buf(), _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(Opened::Running { kubeconfig: kubeconfig(dir) }),
            Err(TryLockError::Error(error)) => Err(unusable(dir, &error)),
        }
    }

    /// The directory itself.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the disks of the virtual nodes lie, a folder each: what volumes keep.
    #[must_use]
    pub fn disks(&self) -> PathBuf {
        self.dir.join("nodes")
    }

    /// Where this cluster's kubeconfig lies.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        kubeconfig(&self.dir)
    }

    /// The cluster's identity, made once: what it labels in a container engine carries it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn cluster_id(&self, names: &Names) -> Result<String, Hint> {
        if let Some(id) = cluster_id(&self.dir) {
            return Ok(id);
        }
        let id = names.suffix(8);
        self.write("cluster-id", &id)?;
        Ok(id)
    }

    /// The port of the last run, so that a kubeconfig stays good between runs.
    #[must_use]
    pub fn last_port(&self) -> Option<u16> {
        fs::read_to_string(self.dir.join("port")).ok()?.trim().parse().ok()
    }

    /// Remembers the port for the next run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember_port(&self, port: u16) -> Result<(), Hint> {
        self.write("port", &port.to_string())
    }

    /// The runtime that the stored cluster's pods run in, by its name.
    #[must_use]
    pub fn runtime(&self) -> Option<String> {
        let text = fs::read_to_string(self.dir.join("runtime")).ok()?;
        Some(text.trim().to_owned())
    }

    /// Remembers the runtime: the stored Nodes keep the addresses that it gave them.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember_runtime(&self, name: &str) -> Result<(), Hint> {
        self.write("runtime", name)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Hint> {
        let write = || -> io::Result<()> {
            let mut file = File::create(self.dir.join(name))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error| unusable(&self.dir, &error))
    }
}

/// The identity of the cluster kept in a directory, if one ever ran there.
#[must_use]
pub fn cluster_id(dir: &Path) -> Option<String> {
    let text = fs::read_to_string(dir.join("cluster-id")).ok()?;
    Some(text.trim().to_string()).filter(|id| !id.is_empty())
}

/// Where the kubeconfig of the cluster kept in a directory lies.
#[must_use]
pub fn kubeconfig(dir: &Path) -> PathBuf {
    dir.join("kubeconfig")
}

/// The kubeconfig of the Timonel that runs in a directory, if one does. Must leave no trace there.
#[must_use]
pub fn running(dir: &Path) -> Option<PathBuf> {
    let lock = File::open(dir.join("lock")).ok()?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Some(kubeconfig(dir)),
        _ => None,
    }
}

fn unusable(dir: &Path, error: &io::Error) -> Hint {
    Hint::new(
        format!("No se puede escribir en la carpeta de datos {}.", dir.display()),
        "da permiso de escritura a esa carpeta o elige otra con --data-dir CARPETA. No se ha cambiado nada.",
    )
    .because(error)
}
