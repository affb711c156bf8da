//! One copy of what many hold: the informers of one process that follow the same objects.
//! Must not keep alive what nobody holds, nor share between clusters.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use kube::Resource;
use parking_lot::Mutex;

use super::object::uid_of;
use crate::base::mark::mark;

/// Copies before those that nobody holds any more are looked for.
const FEW: usize = 1024;

/// The last state of each object that somebody holds. Clones share it.
pub struct Pool<K> {
    copies: Arc<Mutex<Copies<K>>>,
    trim: fn(&mut K),
}

struct Copies<K> {
    /// By the hash of the uid: two objects that meet there are not shared, and nothing else is wrong.
    last: HashMap<u64, Weak<K>>,
    sweep_at: usize,
}

impl<K> Clone for Pool<K> {
    fn clone(&self) -> Self {
        Self { copies: Arc::clone(&self.copies), trim: self.trim }
    }
}

impl<K: Resource> Pool<K> {
    /// A pool whose copies lack what `trim` drops.
    #[must_use]
    pub fn trimmed(trim: fn(&mut K)) -> Self {
        Self { copies: Arc::new(Mutex::new(Copies { last: HashMap::new(), sweep_at: FEW })), trim }
    }

    /// The copy that others have of this state of the object; this one when nobody has it.
    #[must_use]
    pub fn share(&self, mut object: K) -> Arc<K> {
        let mark = mark(uid_of(object.meta()));
        if let Some(known) =
            self.copies.lock().last.get(&mark).and_then(Weak::upgrade).filter(|it| same(&**it, &object))
        {
            return known;
        }
        (self.trim)(&mut object);
        let object = Arc::new(object);
        self.copies.lock().put(mark, Arc::downgrade(&object));
        object
    }
}

impl<K> Copies<K> {
    fn put(&mut self, mark: u64, copy: Weak<K>) {
        self.last.insert(mark, copy);
        if self.last.len() >= self.sweep_at {
            self.last.retain(|_, copy| copy.strong_count() > 0);
            self.sweep_at = FEW.max(self.last.len() * 2);
        }
    }
}

fn same<K: Resource>(one: &K, other: &K) -> bool {
    let (one, other) = (one.meta(), other.meta());
    one.uid == other.uid && one.resource_version.is_some() && one.resource_version == other.resource_version
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;

    use super::*;

    fn pod(uid: &str, version: &str) -> Pod {
        let mut pod = Pod::default();
        (pod.metadata.uid, pod.metadata.resource_version) = (Some(uid.into()), Some(version.into()));
        pod
    }

    #[test]
    fn only_the_same_state_of_the_same_object_is_one() {
        let pool = Pool::trimmed(|pod: &mut Pod| pod.spec = None);
        let first = pool.share(pod("a", "1"));
        assert!(Arc::ptr_eq(&first, &pool.clone().share(pod("a", "1"))));
        assert!(!Arc::ptr_eq(&first, &pool.share(pod("a", "2"))));
        assert!(!Arc::ptr_eq(&first, &pool.share(pod("b", "1"))));
    }

    #[test]
    fn what_nobody_holds_is_forgotten() {
        let pool = Pool::trimmed(|_: &mut Pod| {});
        let held = pool.share(pod("held", "1"));
        for number in 0..3 * FEW {
            drop(pool.share(pod(&number.to_string(), "1")));
        }
        assert!(pool.copies.lock().last.len() <= FEW);
        assert!(Arc::ptr_eq(&held, &pool.share(pod("held", "1"))));
    }
}
