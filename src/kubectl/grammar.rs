//! clap's complaints in the words of Go's pflag and cobra, which kubectl uses. Must not parse a command itself.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::failure::Failure;
use super::verb::Command;

/// `strconv.ParseInt`, for whole numbers.
///
/// # Errors
/// In Go's words.
pub(crate) fn int(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
}

/// `strconv.ParseBool`.
///
/// # Errors
/// In Go's words.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

/// The complaint as kubectl words it.
pub(crate) fn explain(
    error: &clap::Error,
    args: &[String],
    table: &'static [Command],
    tree: &clap::Command,
) -> Failure {
    let (path, help) = place(args, table, tree);
    let arg = context(error, ContextKind::InvalidArg);
    let flag = arg.split([' ', '=']).next().unwrap_or_default();
    let value = context(error, ContextKind::InvalidValue);
    let see = format!("\nSee '{path} --help' for usage.");
    let text = match error.kind() {
        ErrorKind::InvalidSubcommand if path != "kubectl" => {
            let word = context(error, ContextKind::InvalidSubcommand);
            return Failure::usage(&path, format!("unknown command {word:?}"));
        }
        ErrorKind::InvalidSubcommand => unknown_command(&context(error, ContextKind::InvalidSubcommand), table),
        ErrorKind::UnknownArgument if flag.starts_with("--") => format!("unknown flag: {flag}{see}"),
        ErrorKind::UnknownArgument if flag.starts_with('-') => {
            format!("unknown shorthand flag: '{}' in {}{see}", &flag[1..], typed(args, flag))
        }
        ErrorKind::UnknownArgument if path == "kubectl" => unknown_command(&arg, table),
        ErrorKind::UnknownArgument => return Failure::usage(&path, format!("unexpected arguments: [{arg}]")),
        ErrorKind::InvalidValue if value.is_empty() => format!("flag needs an argument: {}{see}", needing(args, flag)),
        ErrorKind::MissingRequiredArgument => required(error),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            format!("invalid argument {value:?} for {:?} flag: {cause}{see}", both(help, flag))
        }
        _ => error.to_string(),
    };
    Failure::error(text)
}

/// The command that was typed, as far as it is one.
fn place<'t>(args: &[String], table: &'static [Command], tree: &'t clap::Command) -> (String, &'t clap::Command) {
    let (mut path, mut table, mut help) = ("kubectl".to_string(), table, tree);
    for word in args.iter().take_while(|word| *word != "--") {
        let Some(command) = table.iter().find(|command| command.is_called(word)) else { continue };
        path += &format!(" {}", command.name);
        help = help.find_subcommand(command.name).unwrap_or(help);
        table = command.subs;
    }
    (path, help)
}

/// `'n' in -n`, or `--namespace`, as it was typed.
fn needing(args: &[String], flag: &str) -> String {
    match args.last() {
        Some(last) if last.starts_with('-') && !last.starts_with("--") => {
            format!("'{}' in {last}", last.chars().next_back().unwrap_or_default())
        }
        _ => flag.to_string(),
    }
}

/// The group of short flags in which an unknown one stands.
fn typed<'a>(args: &'a [String], flag: &'a str) -> &'a str {
    let letter = flag.trim_start_matches('-');
    let holds = |arg: &&String| arg.starts_with('-') && !arg.starts_with("--") && arg.contains(letter);
    args.iter().find(holds).map_or(flag, String::as_str)
}

/// `-n, --namespace`.
fn both(command: &clap::Command, flag: &str) -> String {
    let long = flag.trim_start_matches('-');
    let arg = command.get_arguments().find(|arg| arg.get_long() == Some(long));
    match arg.and_then(clap::Arg::get_short) {
        Some(short) => format!("-{short}, --{long}"),
        None => flag.to_string(),
    }
}

fn required(error: &clap::Error) -> String {
    let all = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(all)) => all.clone(),
        Some(ContextValue::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    };
    let name = |arg: &String| format!("{:?}", arg.trim_start_matches('-').split([' ', '=']).next().unwrap_or_default());
    format!("required flag(s) {} not set", all.iter().map(name).collect::<Vec<_>>().join(", "))
}

fn unknown_command(word: &str, table: &[Command]) -> String {
    let text = format!("unknown command {word:?} for \"kubectl\"");
    let near = |command: &&Command| command.name.starts_with(&word.to_lowercase()) || distance(word, command.name) <= 2;
    let near: Vec<&str> = table.iter().filter(near).map(|command| command.name).collect();
    if near.is_empty() { text } else { format!("{text}\n\nDid you mean this?\n\t{}", near.join("\n\t")) }
}

/// Levenshtein's distance, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, right) in b.chars().enumerate() {
            let changed = before + usize::from(left != right);
            before = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
