//! Many requests over a few connections, each timed. Must not know what they ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use tokio::sync::mpsc;

use super::connection::Connection;
use crate::base::clock::Clock;
use crate::base::tasks::Tasks;

/// One request.
pub struct Request {
    pub method: Method,
    pub path: String,
    pub media: &'static str,
    pub body: String,
}

impl Request {
    pub fn new(method: Method, path: &str, media: &'static str, body: String) -> Self {
        Self { method, path: path.into(), media, body }
    }
}

/// What a run of requests took.
pub struct Outcome {
    pub count: usize,
    pub took: Duration,
    /// Of each request, in order.
    delays: Vec<Duration>,
}

impl Outcome {
    /// From delays in any order.
    pub fn new(took: Duration, mut delays: Vec<Duration>) -> Self {
        delays.sort();
        Self { count: delays.len(), took, delays }
    }

    /// The delay that this many of a hundred requests did not exceed.
    pub fn percentile(&self, percent: usize) -> Duration {
        let last = self.delays.len().saturating_sub(1);
        self.delays.get(last * percent / 100).copied().unwrap_or_default()
    }
}

/// What a connection brings back.
type Back = anyhow::Result<(Connection, Vec<Duration>)>;

/// Sends `count` requests over the connections, each as soon as its connection is free; gives the connections back.
pub async fn run<F>(
    clock: Clock,
    connections: Vec<Connection>,
    count: usize,
    make: F,
) -> anyhow::Result<(Outcome, Vec<Connection>)>
where
    F: Fn(usize) -> Request + Send + Sync + 'static,
{
    let (make, next, tasks) = (Arc::new(make), Arc::new(AtomicUsize::new(0)), Tasks::new());
    let (sender, mut receiver) = mpsc::unbounded_channel::<Back>();
    let started = clock.elapsed();
    for connection in connections {
        let (make, next, sender) = (Arc::clone(&make), Arc::clone(&next), sender.clone());
        tasks.spawn(async move {
            // Whoever waits has gone: nothing to tell.
            let _gone = sender.send(work(clock, connection, count, &next, &*make).await);
        });
    }
    drop(sender);
    let (mut delays, mut back) = (Vec::with_capacity(count), Vec::new());
    while let Some(result) = receiver.recv().await {
        let (connection, own) = result?;
        delays.extend(own);
        back.push(connection);
    }
    Ok((Outcome::new(clock.elapsed().saturating_sub(started), delays), back))
}

async fn work<F>(clock: Clock, mut connection: Connection, count: usize, next: &AtomicUsize, make: &F) -> Back
where
    F: Fn(usize) -> Request,
{
    let mut delays = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok((connection, delays));
        }
        let request = make(number);
        let started = clock.elapsed();
        connection.send(&request).await?;
        delays.push(clock.elapsed().saturating_sub(started));
    }
}
