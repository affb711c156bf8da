//! Watches services and their slices and keeps a table of them. Must not open anything: whoever feeds decides that.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Service as Object;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::watcher;
use kube::{Api, ResourceExt};
use tokio::sync::mpsc;

use super::table::{Change, Name, Service, ServiceTable, service_of};
use crate::base::tasks::Tasks;
use crate::client::informer::Informer;
use crate::client::object::Key;

/// Index of the slices by `namespace/service`.
const BY_SERVICE: &str = "service";

/// A running watch over services.
pub(super) struct Feed {
    services: Informer<Object>,
    slices: Informer<EndpointSlice>,
    changed: mpsc::UnboundedReceiver<Name>,
    /// Whether both lists were heard once.
    complete: bool,
}

impl Feed {
    /// Starts to watch.
    pub(super) fn start(client: &kube::Client, tasks: &Tasks) -> Self {
        let services = Informer::<Object>::default();
        let slices = Informer::default().indexed(BY_SERVICE, |slice| index(slice).into_iter().collect());
        let (sender, changed) = mpsc::unbounded_channel();
        let of_slices = sender.clone();
        services.on_change(move |change| {
            let object = change.object();
            let _ = sender.send((object.namespace().unwrap_or_default(), object.name_any()));
        });
        slices.on_change(move |change| {
            service_of(change.object()).into_iter().for_each(|name| drop(of_slices.send(name)));
        });
        services.start(Api::all(client.clone()), watcher::Config::default(), tasks);
        slices.start(Api::all(client.clone()), watcher::Config::default(), tasks);
        Self { services, slices, changed, complete: false }
    }

    /// The services that changed, after the table has taken them; none when the watch is over.
    pub(super) async fn next(&mut self, table: &ServiceTable) -> Vec<Name> {
        let mut names = self.left_over(table).await;
        if names.is_empty() {
            names.extend(self.changed.recv().await);
        }
        while let Ok(more) = self.changed.try_recv() {
            names.push(more);
        }
        names.sort_unstable();
        names.dedup();
        for name in &names {
            table.apply(self.change(name));
        }
        names
    }

    /// Once, when all is heard: what the table still holds from an earlier feed, and may be gone by now. Before that, a
    /// service would seem to have no endpoints.
    async fn left_over(&mut self, table: &ServiceTable) -> Vec<Name> {
        if self.complete {
            return Vec::new();
        }
        self.services.wait_synced().await;
        self.slices.wait_synced().await;
        self.complete = true;
        table.names()
    }

    /// A service's object.
    pub(super) fn object(&self, name: &Name) -> Option<Arc<Object>> {
        self.services.get(&Key::new(&name.0, &name.1))
    }

    fn change(&self, name: &Name) -> Change {
        let Some(object) = self.object(name) else { return Change::Gone(name.clone()) };
        let slices = self.slices.by_index(BY_SERVICE, &format!("{}/{}", name.0, name.1));
        Change::Service(Service::new(&object, &slices))
    }
}

fn index(slice: &EndpointSlice) -> Option<String> {
    service_of(slice).map(|(namespace, name)| format!("{namespace}/{name}"))
}
