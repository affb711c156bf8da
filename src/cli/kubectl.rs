//! `timonel kubectl`: Timonel's own kubectl over this process' streams. Must not understand its arguments.

mod terminal;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cluster::home;
use crate::kubectl::{self, Configured};
use terminal::Terminal;

/// Runs a command; everything after the word `kubectl` is its own.
///
/// # Errors
/// When no runtime can be started.
pub fn run(args: &[String], data_dir: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let kubeconfig = data_dir.as_deref().and_then(home::running);
    let missing = missing(data_dir.as_deref());
    let code = runtime.block_on(async {
        let mut io = Terminal::new(kubeconfig);
        kubectl::run(args, &mut io, &Configured { missing }).await
    });
    // A read of standard input that never ends must not keep the process.
    runtime.shutdown_background();
    Ok(ExitCode::from(code))
}

/// Whether the program was called by the name of kubectl, as a symbolic link does.
#[must_use]
pub fn is_called(program: &Path) -> bool {
    program.file_stem().is_some_and(|name| name == "kubectl")
}

fn missing(data_dir: Option<&Path>) -> String {
    let place = data_dir.map(|dir| format!(" en {}", dir.display())).unwrap_or_default();
    format!(
        "No hay ningún clúster: ni kubeconfig ni un Timonel corriendo{place}.\n  qué hacer: arranca uno con «timonel» o «timonel server», o di cuál con --kubeconfig ARCHIVO."
    )
}
