//! The programs that our own executable runs inside containers: `timonel guest pause|demo|du`. Must not need anything
//! of the host: inside there is only this executable and the shared objects that it links.

mod demo;
mod du;
mod pause;

use std::io;
use std::process::ExitCode;

/// A guest program: its name and what it does with its arguments until it ends.
type Program = (&'static str, fn(&[String]) -> io::Result<ExitCode>);

const ALL: &[Program] = &[("demo", demo::run), ("du", du::run), ("pause", pause::run)];

/// Runs a guest program to its end; an unknown one or a failure ends with code 1 and a line on standard error.
#[must_use]
pub fn run(name: &str, args: &[String]) -> ExitCode {
    let Some((_, program)) = ALL.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = ALL.iter().map(|(known, _)| *known).collect();
        eprintln!("timonel guest: no existe el programa «{name}»; los que hay: {}", known.join(", "));
        return ExitCode::FAILURE;
    };
    program(args).unwrap_or_else(|error| {
        eprintln!("timonel guest {name}: {error}");
        ExitCode::FAILURE
    })
}

/// Runs a future on this thread: a guest has one thing to do and no threads to spare.
fn block_on<T>(task: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(task)
}

/// Waits for the engine's request to end. Process 1 has no default handlers: unheard, SIGTERM would be lost.
async fn terminated() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => Ok(()),
        _ = int.recv() => Ok(()),
    }
}
