//! ConfigMaps, Secrets and tokens that pods refer to, fetched with a short memory. Must not decide what is missing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolume, PersistentVolumeClaim, Secret, ServiceAccount};
use kube::api::PostParams;
use kube::{Api, Resource};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;

use super::pod::spec;
use crate::base::clock::Clock;
use crate::client::on_demand::OnDemand;
use crate::client::pod::Pod;
use crate::client::volumes::bound_to;

/// How long an answer is good for: many pods of one template start together.
const FRESH: Duration = Duration::from_secs(1);

/// What a pod refers to, as it is now; a missing object is a `None`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) config_maps: BTreeMap<String, Option<Arc<ConfigMap>>>,
    pub(crate) secrets: BTreeMap<String, Option<Arc<Secret>>>,
    /// The volume that each claim has; none where the claim is not there or has none.
    pub(crate) volumes: BTreeMap<String, Option<PersistentVolume>>,
    /// The pod's token, if it wants one and the server gives one.
    pub(crate) token: Option<Bytes>,
}

/// Names of what is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) config_maps: BTreeSet<String>,
    pub(crate) secrets: BTreeSet<String>,
    pub(crate) claims: BTreeSet<String>,
    /// Life of the wanted token in seconds.
    pub(crate) token: Option<i64>,
}

type Cache<K> = Mutex<HashMap<(String, String), (Timestamp, Option<Arc<K>>)>>;

/// The kubelet's reader of what pods refer to.
pub(crate) struct Reader {
    clients: OnDemand,
    clock: Clock,
    config_maps: Cache<ConfigMap>,
    secrets: Cache<Secret>,
}

impl Reader {
    pub(crate) fn new(clients: OnDemand, clock: Clock) -> Self {
        Self { clients, clock, config_maps: Cache::default(), secrets: Cache::default() }
    }

    /// Everything wanted for a pod, as it is now.
    pub(crate) async fn read(&self, pod: &Pod, wanted: &Wanted) -> kube::Result<Sources> {
        let namespace = spec::id(pod).namespace;
        let mut sources = Sources::default();
        for name in &wanted.config_maps {
            sources.config_maps.insert(name.clone(), self.get(&self.config_maps, &namespace, name).await?);
        }
        for name in &wanted.secrets {
            sources.secrets.insert(name.clone(), self.get(&self.secrets, &namespace, name).await?);
        }
        for name in &wanted.claims {
            sources.volumes.insert(name.clone(), self.volume(&namespace, name).await?);
        }
        if let Some(seconds) = wanted.token {
            sources.token = self.token(pod, &namespace, seconds).await?;
        }
        Ok(sources)
    }

    async fn get<K>(&self, cache: &Cache<K>, namespace: &str, name: &str) -> kube::Result<Option<Arc<K>>>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let (key, now) = ((namespace.to_owned(), name.to_owned()), self.clock.now());
        let fresh = SignedDuration::try_from(FRESH).unwrap_or_default();
        if let Some((at, object)) = cache.lock().get(&key).filter(|(at, object)| object.is_some() && *at + fresh > now)
        {
            let _ = at;
            return Ok(object.clone());
        }
        let object = Api::<K>::namespaced(self.clients.client(), namespace).get_opt(name).await?.map(Arc::new);
        let mut cache = cache.lock();
        cache.retain(|_, (at, _)| *at + fresh > now);
        cache.insert(key, (now, object.clone()));
        Ok(object)
    }

    /// The volume that a claim has.
    async fn volume(&self, namespace: &str, claim: &str) -> kube::Result<Option<PersistentVolume>> {
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(self.clients.client(), namespace);
        let Some(claim) = claims.get_opt(claim).await? else { return Ok(None) };
        let Some(name) = bound_to(&claim) else { return Ok(None) };
        Api::all(self.clients.client()).get_opt(name).await
    }

    async fn token(&self, pod: &Pod, namespace: &str, seconds: i64) -> kube::Result<Option<Bytes>> {
        let account = spec::spec(pod).service_account_name.clone().unwrap_or_else(|| "default".into());
        let id = spec::id(pod);
        let bound = BoundObjectReference {
            api_version: Some("v1".into()),
            kind: Some("Pod".into()),
            name: Some(id.name),
            uid: Some(id.uid),
        };
        let request = TokenRequest {
            spec: Some(TokenRequestSpec {
                expiration_seconds: Some(seconds),
                bound_object_ref: Some(bound),
                ..TokenRequestSpec::default()
            }),
            ..TokenRequest::default()
        };
        let api: Api<ServiceAccount> = Api::namespaced(self.clients.client(), namespace);
        match api.create_token_request(&account, &PostParams::default(), &request).await {
            Ok(granted) => Ok(granted.status.and_then(|status| status.token).map(Bytes::from)),
            // A server that gives no tokens leaves the file out rather than the pod waiting.
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 405 | 501) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
