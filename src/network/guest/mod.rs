//! What our own executable does in a container for the network: `timonel guest proxy|route`. Must not need anything of
//! the host, nor talk to the engine: it is told on its standard input.

mod netlink;
mod proxy;
mod route;

use std::io;
use std::process::ExitCode;

type Program = (&'static str, fn(&[String]) -> io::Result<ExitCode>);

const ALL: &[Program] = &[("proxy", proxy::run), ("route", route::run)];

/// Runs a program of this room to its end; `None` when it is none of them.
#[must_use]
pub fn run(name: &str, args: &[String]) -> Option<ExitCode> {
    let (_, program) = ALL.iter().find(|(known, _)| *known == name)?;
    Some(program(args).unwrap_or_else(|error| {
        eprintln!("timonel guest {name}: {error}");
        ExitCode::FAILURE
    }))
}

/// An argument of a guest program, or what it should have been.
fn argument<'a>(args: &'a [String], at: usize, what: &str) -> io::Result<&'a str> {
    let given = args.get(at).map(String::as_str);
    given.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("falta {what}")))
}

/// `10.96.0.0/12` as its first address and the length of its prefix.
fn range(text: &str) -> io::Result<(std::net::Ipv4Addr, u8)> {
    let parsed = text.split_once('/').and_then(|(first, bits)| Some((first.parse().ok()?, bits.parse().ok()?)));
    let legal = parsed.filter(|(_, bits)| *bits <= 32);
    legal.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("«{text}» no es una red IPv4")))
}
