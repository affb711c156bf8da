//! Programs about the system that they run on: its processes, its names, its time, its terminal. Must not read anything
//! that the container's files do not say: where there is no `/proc`, the container's own program is all there is.

use std::io;

use super::reason;
use super::run::Session;

/// Names of signals, and their numbers.
const SIGNALS: [(&str, i32); 8] =
    [("HUP", 1), ("INT", 2), ("QUIT", 3), ("KILL", 9), ("USR1", 10), ("USR2", 12), ("TERM", 15), ("CONT", 18)];
const TERM: i32 = 15;

/// `kill [-SIGNAL | -s SIGNAL] PID…`
pub(super) async fn kill(shell: &Session, args: Vec<String>) -> i32 {
    let (mut number, mut code, mut words) = (TERM, 0, args.iter());
    while let Some(word) = words.next() {
        let name = match word.strip_prefix('-') {
            Some("s") => words.next().map(String::as_str),
            flag => flag,
        };
        if let Some(name) = name {
            let Some(known) = signal(name) else { return shell.fail("kill", format_args!("bad signal name '{name}'")) };
            number = known;
            continue;
        }
        let Ok(process) = word.parse() else { return shell.fail("kill", format_args!("invalid number '{word}'")) };
        if let Err(error) = shell.world.host.signal(process, number) {
            code = shell.fail("kill", format_args!("can't kill pid {process}: {}", refusal(&error)));
        }
    }
    code
}

/// `9`, `KILL` or `SIGKILL`.
fn signal(name: &str) -> Option<i32> {
    let plain = name.strip_prefix("SIG").unwrap_or(name);
    let known = SIGNALS.iter().find(|(known, _)| *known == plain).map(|(_, number)| *number);
    known.or_else(|| name.parse().ok())
}

fn refusal(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "No such process".into(),
        _ => reason(error),
    }
}

pub(super) async fn ps(shell: &Session, _args: Vec<String>) -> i32 {
    shell.out.line("PID   USER     COMMAND");
    let names = shell.world.files.list("/proc").unwrap_or_default();
    let mut processes: Vec<u32> = names.iter().filter_map(|name| name.parse().ok()).collect();
    processes.sort_unstable();
    for process in &processes {
        // One that ends meanwhile is no longer listed.
        if let Some(command) = command_of(shell, *process) {
            shell.out.line(format_args!("{process:5} {:8} {command}", user_of(shell, *process)));
        }
    }
    if processes.is_empty() {
        let spec = &shell.world.spec;
        let words: Vec<&str> = spec.command.iter().chain(&spec.args).map(String::as_str).collect();
        let command = if words.is_empty() { spec.image.clone() } else { words.join(" ") };
        shell.out.line(format_args!("    1 {:8} {command}", user(own_user(shell))));
    }
    0
}

/// The words of a process, or its name in brackets, as of one that has ended but was not waited for.
fn command_of(shell: &Session, process: u32) -> Option<String> {
    let read = |file: &str| shell.world.files.read(&format!("/proc/{process}/{file}"));
    let words = String::from_utf8_lossy(&read("cmdline")?).trim_end_matches('\0').replace('\0', " ");
    if !words.is_empty() {
        return Some(words);
    }
    Some(format!("[{}]", String::from_utf8_lossy(&read("comm")?).trim()))
}

fn user_of(shell: &Session, process: u32) -> String {
    let status = shell.world.files.read(&format!("/proc/{process}/status")).unwrap_or_default();
    let status = String::from_utf8_lossy(&status).into_owned();
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    user(line.and_then(|ids| ids.split_whitespace().next()).unwrap_or("0"))
}

/// The container's user and group, as numbers.
fn own_ids(shell: &Session) -> (&str, &str) {
    let user = shell.world.spec.user.as_str();
    let (user, group) = user.split_once(':').unwrap_or((user, "0"));
    (if user.is_empty() { "0" } else { user }, group)
}

fn own_user(shell: &Session) -> &str {
    own_ids(shell).0
}

/// A user's name; there is no list of users beyond root.
fn user(id: &str) -> String {
    named(id).unwrap_or(id).into()
}

fn named(id: &str) -> Option<&'static str> {
    (id == "0").then_some("root")
}

pub(super) async fn id(shell: &Session, args: Vec<String>) -> i32 {
    let (user, group) = own_ids(shell);
    let shown = |id: &str| named(id).map_or_else(|| id.to_owned(), |name| format!("{id}({name})"));
    match args.first().map(String::as_str) {
        Some("-u") => shell.out.line(user),
        Some("-g") => shell.out.line(group),
        _ => shell.out.line(format_args!("uid={} gid={} groups={}", shown(user), shown(group), shown(group))),
    }
    0
}

pub(super) async fn whoami(shell: &Session, _args: Vec<String>) -> i32 {
    let id = own_user(shell);
    let Some(name) = named(id) else { return shell.fail("whoami", format_args!("unknown uid {id}")) };
    shell.out.line(name);
    0
}

pub(super) async fn uname(shell: &Session, args: Vec<String>) -> i32 {
    let kernel = |file: &str| shell.world.files.read(&format!("/proc/sys/kernel/{file}"));
    let release = kernel("osrelease").map(|text| String::from_utf8_lossy(&text).trim().to_owned());
    let release = release.unwrap_or_else(|| "timonel (simulado)".into());
    match args.first().map(String::as_str) {
        Some("-a") => shell.out.line(format_args!("Linux {} {release}", shell.world.sandbox.hostname)),
        Some("-r") => shell.out.line(release),
        Some("-n") => shell.out.line(&shell.world.sandbox.hostname),
        _ => shell.out.line("Linux"),
    }
    0
}

pub(super) async fn hostname(shell: &Session, args: Vec<String>) -> i32 {
    let sandbox = &shell.world.sandbox;
    if args.iter().any(|arg| arg == "-i" || arg == "-I") {
        shell.out.line(sandbox.ip);
    } else {
        shell.out.line(&sandbox.hostname);
    }
    0
}

pub(super) async fn date(shell: &Session, args: Vec<String>) -> i32 {
    let format = args.iter().find_map(|arg| arg.strip_prefix('+')).unwrap_or("%a %b %e %H:%M:%S UTC %Y");
    match jiff::fmt::strtime::format(format, shell.world.clock.now().to_zoned(jiff::tz::TimeZone::UTC).datetime()) {
        Ok(text) => shell.out.line(text),
        Err(_) => return shell.fail("date", format_args!("invalid format '{format}'")),
    }
    0
}

/// `stty size`: rows and columns of the terminal.
pub(super) async fn stty(shell: &Session, args: Vec<String>) -> i32 {
    if args.first().map(String::as_str) != Some("size") {
        return shell.fail("stty", "only «size» is known here");
    }
    let (columns, rows) = shell.world.host.size().unwrap_or_else(|| *shell.size.lock());
    shell.out.line(format_args!("{rows} {columns}"));
    0
}

pub(super) async fn pwd(shell: &Session, _args: Vec<String>) -> i32 {
    shell.out.line(&shell.directory);
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_go_by_name_or_number() {
        assert_eq!(["9", "KILL", "SIGTERM", "0", "nada"].map(signal), [Some(9), Some(9), Some(15), Some(0), None]);
    }
}
