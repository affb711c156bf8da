//! What the scheduler knows besides nodes and pods: services, namespaces, claims, volumes, classes, disruption budgets;
//! and the volumes and nodes that it has just given to claims but does not see there yet. Must not do IO.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, PersistentVolume, PersistentVolumeClaim, Service};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::ResourceExt;

use super::facts::PodFacts;
use super::storage::{Bindings, is_bound};
use crate::base::selector::Selector;
use crate::client::informer::Change;
use crate::client::object::{Key, is_deleting};
use crate::client::volumes::SELECTED_NODE;

/// A budget: which pods, and how many of them may go.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    selector: Selector,
    allowed: i32,
    /// Pods whose going was counted already.
    disrupted: Vec<String>,
}

/// Live copies by key.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    services: BTreeMap<Key, Selector>,
    namespaces: BTreeMap<String, BTreeMap<String, String>>,
    claims: BTreeMap<Key, Arc<PersistentVolumeClaim>>,
    volumes: BTreeMap<String, Arc<PersistentVolume>>,
    classes: BTreeMap<String, Arc<StorageClass>>,
    budgets: BTreeMap<Key, Budget>,
    /// Volumes that were given to a claim.
    given: BTreeMap<String, Key>,
    /// Claims for which a volume is to be made on a node.
    selected: BTreeMap<Key, String>,
}

impl Catalog {
    pub(super) fn service_changed(&mut self, change: &Change<Service>) {
        let key = Key::of(&**change.object());
        let labels = change.after().and_then(|service| service.spec.as_ref()?.selector.as_ref());
        match labels.filter(|labels| !labels.is_empty()) {
            Some(labels) => self.services.insert(key, Selector::from_labels(labels)),
            None => self.services.remove(&key),
        };
    }

    pub(super) fn namespace_changed(&mut self, change: &Change<Namespace>) {
        let name = Key::of(&**change.object()).name;
        match change.after() {
            Some(namespace) => {
                self.namespaces.insert(name, namespace.metadata.labels.clone().unwrap_or_default());
            }
            None => {
                self.namespaces.remove(&name);
            }
        }
    }

    pub(super) fn claim_changed(&mut self, change: &Change<PersistentVolumeClaim>) {
        let key = Key::of(&**change.object());
        match change.after() {
            Some(claim) => {
                if claim.spec.as_ref().is_some_and(|spec| spec.volume_name.is_some()) {
                    self.selected.remove(&key);
                }
                self.claims.insert(key, claim.clone());
            }
            None => {
                self.selected.remove(&key);
                self.claims.remove(&key);
            }
        }
    }

    pub(super) fn volume_changed(&mut self, change: &Change<PersistentVolume>) {
        let name = Key::of(&**change.object()).name;
        match change.after() {
            Some(volume) => {
                if volume.spec.as_ref().is_some_and(|spec| spec.claim_ref.is_some()) {
                    self.given.remove(&name);
                }
                self.volumes.insert(name, volume.clone());
            }
            None => {
                self.given.remove(&name);
                self.volumes.remove(&name);
            }
        }
    }

    pub(super) fn class_changed(&mut self, change: &Change<StorageClass>) {
        let name = Key::of(&**change.object()).name;
        match change.after() {
            Some(class) => self.classes.insert(name, class.clone()),
            None => self.classes.remove(&name),
        };
    }

    pub(super) fn budget_changed(&mut self, change: &Change<PodDisruptionBudget>) {
        let key = Key::of(&**change.object());
        match change.after().and_then(|budget| read_budget(budget)) {
            Some(budget) => self.budgets.insert(key, budget),
            None => self.budgets.remove(&key),
        };
    }

    fn in_namespace<'a, V>(map: &'a BTreeMap<Key, V>, namespace: &'a str) -> impl Iterator<Item = &'a V> {
        let from = map.range(Key::new(namespace, "")..);
        from.take_while(move |(key, _)| key.namespace == namespace).map(|(_, value)| value)
    }

    /// The selectors of the services that a pod stands behind.
    pub(super) fn services_of(&self, pod: &PodFacts) -> Vec<Selector> {
        let all = Self::in_namespace(&self.services, &pod.key.namespace);
        all.filter(|selector| selector.matches(&pod.labels)).cloned().collect()
    }

    /// Whether a namespace has the labels that a selector asks for.
    pub(super) fn namespace_matches(&self, namespace: &str, selector: &Selector) -> bool {
        self.namespaces.get(namespace).is_some_and(|labels| selector.matches(labels))
    }

    pub(super) fn claim(&self, key: &Key) -> Option<&Arc<PersistentVolumeClaim>> {
        self.claims.get(key)
    }

    pub(super) fn volume(&self, name: &str) -> Option<&Arc<PersistentVolume>> {
        self.volumes.get(name)
    }

    /// The volumes that nobody was given yet, smallest name first.
    pub(super) fn free_volumes(&self) -> impl Iterator<Item = &Arc<PersistentVolume>> {
        self.volumes.iter().filter(|(name, _)| !self.given.contains_key(*name)).map(|(_, volume)| volume)
    }

    pub(super) fn class(&self, name: &str) -> Option<&Arc<StorageClass>> {
        self.classes.get(name)
    }

    /// The node on which a claim's volume is to be made, as we decided a moment ago.
    pub(super) fn selected_node(&self, claim: &Key) -> Option<&str> {
        self.selected.get(claim).map(String::as_str)
    }

    /// Takes it for done that these volumes go to these claims, and that those claims get volumes on a node.
    pub(super) fn assume(&mut self, given: &[(String, Key)], selected: &[Key], node: &str) {
        self.given.extend(given.iter().cloned());
        self.selected.extend(selected.iter().map(|claim| (claim.clone(), node.to_string())));
    }

    /// Takes it back.
    pub(super) fn forget(&mut self, given: &[(String, Key)], selected: &[Key]) {
        given.iter().for_each(|(volume, _)| drop(self.given.remove(volume)));
        selected.iter().for_each(|claim| drop(self.selected.remove(claim)));
    }

    /// Whether all these claims have their volumes for good; `None` when one is gone, or is to have it on another node.
    pub(super) fn are_bound(&self, bindings: &Bindings, node: &str) -> Option<bool> {
        let given = bindings.given.iter().map(|(_, claim)| (claim, None));
        let made = bindings.made.iter().map(|claim| (claim, Some(node)));
        given.chain(made).try_fold(true, |all, (key, node)| {
            let claim = self.claims.get(key).filter(|claim| !is_deleting(&claim.metadata))?;
            let selected = claim.annotations().get(SELECTED_NODE).map(String::as_str);
            // Our own annotation may not be seen yet; another node's is a provisioner's or a person's answer.
            let elsewhere = node.is_some() && selected.is_some() && selected != node;
            (!elsewhere).then(|| all && is_bound(claim))
        })
    }

    /// Splits pods, in their order, into those whose going a budget forbids and the others (`filterPodsWithPDBViolation`).
    pub(super) fn split_by_budget(&self, pods: Vec<Arc<PodFacts>>) -> (Vec<Arc<PodFacts>>, Vec<Arc<PodFacts>>) {
        let mut left: BTreeMap<&Key, i32> = self.budgets.iter().map(|(key, budget)| (key, budget.allowed)).collect();
        pods.into_iter().partition(|pod| {
            let covers = |(key, budget): &(&Key, &Budget)| {
                key.namespace == pod.key.namespace
                    && budget.selector.matches(&pod.labels)
                    && !budget.disrupted.contains(&pod.key.name)
            };
            let covering: Vec<&Key> = self.budgets.iter().filter(covers).map(|(key, _)| key).collect();
            covering.iter().for_each(|key| *left.entry(key).or_default() -= 1);
            covering.iter().any(|key| left[key] < 0)
        })
    }
}

fn read_budget(budget: &PodDisruptionBudget) -> Option<Budget> {
    let selector = budget.spec.as_ref()?.selector.as_ref()?;
    let status = budget.status.clone().unwrap_or_default();
    Some(Budget {
        selector: Selector::from_label_selector(selector).ok().filter(|selector| !selector.is_empty())?,
        allowed: status.disruptions_allowed.unwrap_or(0),
        disrupted: status.disrupted_pods.unwrap_or_default().into_keys().collect(),
    })
}
