//! The Components as objects of the API: published, followed, written. Must not start or stop anything.

use futures::{StreamExt, stream};
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::watcher;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::plant::Plant;
use crate::base::pipe::Identity;
use crate::base::tasks::Tasks;
use crate::client::informer::{Change, Informer};
use crate::client::timonel::{Component, ComponentStatus, State};

/// Requests under way at once.
const AT_ONCE: usize = 8;

/// What a Component asks for now.
#[derive(Debug)]
pub struct News {
    pub name: String,
    /// `None` when the object is gone.
    pub enabled: Option<bool>,
}

/// The Components of the cluster.
pub struct Board {
    api: Api<Component>,
    pub news: mpsc::UnboundedReceiver<News>,
    tell: mpsc::UnboundedSender<News>,
}

impl Board {
    pub fn open(plant: &Plant) -> Self {
        let client = plant.client(Identity::new("timonel:supervisor", &["system:masters"]));
        let (tell, news) = mpsc::unbounded_channel();
        Self { api: Api::all(client), news, tell }
    }

    /// Creates Components, where they are missing.
    pub async fn publish(&self, components: Vec<Component>) {
        let created = components.into_iter().map(|component| {
            let api = self.api.clone();
            async move {
                match api.create(&PostParams::default(), &component).await {
                    Err(kube::Error::Api(status)) if status.is_already_exists() => {}
                    Err(error) => tracing::warn!(%error, name = component.name_any(), "component not published"),
                    Ok(_) => {}
                }
            }
        });
        stream::iter(created).buffer_unordered(AT_ONCE).collect::<()>().await;
    }

    /// Hears from now on what the Components ask for.
    pub fn follow(&self, tasks: &Tasks) {
        let (informer, tell) = (Informer::<Component>::default(), self.tell.clone());
        informer.on_change(move |change| {
            let enabled = change.after().map(|component| component.spec.enabled);
            // A status that was written asks for nothing.
            if !matches!(change, Change::Updated { old, new } if old.spec == new.spec) {
                tell.send(News { name: change.object().name_any(), enabled }).unwrap_or_default();
            }
        });
        informer.start(self.api.clone(), watcher::Config::default(), tasks);
    }

    /// Writes statuses by the names of their Components; answers those that were written, with their places.
    pub async fn write(&self, statuses: Vec<(usize, String, ComponentStatus)>) -> Vec<(usize, ComponentStatus)> {
        let written = statuses.into_iter().map(|(place, name, status)| {
            let api = self.api.clone();
            async move { patch(&api, &name, &status).await.then_some((place, status)) }
        });
        let written: Vec<_> = stream::iter(written).buffer_unordered(AT_ONCE).collect().await;
        written.into_iter().flatten().collect()
    }

    /// Says of a Component that it is of no part.
    pub async fn disown(&self, name: &str) {
        let message = "Timonel no tiene ninguna parte con este nombre: kubectl get components dice cuáles hay.";
        let status = ComponentStatus { state: State::Failed, message: message.into(), ..ComponentStatus::default() };
        patch(&self.api, name, &status).await;
    }
}

async fn patch(api: &Api<Component>, name: &str, status: &ComponentStatus) -> bool {
    let mut status = serde_json::to_value(status).unwrap_or_default();
    // A merge keeps what it is not told of: what is no more must be told.
    let gone = ["message", "requestsPerSecond", "queueLength"];
    if let Some(fields) = status.as_object_mut() {
        for field in gone {
            fields.entry(field).or_insert(Value::Null);
        }
    }
    let patch = Patch::Merge(json!({ "status": status }));
    let written = api.patch_status(name, &PatchParams::default(), &patch).await;
    written.inspect_err(|error| tracing::debug!(%error, name, "component's status not written")).is_ok()
}
