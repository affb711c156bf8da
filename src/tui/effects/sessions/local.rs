//! A shell on this machine in a pseudo-terminal, where `kubectl` works: the installed one, else Timonel's own.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use portable_pty::{ChildKiller, CommandBuilder, PtySize, native_pty_system};
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::{CHUNK, Input, Shared};
use crate::base::tasks::Tasks;
use crate::tui::effects::lesson::Underway;
use crate::tui::msg::{Reply, Ticket};

/// Ends the shell when its view is closed.
struct Killer(Box<dyn ChildKiller + Send + Sync>);

impl Drop for Killer {
    fn drop(&mut self) {
        // One that has ended by itself cannot be ended again.
        let _ended = self.0.kill();
    }
}

/// Runs it; the answer says how it ended.
pub async fn run(
    shared: &Shared,
    ticket: Ticket,
    kubeconfig: Option<PathBuf>,
    context: String,
    size: (u16, u16),
    mut inbox: mpsc::Receiver<Input>,
) -> anyhow::Result<String> {
    let tools = tempfile::tempdir().context("no se pudo hacer una carpeta temporal")?;
    let folder = shared.lesson.lock().await.as_ref().and_then(Underway::folder).map(Path::to_path_buf);
    let folder = folder.or_else(|| std::env::current_dir().ok());
    let command = command(&tools, kubeconfig.as_deref(), &context, folder.as_deref())?;
    let pair = native_pty_system().openpty(pty_size(size)).context("no se pudo abrir una pseudoterminal")?;
    let mut child = pair.slave.spawn_command(command).context("no se pudo arrancar el shell")?;
    let _killer = Killer(child.clone_killer());
    drop(pair.slave);
    let (mut reader, writer) = (Some(pair.master.try_clone_reader()?), pair.master.take_writer()?);
    let (typed, to_type) = mpsc::channel(super::QUEUE);
    let tasks = Tasks::new();
    tasks.spawn(write(writer, to_type));
    loop {
        let Some(own) = reader.take() else { break };
        let mut reading = std::pin::pin!(read(own));
        let (back, bytes) = loop {
            tokio::select! {
                read = &mut reading => break read,
                input = inbox.recv() => match input {
                    Some(Input::Bytes(bytes)) => drop(typed.send(bytes).await),
                    Some(Input::Size(size)) => pair.master.resize(pty_size(size))?,
                    None => return Ok(String::new()),
                },
            }
        };
        if bytes.is_empty() {
            break;
        }
        shared.reply(ticket, Reply::Bytes(bytes)).await;
        reader = Some(back);
    }
    let status = Tasks::blocking(move || child.wait()).await?;
    Ok(if status.success() { "terminó".into() } else { format!("terminó con código {}", status.exit_code()) })
}

type Reader = Box<dyn Read + Send>;

/// One read off the async threads; nothing once the shell has ended.
async fn read(mut reader: Reader) -> (Reader, Vec<u8>) {
    Tasks::blocking(move || {
        let mut chunk = vec![0; CHUNK];
        let count = reader.read(&mut chunk).unwrap_or(0);
        chunk.truncate(count);
        (reader, chunk)
    })
    .await
}

/// Writes what is typed off the async threads: a shell that does not read must keep nobody waiting.
async fn write(mut writer: Box<dyn Write + Send>, mut typed: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = typed.recv().await {
        let (back, gone) = Tasks::blocking(move || {
            let gone = writer.write_all(&bytes).and_then(|()| writer.flush()).is_err();
            (writer, gone)
        })
        .await;
        writer = back;
        if gone {
            return;
        }
    }
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// The user's shell in a folder, with the cluster's kubeconfig and a `kubectl` on its path.
fn command(
    tools: &TempDir,
    kubeconfig: Option<&Path>,
    context: &str,
    folder: Option<&Path>,
) -> anyhow::Result<CommandBuilder> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = CommandBuilder::new(shell());
    command.env("TERM", "xterm-256color");
    command.env("TIMONEL", "1");
    if let Some(kubeconfig) = kubeconfig {
        command.env("KUBECONFIG", pointing(tools, kubeconfig, context)?);
    }
    if !installed(&path) {
        lend(tools.path())?;
        let all = std::iter::once(tools.path().to_path_buf()).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(all)?);
    }
    if let Some(folder) = folder {
        command.cwd(folder);
    }
    Ok(command)
}

/// The kubeconfig, and before it one that only says which context is in use, where it has such a context.
fn pointing(tools: &TempDir, kubeconfig: &Path, context: &str) -> anyhow::Result<std::ffi::OsString> {
    let known = std::fs::read_to_string(kubeconfig).is_ok_and(|text| text.contains(&format!("name: {context}\n")));
    if !known {
        return Ok(kubeconfig.into());
    }
    let first = tools.path().join("contexto");
    let text = format!("apiVersion: v1\nkind: Config\ncurrent-context: {}\n", serde_json::Value::from(context));
    std::fs::write(&first, text)?;
    Ok(std::env::join_paths([first.as_path(), kubeconfig])?)
}

fn shell() -> String {
    let usual = if cfg!(windows) { "cmd.exe" } else { "/bin/sh" };
    std::env::var("SHELL").ok().filter(|shell| Path::new(shell).exists()).unwrap_or_else(|| usual.into())
}

/// Whether there is a kubectl on the path.
fn installed(path: &std::ffi::OsStr) -> bool {
    let name = if cfg!(windows) { "kubectl.exe" } else { "kubectl" };
    std::env::split_paths(path).any(|folder| folder.join(name).is_file())
}

/// Lends this program as kubectl: called by that name, it is one.
fn lend(folder: &Path) -> std::io::Result<()> {
    let own = std::env::current_exe()?;
    #[cfg(unix)]
    return std::os::unix::fs::symlink(own, folder.join("kubectl"));
    #[cfg(not(unix))]
    return std::fs::copy(own, folder.join("kubectl.exe")).map(drop);
}
