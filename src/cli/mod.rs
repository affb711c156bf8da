//! Arguments and modes of the binary; help in Spanish. Must not hold logic of a room.
//!
//! One mode = one file and one arm in [`run`].

mod args;
mod bench;
mod dashboard;
mod doctor;
mod down;
mod errors;
mod frame;
mod kubectl;
mod lessons;
mod server;
mod settings;
mod signals;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

pub use args::{Cli, Command};
use args::{DashboardArgs, LessonsCommand};

use crate::kubelet::guest;
use crate::network;

/// Reads the arguments and runs the mode that they ask for.
#[must_use]
pub fn run() -> ExitCode {
    if let Some(args) = kubectl_args() {
        return ended(kubectl::run(&args, settings::usual_data_dir().ok()));
    }
    match Cli::try_parse() {
        Ok(cli) => dispatch(cli),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            print!("{error}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}", errors::explain(&error));
            ExitCode::from(2)
        }
    }
}

/// The arguments of kubectl, untouched, when the program goes by that name or that is its first word.
fn kubectl_args() -> Option<Vec<String>> {
    let mut args = std::env::args_os().peekable();
    let program = args.next()?;
    let is_named = kubectl::is_called(program.as_ref()) || args.next_if(|word| word == "kubectl").is_some();
    is_named.then(|| args.map(|arg| arg.to_string_lossy().into_owned()).collect())
}

fn dispatch(cli: Cli) -> ExitCode {
    ended(mode(cli))
}

fn ended(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        eprintln!("Error: {error:#}");
        ExitCode::FAILURE
    })
}

fn mode(cli: Cli) -> anyhow::Result<ExitCode> {
    let data_dir = settings::data_dir(&cli.common);
    match cli.command {
        None => threaded(dashboard::run(cli.dashboard, data_dir?)),
        Some(Command::Server(args)) => threaded(server::run(args, data_dir?)),
        Some(Command::Doctor(args)) => threaded(async move { doctor::run(&args, &data_dir?).await }),
        Some(Command::Down) => threaded(down::run(&data_dir?)),
        Some(Command::Frame(args)) => threaded(frame::run(args, &data_dir?)),
        Some(Command::Bench(args)) => threaded(bench::run(args)),
        Some(Command::Kubectl(args)) => kubectl::run(&args.args, data_dir.ok()),
        Some(Command::Lessons(args)) => match args.command {
            LessonsCommand::Play { folder } => {
                let shown =
                    DashboardArgs { view: Some("lecciones".into()), lessons: Some(folder), ..DashboardArgs::default() };
                threaded(dashboard::run(shown, data_dir?))
            }
            command => lessons::run(command, &data_dir?),
        },
        // Process 1 of a container: no threads, no log.
        Some(Command::Guest(args)) => {
            let of_network = network::guest::run(&args.program, &args.args);
            Ok(of_network.unwrap_or_else(|| guest::run(&args.program, &args.args)))
        }
    }
}

fn threaded(mode: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(mode)
}
