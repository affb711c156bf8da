//! Tells in each `ResourceQuota` what its namespace uses. Must not refuse anything: admission does.
//!
//! Pods, services and claims are looked at whole; of any other kind that a quota counts, only how many there are,
//! and it is followed only once some quota counts it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaStatus};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Wire;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DynamicObject, PartialObjectMeta, PostParams};
use kube::discovery::{ApiResource, Scope, verbs};
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Discovery, Resource};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{Manager, Outcome, unless_gone};
use crate::base::quantity::Quantity;
use crate::client::informer::{Change, Informer};
use crate::client::object::{Key, is_deleting};
use crate::client::pod::Pod;
use crate::client::pods::is_terminal;
use crate::client::queue::{Next, Queue};
use crate::kinds::quota::{self, Amounts};

/// Reconciles at once (`--concurrent-resource-quota-syncs`).
const WORKERS: usize = 5;
/// How often everything is counted anew (`--resource-quota-sync-period`).
const RESYNC: Duration = Duration::from_secs(300);

type Metadata = PartialObjectMeta<DynamicObject>;

struct Counter {
    manager: Arc<Manager>,
    queue: Queue<Key>,
    /// The kinds of which only the number of objects counts, by their qualified plural.
    others: Mutex<HashMap<String, Informer<Metadata>>>,
}

pub(super) async fn run(manager: Arc<Manager>) {
    let queue = manager.queue();
    let counter = Arc::new(Counter { manager: manager.clone(), queue: queue.clone(), others: Mutex::default() });
    let informers = &manager.informers;
    informers.resource_quotas.wait_synced().await;
    informers.pods.wait_synced().await;
    informers.services.wait_synced().await;
    informers.claims.wait_synced().await;
    let keys = queue.clone();
    informers.resource_quotas.on_change(move |change| keys.add(Key::of(&**change.object())));
    counter.recount_on(&informers.pods, matters);
    counter.recount_on(&informers.services, |_| true);
    counter.recount_on(&informers.claims, |_| true);
    queue.run(WORKERS, |key| counter.reconcile(key)).await;
}

/// Whether a change of a pod may change what it counts for.
fn matters(change: &Change<Pod>) -> bool {
    let Change::Updated { old, new } = change else { return true };
    let state = |pod: &Pod| (is_terminal(pod), is_deleting(&pod.metadata));
    state(old) != state(new) || old.spec != new.spec
}

impl Counter {
    /// Looks at the quotas of a namespace whenever something in it changes.
    fn recount_on<K>(self: &Arc<Self>, informer: &Informer<K>, matters: fn(&Change<K>) -> bool)
    where
        K: Resource + Send + Sync + 'static,
    {
        let (quotas, keys) = (self.manager.informers.resource_quotas.clone(), self.queue.clone());
        informer.on_change(move |change| {
            let namespace = change.object().meta().namespace.as_deref().unwrap_or_default();
            let concerned = quotas.in_namespace(namespace);
            if !concerned.is_empty() && matters(change) {
                keys.add_all(concerned.iter().map(|quota| Key::of(&**quota)));
            }
        });
    }

    async fn reconcile(self: &Arc<Self>, key: Key) -> Outcome {
        let Some(quota) = self.manager.informers.resource_quotas.get(&key) else { return Ok(Next::Done) };
        let used = self.used(&quota, &key.namespace).await?;
        if let Some(updated) = plan(&quota, &used) {
            let api: Api<ResourceQuota> = Api::namespaced(self.manager.client.clone(), &key.namespace);
            unless_gone(api.replace_status(&key.name, &PostParams::default(), &updated).await)?;
        }
        Ok(Next::After(self.manager.clock.timing.scale(RESYNC)))
    }

    /// What the namespace uses of what a quota limits and somebody counts.
    async fn used(self: &Arc<Self>, quota: &ResourceQuota, namespace: &str) -> kube::Result<Amounts> {
        let value = value_of(quota);
        let hard = quota::hard(&value);
        let mut by_resource: BTreeMap<quota::Resource, Amounts> = BTreeMap::new();
        for (name, of) in hard.keys().filter_map(|name| Some((name, quota::counted(name)?))) {
            by_resource.entry(of).or_default().insert(name.clone(), Quantity::default());
        }
        let mut used = Amounts::new();
        for (of, mut total) in by_resource {
            let Some(objects) = self.objects(of, namespace).await? else { continue };
            for object in objects.iter().filter(|object| quota::covers(&value, of, object)) {
                quota::add(&mut total, &quota::usage(of, object, self.manager.clock.now()));
            }
            used.extend(total);
        }
        Ok(used)
    }

    /// The objects of a kind in a namespace, those of most kinds without content; `None` for a kind that is not served.
    async fn objects(self: &Arc<Self>, of: quota::Resource<'_>, namespace: &str) -> kube::Result<Option<Vec<Value>>> {
        let informers = &self.manager.informers;
        Ok(match (of.group, of.plural) {
            ("", "pods") => Some(values(&informers.pods, namespace)),
            ("", "services") => Some(values(&informers.services, namespace)),
            ("", "persistentvolumeclaims") => Some(values(&informers.claims, namespace)),
            _ => self.followed(of).await?.map(|all| vec![Value::Null; all.in_namespace(namespace).len()]),
        })
    }

    /// The live copy of a kind's metadata, begun by the first quota that counts it.
    async fn followed(self: &Arc<Self>, of: quota::Resource<'_>) -> kube::Result<Option<Informer<Metadata>>> {
        let mut others = self.others.lock().await;
        if let Some(informer) = others.get(&of.qualified()) {
            return Ok(Some(informer.clone()));
        }
        let Some(resource) = discover(&self.manager.client, of).await? else { return Ok(None) };
        let informer: Informer<Metadata> = Informer::default().trimmed(only_identity);
        let api: Api<Metadata> = Api::all_with(self.manager.client.clone(), &resource);
        self.manager.tasks.spawn(informer.clone().follow(watcher(api, watcher::Config::default())));
        informer.wait_synced().await;
        self.recount_on(&informer, |change| !matches!(change, Change::Updated { .. }));
        others.insert(of.qualified(), informer.clone());
        Ok(Some(informer))
    }
}

async fn discover(client: &kube::Client, of: quota::Resource<'_>) -> kube::Result<Option<ApiResource>> {
    let discovery = Discovery::new(client.clone()).filter(&[of.group]).run().await?;
    let mut all = discovery.groups().flat_map(kube::discovery::ApiGroup::recommended_resources);
    let found = all.find(|(resource, can)| {
        let quotable = [verbs::LIST, verbs::WATCH, verbs::CREATE, verbs::DELETE];
        resource.group == of.group
            && resource.plural == of.plural
            && can.scope == Scope::Namespaced
            && quotable.iter().all(|verb| can.supports_operation(verb))
    });
    Ok(found.map(|(resource, _)| resource))
}

fn only_identity(object: &mut Metadata) {
    let ObjectMeta { name, namespace, uid, resource_version, .. } = std::mem::take(&mut object.metadata);
    object.metadata = ObjectMeta { name, namespace, uid, resource_version, ..ObjectMeta::default() };
}

fn values<K: Resource + Serialize + Debug>(informer: &Informer<K>, namespace: &str) -> Vec<Value> {
    informer.in_namespace(namespace).iter().map(|object| value_of(&**object)).collect()
}

fn value_of(object: &impl Serialize) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

/// The quota with its status as it should be; `None` when it is.
fn plan(quota: &ResourceQuota, used: &Amounts) -> Option<ResourceQuota> {
    let hard = quota.spec.as_ref().and_then(|spec| spec.hard.clone()).unwrap_or_default();
    let used: BTreeMap<_, _> = used.iter().map(|(name, amount)| (name.clone(), Wire(amount.to_string()))).collect();
    let some = |map: BTreeMap<String, Wire>| (!map.is_empty()).then_some(map);
    let status = ResourceQuotaStatus { hard: some(hard), used: some(used) };
    let told = quota.status.clone().unwrap_or_default();
    (told != status).then(|| ResourceQuota { status: Some(status), ..quota.clone() })
}
