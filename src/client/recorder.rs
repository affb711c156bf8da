//! Writes core/v1 Events about objects, as client-go's `EventRecorder`. Must never block or fail a reconcile:
//! occurrences wait in a bounded queue and are dropped when it is full.

use k8s_openapi::api::core::v1::{Event, ObjectReference};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Resource};
use serde_json::json;
use tokio::sync::mpsc;

use super::correlator::{Correlator, Emission, Occurrence};
use super::object::reference_to;
use super::on_demand::OnDemand;
use crate::base::clock::Clock;
use crate::base::tasks::Tasks;

/// Occurrences that may wait to be written (client-go's broadcaster keeps 1000).
const WAITING: usize = 1000;

/// Tells what happened to objects on behalf of one component. Clones share the queue.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// Boxed: a channel keeps room for many, and a thousand kubelets seldom have one to say.
    occurrences: mpsc::Sender<Box<Occurrence>>,
    clock: Clock,
}

impl Recorder {
    /// A recorder for a component (`deployment-controller`), and the node it runs on where that matters.
    #[must_use]
    pub fn new(clients: impl Into<OnDemand>, component: &str, host: Option<&str>, clock: Clock, tasks: &Tasks) -> Self {
        let (occurrences, queue) = mpsc::channel(WAITING);
        tasks.spawn(write_all(clients.into(), Correlator::new(component, host), queue));
        Self { occurrences, clock }
    }

    /// Something ordinary happened.
    pub fn normal<K: Resource<DynamicType = ()>>(&self, object: &K, reason: &str, message: impl Into<String>) {
        self.about(reference_to(object), false, reason, message.into());
    }

    /// Something that a person should look at happened.
    pub fn warning<K: Resource<DynamicType = ()>>(&self, object: &K, reason: &str, message: impl Into<String>) {
        self.about(reference_to(object), true, reason, message.into());
    }

    /// Something happened to what a reference names (a container of a pod by its `fieldPath`, an object not at hand).
    pub fn about(&self, regarding: ObjectReference, warning: bool, reason: &str, message: String) {
        let occurrence = Occurrence { regarding, warning, reason: reason.into(), message, at: self.clock.now() };
        if self.occurrences.try_send(Box::new(occurrence)).is_err() {
            tracing::debug!(reason, "event dropped: too many wait");
        }
    }
}

async fn write_all(clients: OnDemand, mut correlator: Correlator, mut queue: mpsc::Receiver<Box<Occurrence>>) {
    while let Some(occurrence) = queue.recv().await {
        // Boxed: whoever has nothing to say keeps no room for a request.
        let written = match correlator.observe(*occurrence) {
            Emission::Create(event) => Box::pin(create(&clients.client(), &event)).await,
            Emission::Raise(event) => Box::pin(raise(&clients.client(), &event)).await,
            Emission::Drop => Ok(()),
        };
        if let Err(error) = written {
            tracing::debug!(%error, "event not written");
        }
    }
}

fn api_of(client: &kube::Client, event: &Event) -> Api<Event> {
    Api::namespaced(client.clone(), event.metadata.namespace.as_deref().unwrap_or("default"))
}

async fn create(client: &kube::Client, event: &Event) -> kube::Result<()> {
    api_of(client, event).create(&PostParams::default(), event).await.map(drop)
}

async fn raise(client: &kube::Client, event: &Event) -> kube::Result<()> {
    let changed = json!({ "count": event.count, "lastTimestamp": event.last_timestamp, "message": event.message });
    let name = event.metadata.name.as_deref().unwrap_or_default();
    match api_of(client, event).patch(name, &PatchParams::default(), &Patch::Strategic(changed)).await {
        // It has expired: say it anew, with the count so far.
        Err(kube::Error::Api(status)) if status.is_not_found() => create(client, event).await,
        other => other.map(drop),
    }
}
