//! What a command is, and the table of them as clap's tree. Must not know any command.

use clap::{ArgAction, ArgMatches, Args, FromArgMatches};
use futures::future::BoxFuture;

use super::failure::{Failure, Outcome};
use super::globals::Globals;
use super::grammar;
use super::session::Session;

const TEMPLATE: &str = "{about-with-newline}\nUso: {usage}\n\n{all-args}";

/// A command: its fields are its arguments.
pub(crate) trait Verb: Args + Send + Sized + 'static {
    /// The word, as `get`.
    const NAME: &'static str;
    /// What it does, one line in Spanish.
    const ABOUT: &'static str;
    /// What follows the word in its usage line.
    const USAGE: &'static str;
    /// Other words for it.
    const ALIASES: &'static [&'static str] = &[];

    /// Does it.
    fn run(self, session: &mut Session<'_>) -> impl Future<Output = Outcome> + Send;
}

type Run = for<'s, 'a> fn(&ArgMatches, &'s mut Session<'a>) -> BoxFuture<'s, Outcome>;

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Command {
    pub name: &'static str,
    pub about: &'static str,
    usage: &'static str,
    aliases: &'static [&'static str],
    augment: fn(clap::Command) -> clap::Command,
    run: Option<Run>,
    pub subs: &'static [Command],
}

impl Command {
    /// A command of its own.
    pub const fn of<V: Verb>() -> Self {
        Self {
            name: V::NAME,
            about: V::ABOUT,
            usage: V::USAGE,
            aliases: V::ALIASES,
            augment: V::augment_args,
            run: Some(run::<V>),
            subs: &[],
        }
    }

    /// A word that only stands before others.
    pub const fn group(name: &'static str, about: &'static str, subs: &'static [Command]) -> Self {
        let usage = "COMANDO";
        Self { name, about, usage, aliases: &[], augment: |command| command, run: None, subs }
    }

    /// Other words for it.
    pub const fn called(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    /// The command with others under it.
    pub const fn with(self, subs: &'static [Command]) -> Self {
        Self { subs, ..self }
    }

    /// Whether the word means it.
    pub fn is_called(&self, word: &str) -> bool {
        self.name == word || self.aliases.contains(&word)
    }

    fn clap(&self, path: &str) -> clap::Command {
        let path = format!("{path} {}", self.name);
        // After its arguments: a docstring of theirs would take its place.
        let command = (self.augment)(clap::Command::new(self.name))
            .about(self.about)
            .long_about(None)
            .visible_aliases(self.aliases)
            .override_usage(format!("{path} {}", self.usage))
            .help_template(TEMPLATE)
            .subcommand_help_heading("Comandos")
            .disable_help_flag(true)
            .disable_help_subcommand(true)
            .args_override_self(true)
            .mut_args(as_pflag);
        self.subs.iter().fold(command, |command, sub| command.subcommand(sub.clap(&path)))
    }
}

fn run<'s, V: Verb>(matches: &ArgMatches, session: &'s mut Session<'_>) -> BoxFuture<'s, Outcome> {
    match V::from_arg_matches(matches) {
        Ok(verb) => Box::pin(verb.run(session)),
        Err(error) => Box::pin(std::future::ready(Err(Failure::error(error.to_string())))),
    }
}

/// Flags behave as Go's pflag has them: `--all=false`, values that begin with a hyphen.
fn as_pflag(arg: clap::Arg) -> clap::Arg {
    let arg = if arg.get_help_heading().is_none() { arg.help_heading("Opciones") } else { arg };
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .default_value("false")
            .hide_default_value(true)
            .hide_possible_values(true)
            .value_parser(grammar::boolean);
    }
    let is_option = arg.get_long().is_some() && matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    if is_option { arg.allow_hyphen_values(true) } else { arg }
}

/// The whole of kubectl.
pub(crate) fn tree(table: &'static [Command]) -> clap::Command {
    let command = clap::Command::new("kubectl")
        .override_usage("kubectl COMANDO [TIPO] [NOMBRE] [OPCIONES]")
        .help_template(TEMPLATE)
        .subcommand_help_heading("Comandos")
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .args_override_self(true);
    let command = Globals::augment_args(command)
        .about("kubectl de Timonel: las órdenes de Kubernetes, sin instalar nada.")
        .long_about(None)
        .mut_args(as_pflag);
    table.iter().fold(command, |command, sub| command.subcommand(sub.clap("kubectl")))
}

/// A command as it was typed.
pub(crate) struct Parsed {
    pub matches: ArgMatches,
    pub globals: Globals,
    pub path: String,
    run: Option<Run>,
    help: clap::Command,
}

impl Parsed {
    /// Finds the command that clap's matches lead to.
    ///
    /// # Errors
    /// When the flags of every command cannot be read.
    pub fn new(table: &'static [Command], tree: clap::Command, matches: ArgMatches) -> Outcome<Self> {
        let (mut matches, mut table, mut help) = (matches, table, tree);
        let (mut path, mut run) = ("kubectl".to_string(), None);
        while let Some((name, below)) = matches.remove_subcommand() {
            let Some(command) = table.iter().find(|command| command.name == name) else { break };
            path += &format!(" {name}");
            help = help.find_subcommand(&name).cloned().unwrap_or(help);
            (matches, table, run) = (below, command.subs, command.run);
        }
        let globals = Globals::from_arg_matches(&matches).map_err(|error| Failure::error(error.to_string()))?;
        Ok(Self { matches, globals, path, run, help })
    }

    /// Does it; a word that only stands before others shows its help.
    pub async fn run(mut self, session: &mut Session<'_>) -> Outcome {
        match self.run {
            Some(run) => run(&self.matches, session).await,
            None => session.print(self.help.render_help().to_string()),
        }
    }
}
