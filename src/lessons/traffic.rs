//! Synthetic requests to a service, as its users would send them. Must never retry: a user sees each failure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::format::Traffic;
use super::world::Change;

/// A user gives up after this long.
const PATIENCE: Duration = Duration::from_secs(2);
/// Requests that may wait for an answer at once.
const AT_ONCE: usize = 200;

/// How many requests a second each stream sends, and a way to change it. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Rates(Arc<BTreeMap<String, watch::Sender<u32>>>);

impl Rates {
    /// The rates with which a lesson begins.
    #[must_use]
    pub fn of(traffic: &[Traffic]) -> Self {
        Self(Arc::new(traffic.iter().map(|each| (each.to.clone(), watch::Sender::new(each.rate))).collect()))
    }

    /// Asks so many requests a second of a service from now on.
    ///
    /// # Errors
    /// When nobody asks anything of that service.
    pub fn set(&self, to: &str, rate: u32) -> Result<(), String> {
        let sender = self.0.get(to).ok_or_else(|| format!("nadie pide nada a {to}"))?;
        sender.send_replace(rate);
        Ok(())
    }

    fn follow(&self, to: &str) -> Option<watch::Receiver<u32>> {
        self.0.get(to).map(watch::Sender::subscribe)
    }
}

/// Sends requests through the API server's service proxy until nobody listens.
pub(super) async fn run(
    client: kube::Client,
    namespace: String,
    traffic: Traffic,
    rates: Rates,
    out: mpsc::Sender<Change>,
) {
    let Some(mut rate) = rates.follow(&traffic.to) else { return };
    let to: Arc<str> = traffic.to.as_str().into();
    let path = format!("/api/v1/namespaces/{namespace}/services/{to}:{}/proxy{}", traffic.port, traffic.path);
    let mut ticks = pace(*rate.borrow_and_update());
    let mut waiting = FuturesUnordered::new();
    loop {
        tokio::select! {
            _ = ticks.tick(), if waiting.len() < AT_ONCE && *rate.borrow() > 0 => {
                waiting.push(is_answered(&client, &path));
            }
            Ok(()) = rate.changed() => ticks = pace(*rate.borrow_and_update()),
            Some(answered) = waiting.next() => {
                if out.send(Change::Request { to: Arc::clone(&to), answered }).await.is_err() {
                    return;
                }
            }
            () = out.closed() => return,
        }
    }
}

fn pace(rate: u32) -> tokio::time::Interval {
    let mut ticks = interval(Duration::from_secs(1) / rate.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

async fn is_answered(client: &kube::Client, path: &str) -> bool {
    let Ok(request) = http::Request::get(path).body(Vec::new()) else { return false };
    timeout(PATIENCE, client.request_text(request)).await.is_ok_and(|answer| answer.is_ok())
}
