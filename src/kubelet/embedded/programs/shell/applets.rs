//! The programs that the shell finds: one line each in [`ALL`]. Must not change the shell that calls them.

use std::time::Duration;

use futures::future::BoxFuture;

use super::run::Session;
use super::{archive, clients, net, test, text};
use crate::kubelet::embedded::container::World;
use crate::kubelet::embedded::images::Reference;

/// A program: from the shell and its arguments to its exit code.
pub(super) type Applet = for<'a> fn(&'a Session, Vec<String>) -> BoxFuture<'a, i32>;

/// Name and program.
const ALL: &[(&str, Applet)] = &[
    ("[", |shell, args| Box::pin(test::bracket(shell, args))),
    ("cat", |shell, args| Box::pin(text::cat(shell, args))),
    ("date", |shell, args| Box::pin(date(shell, args))),
    ("dd", |shell, args| Box::pin(archive::dd(shell, args))),
    ("echo", |shell, args| Box::pin(text::echo(shell, args))),
    ("env", |shell, args| Box::pin(env(shell, args))),
    ("false", |_, _| Box::pin(async { 1 })),
    ("grep", |shell, args| Box::pin(text::grep(shell, args))),
    ("head", |shell, args| Box::pin(text::head(shell, args))),
    ("hostname", |shell, args| Box::pin(hostname(shell, args))),
    ("id", |shell, args| Box::pin(id(shell, args))),
    ("kill", |shell, args| Box::pin(kill(shell, args))),
    ("ls", |shell, args| Box::pin(ls(shell, args))),
    ("mkdir", |shell, args| Box::pin(mkdir(shell, args))),
    ("nc", |shell, args| Box::pin(net::nc(shell, args))),
    ("nslookup", |shell, args| Box::pin(net::nslookup(shell, args))),
    ("ping", |shell, args| Box::pin(net::ping(shell, args))),
    ("printenv", |shell, args| Box::pin(env(shell, args))),
    ("printf", |shell, args| Box::pin(text::printf(shell, args))),
    ("ps", |shell, args| Box::pin(ps(shell, args))),
    ("pwd", |shell, args| Box::pin(pwd(shell, args))),
    ("rm", |shell, args| Box::pin(rm(shell, args))),
    ("seq", |shell, args| Box::pin(text::seq(shell, args))),
    ("sleep", |shell, args| Box::pin(sleep(shell, args))),
    ("stty", |shell, args| Box::pin(stty(shell, args))),
    ("tail", |shell, args| Box::pin(text::tail(shell, args))),
    ("tar", |shell, args| Box::pin(archive::tar(shell, args))),
    ("test", |shell, args| Box::pin(test::test(shell, args))),
    ("touch", |shell, args| Box::pin(touch(shell, args))),
    ("true", |_, _| Box::pin(async { 0 })),
    ("uname", |shell, args| Box::pin(uname(shell, args))),
    ("wc", |shell, args| Box::pin(text::wc(shell, args))),
    ("wget", |shell, args| Box::pin(net::wget(shell, args))),
    ("whoami", |shell, args| Box::pin(whoami(shell, args))),
];

/// Programs that only one image has.
const OF_IMAGES: &[(&str, &str, Applet)] = &[
    ("postgres", "pg_isready", |shell, args| Box::pin(clients::pg_isready(shell, args))),
    ("redis", "redis-cli", |shell, args| Box::pin(clients::redis_cli(shell, args))),
];

/// A program of a container by name.
pub(super) fn find(world: &World, name: &str) -> Option<Applet> {
    let everywhere = ALL.iter().find(|(known, _)| *known == name).map(|(_, applet)| *applet);
    everywhere.or_else(|| {
        let image = Reference::parse(&world.container.spec.image).ok()?;
        let own = OF_IMAGES.iter().find(|(of, known, _)| *of == image.repository && *known == name);
        own.map(|(.., applet)| *applet)
    })
}

async fn mkdir(shell: &Session, args: Vec<String>) -> i32 {
    let parents = args.iter().any(|arg| arg.starts_with('-') && arg.contains('p'));
    for arg in args.iter().filter(|arg| !arg.starts_with('-')) {
        let path = shell.path(arg);
        if !parents && shell.world.files.list(&path).is_some() {
            return shell.fail("mkdir", format_args!("can't create directory '{arg}': File exists"));
        }
        if let Err(error) = shell.world.files.make_directory(&path) {
            return shell.fail("mkdir", format_args!("can't create directory '{arg}': {error}"));
        }
    }
    0
}

/// `stty size`: rows and columns of the terminal.
async fn stty(shell: &Session, args: Vec<String>) -> i32 {
    if args.first().map(String::as_str) != Some("size") {
        return shell.fail("stty", "only «size» is known here");
    }
    let (columns, rows) = *shell.size.lock();
    shell.out.line(format_args!("{rows} {columns}"));
    0
}

/// `5`, `5s`, `0.5m`: a time as `sleep` and `timeout` take it.
pub(super) fn seconds(word: &str) -> Option<Duration> {
    let (number, scale) = match word.strip_suffix(['s', 'm', 'h', 'd']).zip(word.chars().last()) {
        Some((number, 'm')) => (number, 60.0),
        Some((number, 'h')) => (number, 3_600.0),
        Some((number, 'd')) => (number, 86_400.0),
        Some((number, _)) => (number, 1.0),
        None => (word, 1.0),
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * scale).ok()
}

async fn sleep(shell: &Session, args: Vec<String>) -> i32 {
    let mut total = Duration::ZERO;
    for word in &args {
        match (word.as_str(), seconds(word)) {
            ("infinity", _) => return std::future::pending().await,
            (_, Some(time)) => total += time,
            (_, None) => return shell.fail("sleep", format_args!("invalid number '{word}'")),
        }
    }
    shell.sleep(total).await;
    0
}

async fn env(shell: &Session, args: Vec<String>) -> i32 {
    if args.is_empty() {
        for (name, value) in &shell.variables {
            shell.out.line(format_args!("{name}={value}"));
        }
        return 0;
    }
    let mut code = 0;
    for name in &args {
        match shell.get(name) {
            Some(value) => shell.out.line(value),
            None => code = 1,
        }
    }
    code
}

async fn ls(shell: &Session, args: Vec<String>) -> i32 {
    let here = vec![".".to_owned()];
    let wanted: Vec<String> = args.into_iter().filter(|arg| !arg.starts_with('-')).collect();
    let mut code = 0;
    for path in if wanted.is_empty() { here } else { wanted } {
        match shell.world.files.list(&shell.path(&path)) {
            Some(names) => names.iter().for_each(|name| shell.out.line(name)),
            None if shell.world.files.read(&shell.path(&path)).is_some() => shell.out.line(path),
            None => code = shell.fail("ls", format_args!("{path}: No such file or directory")),
        }
    }
    code
}

async fn touch(shell: &Session, args: Vec<String>) -> i32 {
    for path in args.iter().map(|arg| shell.path(arg)) {
        let data = shell.world.files.read(&path).unwrap_or_default();
        if let Err(error) = shell.world.files.write(&path, data) {
            return shell.fail("touch", format_args!("{path}: {error}"));
        }
    }
    0
}

async fn rm(shell: &Session, args: Vec<String>) -> i32 {
    let force = args.iter().any(|arg| arg.starts_with('-') && arg.contains('f'));
    for arg in args.iter().filter(|arg| !arg.starts_with('-')) {
        if !shell.world.files.remove(&shell.path(arg)) && !force {
            return shell.fail("rm", format_args!("can't remove '{arg}': No such file or directory"));
        }
    }
    0
}

/// The only process that there is to signal is the container's own.
async fn kill(shell: &Session, args: Vec<String>) -> i32 {
    if args.iter().any(|arg| arg == "1") {
        shell.world.container.signal(args.iter().any(|arg| arg == "-9" || arg == "-KILL"));
        return 0;
    }
    shell.fail("kill", "can't kill pid: No such process")
}

async fn ps(shell: &Session, _args: Vec<String>) -> i32 {
    let spec = &shell.world.container.spec;
    let words: Vec<&str> = spec.command.iter().chain(&spec.args).map(String::as_str).collect();
    let command = if words.is_empty() { spec.image.clone() } else { words.join(" ") };
    shell.out.line("PID   USER     TIME  COMMAND");
    shell.out.line(format_args!("    1 root      0:00 {command}"));
    0
}

async fn hostname(shell: &Session, args: Vec<String>) -> i32 {
    let sandbox = &shell.world.sandbox.spec;
    if args.iter().any(|arg| arg == "-i" || arg == "-I") {
        shell.out.line(sandbox.ip);
    } else {
        shell.out.line(&sandbox.hostname);
    }
    0
}

async fn date(shell: &Session, args: Vec<String>) -> i32 {
    let format = args.iter().find_map(|arg| arg.strip_prefix('+')).unwrap_or("%a %b %e %H:%M:%S UTC %Y");
    match jiff::fmt::strtime::format(format, shell.world.clock.now().to_zoned(jiff::tz::TimeZone::UTC).datetime()) {
        Ok(text) => shell.out.line(text),
        Err(_) => return shell.fail("date", format_args!("invalid format '{format}'")),
    }
    0
}

async fn pwd(shell: &Session, _args: Vec<String>) -> i32 {
    shell.out.line(&shell.directory);
    0
}

async fn id(shell: &Session, _args: Vec<String>) -> i32 {
    shell.out.line("uid=0(root) gid=0(root) groups=0(root)");
    0
}

async fn whoami(shell: &Session, _args: Vec<String>) -> i32 {
    shell.out.line("root");
    0
}

async fn uname(shell: &Session, args: Vec<String>) -> i32 {
    let whole = args.iter().any(|arg| arg == "-a");
    let host = &shell.world.sandbox.spec.hostname;
    if whole {
        shell.out.line(format_args!("Linux {host} timonel (simulado)"));
    } else {
        shell.out.line("Linux");
    }
    0
}
