//! One copy of what many hold: the informers of one process that follow the same objects.
//! Must not keep alive what nobody holds, nor share between clusters.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Weak};

use kube::Resource;
use parking_lot::Mutex;

use super::object::uid_of;
use crate::base::mark::mark;

/// Copies before those that nobody holds any more are looked for.
const FEW: usize = 1024;

type Trim<K> = Arc<dyn Fn(&mut K) + Send + Sync>;

/// The last state of each object that somebody holds. Clones share it.
pub struct Pool<K> {
    copies: Arc<Mutex<Copies<K>>>,
    trim: Trim<K>,
    /// With keys of this process: nobody can make two texts meet.
    texts: RandomState,
}

struct Copies<K> {
    /// By the hash of the uid: two objects that meet there are not shared, and nothing else is wrong.
    last: HashMap<u64, Copied<K>>,
    /// Whose state a text is, by its hash: what was read once is not read again.
    texts: HashMap<u64, u64>,
    sweep_at: usize,
}

struct Copied<K> {
    object: Weak<K>,
    text: Option<u64>,
}

impl<K> Clone for Pool<K> {
    fn clone(&self) -> Self {
        Self { copies: Arc::clone(&self.copies), trim: Arc::clone(&self.trim), texts: self.texts.clone() }
    }
}

impl<K: Resource> Pool<K> {
    /// A pool whose copies lack what `trim` drops.
    #[must_use]
    pub fn trimmed(trim: impl Fn(&mut K) + Send + Sync + 'static) -> Self {
        let copies = Copies { last: HashMap::new(), texts: HashMap::new(), sweep_at: FEW };
        Self { copies: Arc::new(Mutex::new(copies)), trim: Arc::new(trim), texts: RandomState::new() }
    }

    /// The copy that others have of this state of the object; this one when nobody has it.
    #[must_use]
    pub fn share(&self, object: K) -> Arc<K> {
        self.keep(object, None)
    }

    /// The copy that others have read of this text; else it is read.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read<E>(&self, text: &[u8], read: impl FnOnce(&[u8]) -> Result<K, E>) -> Result<Arc<K>, E> {
        let hash = self.texts.hash_one(text);
        let known = self.copies.lock().of_text(hash);
        known.map_or_else(|| Ok(self.keep(read(text)?, Some(hash))), Ok)
    }

    fn keep(&self, mut object: K, text: Option<u64>) -> Arc<K> {
        let mark = mark(uid_of(object.meta()));
        let known = self.copies.lock().of_mark(mark).filter(|it| same(&**it, &object));
        let shared = known.unwrap_or_else(|| {
            (self.trim)(&mut object);
            Arc::new(object)
        });
        self.copies.lock().put(mark, Copied { object: Arc::downgrade(&shared), text });
        shared
    }
}

impl<K> Copies<K> {
    fn of_mark(&self, mark: u64) -> Option<Arc<K>> {
        self.last.get(&mark)?.object.upgrade()
    }

    fn of_text(&self, text: u64) -> Option<Arc<K>> {
        self.of_mark(*self.texts.get(&text)?)
    }

    fn put(&mut self, mark: u64, copy: Copied<K>) {
        self.texts.extend(copy.text.map(|text| (text, mark)));
        let before = self.last.insert(mark, copy).and_then(|before| before.text);
        if let Some(before) = before.filter(|before| self.last[&mark].text != Some(*before)) {
            self.texts.remove(&before);
        }
        if self.last.len() >= self.sweep_at {
            self.sweep();
        }
    }

    fn sweep(&mut self) {
        self.last.retain(|_, copy| copy.object.strong_count() > 0);
        self.texts.retain(|text, mark| self.last.get(mark).is_some_and(|copy| copy.text == Some(*text)));
        self.sweep_at = FEW.max(self.last.len() * 2);
    }
}

fn same<K: Resource>(one: &K, other: &K) -> bool {
    let (one, other) = (one.meta(), other.meta());
    one.uid == other.uid && one.resource_version.is_some() && one.resource_version == other.resource_version
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::pod::Pod;

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
    fn a_text_is_read_once_while_it_says_what_is() {
        let pool = Pool::trimmed(|_: &mut Pod| {});
        let reads = std::cell::Cell::new(0);
        let read = |text: &str| {
            let object = |text: &[u8]| {
                reads.set(reads.get() + 1);
                let (uid, version) = std::str::from_utf8(text).unwrap().split_once(' ').unwrap();
                Ok::<_, ()>(pod(uid, version))
            };
            pool.read(text.as_bytes(), object).unwrap()
        };
        let first = read("a 1");
        assert!(Arc::ptr_eq(&first, &read("a 1")) && reads.get() == 1);
        let second = read("a 2");
        assert!(Arc::ptr_eq(&second, &read("a 2")) && reads.get() == 2);
        assert_eq!(read("a 1").metadata.resource_version.as_deref(), Some("1"), "an older state is read anew");
        assert_eq!(pool.copies.lock().texts.len(), 1);
        drop((first, second));
        assert_eq!(read("a 1").metadata.uid.as_deref(), Some("a"));
        assert!(pool.read(b"nothing", |_| Err::<Pod, _>("unreadable")).is_err());
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
