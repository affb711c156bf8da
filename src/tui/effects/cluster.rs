//! The watches behind the bridge, the server's metrics and its version. Must not interpret what arrives.

use std::time::Duration;

use futures::StreamExt;
use http::Request;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Event, Node, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::watcher;
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use super::Shared;
use crate::base::tasks::Tasks;
use crate::client::pod::Pod;
use crate::client::timonel::Component;
use crate::tui::model::cluster::{Change, Source};
use crate::tui::model::facts::{Fact, Key};
use crate::tui::model::failure::Failure;
use crate::tui::model::shared::Pool;
use crate::tui::model::{extract, metrics, pod};
use crate::tui::msg::Msg;

/// How often the metrics are read.
const METRICS_EVERY: Duration = Duration::from_secs(2);
/// How often, where their text is so long that reading it is work.
const LONG_METRICS_EVERY: Duration = Duration::from_secs(30);
/// The first two readings: the sooner there are two, the sooner there is a rate.
const FIRST_METRICS_AFTER: Duration = Duration::from_millis(250);
/// Length from which a metrics text is long.
const LONG: usize = 1 << 20;
/// First and longest wait before a lost watch begins again.
const AGAIN: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// Changes put together in one message at most.
const BATCH: usize = 256;
/// Objects of a page of a list: each page is in memory three times while it is read.
const PAGE: u32 = 250;
/// Events kept while they are listed; a cluster that has just started thousands of pods has tens of thousands.
const EVENTS: usize = 1000;

/// Starts every watch.
pub fn start(shared: &Shared, tasks: &Tasks) {
    tasks.spawn(watch::<Node>(shared.clone(), Source::Nodes, extract::node));
    tasks.spawn(watch::<Pod>(shared.clone(), Source::Pods, pod::pod));
    tasks.spawn(watch::<Service>(shared.clone(), Source::Services, extract::service));
    tasks.spawn(watch::<EndpointSlice>(shared.clone(), Source::Slices, extract::slice));
    tasks.spawn(watch::<Deployment>(shared.clone(), Source::Deployments, extract::deployment));
    tasks.spawn(watch::<ReplicaSet>(shared.clone(), Source::ReplicaSets, extract::replica_set));
    tasks.spawn(watch::<Lease>(shared.clone(), Source::Leases, extract::lease));
    tasks.spawn(watch::<Event>(shared.clone(), Source::Events, extract::event));
    tasks.spawn(watch::<Component>(shared.clone(), Source::Components, extract::component));
    tasks.spawn(read_metrics(shared.clone()));
    tasks.spawn(read_version(shared.clone()));
}

/// Lists and watches one kind for ever. A watch that was lost begins with a list again: one that is merely taken up says
/// nothing while nothing happens, and nobody would know that it is back.
async fn watch<K>(shared: Shared, source: Source, read: fn(&K) -> Fact)
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + 'static,
{
    let mut wait = AGAIN.0;
    while let Some(has_listed) = follow(&shared, source, read).await {
        wait = if has_listed { AGAIN.0 } else { AGAIN.1.min(wait * 2) };
        tokio::time::sleep(wait).await;
    }
}

/// Lists and watches one kind until the watch is lost, and whether it had listed; `None` when it makes no sense to ask
/// again.
async fn follow<K>(shared: &Shared, source: Source, read: fn(&K) -> Fact) -> Option<bool>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + 'static,
{
    let api: Api<K> = Api::all(shared.client.clone());
    let mut stream = std::pin::pin!(watcher(api, watcher::Config::default().page_size(PAGE)).ready_chunks(BATCH));
    let (mut listed, mut told, mut has_listed, mut pool) = (Vec::new(), 0, false, Pool::default());
    let mut read = |object: &K| read(object).pooled(&mut pool);
    while let Some(batch) = stream.next().await {
        let latest = batch.iter().filter_map(revision).max().unwrap_or(0);
        let mut changes: Vec<Change> =
            batch.into_iter().filter_map(|event| change(event, source, &mut read, &mut listed)).collect();
        if latest > told && source != Source::Components && !changes.is_empty() {
            told = latest;
            changes.push(Change::Revision(latest));
        }
        // Other clusters have no switches and will not grow any: asking again and again would be for nothing.
        let none =
            |change: &Change| matches!(change, Change::Lost(Source::Components, why) if why.missing() || why.denied());
        let given_up = changes.iter().any(none);
        let lost = changes.iter().any(|change| matches!(change, Change::Lost(..)));
        has_listed |= changes.iter().any(|change| matches!(change, Change::Replace(..)));
        if !changes.is_empty() {
            shared.send(Msg::Cluster(changes)).await;
        }
        if given_up {
            return None;
        }
        if lost {
            return Some(has_listed);
        }
    }
    None
}

/// The store's revision of a change, where it is a number, as in every store known.
fn revision<K: Resource<DynamicType = ()>>(event: &watcher::Result<watcher::Event<K>>) -> Option<u64> {
    match event {
        Ok(watcher::Event::Apply(object) | watcher::Event::Delete(object) | watcher::Event::InitApply(object)) => {
            object.resource_version()?.parse().ok()
        }
        _ => None,
    }
}

/// An event of the watch as a change; a list is one change, when it is whole.
fn change<K: Resource<DynamicType = ()>>(
    event: watcher::Result<watcher::Event<K>>,
    source: Source,
    read: &mut impl FnMut(&K) -> Fact,
    listed: &mut Vec<Fact>,
) -> Option<Change> {
    match event {
        Ok(watcher::Event::Init) => listed.clear(),
        Ok(watcher::Event::InitApply(object)) => {
            listed.push(read(&object));
            if source == Source::Events && listed.len() >= EVENTS {
                keep_latest(listed, EVENTS / 2);
            }
        }
        Ok(watcher::Event::InitDone) => return Some(Change::Replace(source, std::mem::take(listed))),
        Ok(watcher::Event::Apply(object)) => return Some(Change::Put(read(&object))),
        Ok(watcher::Event::Delete(object)) => {
            let key = Key::new(object.meta().namespace.as_deref().unwrap_or_default(), &object.name_any());
            return Some(Change::Remove(source, key));
        }
        Err(error) => return lost(error).map(|failure| Change::Lost(source, failure)),
    }
    None
}

/// Leaves only the latest Events of a list.
fn keep_latest(listed: &mut Vec<Fact>, most: usize) {
    let at = |fact: &Fact| if let Fact::Event(event) = fact { event.at } else { None };
    listed.sort_by_key(|fact| std::cmp::Reverse(at(fact)));
    listed.truncate(most);
}

/// Why a watch broke; `None` for one that simply grew too old and is listed again.
fn lost(error: watcher::Error) -> Option<Failure> {
    let failure = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => Failure::from(error),
        watcher::Error::WatchError(status) => Failure::from(status.as_ref()),
        watcher::Error::NoResourceVersion => Failure::broken("no resourceVersion"),
    };
    (!failure.expired()).then_some(failure)
}

/// Reads the metrics again and again, while somebody looks at them.
async fn read_metrics(mut shared: Shared) {
    let mut wait = FIRST_METRICS_AFTER;
    while shared.pulse.wait_for(|wanted| *wanted).await.is_ok() {
        let text = match Request::get("/metrics").body(Vec::new()) {
            Ok(request) => shared.client.request_text(request).await.map_err(Failure::from),
            Err(error) => Err(Failure::broken(error)),
        };
        let given_up = text.as_ref().is_err_and(|failure| failure.denied() || failure.missing());
        let long = text.as_ref().is_ok_and(|text| text.len() > LONG);
        shared.send(Msg::Metrics(text.map(|text| metrics::parse(&text)))).await;
        if given_up {
            return;
        }
        tokio::time::sleep(if long { LONG_METRICS_EVERY } else { wait }).await;
        wait = METRICS_EVERY;
    }
}

async fn read_version(shared: Shared) {
    loop {
        let version = shared.client.apiserver_version().await.map(|info| info.git_version).map_err(Failure::from);
        let answered = !version.as_ref().is_err_and(Failure::unreachable);
        shared.send(Msg::Version(version)).await;
        if answered {
            return;
        }
        tokio::time::sleep(METRICS_EVERY).await;
    }
}
