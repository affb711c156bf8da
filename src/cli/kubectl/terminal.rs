//! The process' own streams, files and environment, as commands ask for them. Must not know any command.

use std::io::{self, IsTerminal, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::base::clock::{Clock, Timing};
use crate::base::tasks::Tasks;
use crate::kubectl::{Entry, Input, Io};

/// Bytes read at a time.
const CHUNK: usize = 8 * 1024;

/// The world of this process.
pub struct Terminal {
    clock: Clock,
    /// The kubeconfig of the cluster that runs in the data directory.
    own: Option<PathBuf>,
    input: Option<mpsc::Receiver<Vec<u8>>>,
    /// How the terminal was before it handed every key on.
    cooked: Option<String>,
    #[cfg(unix)]
    resized: Option<tokio::signal::unix::Signal>,
    tasks: Tasks,
}

/// Asks the system's `stty` about the terminal, or tells it.
fn stty(words: &[&str]) -> io::Result<String> {
    let told = std::process::Command::new("stty").args(words).stdin(Stdio::inherit()).stderr(Stdio::null()).output()?;
    Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
}

impl Terminal {
    /// Streams of this process; `own` stands in when no other kubeconfig is named.
    pub fn new(own: Option<PathBuf>) -> Self {
        Self {
            clock: Clock::new(Timing::Real),
            own,
            input: None,
            cooked: None,
            #[cfg(unix)]
            resized: None,
            tasks: Tasks::new(),
        }
    }

    /// Begins to read standard input, once somebody asks for it.
    fn reading(&mut self) -> &mut mpsc::Receiver<Vec<u8>> {
        let tasks = self.tasks.clone();
        self.input.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(1);
            tasks.spawn(async move { Tasks::blocking(move || read_all(&sender)).await });
            receiver
        })
    }
}

fn read_all(sender: &mpsc::Sender<Vec<u8>>) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(count @ 1..) = io::stdin().lock().read(&mut chunk) {
        if sender.blocking_send(chunk[..count].to_vec()).is_err() {
            return;
        }
    }
}

/// The editor that a variable names; one with quotes is a shell's business, as for kubectl.
fn editor(named: &str) -> Command {
    if named.contains(['"', '\'', '\\']) {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{named} \"$0\""));
        return shell;
    }
    let mut words = named.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("vi"));
    command.args(words);
    command
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that stays raw is of no use to anybody.
        let _ = self.set_raw(false);
    }
}

#[async_trait]
impl Io for Terminal {
    fn out(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    fn err(&mut self, bytes: &[u8]) -> io::Result<()> {
        io::stderr().lock().write_all(bytes)
    }

    #[cfg(unix)]
    async fn input(&mut self) -> io::Result<Input> {
        use tokio::signal::unix::{SignalKind, signal};

        let mut resized = match self.resized.take() {
            Some(resized) => resized,
            None => signal(SignalKind::window_change())?,
        };
        let input = tokio::select! {
            read = self.reading().recv() => read.map_or(Input::End, Input::Bytes),
            _ = resized.recv() => self.terminal().map_or(Input::Bytes(Vec::new()), |(columns, rows)| Input::Resized(columns, rows)),
        };
        self.resized = Some(resized);
        Ok(input)
    }

    #[cfg(not(unix))]
    async fn input(&mut self) -> io::Result<Input> {
        Ok(self.reading().recv().await.map_or(Input::End, Input::Bytes))
    }

    fn terminal(&self) -> Option<(u16, u16)> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return None;
        }
        let told = stty(&["size"]).ok()?;
        let mut sides = told.split_whitespace().filter_map(|side| side.parse().ok());
        let (rows, columns) = (sides.next()?, sides.next()?);
        Some((columns, rows))
    }

    fn set_raw(&mut self, raw: bool) -> io::Result<()> {
        if raw {
            self.cooked = Some(stty(&["-g"])?);
            return stty(&["raw", "-echo"]).map(drop);
        }
        match self.cooked.take() {
            Some(cooked) => stty(&[&cooked]).map(drop),
            None => Ok(()),
        }
    }

    fn entry(&self, path: &Path) -> io::Result<Entry> {
        if !path.is_dir() {
            return std::fs::metadata(path).map(|_| Entry::File);
        }
        let entries = std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
        let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        Ok(Entry::Folder(entries))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn write(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, content)
    }

    fn env(&self, name: &str) -> Option<String> {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty());
        let own = || self.own.as_ref().filter(|_| name == "KUBECONFIG").map(|path| path.to_string_lossy().into_owned());
        value.or_else(own)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn edit(&mut self, text: &str, suffix: &str) -> io::Result<String> {
        let file = tempfile::Builder::new().prefix("kubectl-edit-").suffix(suffix).tempfile()?;
        std::fs::write(file.path(), text)?;
        let named = self.env("KUBE_EDITOR").or_else(|| self.env("EDITOR")).unwrap_or_else(|| "vi".into());
        let mut editor = editor(&named);
        let status = editor.arg(file.path()).status().await?;
        if !status.success() {
            return Err(io::Error::other(format!("there was a problem with the editor {named:?}")));
        }
        std::fs::read_to_string(file.path())
    }

    async fn listen(&self, at: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::bind(at).await
    }
}
