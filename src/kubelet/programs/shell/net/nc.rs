//! `nc`: raw bytes over the pod network. Must not open sockets by itself.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::reason;
use super::super::run::Session;
use crate::base::net::BoxStream;
use crate::kubelet::programs::input::Input;
use crate::kubelet::programs::resolver;

/// How long the answer to a datagram is waited for when no `-w` says otherwise.
const QUIET: Duration = Duration::from_secs(1);

/// Most bytes that are shown at once.
const PIECE: usize = 16 * 1024;

/// The options of `nc`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    listen: bool,
    keep: bool,
    only_try: bool,
    verbose: bool,
    udp: bool,
    wait: Option<u64>,
    words: Vec<String>,
}

/// `nc -z HOST PORT` tries a port; `nc HOST PORT` sends standard input and shows what comes back; `nc -l -p PORT`
/// answers with it; `-u` speaks in datagrams.
pub(in super::super) async fn nc(shell: &Session, args: Vec<String>) -> i32 {
    let options = Options::parse(&args);
    if options.listen {
        let port = options.words.last().and_then(|port| port.parse().ok());
        let Some(port) = port else { return shell.fail("nc", "usage: nc -l -p PORT") };
        let at = SocketAddr::new(shell.world.sandbox.ip, port);
        return if options.udp { answer_datagrams(shell, at).await } else { listen(shell, at, options.keep).await };
    }
    let [.., host, port] = options.words.as_slice() else { return shell.fail("nc", "usage: nc [-zvu] HOST PORT") };
    let Ok(port) = port.parse() else { return shell.fail("nc", format_args!("bad port '{port}'")) };
    let Some(ip) = resolver::address(&shell.world, host).await else {
        return shell.fail("nc", format_args!("bad address '{host}'"));
    };
    let (at, named) = (SocketAddr::new(ip, port), format!("{host} ({ip}:{port})"));
    if options.udp {
        send_datagram(shell, at, &named, &options).await
    } else {
        connect(shell, at, &named, &options).await
    }
}

impl Options {
    fn parse(args: &[String]) -> Self {
        let (mut options, mut words) = (Self::default(), args.iter());
        while let Some(word) = words.next() {
            match word.strip_prefix('-') {
                Some("w") => options.wait = words.next().and_then(|it| it.parse().ok()),
                Some("p") => options.words.extend(words.next().cloned()),
                Some(flags) => {
                    options.listen |= flags.contains('l');
                    options.keep |= flags.contains('k');
                    options.only_try |= flags.contains('z');
                    options.verbose |= flags.contains('v');
                    options.udp |= flags.contains('u');
                    if flags.ends_with('p') {
                        options.words.extend(words.next().cloned());
                    }
                    options.wait = flags.split_once('w').and_then(|(_, it)| it.parse().ok()).or(options.wait);
                }
                None => options.words.push(word.clone()),
            }
        }
        options
    }
}

async fn connect(shell: &Session, at: SocketAddr, named: &str, options: &Options) -> i32 {
    let dial = shell.world.net.dial(Some(shell.world.sandbox.ip), at);
    let dialled = match options.wait {
        Some(seconds) => tokio::time::timeout(Duration::from_secs(seconds), dial).await,
        None => Ok(dial.await),
    };
    let stream = match dialled {
        Err(_) => return shell.fail("nc", format_args!("{named}: Connection timed out")),
        Ok(Err(error)) => return shell.fail("nc", format_args!("{named}: {}", reason(&error))),
        Ok(Ok(stream)) => stream,
    };
    if options.verbose {
        shell.err.line(format_args!("{named} open"));
    }
    if options.only_try { 0 } else { talk(shell, stream, &shell.input).await }
}

/// Sends standard input and shows what comes, until the other side ends.
async fn talk(shell: &Session, stream: BoxStream, input: &Input) -> i32 {
    let (mut hears, mut says) = tokio::io::split(stream);
    // What is here already is said even to one who only listens for a moment.
    if says.write_all(&input.at_hand().await.unwrap_or_default()).await.is_err() {
        return 1;
    }
    let say = async {
        while let Some(piece) = input.next().await {
            if says.write_all(&piece).await.is_err() {
                break;
            }
        }
        // The other side may be gone already.
        let _ = says.shutdown().await;
        std::future::pending::<()>().await;
    };
    let hear = async {
        let mut space = vec![0; PIECE];
        loop {
            match hears.read(&mut space).await {
                Ok(0) => return 0,
                Ok(length) => shell.out.write(&space[..length]),
                Err(_) => return 1,
            }
        }
    };
    tokio::select! {
        code = hear => code,
        () = say => 0,
    }
}

async fn listen(shell: &Session, at: SocketAddr, keep: bool) -> i32 {
    let mut listener = match shell.world.net.listen(at) {
        Ok(listener) => listener,
        Err(error) => return shell.fail("nc", format_args!("bind: {}", reason(&error))),
    };
    if !keep {
        let Some((stream, _)) = listener.accept().await else { return 1 };
        return talk(shell, stream, &shell.input).await;
    }
    let answer = shell.input.at_hand().await.unwrap_or_default();
    while let Some((stream, _)) = listener.accept().await {
        talk(shell, stream, &answer.clone().into()).await;
    }
    1
}

async fn send_datagram(shell: &Session, at: SocketAddr, named: &str, options: &Options) -> i32 {
    let own = SocketAddr::new(shell.world.sandbox.ip, 0);
    let exchange = async {
        let socket = shell.world.net.bind(Some(own))?;
        socket.send(shell.input.all().await, at).await?;
        if options.only_try { Ok((Bytes::new(), at)) } else { socket.receive().await }
    };
    let patience = options.wait.map_or(QUIET, Duration::from_secs);
    match tokio::time::timeout(patience, exchange).await {
        Ok(Ok((answer, _))) => {
            shell.out.write(&answer);
            0
        }
        Ok(Err(error)) => shell.fail("nc", format_args!("{named}: {}", reason(&error))),
        // Silence is no failure: datagrams need no answer.
        Err(_) => 0,
    }
}

/// Shows every datagram and answers it with standard input.
async fn answer_datagrams(shell: &Session, at: SocketAddr) -> i32 {
    let socket = match shell.world.net.bind(Some(at)) {
        Ok(socket) => socket,
        Err(error) => return shell.fail("nc", format_args!("bind: {}", reason(&error))),
    };
    let answer = shell.input.at_hand().await.unwrap_or_default();
    while let Ok((data, client)) = socket.receive().await {
        shell.out.write(&data);
        // The client may be gone.
        let _ = socket.send(answer.clone(), client).await;
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_come_together_or_one_by_one() {
        let parse = |text: &str| Options::parse(&text.split(' ').map(Into::into).collect::<Vec<_>>());
        assert_eq!(parse("-l -p 80"), parse("-lp 80"));
        assert_eq!(parse("-zv -w2 web 80"), parse("-z -v -w 2 web 80"));
        assert!(parse("-lku -p 53").udp && parse("-lk -p 53").keep);
    }
}
