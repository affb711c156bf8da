//! The built-in programs as real processes: `timonel guest image [ARG…]` runs the one of the container's image, and a
//! command is run by the shell. Must not decide what they do: they are the same in both runtimes.

use std::io;
use std::process::ExitCode;

use super::world;
use crate::base::tasks::Tasks;
use crate::kubelet::programs::{self, shell};

pub(super) fn run(args: &[String]) -> io::Result<ExitCode> {
    live(Vec::new(), args.to_vec(), |world| programs::of(&world)(world))
}

/// A program of the shell with its arguments.
pub(super) fn command(name: &str, args: &[String]) -> io::Result<ExitCode> {
    let words = std::iter::once(name.to_owned()).chain(args.iter().cloned()).collect();
    live(words, Vec::new(), |world| Box::pin(shell::command(world)))
}

fn live(command: Vec<String>, args: Vec<String>, program: programs::Main) -> io::Result<ExitCode> {
    super::block_on(async {
        let tasks = Tasks::new();
        let code = program(world::of_process(command, args, &tasks)?).await;
        tasks.stop().await;
        Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
    })
}
