//! Timonel's own kubectl: the same grammar, the same words, without a process of its own. A client of any cluster:
//! it must not know which server answers, nor touch the machine except through [`Io`].
//!
//! One command = one file in `commands/` and one line in its table. What it prints is word for word kubectl 1.33's;
//! only help, and what this kubectl leaves out, speak Spanish.

mod apply;
mod clusters;
mod commands;
mod config;
mod discovery;
mod duration;
mod failure;
mod flags;
mod globals;
mod grammar;
mod io;
mod line;
mod manifests;
mod memory;
mod print;
mod rest;
mod select;
mod session;
mod verb;
mod watching;

pub use clusters::{Clusters, Configured, Reached, Target, Unusable};
pub use io::{Entry, Input, Io};
pub use memory::Memory;

use clap::error::ErrorKind;
use failure::Outcome;
use session::Session;
use verb::Parsed;

/// Runs a command with the arguments after the word `kubectl`; answers its exit code. Dropping the future ends it.
pub async fn run(args: &[String], io: &mut dyn Io, clusters: &dyn Clusters) -> u8 {
    let outcome = command(args, io, clusters).await;
    ended(outcome, io)
}

/// Runs a line such as `kubectl get pods -o name > pods.txt`, read as [`line`](self) says: words, quotes, `<`, `>`, `>>`.
/// A line that needs a real shell is refused, with exit code 2.
pub async fn run_line(line: &str, io: &mut dyn Io, clusters: &dyn Clusters) -> u8 {
    let line = match line::read(line) {
        Ok(line) => line,
        Err(failure) => {
            ended(Err(failure), io);
            return 2;
        }
    };
    let args = line.words.strip_prefix(&["kubectl".to_string()]).unwrap_or(&line.words);
    if line.input.is_none() && line.output.is_none() {
        return run(args, io, clusters).await;
    }
    let mut redirected = match io::Redirected::open(io, line.input.as_deref()) {
        Ok(redirected) => redirected,
        Err(error) => return ended(Err(error.into()), io),
    };
    let code = run(args, &mut redirected, clusters).await;
    match redirected.close(line.output) {
        Ok(()) => code,
        Err(error) => ended(Err(error.into()), io),
    }
}

async fn command(args: &[String], io: &mut dyn Io, clusters: &dyn Clusters) -> Outcome {
    let mut tree = verb::tree(commands::TABLE);
    let words = std::iter::once("kubectl").chain(args.iter().map(String::as_str));
    let matches = match tree.try_get_matches_from_mut(words) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::DisplayHelp => return Ok(io.out(error.to_string().as_bytes())?),
        Err(error) => {
            let absent = commands::absent(args);
            return Err(absent.unwrap_or_else(|| grammar::explain(&error, args, commands::TABLE, &tree)));
        }
    };
    let parsed = Parsed::new(commands::TABLE, tree, matches)?;
    let mut session = Session::new(io, parsed.globals.clone(), parsed.path.clone(), clusters);
    parsed.run(&mut session).await
}

fn ended(outcome: Outcome, io: &mut dyn Io) -> u8 {
    let Err(failure) = outcome else { return 0 };
    let text = failure.text();
    if !text.is_empty() {
        // Where standard error is gone too, only the exit code is left to tell it.
        let _ = io.err(format!("{text}\n").as_bytes());
    }
    failure.code()
}
