//! The clients that come with the stand-ins of databases: `redis-cli` and `pg_isready`. Must not open sockets by
//! themselves.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::run::Session;
use crate::base::net::BoxStream;
use crate::kubelet::programs::resolver;

const PATIENCE: Duration = Duration::from_secs(3);

/// The value of `-h HOST` or `-p PORT`, and the words that are no options.
fn options(args: &[String], port: u16) -> (String, u16, Vec<String>) {
    let (mut host, mut number, mut rest, mut words) = ("127.0.0.1".to_owned(), port, Vec::new(), args.iter());
    while let Some(word) = words.next() {
        match word.as_str() {
            "-h" | "--host" => host = words.next().cloned().unwrap_or_default(),
            "-p" | "--port" => number = words.next().and_then(|text| text.parse().ok()).unwrap_or(number),
            "-U" | "-d" | "-a" | "-n" => drop(words.next()),
            other if other.starts_with('-') => {}
            other => rest.push(other.to_owned()),
        }
    }
    (host, number, rest)
}

async fn dial(shell: &Session, host: &str, port: u16) -> io::Result<BoxStream> {
    let ip = resolver::address(&shell.world, host).await.ok_or(io::ErrorKind::HostUnreachable)?;
    shell.world.net.dial(Some(shell.world.sandbox.ip), SocketAddr::new(ip, port)).await
}

pub(super) async fn redis_cli(shell: &Session, args: Vec<String>) -> i32 {
    let (host, port, words) = options(&args, 6379);
    let asked = async {
        let mut stream = dial(shell, &host, port).await?;
        let mut request = format!("*{}\r\n", words.len());
        words.iter().for_each(|word| request += &format!("${}\r\n{word}\r\n", word.len()));
        stream.write_all(format!("{request}*1\r\n$4\r\nQUIT\r\n").as_bytes()).await?;
        let mut said = String::new();
        stream.read_to_string(&mut said).await?;
        Ok::<_, io::Error>(said)
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(said)) => {
            shell.out.line(printed(&said));
            0
        }
        _ => shell.fail(
            &format!("Could not connect to Redis at {host}:{port}"),
            super::reason(&io::ErrorKind::ConnectionRefused.into()),
        ),
    }
}

/// The first answer as `redis-cli` prints it outside a terminal.
fn printed(said: &str) -> String {
    let mut lines = said.split("\r\n");
    let first = lines.next().unwrap_or_default();
    match first.split_at_checked(1) {
        Some(("+" | ":", text)) => text.into(),
        Some(("-", text)) => format!("(error) {text}"),
        Some(("$", "-1")) => String::new(),
        Some(("$", _)) => lines.next().unwrap_or_default().into(),
        _ => first.into(),
    }
}

pub(super) async fn pg_isready(shell: &Session, args: Vec<String>) -> i32 {
    let (host, port, _) = options(&args, 5432);
    let shown = if host == "127.0.0.1" { "/var/run/postgresql".to_owned() } else { host.clone() };
    match tokio::time::timeout(PATIENCE, dial(shell, &host, port)).await {
        Ok(Ok(_)) => {
            shell.out.line(format_args!("{shown}:{port} - accepting connections"));
            0
        }
        _ => {
            shell.out.line(format_args!("{shown}:{port} - no response"));
            2
        }
    }
}
