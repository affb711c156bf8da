//! Cuts the pods of a worker off from the pods of another one, in the pods' own network namespaces: the engine's bridge
//! has no tunnels to cut. Must not touch any route of the machine itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

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

    fn of(&self, node: &str) -> Vec<String> {
        self.now.lock().get(node).into_iter().flatten().cloned().collect()
    }

    /// What an earlier run left cut.
    fn left(&self) -> BTreeMap<String, BTreeSet<String>> {
        std::fs::read(&self.file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
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
    pub(super) async fn cut_new(&self, node: &str, pause: &str) -> Result<(), RuntimeError> {
        let ranges = self.cuts.of(node);
        if ranges.is_empty() { Ok(()) } else { self.route(pause, "cut", &ranges).await }
    }

    async fn route_all(&self, node: &str, word: &str, ranges: &[String]) -> Result<(), RuntimeError> {
        let cluster = (labels::CLUSTER, self.config.cluster.as_str());
        let wanted = [cluster, (labels::NODE, node), (labels::ROLE, labels::PAUSE)];
        let found = state::containers(&self.docker, &wanted).await.map_err(refused(RuntimeError::Other))?;
        let ids = found.into_iter().filter_map(|pause| pause.id);
        let done = stream::iter(ids).map(async |id| self.route(&id, word, ranges).await).buffer_unordered(AT_ONCE);
        let outcomes: Vec<Result<(), RuntimeError>> = done.collect().await;
        for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            // A pod that ended meanwhile has nothing to cut.
            tracing::warn!(%error, node, word, "a pod's route could not be changed");
        }
        outcomes.into_iter().find(|outcome| matches!(outcome, Err(RuntimeError::Unavailable(_)))).unwrap_or(Ok(()))
    }

    /// Runs our own program in a pod's network namespace, which its pause container has the right to change.
    async fn route(&self, pause: &str, word: &str, ranges: &[String]) -> Result<(), RuntimeError> {
        let args = ["route", word].into_iter().chain(ranges.iter().map(String::as_str));
        self.guest_in(pause, args).await.map(drop)
    }
}
