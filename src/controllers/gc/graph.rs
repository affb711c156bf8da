//! Who belongs to whom, and what follows from a change: the pure half of the garbage collector. Must not do IO.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::{FOREGROUND, ORPHAN};
use crate::client::object::{Key, is_deleting, uid_of};

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Task {
    /// Does the object with this uid still have an owner, or wait for its dependents?
    Delete(String),
    /// Let go of the dependents of this uid.
    Orphan(String),
}

/// An object as the collector sees it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub uid: String,
    pub api_version: String,
    pub kind: String,
    pub key: Key,
    pub owners: Vec<OwnerReference>,
    pub deleting: bool,
    /// Only those that the collector acts on.
    finalizers: Vec<String>,
}

impl Node {
    pub(super) fn new(api_version: &str, kind: &str, meta: &ObjectMeta) -> Self {
        let ours = |name: &&String| [FOREGROUND, ORPHAN].contains(&name.as_str());
        Self {
            uid: uid_of(meta).into(),
            api_version: api_version.into(),
            kind: kind.into(),
            key: Key::of_meta(meta),
            owners: meta.owner_references.clone().unwrap_or_default(),
            deleting: is_deleting(meta),
            finalizers: meta.finalizers.iter().flatten().filter(ours).cloned().collect(),
        }
    }

    pub(super) fn has_finalizer(&self, name: &str) -> bool {
        self.finalizers.iter().any(|finalizer| finalizer == name)
    }

    /// Whether it waits for its dependents to go first.
    fn waits(&self) -> bool {
        self.deleting && self.has_finalizer(FOREGROUND)
    }

    fn blocks(&self, owner: &str) -> bool {
        self.owners.iter().any(|it| it.uid == owner && it.block_owner_deletion == Some(true))
    }
}

/// What to do about a task.
#[derive(Debug, PartialEq)]
pub(super) enum Attempt {
    Nothing,
    /// Look at each of these.
    Each(Vec<String>),
    /// Nothing is waited for any more: take this finalizer away.
    Finish(Node, &'static str),
    /// See whether its owners are still there.
    Owned(Node),
    /// Let go of these dependents.
    Release(Node, Vec<Node>),
}

/// Every object, by uid, and who depends on it (also on what is not, or not yet, there).
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: BTreeMap<String, Node>,
    dependents: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// An object appeared or changed; what to look at now.
    pub(super) fn put(&mut self, node: Node) -> Vec<Task> {
        let uid = node.uid.clone();
        let old = self.nodes.get(&uid).cloned();
        if old.as_ref() == Some(&node) {
            return Vec::new();
        }
        self.relink(&uid, old.as_ref().map_or(&[], |old| &old.owners), &node.owners);
        let mut tasks = Vec::new();
        if node.deleting && node.has_finalizer(ORPHAN) {
            tasks.push(Task::Orphan(uid.clone()));
        }
        if node.waits() {
            tasks.extend(self.dependents_of(&uid).map(Task::Delete));
            tasks.push(Task::Delete(uid.clone()));
        }
        // No longer blocking, or no longer owned: an owner that waits may be free.
        let waiting = old.iter().flat_map(|old| &old.owners).filter(|owner| self.is_waiting(&owner.uid));
        tasks.extend(waiting.map(|owner| Task::Delete(owner.uid.clone())));
        let orphaned = |owner: &OwnerReference| self.nodes.get(&owner.uid).is_none_or(Node::waits);
        if node.owners.iter().any(orphaned) {
            tasks.push(Task::Delete(uid.clone()));
        }
        self.nodes.insert(uid, node);
        tasks
    }

    /// An object is gone; what to look at now: its dependents, and the owners that waited for it.
    pub(super) fn remove(&mut self, uid: &str) -> Vec<Task> {
        let Some(node) = self.nodes.remove(uid) else { return Vec::new() };
        self.relink(uid, &node.owners, &[]);
        let waiting = node.owners.iter().filter(|owner| self.is_waiting(&owner.uid)).map(|owner| owner.uid.clone());
        self.dependents_of(uid).chain(waiting).map(Task::Delete).collect()
    }

    fn relink(&mut self, uid: &str, old: &[OwnerReference], new: &[OwnerReference]) {
        for owner in old {
            if let Some(dependents) = self.dependents.get_mut(&owner.uid) {
                dependents.remove(uid);
                if dependents.is_empty() {
                    self.dependents.remove(&owner.uid);
                }
            }
        }
        for owner in new {
            self.dependents.entry(owner.uid.clone()).or_default().insert(uid.into());
        }
    }

    fn dependents_of(&self, uid: &str) -> impl Iterator<Item = String> {
        self.dependents.get(uid).into_iter().flatten().cloned()
    }

    pub(super) fn has_dependents(&self, uid: &str) -> bool {
        self.dependents.contains_key(uid)
    }

    fn is_waiting(&self, uid: &str) -> bool {
        self.nodes.get(uid).is_some_and(Node::waits)
    }

    /// Whether an owner waits for its dependents; `None` when the graph does not have it.
    pub(super) fn owner_state(&self, uid: &str) -> Option<bool> {
        self.nodes.get(uid).map(Node::waits)
    }

    /// The uids of one kind, to compare with a new list.
    pub(super) fn uids_of(&self, api_version: &str, kind: &str) -> Vec<String> {
        let same = |node: &&Node| node.api_version == api_version && node.kind == kind;
        self.nodes.values().filter(same).map(|node| node.uid.clone()).collect()
    }

    /// What a look at an object asks for.
    pub(super) fn decide(&self, uid: &str) -> Attempt {
        let Some(node) = self.nodes.get(uid) else { return Attempt::Nothing };
        if node.waits() {
            let blocking = self.dependents_of(uid).filter(|it| self.nodes.get(it).is_some_and(|node| node.blocks(uid)));
            let blocking: Vec<_> = blocking.collect();
            if blocking.is_empty() {
                return Attempt::Finish(node.clone(), FOREGROUND);
            }
            let undeleted = |uid: &String| self.nodes.get(uid).is_some_and(|node| !node.deleting);
            return Attempt::Each(blocking.into_iter().filter(undeleted).collect());
        }
        if node.deleting || node.owners.is_empty() {
            return Attempt::Nothing;
        }
        Attempt::Owned(node.clone())
    }

    /// What letting go of an object's dependents asks for.
    pub(super) fn orphan(&self, uid: &str) -> Attempt {
        let Some(node) = self.nodes.get(uid).filter(|node| node.deleting && node.has_finalizer(ORPHAN)) else {
            return Attempt::Nothing;
        };
        let dependents = self.dependents_of(uid).filter_map(|uid| self.nodes.get(&uid).cloned()).collect();
        Attempt::Release(node.clone(), dependents)
    }
}
