//! Which owners of one kind a change of a child concerns: those that manage it, before and after, and those that might
//! adopt it. Must not do IO.

use k8s_openapi::NamespaceResourceScope;
use kube::{Resource, ResourceExt};

use super::expectations::Expectations;
use crate::base::selector::Selector;
use crate::client::informer::{Change, Informer};
use crate::client::object::{Key, controller_of, is_deleting, uid_of};

/// The owners of one kind.
pub(super) struct Owners<O> {
    informer: Informer<O>,
    selector_of: fn(&O) -> Option<Selector>,
}

impl<O: Resource<DynamicType = (), Scope = NamespaceResourceScope>> Owners<O> {
    /// The owners of an informer; `selector_of` says what one selects, nothing when it must not select at all.
    pub(super) fn new(informer: &Informer<O>, selector_of: fn(&O) -> Option<Selector>) -> Self {
        Self { informer: informer.clone(), selector_of }
    }

    /// The owner that manages a child; also one that the cache does not show yet, but none of another uid.
    pub(super) fn manager_of<C: Resource>(&self, child: &C) -> Option<Key> {
        let owner = controller_of(child.meta()).filter(|owner| owner.kind == O::kind(&()))?;
        let key = Key::new(child.namespace().unwrap_or_default(), owner.name.clone());
        let there = self.informer.get(&key);
        there.is_none_or(|there| uid_of(there.meta()) == owner.uid).then_some(key)
    }

    /// Those that might adopt a child that nobody manages.
    fn suitors_of<C: Resource>(&self, child: &C) -> Vec<Key> {
        let all = self.informer.in_namespace(child.meta().namespace.as_deref().unwrap_or_default());
        let wants = |owner: &O| (self.selector_of)(owner).is_some_and(|selector| selector.matches(child.labels()));
        all.iter().filter(|owner| wants(owner)).map(|owner| Key::of(&**owner)).collect()
    }

    /// The owners that must look again after a change.
    pub(super) fn concerned<C: Resource>(&self, change: &Change<C>) -> Vec<Key> {
        let managers = [change.before(), change.after()].map(|child| child.and_then(|child| self.manager_of(&**child)));
        let mut concerned: Vec<Key> = managers.into_iter().flatten().collect();
        if let Some(orphan) = change.after().filter(|child| controller_of(child.meta()).is_none()) {
            concerned.extend(self.suitors_of(&**orphan));
        }
        concerned.dedup();
        concerned
    }

    /// The same, noting in `expectations` that a creation or deletion arrived.
    pub(super) fn observed<C: Resource>(&self, change: &Change<C>, expectations: &Expectations) -> Vec<Key> {
        let child = change.object();
        let goes = change.after().is_none_or(|child| is_deleting(child.meta()));
        let manager = self.manager_of(&**child);
        match (&manager, change.before().is_none()) {
            (Some(owner), true) => expectations.created(owner),
            (Some(owner), false) if goes => expectations.deleted(owner, uid_of(child.meta())),
            _ => {}
        }
        self.concerned(change)
    }
}
