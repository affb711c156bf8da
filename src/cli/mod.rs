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

use std::env::ArgsOs;
use std::iter::Peekable;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};

pub use args::{Cli, Command};
use args::{DashboardArgs, LessonsCommand};

use crate::kubelet::guest;
use crate::network;

/// Reads the arguments and runs the mode that they ask for.
#[must_use]
pub fn run() -> ExitCode {
    if let Some((program, args)) = container_args() {
        return guest::run(&program, &args);
    }
    if let Some((args, data_dir)) = kubectl_args() {
        return ended(kubectl::run(&args, data_dir.or_else(|| settings::usual_data_dir().ok())));
    }
    match parsed() {
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

/// The arguments, none of which may be overlooked: the dashboard's options mean nothing before a command.
fn parsed() -> Result<Cli, clap::Error> {
    let mut tree = Cli::command();
    let matches = tree.try_get_matches_from_mut(std::env::args_os())?;
    let own = tree.get_arguments().filter(|arg| !arg.is_global_set() && arg.get_long().is_some());
    let given = |arg: &&clap::Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let misplaced = own.filter(given).find_map(clap::Arg::get_long);
    if let (Some(command), Some(flag)) = (matches.subcommand_name(), misplaced) {
        let said = format!("«--{flag}» no va delante de «{command}»: si ese comando la tiene, escríbela detrás");
        return Err(tree.error(ErrorKind::TooManyValues, said));
    }
    Cli::from_arg_matches(&matches)
}

/// The arguments of kubectl when the program goes by that name, untouched, or when that is its first word: then without
/// the flag that every command of Timonel takes.
fn kubectl_args() -> Option<(Vec<String>, Option<PathBuf>)> {
    let mut args = std::env::args_os().peekable();
    let program = args.next()?;
    let rest = |args: Peekable<ArgsOs>| args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    if kubectl::is_called(program.as_ref()) {
        return Some((rest(args), None));
    }
    args.next_if(|word| word == "kubectl")?;
    Some(kubectl::take_data_dir(rest(args)))
}

/// The program of a container's shell by whose name the executable goes, and its arguments, untouched.
fn container_args() -> Option<(String, Vec<String>)> {
    let mut args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    let program = args.next().filter(|program| guest::is_called(program))?;
    Some((program, args.collect()))
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
        Some(Command::Kubectl(args)) => {
            let (args, named) = kubectl::take_data_dir(args.args);
            kubectl::run(&args, named.or_else(|| data_dir.ok()))
        }
        Some(Command::Lessons(args)) => match args.command {
            LessonsCommand::Play(play) => {
                let view = play.dashboard.view.clone().unwrap_or_else(|| "lecciones".into());
                let shown = DashboardArgs { view: Some(view), lessons: Some(play.folder), ..play.dashboard };
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
