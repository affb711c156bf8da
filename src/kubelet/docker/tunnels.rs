//! Cuts the pods of a worker off from the pods of another one, in the pods' own network namespaces: the engine's bridge
//! has no tunnels to cut. Must not touch any route of the machine itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bollard::models::ContainerSummary;
use futures::{StreamExt, stream};
use parking_lot::Mutex;

use super::error::refused;
use super::{AT_ONCE, DockerRuntime, labels, state};
use crate::kubelet::runtime::RuntimeError;

/// What each worker's pods cannot reach, remembered on disk: routes outlive us, and a cluster begins with whole tunnels.
#[derive(Debug)]
pub(super) struct Cuts {
    file: PathBuf,
    now: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

impl Cuts {
    pub(super) fn new(data_dir: &std::path::Path) -> Self {
        Self { file: data_dir.join("cut-tunnels.json"), now: Mutex::default() }
    }

    fn set(&self, node: &str, range: &str, cut: bool) {
        let mut now = self.now.lock();
        let ranges = now.entry(node.into()).or_default();
        if cut {
            ranges.insert(range.into())
        } else {
            ranges.remove(range)
        };
        now.retain(|_, ranges| !ranges.is_empty());
        // Without the file a restart would only leave old routes in place.
        let _ = std::fs::write(&self.file, serde_json::to_vec(&*now).unwrap_or_default());
    }

    pub(super) fn of(&self, node: &str) -> Vec<String> {
        self.now.lock().get(node).into_iter().flatten().cloned().collect()
    }

    /// What an earlier run left cut.
    fn left(&self) -> BTreeMap<String, BTreeSet<String>> {
        std::fs::read(&self.file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }
}

/// Where the routes of a pod are changed.
pub(super) enum Place {
    /// In its pause container, which has the right to.
    Inside(String),
    /// In a container of our own for a moment, beside the pod's only one.
    Beside(String),
}

impl Place {
    /// The place in the network of a running container, if it is the one that owns its pod's.
    fn of(container: ContainerSummary) -> Option<Self> {
        let (id, labels) = (container.id?, container.labels?);
        match labels::text(&labels, labels::ROLE).as_str() {
            labels::PAUSE => Some(Self::Inside(id)),
            _ => labels.contains_key(labels::SANDBOX).then_some(Self::Beside(id)),
        }
    }
}

impl DockerRuntime {
    /// Cuts what a worker's pods send to a range of addresses, or lets it through again; also for pods to come.
    ///
    /// # Errors
    /// What the engine refused; the pods that it was done for stay so.
    pub async fn cut(&self, node: &str, range: &str, cut: bool) -> Result<(), RuntimeError> {
        self.cuts.set(node, range, cut);
        let word = if cut { "cut" } else { "mend" };
        self.route_all(node, word, &[range.to_owned()]).await
    }

    /// Mends what an earlier run left cut.
    pub(super) async fn mend_left(&self) {
        for (node, ranges) in self.cuts.left() {
            let ranges: Vec<String> = ranges.into_iter().collect();
            if let Err(error) = self.route_all(&node, "mend", &ranges).await {
                tracing::warn!(%error, node, "a tunnel that was cut before could not be mended");
            }
        }
    }

    /// A new pod is cut off as its worker is.
    pub(super) async fn cut_new(&self, node: &str, place: &Place) -> Result<(), RuntimeError> {
        let ranges = self.cuts.of(node);
        if ranges.is_empty() { Ok(()) } else { self.route(place, "cut", &ranges).await }
    }

    async fn route_all(&self, node: &str, word: &str, ranges: &[String]) -> Result<(), RuntimeError> {
        let wanted = [(labels::CLUSTER, self.config.cluster.as_str()), (labels::NODE, node)];
        let running = state::running(&self.docker, &wanted).await.map_err(refused(RuntimeError::Other))?;
        let places = running.into_iter().filter_map(Place::of);
        let done = stream::iter(places).map(async |it| self.route(&it, word, ranges).await).buffer_unordered(AT_ONCE);
        let outcomes: Vec<Result<(), RuntimeError>> = done.collect().await;
        for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            // A pod that ended meanwhile has nothing to cut.
            tracing::warn!(%error, node, word, "a pod's route could not be changed");
        }
        outcomes.into_iter().find(|outcome| matches!(outcome, Err(RuntimeError::Unavailable(_)))).unwrap_or(Ok(()))
    }

    /// Runs our own program in a pod's network namespace.
    async fn route(&self, place: &Place, word: &str, ranges: &[String]) -> Result<(), RuntimeError> {
        let args: Vec<&str> = ["route", word].into_iter().chain(ranges.iter().map(String::as_str)).collect();
        match place {
            Place::Inside(pause) => self.guest_in(pause, args.into_iter()).await.map(drop),
            Place::Beside(container) => self.guest_beside(container, &args).await,
        }
    }
}
