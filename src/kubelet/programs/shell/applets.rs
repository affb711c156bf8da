//! The programs that the shell finds: one line each in [`ALL`]. Must not change the shell that calls them.

use std::time::Duration;

use futures::future::BoxFuture;

use super::run::Session;
use super::{archive, clients, net, reason, system, test, text};
use crate::kubelet::programs::reference::Reference;
use crate::kubelet::programs::world::World;

/// A program: from the shell and its arguments to its exit code.
pub(super) type Applet = for<'a> fn(&'a Session, Vec<String>) -> BoxFuture<'a, i32>;

/// Name and program.
const ALL: &[(&str, Applet)] = &[
    ("[", |shell, args| Box::pin(test::bracket(shell, args))),
    ("cat", |shell, args| Box::pin(text::cat(shell, args))),
    ("date", |shell, args| Box::pin(system::date(shell, args))),
    ("dd", |shell, args| Box::pin(archive::dd(shell, args))),
    ("echo", |shell, args| Box::pin(text::echo(shell, args))),
    ("env", |shell, args| Box::pin(env(shell, args))),
    ("false", |_, _| Box::pin(async { 1 })),
    ("grep", |shell, args| Box::pin(text::grep(shell, args))),
    ("head", |shell, args| Box::pin(text::head(shell, args))),
    ("hostname", |shell, args| Box::pin(system::hostname(shell, args))),
    ("id", |shell, args| Box::pin(system::id(shell, args))),
    ("kill", |shell, args| Box::pin(system::kill(shell, args))),
    ("ls", |shell, args| Box::pin(ls(shell, args))),
    ("mkdir", |shell, args| Box::pin(mkdir(shell, args))),
    ("nc", |shell, args| Box::pin(net::nc(shell, args))),
    ("nslookup", |shell, args| Box::pin(net::nslookup(shell, args))),
    ("ping", |shell, args| Box::pin(net::ping(shell, args))),
    ("printenv", |shell, args| Box::pin(env(shell, args))),
    ("printf", |shell, args| Box::pin(text::printf(shell, args))),
    ("ps", |shell, args| Box::pin(system::ps(shell, args))),
    ("pwd", |shell, args| Box::pin(system::pwd(shell, args))),
    ("rm", |shell, args| Box::pin(rm(shell, args))),
    ("seq", |shell, args| Box::pin(text::seq(shell, args))),
    ("sleep", |shell, args| Box::pin(sleep(shell, args))),
    ("stty", |shell, args| Box::pin(system::stty(shell, args))),
    ("tail", |shell, args| Box::pin(text::tail(shell, args))),
    ("tar", |shell, args| Box::pin(archive::tar(shell, args))),
    ("test", |shell, args| Box::pin(test::test(shell, args))),
    ("touch", |shell, args| Box::pin(touch(shell, args))),
    ("true", |_, _| Box::pin(async { 0 })),
    ("uname", |shell, args| Box::pin(system::uname(shell, args))),
    ("wc", |shell, args| Box::pin(text::wc(shell, args))),
    ("wget", |shell, args| Box::pin(net::wget(shell, args))),
    ("whoami", |shell, args| Box::pin(system::whoami(shell, args))),
];

/// Programs that only one image has.
const OF_IMAGES: &[(&str, &str, Applet)] = &[
    ("postgres", "pg_isready", |shell, args| Box::pin(clients::pg_isready(shell, args))),
    ("redis", "redis-cli", |shell, args| Box::pin(clients::redis_cli(shell, args))),
];

/// The name of every program, whichever image has it.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name).chain(OF_IMAGES.iter().map(|(_, name, _)| *name))
}

/// A program of a container by name.
pub(super) fn find(world: &World, name: &str) -> Option<Applet> {
    let everywhere = ALL.iter().find(|(known, _)| *known == name).map(|(_, applet)| *applet);
    everywhere.or_else(|| {
        let image = Reference::parse(&world.spec.image).ok()?;
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
            return shell.fail("mkdir", format_args!("can't create directory '{arg}': {}", reason(&error)));
        }
    }
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
            return shell.fail("touch", format_args!("{path}: {}", reason(&error)));
        }
    }
    0
}

async fn rm(shell: &Session, args: Vec<String>) -> i32 {
    let flag = |flag| args.iter().any(|arg| arg.starts_with('-') && arg.contains(flag));
    let (force, recursive) = (flag('f'), flag('r') || flag('R'));
    for arg in args.iter().filter(|arg| !arg.starts_with('-')) {
        if !recursive && shell.world.files.list(&shell.path(arg)).is_some() {
            return shell.fail("rm", format_args!("can't remove '{arg}': Is a directory"));
        }
        if !shell.world.files.remove(&shell.path(arg)) && !force {
            return shell.fail("rm", format_args!("can't remove '{arg}': No such file or directory"));
        }
    }
    0
}
