//! Rolling: the new set grows within the surge, the old ones shrink as the new pods become available. Must not do IO.

use k8s_openapi::api::apps::v1::ReplicaSet;

use super::plan::{Action, Rollout, recreates};
use super::sets::{self, available, by_age, replicas, total, wanted};

impl Rollout {
    /// How big the new set may be now (`NewRSNewReplicas`).
    pub(super) fn new_size(&self, new: &ReplicaSet) -> i32 {
        let wanted = wanted(&self.deployment);
        if recreates(&self.deployment) {
            return wanted;
        }
        let room = wanted + sets::max_surge(&self.deployment) - total(&self.old) - replicas(new);
        if room <= 0 {
            return replicas(new);
        }
        replicas(new) + room.min(wanted - replicas(new))
    }

    /// Grows or shrinks the new set; whether it did.
    pub(super) fn scale_new(&mut self) -> bool {
        let Some(new) = &self.new else { return false };
        let wanted = wanted(&self.deployment);
        let size = if replicas(new) > wanted { wanted } else { self.new_size(new) };
        let changes = size != replicas(new);
        if changes {
            self.scale_set(new.clone(), size);
        }
        changes
    }

    /// Shrinks old sets as far as enough pods stay available (`reconcileOldReplicaSets`); whether it did.
    pub(super) fn scale_down_old(&mut self) -> bool {
        let least = wanted(&self.deployment) - sets::max_unavailable(&self.deployment);
        let unavailable_new = self.new.as_ref().map_or(0, |set| replicas(set) - available(set));
        let spare = total(self.all()) - least - unavailable_new;
        if total(&self.old) == 0 || spare <= 0 {
            return false;
        }
        self.old.sort_by(by_age);
        let broken = self.shrink_old(spare, |set| replicas(set) - available(set));
        let surplus = self.all().map(available).sum::<i32>() - least;
        let healthy = self.shrink_old(surplus, replicas);
        broken + healthy > 0
    }

    /// Takes at most `budget` pods from the old sets, oldest set first, from each at most what `may` says: how many.
    fn shrink_old(&mut self, budget: i32, may: impl Fn(&ReplicaSet) -> i32) -> i32 {
        let mut taken = 0;
        for at in 0..self.old.len() {
            let cut = may(&self.old[at]).min(replicas(&self.old[at])).min(budget - taken);
            if cut > 0 {
                self.scale_old(at, replicas(&self.old[at]) - cut);
                taken += cut;
            }
        }
        taken
    }

    /// Plans another size of the old set at a position.
    pub(super) fn scale_old(&mut self, at: usize, size: i32) {
        self.scale_set(self.old[at].clone(), size);
    }

    /// Plans another size of a set, noting what the Deployment wanted; also when only the notes are stale.
    pub(super) fn scale_set(&mut self, mut set: ReplicaSet, to: i32) {
        let from = replicas(&set);
        let noted = sets::note_replicas(&self.deployment, &mut set);
        if from == to && !noted {
            return;
        }
        if let Some(spec) = &mut set.spec {
            spec.replicas = Some(to);
        }
        self.put_back(&set);
        // A set that is written twice in one plan would conflict with itself: the later write replaces the earlier.
        let uid = set.metadata.uid.clone();
        let written = |action: &Action| match action {
            Action::Update(other) | Action::Scale { set: other, .. } => uid.is_some() && other.metadata.uid == uid,
            _ => false,
        };
        let earlier = self.actions.iter().position(written).map(|at| self.actions.remove(at));
        let from = if let Some(Action::Scale { from, .. }) = earlier { from } else { from };
        self.actions.push(Action::Scale { set: Box::new(set), from, to });
    }

    fn put_back(&mut self, set: &ReplicaSet) {
        let is_it = |other: &&mut ReplicaSet| other.metadata.name == set.metadata.name;
        if let Some(place) = self.new.iter_mut().chain(&mut self.old).find(is_it) {
            *place = set.clone();
        }
    }
}
