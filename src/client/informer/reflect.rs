//! How an informer follows a server: list, watch, and again from where it was. Must not know how lines are read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kube::runtime::watcher;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

use super::super::object::Key;
use super::super::on_demand::OnDemand;
use super::super::pool::Pool;
use super::super::reflector::{self, Line, Page, Source};
use super::{BACKOFF, Informer};
use crate::base::tasks::Tasks;

/// Kubernetes' answer to who asks for what happened since a version that is forgotten (`Expired`).
const GONE: u16 = 410;

impl<K: Resource + DeserializeOwned + Send + Sync + 'static> Informer<K> {
    /// Follows the server until the tasks stop, through its restarts.
    pub fn start(&self, api: Api<K>, config: watcher::Config, tasks: &Tasks) {
        tasks.spawn(self.clone().reflect(Source::new(api, config)));
    }

    /// As [`Self::start`], in all namespaces, for one of many that mostly wait.
    pub fn start_on_demand(&self, clients: OnDemand, config: watcher::Config, tasks: &Tasks)
    where
        K: Resource<DynamicType = ()>,
    {
        tasks.spawn(self.clone().reflect(Source::on_demand::<K>(clients, config)));
    }

    async fn reflect(self, source: Source) {
        let (keep, mut since, mut wait) = (self.keep(), None, BACKOFF.0);
        loop {
            let step = match &mut since {
                None => Box::pin(self.relist(&source, &keep)).await.map(|version| since = Some(version)),
                Some(version) => self.watch(&source, &keep, version, &mut wait).await,
            };
            match step {
                Ok(()) => wait = BACKOFF.0,
                Err(error) => {
                    tracing::debug!(%error, "watch interrupted");
                    if is_expired(&error) {
                        since = None;
                    }
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(BACKOFF.1);
                }
            }
        }
    }

    /// Takes in a whole list; the version from which to watch.
    async fn relist(&self, source: &Source, keep: &Keep<K>) -> watcher::Result<String> {
        let (mut listed, mut next) = (BTreeMap::new(), None);
        loop {
            let page: Page<K> = source.page(next).await?;
            listed.extend(page.items.into_iter().map(|object| (Key::of(&object), keep.take(object))));
            next = page.metadata.continue_.filter(|next| !next.is_empty());
            if next.is_none() {
                self.replace(listed);
                self.shared.synced.send_replace(true);
                return page.metadata.resource_version.ok_or(watcher::Error::NoResourceVersion);
            }
        }
    }

    /// Takes in what happens after a version, which goes on with it, until the server ends the watch.
    async fn watch(
        &self,
        source: &Source,
        keep: &Keep<K>,
        version: &mut String,
        wait: &mut Duration,
    ) -> watcher::Result<()> {
        let mut lines = Box::pin(source.watch(version)).await?;
        while let Some(line) = lines.next().await? {
            *wait = BACKOFF.0;
            match reflector::read(&line)? {
                Line::Bookmark(at) => *version = at,
                Line::Applied(object) => {
                    let object = keep.read(object)?;
                    note(version, &*object);
                    self.put(&Key::of(&*object), object);
                }
                Line::Deleted(object) => {
                    let object = keep.read(object)?;
                    note(version, &*object);
                    self.forget(&Key::of(&*object), Some(object));
                }
            }
        }
        Ok(())
    }
}

/// Goes on to the version of an object.
fn note(version: &mut String, object: &impl Resource) {
    if let Some(at) = &object.meta().resource_version {
        version.clone_from(at);
    }
}

/// Whether the server has forgotten what happened since: all is to be listed anew.
fn is_expired(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::WatchError(status) | watcher::Error::WatchStartFailed(kube::Error::Api(status)) => {
            status.code == GONE
        }
        _ => false,
    }
}

/// How objects are kept.
pub(super) struct Keep<K> {
    pub(super) trim: fn(&mut K),
    pub(super) pool: Option<Pool<K>>,
}

impl<K: Resource> Keep<K> {
    /// An object that was read already.
    pub(super) fn take(&self, mut object: K) -> Arc<K> {
        self.trim(&mut object);
        match &self.pool {
            Some(pool) => pool.share(object),
            None => Arc::new(object),
        }
    }

    fn trim(&self, object: &mut K) {
        // Often half of an object, and no reader of an informer needs it.
        object.meta_mut().managed_fields = None;
        (self.trim)(object);
    }
}

impl<K: Resource + DeserializeOwned> Keep<K> {
    fn read(&self, text: &[u8]) -> watcher::Result<Arc<K>> {
        let read = |text: &[u8]| {
            let mut object = reflector::parse(text)?;
            self.trim(&mut object);
            Ok(object)
        };
        match &self.pool {
            Some(pool) => pool.read(text, read),
            None => Ok(Arc::new(read(text)?)),
        }
    }
}
