//! What happens to our containers, from the engine's event stream. Must not poll.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bollard::Docker;
use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptions;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use parking_lot::Mutex;

use super::labels::{self, Labels};
use super::state;
use super::volumes::Volumes;
use crate::kubelet::runtime::{Event, Exit};

/// Events of so long ago are told again, in case our clock is ahead of the engine's: to hear one twice does no harm.
const OVERLAP: Duration = Duration::from_secs(2);

/// What we end ourselves.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// Uids of pods whose sandboxes are stopped: they are not lost.
    pub sandboxes: HashSet<String>,
    /// Ids of containers that are stopped: the event says all there is to know, and nobody looks at them again.
    pub containers: HashSet<String>,
}

/// What we end ourselves, as the runtime and its event streams share it.
pub(super) type Ours = Arc<Mutex<Ended>>;

/// What happens to a node's containers from `now` on; ends when the connection is lost.
pub(super) fn of_node(
    docker: Docker,
    volumes: Volumes,
    cluster: &str,
    node: &str,
    now: Timestamp,
    ours: Ours,
) -> BoxStream<'static, Event> {
    let mut filters = labels::filter(&[(labels::CLUSTER, cluster), (labels::NODE, node)]);
    filters.insert("type".into(), vec!["container".into()]);
    filters.insert("event".into(), vec!["die".into()]);
    let since = (now - OVERLAP).as_duration().as_secs_f64();
    let options =
        EventsOptions { since: Some(format!("{since:.3}")), filters: Some(filters), ..EventsOptions::default() };
    let messages = stream::once(async move { (docker.events(Some(options)), docker) });
    messages
        .flat_map(move |(messages, docker)| {
            let (volumes, ours) = (volumes.clone(), ours.clone());
            messages.take_while(|message| std::future::ready(message.is_ok())).filter_map(move |message| {
                let (docker, volumes, ours) = (docker.clone(), volumes.clone(), ours.clone());
                async move { event(&docker, &volumes, &ours, message.ok()?).await }
            })
        })
        .boxed()
}

async fn event(docker: &Docker, volumes: &Volumes, ours: &Ours, message: EventMessage) -> Option<Event> {
    let at = message.time_nano.and_then(|nanos| Timestamp::from_nanosecond(nanos.into()).ok()).unwrap_or_default();
    let actor = message.actor?;
    let (id, attributes) = (actor.id?, actor.attributes?);
    let pod_uid = labels::text(&attributes, labels::POD_UID);
    if labels::text(&attributes, labels::ROLE) == labels::PAUSE {
        let on_purpose = ours.lock().sandboxes.contains(&pod_uid);
        return (!on_purpose).then_some(Event::SandboxLost { pod_uid });
    }
    let by_us = ours.lock().containers.remove(&id);
    if by_us && !labels::flag(&attributes, labels::MESSAGE_FROM_LOG) {
        let message = state::left(volumes, &attributes);
        return Some(Event::Exited { pod_uid, id, exit: Exit { message, ..told(&attributes, at) } });
    }
    let exit = match state::seen(docker, volumes, &id).await {
        Ok(Some(seen)) if state::is_running(&seen.answer) => return None,
        Ok(Some(seen)) => state::exit(&seen),
        // It was removed meanwhile, or the engine is going: the event itself says enough.
        Ok(None) | Err(_) => told(&attributes, at),
    };
    Some(Event::Exited { pod_uid, id, exit })
}

/// The exit that the event's own attributes tell.
fn told(attributes: &Labels, at: Timestamp) -> Exit {
    let code = labels::text(attributes, "exitCode").parse().unwrap_or_default();
    Exit { code, at, ..Exit::default() }
}
