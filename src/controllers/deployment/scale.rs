//! Scaling in the middle of a roll-out: the change is shared among the sets in proportion to their size. Must not do IO.

use std::cmp::Reverse;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

use super::plan::{Rollout, recreates};
use super::sets::{DESIRED, MAX, annotation, available, by_age, max_surge, replicas, wanted};

impl Rollout {
    /// Fits the sets to the wanted number (`dc.scale`).
    pub(super) fn scale(&mut self) {
        if let Some(set) = self.only_active().cloned() {
            if replicas(&set) != wanted(&self.deployment) {
                self.scale_set(set, wanted(&self.deployment));
            }
            return;
        }
        if self.is_saturated() {
            for at in (0..self.old.len()).filter(|&at| replicas(&self.old[at]) > 0).collect::<Vec<_>>() {
                self.scale_old(at, 0);
            }
        } else if !recreates(&self.deployment) {
            self.share();
        }
    }

    /// The one set with replicas; when none has, the new one or else the latest (`FindActiveOrLatest`).
    fn only_active(&self) -> Option<&ReplicaSet> {
        let mut active = self.all().filter(|set| replicas(set) > 0);
        match (active.next(), active.next()) {
            (None, _) => self.new.as_ref().or_else(|| self.old.iter().max_by(|a, b| by_age(a, b))),
            (only, None) => only,
            _ => None,
        }
    }

    /// Whether the new set runs everything already (`IsSaturated`).
    fn is_saturated(&self) -> bool {
        let wanted = wanted(&self.deployment);
        self.new.as_ref().is_some_and(|set| {
            let desired = annotation::<i32>(&set.metadata, DESIRED);
            replicas(set) == wanted && desired == Some(wanted) && available(set) == wanted
        })
    }

    fn share(&mut self) {
        let mut active: Vec<_> = self.all().filter(|set| replicas(set) > 0).cloned().collect();
        let wanted = wanted(&self.deployment);
        let allowed = if wanted > 0 { wanted + max_surge(&self.deployment) } else { 0 };
        let change = allowed - active.iter().map(replicas).sum::<i32>();
        active.sort_by(|a, b| {
            let size = Reverse(replicas(a)).cmp(&Reverse(replicas(b)));
            size.then_with(|| if change > 0 { by_age(b, a) } else { by_age(a, b) })
        });
        for (set, size) in shares(&self.deployment, active, change) {
            self.scale_set(set, size);
        }
    }
}

/// The new size of each set; the first, the biggest, takes what rounding left over.
fn shares(deployment: &Deployment, sets: Vec<ReplicaSet>, change: i32) -> Vec<(ReplicaSet, i32)> {
    let mut given = 0;
    let sized: Vec<_> = sets
        .into_iter()
        .map(|set| {
            let share = proportion(deployment, &set, change, given);
            given += share;
            let size = replicas(&set) + share;
            (set, size)
        })
        .collect();
    let left = change - given;
    let fit = |(at, (set, size)): (usize, (ReplicaSet, i32))| {
        let size = if at == 0 { (size + left).max(0) } else { size };
        (set, size)
    };
    sized.into_iter().enumerate().map(fit).collect()
}

/// A set's part of the change, never more than is left of it (`GetReplicaSetProportion`).
fn proportion(deployment: &Deployment, set: &ReplicaSet, change: i32, given: i32) -> i32 {
    if change == 0 || change == given {
        return 0;
    }
    let (fraction, left) = (fraction(deployment, set), change - given);
    if change > 0 { fraction.min(left) } else { fraction.max(left) }
}

fn fraction(deployment: &Deployment, set: &ReplicaSet) -> i32 {
    let wanted = wanted(deployment);
    if wanted == 0 {
        return -replicas(set);
    }
    let noted = annotation::<i32>(&set.metadata, MAX).filter(|&max| max > 0);
    let before = noted.or_else(|| deployment.status.as_ref()?.replicas).unwrap_or(1).max(1);
    let size = f64::from(replicas(set)) * f64::from(wanted + max_surge(deployment)) / f64::from(before);
    #[expect(clippy::cast_possible_truncation, reason = "replica counts are far below 2^31")]
    let size = size.round() as i32;
    size - replicas(set)
}
