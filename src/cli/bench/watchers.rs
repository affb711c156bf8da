//! Many watchers and one writer: how long after a write each of them hears of it. Must not measure anything else.

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt;
use serde_json::json;
use tokio::sync::mpsc;

use super::connection::{Connection, Target};
use super::load::{Outcome, Request};
use super::{JSON, MERGE, PODS, millis, path};
use crate::base::clock::Clock;
use crate::base::tasks::Tasks;

/// Between two writes, so that each is heard alone.
const PAUSE: Duration = Duration::from_millis(20);

/// When a watcher heard of a write, by the write's number.
type Heard = (usize, Duration);

/// Writes, one after the other, while so many watch; tells the delays since the request was sent and since it was answered.
pub async fn fan_out(clock: Clock, target: &Target, watchers: usize, writes: usize) -> anyhow::Result<String> {
    let (tasks, mut writer) = (Tasks::new(), target.connect().await?);
    let (sender, mut heard) = mpsc::unbounded_channel::<Heard>();
    for _ in 0..watchers {
        let watcher = watch(clock, target.connect().await?, sender.clone()).await?;
        tasks.spawn(watcher);
    }
    let (mut since_sent, mut since_answered) = (Vec::new(), Vec::new());
    for number in 0..writes {
        let body = json!({ "metadata": { "annotations": { "escrito": format!("#{number}#") } } });
        let sent = clock.elapsed();
        writer.send(&Request::new(Method::PATCH, &path(number), MERGE, body.to_string())).await?;
        let answered = clock.elapsed();
        for _ in 0..watchers {
            let Some((_, at)) = heard.recv().await else { anyhow::bail!("a watcher went away") };
            since_sent.push(at.saturating_sub(sent));
            since_answered.push(at.saturating_sub(answered));
        }
        tokio::time::sleep(PAUSE).await;
    }
    tasks.stop().await;
    let tell = |delays| {
        let outcome = Outcome::new(Duration::ZERO, delays);
        format!("p50 {:.2} ms, p99 {:.2} ms", millis(outcome.percentile(50)), millis(outcome.percentile(99)))
    };
    Ok(format!("after the answer {}; after the request was sent {}", tell(since_answered), tell(since_sent)))
}

/// Begins to watch; the future then tells of every write that it hears.
async fn watch(
    clock: Clock,
    mut connection: Connection,
    sender: mpsc::UnboundedSender<Heard>,
) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    // From now on: the revision of a list of one.
    let list = connection.send(&Request::new(Method::GET, &format!("{PODS}?limit=1"), JSON, String::new())).await?;
    let list: serde_json::Value = serde_json::from_slice(&list)?;
    let from = list["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    let url = format!("{PODS}?watch=true&resourceVersion={from}");
    let mut events = connection.open(&Request::new(Method::GET, &url, JSON, String::new())).await?;
    Ok(async move {
        // The connection lives as long as somebody may ask over it.
        let _open = connection;
        let mut count = 0;
        while let Some(Ok(frame)) = events.frame().await {
            let at = clock.elapsed();
            let Some(data) = frame.data_ref() else { continue };
            for _ in data.iter().filter(|byte| **byte == b'\n') {
                if sender.send((count, at)).is_err() {
                    return;
                }
                count += 1;
            }
        }
    })
}
