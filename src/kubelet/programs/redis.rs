//! `redis`: a stand-in that speaks enough of Redis' protocol (RESP) for a ping and a counter. Must not keep anything
//! once its container has ended.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::base::net::BoxStream;
use crate::kubelet::programs::world::World;

/// Redis' own port.
pub(super) const PORT: u16 = 6379;
/// Longest word of a command.
const LONGEST: usize = 512 * 1024;

type Data = Arc<Mutex<HashMap<String, String>>>;

/// Serves until SIGTERM.
pub(super) async fn main(world: World) -> i32 {
    let at = SocketAddr::new(world.sandbox.ip, PORT);
    let mut listener = match world.net.listen(at) {
        Ok(listener) => listener,
        Err(error) => {
            world.say(format_args!("# Warning: Could not create server TCP listening socket {at}: {error}"));
            return 1;
        }
    };
    world.say("* Ready to accept connections tcp (redis simulado por Timonel)");
    let data = Data::default();
    loop {
        tokio::select! {
            () = world.terminated() => {
                world.say("# User requested shutdown...");
                return 0;
            }
            accepted = listener.accept() => {
                let Some((stream, _)) = accepted else { return 0 };
                let data = data.clone();
                world.tasks.spawn(async move { converse(stream, &data).await.unwrap_or_default() });
            }
        }
    }
}

async fn converse(stream: BoxStream, data: &Data) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(words) = command(&mut stream).await? {
        let answer = answer(&words, &mut data.lock());
        stream.write_all(answer.as_bytes()).await?;
        if words.first().is_some_and(|word| word.eq_ignore_ascii_case("quit")) {
            return Ok(());
        }
    }
    Ok(())
}

/// The next command: an array of strings, or a line of words; `None` at the end.
async fn command(stream: &mut BufReader<BoxStream>) -> std::io::Result<Option<Vec<String>>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let Some(count) = line.trim().strip_prefix('*') else {
        return Ok(Some(line.split_whitespace().map(Into::into).collect()));
    };
    let mut words = Vec::new();
    for _ in 0..count.parse::<usize>().unwrap_or_default().min(64) {
        let mut header = String::new();
        stream.read_line(&mut header).await?;
        let length = header.trim().trim_start_matches('$').parse::<usize>().unwrap_or_default().min(LONGEST);
        let mut word = vec![0; length + 2];
        stream.read_exact(&mut word).await?;
        word.truncate(length);
        words.push(String::from_utf8_lossy(&word).into_owned());
    }
    Ok(Some(words))
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

fn answer(words: &[String], data: &mut HashMap<String, String>) -> String {
    let name = words.first().map(|word| word.to_lowercase()).unwrap_or_default();
    let arguments: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    match (name.as_str(), arguments.as_slice()) {
        ("ping", []) => "+PONG\r\n".into(),
        ("ping" | "echo", [text]) => bulk(text),
        ("quit", _) => "+OK\r\n".into(),
        ("set", [key, value, ..]) => {
            data.insert((*key).into(), (*value).into());
            "+OK\r\n".into()
        }
        ("get", [key]) => data.get(*key).map_or_else(|| "$-1\r\n".into(), |value| bulk(value)),
        ("incr", [key]) => match data.get(*key).map_or(Ok(0), |value| value.parse::<i64>()) {
            Ok(number) => {
                data.insert((*key).into(), (number + 1).to_string());
                format!(":{}\r\n", number + 1)
            }
            Err(_) => "-ERR value is not an integer or out of range\r\n".into(),
        },
        ("del", keys) => format!(":{}\r\n", keys.iter().filter(|key| data.remove(**key).is_some()).count()),
        ("exists", keys) => format!(":{}\r\n", keys.iter().filter(|key| data.contains_key(**key)).count()),
        ("dbsize", []) => format!(":{}\r\n", data.len()),
        ("ping" | "echo" | "set" | "get" | "incr", _) => {
            format!("-ERR wrong number of arguments for '{name}' command\r\n")
        }
        _ => format!("-ERR unknown command '{name}' (redis simulado)\r\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn commands_of_both_forms_are_answered() {
        let (mut ours, theirs) = tokio::io::duplex(4096);
        let data = Data::default();
        let served = converse(Box::new(theirs), &data);
        let asked = async {
            ours.write_all(
                b"PING\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n41\r\nincr a\r\nget b\r\nflushall\r\nquit\r\n",
            )
            .await
            .unwrap();
            let mut said = String::new();
            ours.read_to_string(&mut said).await.unwrap();
            said
        };
        let expected = "+PONG\r\n+OK\r\n:42\r\n$-1\r\n-ERR unknown command 'flushall' (redis simulado)\r\n+OK\r\n";
        let (said, served) = tokio::join!(asked, served);
        served.unwrap();
        assert!(said.starts_with(expected), "{said}");
    }
}
