//! The programs that our own executable runs inside containers: `timonel guest pause|du|image`, and those of the shell
//! under their own names. Must not need anything of the host: inside there is only this executable and the shared
//! objects that it links.

mod du;
mod image;
mod net;
mod pause;
mod process;
mod spawn;
mod world;

use std::io;
use std::process::ExitCode;

use super::programs::shell;

/// A guest program: its name and what it does with its arguments until it ends.
type Program = (&'static str, fn(&[String]) -> io::Result<ExitCode>);

const ALL: &[Program] = &[("du", du::run), ("image", image::run), ("pause", pause::run)];

/// Runs a guest program to its end; an unknown one or a failure ends with code 1 and a line on standard error.
#[must_use]
pub fn run(name: &str, args: &[String]) -> ExitCode {
    let outcome = match ALL.iter().find(|(known, _)| *known == name) {
        Some((_, program)) => program(args),
        None if is_called(name) => image::command(name, args),
        None => {
            let known: Vec<&str> = ALL.iter().map(|(known, _)| *known).chain(shell::names()).collect();
            eprintln!("timonel guest: no existe el programa «{name}»; los que hay: {}", known.join(", "));
            return ExitCode::FAILURE;
        }
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("timonel guest {name}: {error}");
        ExitCode::FAILURE
    })
}

/// Whether the executable goes by the name of one of the shell's programs, as its links in a container's `/bin` do.
#[must_use]
pub fn is_called(program: &str) -> bool {
    shell::names().any(|name| name == shell::base_name(program))
}

/// Runs a future on this thread: a guest has one thing to do and no threads to spare.
fn block_on<T>(task: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(task);
    // A standard input that never ends is read on a thread that would hold up the end.
    runtime.shutdown_background();
    outcome
}
