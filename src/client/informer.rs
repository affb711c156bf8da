//! List and watch of one kind into a shared read store, as client-go's shared informers.
//! Must not write to the server, nor keep more than the last state of each object.

mod reflect;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::{Stream, StreamExt};
use kube::Resource;
use kube::runtime::watcher::{self, Event};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use super::object::Key;
use super::pool::Pool;
use crate::base::tasks::Tasks;
use reflect::Keep;

/// First and longest wait before asking a failing server again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// What happened to an object of the store.
#[derive(Debug)]
pub enum Change<K> {
    /// It appeared, or was there when the subscriber came.
    Added(Arc<K>),
    /// It is another now.
    Updated {
        /// What the store held until now.
        old: Arc<K>,
        /// What it holds now.
        new: Arc<K>,
    },
    /// It is gone; with its last known state.
    Deleted(Arc<K>),
}

impl<K> Change<K> {
    /// The object after the change, or its last state when it is gone.
    #[must_use]
    pub fn object(&self) -> &Arc<K> {
        match self {
            Self::Added(object) | Self::Deleted(object) | Self::Updated { new: object, .. } => object,
        }
    }

    /// The object before the change, if it was there.
    #[must_use]
    pub fn before(&self) -> Option<&Arc<K>> {
        match self {
            Self::Added(_) => None,
            Self::Deleted(object) | Self::Updated { old: object, .. } => Some(object),
        }
    }

    /// The object after the change, if it is still there.
    #[must_use]
    pub fn after(&self) -> Option<&Arc<K>> {
        match self {
            Self::Deleted(_) => None,
            Self::Added(object) | Self::Updated { new: object, .. } => Some(object),
        }
    }
}

type Handler<K> = Box<dyn Fn(&Change<K>) + Send + Sync>;
type Numbered<K> = (u64, Handler<K>);
type Indexer<K> = fn(&K) -> Vec<String>;

/// A live copy of one kind. Clones share the copy.
pub struct Informer<K> {
    shared: Arc<Shared<K>>,
    /// Whose stop ends the subscriptions made through this handle.
    scope: Option<Tasks>,
}

impl<K> Clone for Informer<K> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), scope: self.scope.clone() }
    }
}

/// A subscription that ends when this is dropped.
struct Subscription<K> {
    shared: Weak<Shared<K>>,
    number: u64,
}

impl<K> Drop for Subscription<K> {
    fn drop(&mut self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let ended = {
            let mut handlers = shared.handlers.lock();
            handlers.iter().position(|(number, _)| *number == self.number).map(|at| handlers.remove(at))
        };
        // Outside of the lock: a handler may own whoever asks the informer.
        drop(ended);
    }
}

struct Shared<K> {
    store: RwLock<Store<K>>,
    /// Held while a change is stored and told, so that a late subscriber misses nothing and sees nothing twice.
    handlers: Mutex<Vec<Numbered<K>>>,
    subscriptions: AtomicU64,
    synced: watch::Sender<bool>,
}

struct Store<K> {
    objects: BTreeMap<Key, Arc<K>>,
    indexes: Vec<Index<K>>,
    trim: fn(&mut K),
    pool: Option<Pool<K>>,
}

struct Index<K> {
    name: &'static str,
    values_of: Indexer<K>,
    keys: BTreeMap<String, BTreeSet<Key>>,
}

impl<K> Store<K> {
    fn insert(&mut self, key: &Key, object: &Arc<K>) -> Option<Arc<K>> {
        let old = self.objects.insert(key.clone(), object.clone());
        for index in &mut self.indexes {
            index.replace(key, old.as_deref(), Some(object));
        }
        old
    }

    fn remove(&mut self, key: &Key) -> Option<Arc<K>> {
        let old = self.objects.remove(key)?;
        for index in &mut self.indexes {
            index.replace(key, Some(&old), None);
        }
        Some(old)
    }
}

impl<K> Index<K> {
    fn replace(&mut self, key: &Key, old: Option<&K>, new: Option<&K>) {
        let (before, after) = (old.map_or_else(Vec::new, self.values_of), new.map_or_else(Vec::new, self.values_of));
        if before == after {
            return;
        }
        for value in before {
            if let Some(keys) = self.keys.get_mut(&value) {
                keys.remove(key);
                if keys.is_empty() {
                    self.keys.remove(&value);
                }
            }
        }
        for value in after {
            self.keys.entry(value).or_default().insert(key.clone());
        }
    }
}

impl<K> Default for Informer<K> {
    fn default() -> Self {
        let store = RwLock::new(Store { objects: BTreeMap::new(), indexes: Vec::new(), trim: |_| {}, pool: None });
        let (handlers, subscriptions, synced) = (Mutex::default(), AtomicU64::new(0), watch::Sender::new(false));
        Self { shared: Arc::new(Shared { store, handlers, subscriptions, synced }), scope: None }
    }
}

impl<K: Send + Sync + 'static> Informer<K> {
    /// The same copy for somebody who comes and goes: what they subscribe to ends when their tasks stop.
    #[must_use]
    pub fn scoped(&self, tasks: &Tasks) -> Self {
        Self { shared: self.shared.clone(), scope: Some(tasks.clone()) }
    }

    /// Tells every change from now on, beginning with what is already there. The handler runs on the informer's task:
    /// it must be quick (put a key in a queue) and must not subscribe again.
    pub fn on_change(&self, handler: impl Fn(&Change<K>) + Send + Sync + 'static) {
        let number = self.shared.subscriptions.fetch_add(1, Ordering::Relaxed);
        {
            let mut handlers = self.shared.handlers.lock();
            for object in self.list() {
                handler(&Change::Added(object));
            }
            handlers.push((number, Box::new(handler)));
        }
        if let Some(tasks) = &self.scope {
            let subscription = Subscription { shared: Arc::downgrade(&self.shared), number };
            tasks.spawn(async move {
                let _until_stopped = subscription;
                std::future::pending::<()>().await;
            });
        }
    }
}

impl<K> Informer<K> {
    /// Adds a way to find objects by a value; only before the informer starts.
    #[must_use]
    pub fn indexed(self, name: &'static str, values_of: Indexer<K>) -> Self {
        self.shared.store.write().indexes.push(Index { name, values_of, keys: BTreeMap::new() });
        self
    }

    /// Drops what its readers do not need from every object that comes in; only before the informer starts.
    #[must_use]
    pub fn trimmed(self, trim: fn(&mut K)) -> Self {
        self.shared.store.write().trim = trim;
        self
    }

    /// Holds its objects together with the other informers of a pool, which says what is dropped of them; only before
    /// the informer starts.
    #[must_use]
    pub fn pooled(self, pool: Pool<K>) -> Self {
        self.shared.store.write().pool = Some(pool);
        self
    }

    /// Waits for the first whole list; at once when it is already there.
    pub async fn wait_synced(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.shared.synced.subscribe().wait_for(|synced| *synced).await;
    }

    /// Whether the first whole list has arrived.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        *self.shared.synced.borrow()
    }

    /// One object.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Arc<K>> {
        self.shared.store.read().objects.get(key).cloned()
    }

    /// Every object, by namespace and name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<K>> {
        self.shared.store.read().objects.values().cloned().collect()
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.store.read().objects.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The objects of a namespace.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> Vec<Arc<K>> {
        let store = self.shared.store.read();
        let from = store.objects.range(Key::new(namespace, "")..);
        from.take_while(|(key, _)| key.namespace == namespace).map(|(_, object)| object.clone()).collect()
    }

    /// The objects that an index finds under a value; none when there is no such index.
    #[must_use]
    pub fn by_index(&self, name: &str, value: &str) -> Vec<Arc<K>> {
        let store = self.shared.store.read();
        let keys = store.indexes.iter().find(|index| index.name == name).and_then(|index| index.keys.get(value));
        keys.into_iter().flatten().filter_map(|key| store.objects.get(key).cloned()).collect()
    }
}

impl<K: Resource + Send + Sync + 'static> Informer<K> {
    /// Follows any stream of watch events (metadata only, say); ends with it.
    pub async fn follow(self, events: impl Stream<Item = watcher::Result<Event<K>>>) {
        let mut events = std::pin::pin!(events);
        let (keep, mut listed, mut wait) = (self.keep(), BTreeMap::new(), BACKOFF.0);
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    self.take(event, &keep, &mut listed);
                    wait = BACKOFF.0;
                }
                Err(error) => {
                    tracing::debug!(%error, "watch interrupted");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(BACKOFF.1);
                }
            }
        }
    }

    fn keep(&self) -> Keep<K> {
        let store = self.shared.store.read();
        Keep { trim: store.trim, pool: store.pool.clone() }
    }

    fn take(&self, event: Event<K>, keep: &Keep<K>, listed: &mut BTreeMap<Key, Arc<K>>) {
        match event {
            Event::Init => listed.clear(),
            Event::InitApply(object) => {
                listed.insert(Key::of(&object), keep.take(object));
            }
            Event::InitDone => {
                self.replace(std::mem::take(listed));
                self.shared.synced.send_replace(true);
            }
            Event::Apply(object) => self.put(&Key::of(&object), keep.take(object)),
            Event::Delete(object) => self.forget(&Key::of(&object), Some(keep.take(object))),
        }
    }

    fn put(&self, key: &Key, object: Arc<K>) {
        let handlers = self.shared.handlers.lock();
        let change = match self.shared.store.write().insert(key, &object) {
            Some(old) if old.meta().resource_version == object.meta().resource_version => return,
            // The same name, another object: whoever tracks uids must hear of both.
            Some(old) if old.meta().uid != object.meta().uid => {
                tell(&handlers, &Change::Deleted(old));
                Change::Added(object)
            }
            Some(old) => Change::Updated { old, new: object },
            None => Change::Added(object),
        };
        tell(&handlers, &change);
    }

    fn forget(&self, key: &Key, last: Option<Arc<K>>) {
        let handlers = self.shared.handlers.lock();
        let removed = self.shared.store.write().remove(key);
        if let Some(old) = removed {
            tell(&handlers, &Change::Deleted(last.unwrap_or(old)));
        }
    }

    fn replace(&self, listed: BTreeMap<Key, Arc<K>>) {
        let gone: Vec<Key> = {
            let store = self.shared.store.read();
            store.objects.keys().filter(|key| !listed.contains_key(key)).cloned().collect()
        };
        for key in &gone {
            self.forget(key, None);
        }
        for (key, object) in listed {
            self.put(&key, object);
        }
    }
}

fn tell<K>(handlers: &[Numbered<K>], change: &Change<K>) {
    for (_, handler) in handlers {
        handler(change);
    }
}
