//! The specs that pods have now, so that those of one owner hold one. Must not keep alive what nobody holds.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use k8s_openapi::api::core::v1::PodSpec;
use parking_lot::Mutex;

use super::object::controller_of;
use super::pod::Pod;
use crate::base::mark::mark;

/// Specs of one owner that are looked at, the most shared ones: a pod that differs (a debugged one) must not part the
/// others, and an owner whose pods all differ (a DaemonSet pins each to its node) must not cost a look at each.
const MOST: usize = 4;
/// Owners before those without pods are looked for.
const FEW: usize = 64;

/// By the mark of the owner: two owners that meet there share only what is equal.
#[derive(Default)]
pub(super) struct Specs(Mutex<Known>);

#[derive(Default)]
struct Known {
    of_owner: HashMap<u64, Vec<Weak<PodSpec>>>,
    sweep_at: usize,
}

impl Specs {
    /// Gives a pod the spec that others of its owner have; `fit` is called on one that is new.
    pub fn share(&self, pod: &mut Pod, fit: impl FnOnce(&mut PodSpec)) {
        let Some(spec) = &mut pod.spec else { return };
        let owner = controller_of(&pod.metadata).map(|owner| mark(&owner.uid));
        if let Some(known) = owner.and_then(|owner| self.0.lock().find(owner, &spec.shared)) {
            spec.shared = known;
            return;
        }
        fit(spec);
        if let Some(owner) = owner {
            self.0.lock().add(owner, Arc::downgrade(&spec.shared));
        }
    }
}

impl Known {
    fn find(&self, owner: u64, spec: &Arc<PodSpec>) -> Option<Arc<PodSpec>> {
        self.of_owner.get(&owner)?.iter().filter_map(Weak::upgrade).find(|known| known == spec)
    }

    fn add(&mut self, owner: u64, spec: Weak<PodSpec>) {
        let specs = self.of_owner.entry(owner).or_default();
        specs.retain(is_held);
        if specs.len() == MOST {
            specs.sort_by_key(Weak::strong_count);
            specs.remove(0);
        }
        specs.push(spec);
        if self.of_owner.len() >= self.sweep_at.max(FEW) {
            self.of_owner.retain(|_, specs| specs.iter().any(is_held));
            self.sweep_at = self.of_owner.len() * 2;
        }
    }
}

fn is_held(spec: &Weak<PodSpec>) -> bool {
    spec.strong_count() > 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(owner: Option<&str>, node: &str, image: &str) -> Pod {
        let owner =
            owner.map(|uid| json!({ "apiVersion": "v1", "kind": "K", "name": "o", "uid": uid, "controller": true }));
        let metadata = json!({ "ownerReferences": owner.as_slice() });
        let spec = json!({ "nodeName": node, "containers": [{ "name": "c", "image": image }] });
        serde_json::from_value(json!({ "metadata": metadata, "spec": spec })).unwrap()
    }

    fn shared(specs: &Specs, mut pod: Pod) -> (Arc<PodSpec>, Option<String>) {
        specs.share(&mut pod, |_| {});
        let spec = pod.spec.unwrap();
        (spec.shared, spec.node_name)
    }

    #[test]
    fn pods_of_one_owner_have_one_spec_and_each_its_node() {
        let specs = Specs::default();
        let (first, second) = (shared(&specs, pod(Some("a"), "n1", "i")), shared(&specs, pod(Some("a"), "n2", "i")));
        assert!(Arc::ptr_eq(&first.0, &second.0));
        assert_eq!((first.1.as_deref(), second.1.as_deref()), (Some("n1"), Some("n2")));
        let other = |owner, image| shared(&specs, pod(owner, "n1", image)).0;
        assert!(!Arc::ptr_eq(&first.0, &other(Some("b"), "i")));
        assert!(!Arc::ptr_eq(&first.0, &other(Some("a"), "another")));
        assert!(!Arc::ptr_eq(&other(None, "i"), &other(None, "i")));
    }

    #[test]
    fn some_that_differ_do_not_part_the_others() {
        let specs = Specs::default();
        let of = |image: &str| shared(&specs, pod(Some("a"), "n", image)).0;
        let (first, _second) = (of("i"), of("i"));
        let _debugged: Vec<_> = (0..2 * MOST).map(|number| of(&number.to_string())).collect();
        assert!(Arc::ptr_eq(&first, &of("i")));
    }

    #[test]
    fn what_nobody_holds_is_forgotten() {
        let specs = Specs::default();
        let held = shared(&specs, pod(Some("held"), "n", "i")).0;
        for number in 0..3 * FEW {
            drop(shared(&specs, pod(Some(&number.to_string()), "n", "i")));
            drop(shared(&specs, pod(Some("held"), "n", &number.to_string())));
        }
        assert_eq!(Arc::strong_count(&held), 1);
        let known = specs.0.lock();
        assert!(known.of_owner.len() <= FEW);
        assert!(known.of_owner.values().flatten().filter(|spec| is_held(spec)).count() == 1);
        drop(known);
        assert!(Arc::ptr_eq(&held, &shared(&specs, pod(Some("held"), "n", "i")).0));
    }
}
