//! One probe: sends at its rate, counts what comes back, writes its status once a second. Must not wait for an answer
//! before it sends again: users do not wait for each other.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Fuse, FusedFuture};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Shared;
use super::ask::ask;
use super::tally::{Outcome, Tally};
use super::target::way;
use crate::client::timonel::{TrafficProbe, TrafficProbeStatus};

/// Requests that may wait for an answer at once; more are not sent, and count as failed.
const AT_ONCE: usize = 4096;
/// How often the status is written at most.
const REPORT: Duration = Duration::from_secs(1);
/// What the API server fills in.
const DEFAULTS: (u32, u32) = (10, 2000);

/// Runs until the tasks stop.
pub(super) async fn run(shared: Arc<Shared>, mut spec: watch::Receiver<Arc<TrafficProbe>>) {
    shared.services.wait_synced().await;
    let mut probe = spec.borrow_and_update().clone();
    let mut tally = Tally::new(shared.config.clock.now());
    let (mut ticks, mut report) = (pace(rate(&probe)), every(REPORT));
    let (mut waiting, mut told) = (FuturesUnordered::new(), None);
    let mut writing: Fuse<BoxFuture<'static, Option<TrafficProbeStatus>>> = Fuse::terminated();
    loop {
        let clock = shared.config.clock;
        tokio::select! {
            biased;
            Some(outcome) = waiting.next() => tally.settle(outcome, clock.elapsed(), clock.now()),
            changed = spec.changed() => {
                if changed.is_err() {
                    return;
                }
                let new = spec.borrow_and_update().clone();
                if !same_question(&probe, &new) {
                    tally = Tally::new(clock.now());
                    // What was asked of another is not counted for this one.
                    waiting = FuturesUnordered::new();
                }
                if rate(&probe) != rate(&new) {
                    ticks = pace(rate(&new));
                }
                probe = new;
            }
            _ = ticks.tick(), if rate(&probe) > 0 => {
                if waiting.len() < AT_ONCE {
                    waiting.push(request(shared.clone(), probe.clone()));
                } else {
                    let answer = Err(format!("{AT_ONCE} peticiones esperan ya su respuesta"));
                    tally.settle(Outcome { took: Duration::ZERO, answer }, clock.elapsed(), clock.now());
                }
            }
            written = &mut writing => told = written.or(told),
            _ = report.tick(), if writing.is_terminated() => {
                let status = tally.status(probe.metadata.generation.unwrap_or_default(), clock.elapsed());
                if told.as_ref() != Some(&status) {
                    writing = write(shared.config.client.clone(), probe.clone(), status).boxed().fuse();
                }
            }
        }
    }
}

/// Whether the answers of both may be counted together.
fn same_question(old: &TrafficProbe, new: &TrafficProbe) -> bool {
    let question = |probe: &TrafficProbe| (probe.spec.target.clone(), probe.spec.path.clone(), probe.spec.from.clone());
    question(old) == question(new)
}

fn rate(probe: &TrafficProbe) -> u32 {
    probe.spec.rate.unwrap_or(DEFAULTS.0)
}

fn pace(rate: u32) -> Interval {
    every(Duration::from_secs(1) / rate.max(1))
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

async fn request(shared: Arc<Shared>, probe: Arc<TrafficProbe>) -> Outcome {
    let begun = shared.config.clock.elapsed();
    let patience = Duration::from_millis(probe.spec.timeout_milliseconds.unwrap_or(DEFAULTS.1).into());
    let path = if probe.spec.path.is_empty() { "/" } else { &probe.spec.path };
    let answer = match way(&shared, &probe.namespace().unwrap_or_default(), &probe.spec) {
        Ok(way) => ask(&*shared.config.net, &way, path, patience).await,
        Err(why) => Err(why),
    };
    Outcome { took: shared.config.clock.elapsed().saturating_sub(begun), answer }
}

/// Writes the status; what was written, or nothing when it could not be.
async fn write(
    client: kube::Client,
    probe: Arc<TrafficProbe>,
    status: TrafficProbeStatus,
) -> Option<TrafficProbeStatus> {
    let api: Api<TrafficProbe> = Api::namespaced(client, &probe.namespace().unwrap_or_default());
    let mut value = serde_json::to_value(&status).unwrap_or_default();
    // A merge keeps what it is not told of: what is no more must be told.
    for field in ["latency", "lastError", "perPod"] {
        value.as_object_mut()?.entry(field).or_insert(Value::Null);
    }
    let patch = Patch::Merge(json!({ "status": value }));
    match api.patch_status(&probe.name_any(), &PatchParams::default(), &patch).await {
        Ok(_) => Some(status),
        Err(error) => {
            tracing::debug!(%error, probe = probe.name_any(), "the probe's status was not written");
            None
        }
    }
}
