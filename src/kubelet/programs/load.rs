//! `timonel/carga`: a load generator that asks an URL at a steady rate and says each second how it went.
//! Must not slow down when answers are late: what is late is counted as such.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;

use crate::kubelet::programs::resolver;
use crate::kubelet::programs::world::World;

const HELP: &str =
    "carga: pide URL (http://servicio:puerto/ruta) RATE veces por segundo (10) durante DURATION segundos (sin fin)";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most requests a second.
const FASTEST: u64 = 1_000;

/// What happened since the last line.
#[derive(Debug, Default)]
struct Tally {
    sent: u64,
    answered: u64,
    failed: u64,
    /// By the pod that says its name in the answer's first line.
    by_pod: BTreeMap<String, u64>,
}

pub(super) async fn main(world: World) -> i32 {
    let number = |name: &str| world.env(name).and_then(|value| value.parse::<u64>().ok());
    let Some(url) = world.env("URL").map(str::to_owned) else {
        world.say(HELP);
        return 2;
    };
    let rate = number("RATE").unwrap_or(10).clamp(1, FASTEST);
    world.say(format_args!("carga: {rate} peticiones por segundo a {url}"));
    let tally = Arc::new(Mutex::new(Tally::default()));
    let end = async {
        match number("DURATION") {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = send(&world, &url, rate, &tally) => 0,
        () = tell(&world, &tally) => 0,
        () = end => {
            // The last answers are on their way.
            tokio::time::sleep(Duration::from_secs(1)).await;
            world.say(tally.lock().line());
            0
        }
        () = world.terminated() => 143,
    }
}

async fn send(world: &World, url: &str, rate: u64, tally: &Arc<Mutex<Tally>>) {
    let mut turns = tokio::time::interval(Duration::from_micros(1_000_000 / rate));
    loop {
        turns.tick().await;
        tally.lock().sent += 1;
        let (own, url, tally) = (world.clone(), url.to_owned(), tally.clone());
        world.tasks.spawn(async move {
            let answer = tokio::time::timeout(PATIENCE, ask(&own, &url)).await.ok().flatten();
            tally.lock().take(answer);
        });
    }
}

async fn tell(world: &World, tally: &Mutex<Tally>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let second = std::mem::take(&mut *tally.lock());
        world.say(second.line());
    }
}

/// The first line of the answer; none when there is no good one.
async fn ask(world: &World, url: &str) -> Option<String> {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    let at = SocketAddr::new(resolver::address(world, host).await?, port.parse().ok()?);
    let stream = world.net.dial(Some(world.sandbox.ip), at).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get(path).header(header::HOST, authority).body(Empty::<Bytes>::new()).ok()?;
    let exchange = async {
        let response = sender.send_request(request).await.ok().filter(|response| response.status().is_success())?;
        let body = response.into_body().collect().await.ok()?.to_bytes();
        Some(String::from_utf8_lossy(&body).lines().next().unwrap_or_default().to_owned())
    };
    tokio::select! {
        answer = exchange => answer,
        _ = connection => None,
    }
}

impl Tally {
    fn take(&mut self, answer: Option<String>) {
        let Some(line) = answer else {
            self.failed += 1;
            return;
        };
        self.answered += 1;
        if let Some(pod) = line.strip_prefix("Hola desde ").and_then(|rest| rest.split(' ').next()) {
            *self.by_pod.entry(pod.into()).or_default() += 1;
        }
    }

    fn line(&self) -> String {
        let pods: Vec<String> = self.by_pod.iter().map(|(pod, count)| format!("{pod}={count}")).collect();
        format!("enviadas={} respondidas={} fallidas={} {}", self.sent, self.answered, self.failed, pods.join(" "))
            .trim_end()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_pod() {
        let mut tally = Tally { sent: 3, ..Tally::default() };
        for answer in [Some("Hola desde web-1 (10.244.1.2) en worker-1"), Some("otra cosa"), None] {
            tally.take(answer.map(Into::into));
        }
        assert_eq!(tally.line(), "enviadas=3 respondidas=2 fallidas=1 web-1=1");
    }
}
