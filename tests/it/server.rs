//! The real binary as a server in a scratch folder, stopped and removed when dropped.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The program under test: a release build named by `TIMONEL`, else the one cargo built for this test.
pub fn binary() -> PathBuf {
    std::env::var_os("TIMONEL").map_or_else(|| env!("CARGO_BIN_EXE_timonel").into(), PathBuf::from)
}

/// The kubectl under test: `KUBECTL`, else the one in the PATH.
pub fn kubectl() -> PathBuf {
    std::env::var_os("KUBECTL").map_or_else(|| "kubectl".into(), PathBuf::from)
}

/// A running `timonel server`.
pub struct Server {
    child: Child,
    folder: TempDir,
}

impl Server {
    /// Starts it with these flags and waits until it says that it is ready.
    #[track_caller]
    pub fn start(flags: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), flags)
    }

    /// As [`Server::start`], over a folder that an earlier server left.
    #[track_caller]
    pub fn start_in(folder: TempDir, flags: &[&str]) -> Self {
        let mut child = Command::new(binary())
            .args(["server", "--listen", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .arg("--kubeconfig")
            .arg(folder.path().join("kubeconfig"))
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let server = Self { child, folder };
        assert!(line.starts_with("listo en"), "not ready: {line}{}", server.stderr());
        server
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    #[allow(dead_code, reason = "used by the Docker tests")]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What it said on its standard error.
    pub fn stderr(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    /// Kills it without warning, as a power cut, and gives its folder back.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A scratch folder with a kubeconfig of its own, where lines run as a user types them.
pub struct Shell {
    folder: TempDir,
}

impl Shell {
    /// With this kubectl.
    pub fn with(kubeconfig: &Path, kubectl: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(kubeconfig, folder.path().join(".kubeconfig")).unwrap();
        fs::create_dir(folder.path().join(".bin")).unwrap();
        let found = Command::new("sh").args(["-c", "command -v \"$0\""]).arg(kubectl).output().unwrap();
        assert!(found.status.success(), "no kubectl: name one in KUBECTL or put it on the PATH");
        let program = String::from_utf8(found.stdout).unwrap();
        std::os::unix::fs::symlink(program.trim(), folder.path().join(".bin/kubectl")).unwrap();
        Self { folder }
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub fn run(&self, line: &str) -> (String, i32) {
        let here = self.folder.path();
        let path = format!("{}:{}", here.join(".bin").display(), std::env::var("PATH").unwrap());
        let output = Command::new("timeout")
            .args(["120", "bash", "-c", &format!("exec 2>&1; {line}")])
            .current_dir(here)
            .env("PATH", path)
            .env("KUBECONFIG", here.join(".kubeconfig"))
            .env("HOME", here)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .output()
            .unwrap();
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap_or(-1))
    }
}
