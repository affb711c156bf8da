//! `ping`: echoes over the pod network. Must not open sockets by itself.

use std::time::Duration;

use super::super::run::Session;
use crate::kubelet::programs::resolver;

/// Bytes of an echo, and how long it is waited for (busybox' own).
const SIZE: usize = 56;
const PATIENCE: Duration = Duration::from_secs(10);

/// `ping [-c COUNT] [-W SECONDS] [-q] HOST`; without a count it goes on until it is killed.
pub(in super::super) async fn ping(shell: &Session, args: Vec<String>) -> i32 {
    let Options { count, patience, quiet, host } = Options::parse(&args);
    let Some(host) = host else { return shell.fail("ping", "missing host") };
    let Some(to) = resolver::address(&shell.world, &host).await else {
        return shell.fail("ping", format_args!("bad address '{host}'"));
    };
    shell.out.line(format_args!("PING {host} ({to}): {SIZE} data bytes"));
    let (mut sent, mut times) = (0, Vec::new());
    while count.is_none_or(|count| sent < count) {
        if sent > 0 {
            shell.sleep(Duration::from_secs(1)).await;
        }
        let begun = shell.world.clock.elapsed();
        let echo = shell.world.net.ping(shell.world.sandbox.ip, to);
        sent += 1;
        match tokio::time::timeout(patience, echo).await {
            Ok(Ok(())) => {
                let time = shell.world.clock.elapsed().saturating_sub(begun).as_secs_f64() * 1000.0;
                times.push(time);
                if !quiet {
                    let size = SIZE + 8;
                    shell.out.line(format_args!("{size} bytes from {to}: seq={} ttl=63 time={time:.3} ms", sent - 1));
                }
            }
            Ok(Err(error)) => return shell.fail("ping", format_args!("sendto: {}", super::super::reason(&error))),
            Err(_) => {}
        }
    }
    summary(shell, &host, sent, &times)
}

/// The options of `ping`.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    count: Option<u32>,
    patience: Duration,
    quiet: bool,
    host: Option<String>,
}

impl Options {
    /// Values come with their flag or after it: `-c3`, `-c 3`.
    fn parse(args: &[String]) -> Self {
        let mut options = Self { count: None, patience: PATIENCE, quiet: false, host: None };
        let mut words = args.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix('-') else {
                options.host = Some(word.into());
                continue;
            };
            let (flag, joined) = flag.split_at(flag.len().min(1));
            let mut value = || if joined.is_empty() { words.next().unwrap_or_default() } else { joined };
            match flag {
                "c" => options.count = value().parse().ok(),
                "W" | "w" => options.patience = value().parse().map_or(PATIENCE, Duration::from_secs),
                "i" | "s" => drop(value().to_owned()),
                "q" => options.quiet = true,
                _ => {}
            }
        }
        options
    }
}

fn summary(shell: &Session, host: &str, sent: u32, times: &[f64]) -> i32 {
    let received = u32::try_from(times.len()).unwrap_or(sent);
    let lost = 100 * (sent - received) / sent.max(1);
    shell.out.line(format_args!("\n--- {host} ping statistics ---"));
    shell.out.line(format_args!("{sent} packets transmitted, {received} packets received, {lost}% packet loss"));
    if received > 0 {
        let (least, most) =
            times.iter().fold((f64::MAX, 0_f64), |(least, most), time| (least.min(*time), most.max(*time)));
        let mean = times.iter().sum::<f64>() / f64::from(received);
        shell.out.line(format_args!("round-trip min/avg/max = {least:.3}/{mean:.3}/{most:.3} ms"));
    }
    i32::from(received == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_with_their_flag_or_after_it() {
        let parse = |text: &str| Options::parse(&text.split(' ').map(Into::into).collect::<Vec<_>>());
        assert_eq!(parse("-c3 -W1 -q web"), parse("-c 3 -W 1 -q web"));
        assert_eq!(parse("-c1 web").count, Some(1));
        assert_eq!(parse("-i 2 web").host.as_deref(), Some("web"));
    }
}
