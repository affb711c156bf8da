//! Which pods a Job makes and removes while it goes on (`manageJob`). Must not do IO.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::replicaset::less_useful;
use super::backoff::Failures;
use super::facts::{Facts, count};
use super::pods::{index_of, is_terminating, new_pod, replaces_only_failed};
use crate::client::pod::Pod;

/// Pods made or removed in one look (`MaxPodCreateDeletePerSync`).
const BURST: usize = 500;

/// What to do about the pods; never both.
#[derive(Debug, PartialEq)]
pub(super) enum Move {
    Nothing,
    Delete(Vec<Arc<Pod>>),
    Create(Vec<Pod>),
    /// Failures were too many of late: make pods after a while.
    Wait(Duration),
}

impl Facts {
    /// The next move of a Job that goes on.
    pub(super) fn next_move(&self) -> Move {
        if self.is_suspended() {
            return surplus(self.to_remove(self.active.len()));
        }
        let wanted = self.wanted();
        let active = count(self.active.iter());
        let removed = self.to_remove(usize::try_from(active - wanted).unwrap_or(0));
        if !removed.is_empty() {
            return surplus(removed);
        }
        let terminating = if replaces_only_failed(&self.job) { self.terminating } else { 0 };
        match usize::try_from(wanted - terminating - active) {
            Ok(missing) if missing > 0 => self.create(missing.min(BURST)),
            _ => Move::Nothing,
        }
    }

    /// How many pods should run: no more than are missing, no more than at once.
    fn wanted(&self) -> i32 {
        let parallelism = self.spec().parallelism.unwrap_or(1);
        match self.spec().completions {
            Some(completions) => (completions - self.succeeded).min(parallelism).max(0),
            // Without a number of completions, the first success is the sign to start no more.
            None if self.succeeded > 0 => count(self.active.iter()),
            None => parallelism,
        }
    }

    fn create(&self, missing: usize) -> Move {
        if !self.has_limit_per_index() {
            let wait = self.failures.wait(self.now, self.timing);
            if !wait.is_zero() {
                return Move::Wait(wait);
            }
        }
        if !self.is_indexed() {
            return Move::Create((0..missing).map(|_| new_pod(&self.job, None, None)).collect());
        }
        let indexes = self.pending_indexes(missing);
        let waits = indexes.iter().map(|index| (*index, self.wait_of(*index)));
        let (now, later): (Vec<_>, Vec<_>) = waits.partition(|(_, wait)| wait.is_zero());
        match later.into_iter().map(|(_, wait)| wait).min() {
            Some(wait) if now.is_empty() => Move::Wait(wait),
            _ if now.is_empty() => Move::Nothing,
            _ => Move::Create(now.into_iter().map(|(index, _)| self.pod_of(index)).collect()),
        }
    }

    fn pod_of(&self, index: i32) -> Pod {
        new_pod(&self.job, Some(index), self.delayed.get(&index).map(|pod| &**pod))
    }

    fn wait_of(&self, index: i32) -> Duration {
        let replaced = self.delayed.get(&index).filter(|_| self.has_limit_per_index());
        replaced.map_or(Duration::ZERO, |pod| Failures::of_index(pod).wait(self.now, self.timing))
    }

    /// The first indexes that neither run nor are over.
    fn pending_indexes(&self, missing: usize) -> Vec<i32> {
        let mut taken = self.completed.with(self.active.iter().filter_map(|pod| index_of(pod)));
        if replaces_only_failed(&self.job) {
            let going = self.pods.iter().filter(|pod| is_terminating(pod));
            taken = taken.with(going.filter_map(|pod| index_of(pod)));
        }
        if let Some(failed) = &self.failed_indexes {
            taken = taken.merged(failed);
        }
        taken.missing(missing, self.completions())
    }

    /// The pods to remove, at least so many: those without a valid index or with another's first, then the least useful.
    fn to_remove(&self, at_least: usize) -> Vec<Arc<Pod>> {
        let (mut removed, mut left) = self.by_index();
        left.sort_by(|a, b| less_useful(a, b, self.now));
        let more = at_least.saturating_sub(removed.len());
        removed.extend(left.into_iter().take(more));
        removed
    }

    fn by_index(&self) -> (Vec<Arc<Pod>>, Vec<Arc<Pod>>) {
        if !self.is_indexed() {
            return (Vec::new(), self.active.clone());
        }
        let (mut removed, mut of_index) = (Vec::new(), BTreeMap::<i32, Vec<Arc<Pod>>>::new());
        for pod in &self.active {
            match index_of(pod).filter(|_| self.is_valid(pod)) {
                Some(index) => of_index.entry(index).or_default().push(pod.clone()),
                None => removed.push(pod.clone()),
            }
        }
        let mut left = Vec::new();
        for mut same in of_index.into_values() {
            same.sort_by(|a, b| less_useful(a, b, self.now));
            left.extend(same.pop());
            removed.extend(same);
        }
        (removed, left)
    }
}

fn surplus(mut pods: Vec<Arc<Pod>>) -> Move {
    pods.truncate(BURST);
    if pods.is_empty() { Move::Nothing } else { Move::Delete(pods) }
}
