//! What an earlier run of a lesson left in a cluster, and its end. Must never touch what no lesson made.

use futures::StreamExt;
use http::Request;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::apply::{self, MANAGER};
use super::format::Lesson;
use super::shell::{PATIENCE, SetupError};
use crate::client::pod::Pod;
use crate::client::timonel::Component;
use crate::kinds::{self, Kind, TIMONEL};

/// Parts that are off until somebody wants them.
const RESTING: &[&str] = &["ingress-controller"];
/// Marks the namespaces that lessons made, so that no other is ever emptied.
const LABEL: &str = "timonel.dev/leccion";
/// How a namespace that the learner makes in a lesson begins, for it carries no mark.
pub(super) const PREFIX: &str = "leccion-";

/// Empties the lesson's namespaces, if an earlier run left them, and makes those that it begins with.
pub(super) async fn reset(client: &Client, lesson: &Lesson) -> Result<(), SetupError> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let emptied = lesson.setup.namespaces().map(|name| empty(client, &namespaces, name));
    futures::future::try_join_all(emptied).await?;
    sweep(client, lesson).await?;
    for name in std::iter::once(&lesson.setup.namespace).chain(&lesson.setup.also) {
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some(name.clone());
        namespace.labels_mut().insert(LABEL.into(), lesson.id.clone());
        namespaces.create(&PostParams::default(), &namespace).await?;
    }
    Ok(())
}

/// Deletes a namespace that a lesson made; one that the learner made in a lesson is recognised by its name alone.
async fn empty(client: &Client, namespaces: &Api<Namespace>, name: &str) -> Result<(), SetupError> {
    let Some(existing) = namespaces.get_opt(name).await? else { return Ok(()) };
    if !is_ours(&existing) {
        return Err(SetupError::ForeignNamespace(name.into()));
    }
    // Nobody needs a last goodbye: the next start should not wait for it.
    let pods: Api<Pod> = Api::namespaced(client.clone(), name);
    pods.delete_collection(&DeleteParams::default().grace_period(0), &ListParams::default()).await?;
    let gone = gone(namespaces.clone(), name);
    namespaces.delete(name, &DeleteParams::default()).await?;
    timeout(PATIENCE, gone).await.map_err(|_| SetupError::NotEmptied(name.into()))
}

/// Waits until a namespace is no more.
async fn gone(namespaces: Api<Namespace>, name: &str) {
    let states = watcher::watch_object(namespaces, name).filter_map(|state| std::future::ready(state.ok()));
    let mut states = Box::pin(states.skip_while(|state| std::future::ready(state.is_some())));
    states.next().await;
}

/// Whether a lesson made a namespace, or a learner in a lesson.
fn is_ours(namespace: &Namespace) -> bool {
    namespace.labels().contains_key(LABEL) || namespace.name_any().starts_with(PREFIX)
}

/// Deletes the objects of the lesson's manifests that live in no namespace, where a lesson made them.
async fn sweep(client: &Client, lesson: &Lesson) -> Result<(), SetupError> {
    let documents = lesson.files.values().filter_map(|text| apply::documents(text).ok()).flatten();
    let mut paths: Vec<String> = documents.filter_map(|document| path(&document)).collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        let request = |method: &str| Request::builder().method(method).uri(&path).body(Vec::new());
        let Ok(get) = request("GET") else { continue };
        let made = matches!(client.request::<Value>(get).await, Ok(there) if is_a_lessons(&there));
        if let (true, Ok(delete)) = (made, request("DELETE")) {
            client.request::<Value>(delete).await?;
        }
    }
    Ok(())
}

/// Where an object of a manifest lives, when it lives in no namespace.
fn path(object: &Value) -> Option<String> {
    let version = object["apiVersion"].as_str()?;
    let same = |kind: &&Kind| kind.api_version() == version && object["kind"] == kind.kind;
    let kind = kinds::ALL.iter().copied().find(same).filter(|kind| !kind.namespaced && kind.kind != "Namespace")?;
    Some(format!("{}/{}", kind.path(""), object["metadata"]["name"].as_str()?))
}

/// Whether an object was made by a lesson, or is of the switchboard, which only lessons' clusters have.
fn is_a_lessons(object: &Value) -> bool {
    let written = object["metadata"]["managedFields"].as_array();
    let ours = written.into_iter().flatten().any(|entry| entry["manager"] == MANAGER);
    ours || object["apiVersion"].as_str().is_some_and(|version| version.starts_with(TIMONEL))
}

/// Ends a lesson that is left midway: its parts are switched on again, its namespaces go.
///
/// # Errors
/// When the cluster refuses.
pub async fn leave(client: &Client, lesson: &Lesson) -> Result<(), SetupError> {
    mend(client).await?;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for name in lesson.setup.namespaces() {
        if namespaces.get_opt(name).await?.is_some_and(|existing| is_ours(&existing)) {
            namespaces.delete(name, &DeleteParams::default()).await?;
        }
    }
    Ok(())
}

/// Switches on what a lesson left off. Where nothing can be switched, nothing is off.
pub(super) async fn mend(client: &Client) -> Result<(), SetupError> {
    let parts: Api<Component> = Api::all(client.clone());
    let Ok(all) = parts.list(&ListParams::default()).await else { return Ok(()) };
    for part in all.items.iter().filter(|part| !part.spec.enabled && !RESTING.contains(&&*part.name_any())) {
        let on = Patch::Merge(json!({ "spec": { "enabled": true } }));
        parts.patch(&part.name_any(), &PatchParams::default(), &on).await?;
    }
    Ok(())
}
