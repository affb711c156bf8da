//! Programs that are files of the container, as the shell's children. Must not run our own ones: the shell has them.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::kubelet::programs::shell::{Session, Sink};

/// Most bytes that are carried at once.
const PIECE: usize = 16 * 1024;
/// What a shell says of a file that cannot be executed.
const CANNOT: i32 = 126;

/// Runs a program to its end; `None` when there is no such file.
pub(super) async fn run(shell: &Session, words: &[String]) -> Option<i32> {
    let path = find(shell, words.first()?)?;
    let given = shell.input.at_hand().await;
    let mut command = Command::new(path);
    command.args(&words[1..]).arg0(&words[0]).env_clear().envs(shell.variables.iter().cloned());
    command.current_dir(&shell.directory).kill_on_drop(true);
    command.stdin(if given.is_some() { Stdio::piped() } else { Stdio::inherit() });
    command.stdout(way(&shell.out, false)).stderr(way(&shell.err, true));
    Some(match command.spawn() {
        Ok(child) => follow(shell, child, given.unwrap_or_default()).await,
        Err(error) => {
            shell.err.write(format!("sh: {}: {}\n", words[0], error.kind()).as_bytes());
            CANNOT
        }
    })
}

/// The file that a name means: by its path, or in the directories of `PATH`.
fn find(shell: &Session, name: &str) -> Option<PathBuf> {
    let own = super::is_called(name).then(|| std::env::current_exe().ok()).flatten();
    let runs = |path: &PathBuf| {
        let executable = path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
        // A link to ourselves that this image has no program for would lead back here, for ever.
        executable && (own.is_none() || path.canonicalize().ok() != own)
    };
    if name.contains('/') {
        return Some(Path::new(&shell.directory).join(name)).filter(runs);
    }
    let folders = shell.variables.iter().find(|(known, _)| known == "PATH").map_or("", |(_, value)| value);
    folders.split(':').map(|folder| Path::new(folder).join(name)).find(runs)
}

/// The shell's own output is the child's too; any other place is written to for it.
fn way(sink: &Sink, stderr: bool) -> Stdio {
    match sink {
        Sink::Own(_, own) if *own == stderr => Stdio::inherit(),
        Sink::Null => Stdio::null(),
        _ => Stdio::piped(),
    }
}

async fn follow(shell: &Session, mut child: Child, given: Bytes) -> i32 {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A child need not read what it is given.
            let _ = stdin.write_all(&given).await;
        }
    };
    tokio::join!(feed, carry(stdout, &shell.out), carry(stderr, &shell.err));
    child.wait().await.map_or(CANNOT, code)
}

async fn carry(from: Option<impl AsyncRead + Unpin>, to: &Sink) {
    let Some(mut from) = from else { return };
    let mut space = vec![0; PIECE];
    while let Ok(length @ 1..) = from.read(&mut space).await {
        to.write(&space[..length]);
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(CANNOT)
}
