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

/// kubectl's own arguments, and the data directory if `--data-dir` was among them; what follows `--` is left alone.
#[must_use]
pub fn take_data_dir(args: Vec<String>) -> (Vec<String>, Option<PathBuf>) {
    let (mut own, mut data_dir) = (Vec::new(), None);
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.strip_prefix("--data-dir") {
            Some("") if args.len() > 0 => data_dir = args.next().map(PathBuf::from),
            Some(value) if value.len() > 1 && value.starts_with('=') => data_dir = Some(value[1..].into()),
            _ if arg == "--" => {
                own.push(arg);
                own.extend(args.by_ref());
            }
            _ => own.push(arg),
        }
    }
    (own, data_dir)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_directory_is_timonels_flag_and_the_rest_is_kubectls() {
        let take = |line: &str| take_data_dir(line.split(' ').map(str::to_owned).collect());
        let own = |line: &str| (take(line).0.join(" "), take(line).1.map(|dir| dir.display().to_string()));
        let some = |dir: &str| Some(dir.to_owned());
        assert_eq!(own("--data-dir d get pods"), ("get pods".into(), some("d")));
        assert_eq!(own("get pods --data-dir=d -A"), ("get pods -A".into(), some("d")));
        assert_eq!(own("exec p -- ls --data-dir d"), ("exec p -- ls --data-dir d".into(), None));
        assert_eq!(own("get --data-dir"), ("get --data-dir".into(), None), "kubectl says what it does not know");
    }
}
