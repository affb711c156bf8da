//! Watches what a lesson speaks of, in its own cluster and in the second one. Must only look: what it sees are changes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::{AsyncBufReadExt, StreamExt};
use kube::Client;
use kube::api::Api;
use kube::core::{DynamicObject, GroupVersionKind};
use kube::discovery::ApiResource;
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::mpsc;
use tokio::time::interval;

use super::deeds::known;
use super::format::{Action, Lesson};
use super::predicate::Predicate;
use super::recorder::Recorder;
use super::shell::{Clients, SetupError};
use super::view::REPLICATED;
use super::world::{Change, Entry};
use crate::base::tasks::Tasks;
use crate::client::streams::{self, AuditLine, AuditRequest};

/// Wait before the audit is asked for again.
const RETRY: Duration = Duration::from_millis(200);

/// Watches every kind that the lesson speaks of. Says, for each, when its first list is complete.
pub(super) fn watch_all(
    clients: Clients<'_>,
    lesson: &Lesson,
    out: &mpsc::Sender<Change>,
    tasks: &Tasks,
) -> Result<mpsc::Receiver<()>, SetupError> {
    let (synced, syncing) = mpsc::channel(1);
    for (kind, place) in watched(lesson) {
        let known = known(&kind).map_err(|_| SetupError::UnknownKind(kind))?;
        let gvk = GroupVersionKind::gvk(known.group, known.version, known.kind);
        let resource = ApiResource::from_gvk_with_plural(&gvk, known.plural);
        let (client, namespace, far) = match lesson.setup.in_second(&place) {
            Some(namespace) => (clients.beside()?, namespace, Some(place.clone())),
            None => (clients.own, &*place, None),
        };
        let api = if known.namespaced {
            Api::namespaced_with(client.clone(), namespace, &resource)
        } else {
            Api::all_with(client.clone(), &resource)
        };
        tasks.spawn(watch(api, Recorder::new(resource, far), out.clone(), synced.clone()));
    }
    Ok(syncing)
}

/// Listens to what is asked of the API servers, if the lesson speaks of it.
pub(super) fn listen_all(clients: Clients<'_>, lesson: &Lesson, out: &mpsc::Sender<Change>, tasks: &Tasks) {
    if !lesson.predicates().iter().any(|predicate| listens(predicate)) {
        return;
    }
    tasks.spawn(listen(clients.own.clone(), String::new(), out.clone()));
    if let (Some(client), Some(second)) = (clients.second, &lesson.setup.second) {
        tasks.spawn(listen(client.clone(), second.context.clone(), out.clone()));
    }
}

/// Whether a condition speaks of what was asked of the API server.
fn listens(predicate: &Predicate) -> bool {
    let mut found = false;
    predicate.visit(&mut |part| found |= matches!(part, Predicate::Audit(_)));
    found
}

/// Tells what is asked of the API server of a cluster from now on.
async fn listen(client: Client, cluster: String, out: mpsc::Sender<Change>) {
    let mut pauses = interval(RETRY);
    while !out.is_closed() {
        pauses.tick().await;
        let Ok(request) = http::Request::get(streams::AUDIT).body(Vec::new()) else { return };
        // While there is no answer there is nothing to tell.
        let Ok(stream) = client.request_stream(request).await else { continue };
        let mut lines = Box::pin(stream.lines());
        while let Some(Ok(line)) = lines.next().await {
            let Ok(AuditLine::Request(asked)) = serde_json::from_str(&line) else { continue };
            let AuditRequest { user, agent, verb, resource, namespace, name, code, .. } = asked;
            let entry = Entry { cluster: cluster.clone(), user, agent, verb, resource, namespace, name, code };
            if out.send(Change::Audit(Arc::new(entry))).await.is_err() {
                return;
            }
        }
    }
}

async fn watch(api: Api<DynamicObject>, mut recorder: Recorder, out: mpsc::Sender<Change>, synced: mpsc::Sender<()>) {
    let mut synced = Some(synced);
    let mut events = Box::pin(watcher(api, watcher::Config::default()).default_backoff());
    while let Some(event) = events.next().await {
        // The watcher begins again by itself after an error.
        let Ok(event) = event else { continue };
        for change in recorder.absorb(event) {
            if out.send(change).await.is_err() {
                return;
            }
        }
        if recorder.synced() {
            synced = None;
        }
    }
    drop(synced);
}

/// The kinds that a lesson speaks of, each with the namespace where it looks; for those without any, the lesson's own.
/// What is to be looked at is looked at in both clusters.
fn watched(lesson: &Lesson) -> BTreeSet<(String, String)> {
    let (setup, mut watched) = (&lesson.setup, BTreeSet::new());
    for predicate in lesson.predicates() {
        predicate.visit(&mut |part| {
            let namespace = part.namespace().unwrap_or(&setup.namespace);
            watched.extend(part.kind().map(|kind| (kind.to_owned(), namespace.to_owned())));
        });
    }
    let opened = lesson.actions().filter_map(|action| match action {
        Action::Open(opened) => Some((opened.of.clone(), setup.namespace.clone())),
        _ => None,
    });
    watched.extend(opened);
    let places: Vec<String> = [setup.namespace.clone()].into_iter().chain(setup.beside()).collect();
    let looks = lesson.steps.iter().flat_map(|step| &step.look).filter_map(|look| look.split_once('/'));
    // Whoever looks at what wants replicas sees how many there are.
    let looks = looks.flat_map(|(kind, _)| std::iter::once(kind).chain(REPLICATED.contains(&kind).then_some("Pod")));
    watched.extend(looks.flat_map(|kind| places.iter().map(move |place| (kind.to_owned(), place.clone()))));
    watched
}
