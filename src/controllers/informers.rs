//! The live copies that the controllers share, as a `SharedInformerFactory`. Must hold nothing that no controller reads:
//! with 10,000 pods this is the process's memory.

use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{
    ConfigMap, Endpoints, Namespace, Node, PersistentVolume, PersistentVolumeClaim, ReplicationController,
    ResourceQuota, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::runtime::watcher;
use kube::{Api, Resource};

use crate::base::tasks::Tasks;
use crate::client::informer::Informer;
use crate::client::object::{controller_of, uid_of};
use crate::client::pod::Pod;
use crate::client::pods::node_name;
use crate::client::pools::Pools;

/// Index by the managing owner's uid, or by namespace for those that have none (see [`orphans_of`]).
pub(super) const OWNER: &str = "owner";
/// Index of pods by node.
pub(super) const NODE: &str = "node";
/// Index of endpoint slices by `namespace/service`.
pub(super) const SERVICE: &str = "service";

/// The name of the `ConfigMap` with the cluster's CA in each namespace.
pub(super) const ROOT_CA: &str = "kube-root-ca.crt";
/// The name of the `ConfigMap` where a services' CA would be.
pub(super) const SERVICE_CA: &str = "openshift-service-ca.crt";

pub(super) struct Informers {
    pub pods: Informer<Pod>,
    pub nodes: Informer<Node>,
    pub node_leases: Informer<Lease>,
    pub replica_sets: Informer<ReplicaSet>,
    pub deployments: Informer<Deployment>,
    pub replication_controllers: Informer<ReplicationController>,
    pub daemon_sets: Informer<DaemonSet>,
    pub stateful_sets: Informer<StatefulSet>,
    pub revisions: Informer<ControllerRevision>,
    pub jobs: Informer<Job>,
    pub cron_jobs: Informer<CronJob>,
    pub services: Informer<Service>,
    pub endpoints: Informer<Endpoints>,
    pub slices: Informer<EndpointSlice>,
    pub namespaces: Informer<Namespace>,
    pub service_accounts: Informer<ServiceAccount>,
    pub root_cas: Informer<ConfigMap>,
    pub service_cas: Informer<ConfigMap>,
    pub resource_quotas: Informer<ResourceQuota>,
    pub claims: Informer<PersistentVolumeClaim>,
    pub budgets: Informer<PodDisruptionBudget>,
    pub autoscalers: Informer<HorizontalPodAutoscaler>,
    pub volumes: Informer<PersistentVolume>,
    pub classes: Informer<StorageClass>,
    pub certificate_requests: Informer<CertificateSigningRequest>,
    pub token_secrets: Informer<Secret>,
}

impl Informers {
    pub(super) fn start(client: &kube::Client, pools: &Pools, tasks: &Tasks) -> Self {
        let informers = Self {
            pods: Informer::default().indexed(OWNER, owner_index).indexed(NODE, by_node).pooled(pools.pods.clone()),
            nodes: Informer::default().pooled(pools.nodes.clone()),
            node_leases: Informer::default(),
            replica_sets: Informer::default().indexed(OWNER, owner_index),
            deployments: Informer::default(),
            replication_controllers: Informer::default(),
            daemon_sets: Informer::default(),
            stateful_sets: Informer::default(),
            revisions: Informer::default().indexed(OWNER, owner_index),
            jobs: Informer::default().indexed(OWNER, owner_index),
            cron_jobs: Informer::default(),
            services: Informer::default().pooled(pools.services.clone()),
            endpoints: Informer::default(),
            slices: Informer::default().indexed(SERVICE, by_service),
            namespaces: Informer::default(),
            service_accounts: Informer::default(),
            root_cas: Informer::default(),
            service_cas: Informer::default(),
            resource_quotas: Informer::default(),
            claims: Informer::default(),
            budgets: Informer::default(),
            autoscalers: Informer::default(),
            volumes: Informer::default(),
            classes: Informer::default(),
            certificate_requests: Informer::default(),
            token_secrets: Informer::default(),
        };
        informers.follow(client, tasks);
        informers
    }

    /// The same copies for one controller: what it subscribes to ends when its tasks stop.
    pub(super) fn scoped(&self, tasks: &Tasks) -> Self {
        Self {
            pods: self.pods.scoped(tasks),
            nodes: self.nodes.scoped(tasks),
            node_leases: self.node_leases.scoped(tasks),
            replica_sets: self.replica_sets.scoped(tasks),
            deployments: self.deployments.scoped(tasks),
            replication_controllers: self.replication_controllers.scoped(tasks),
            daemon_sets: self.daemon_sets.scoped(tasks),
            stateful_sets: self.stateful_sets.scoped(tasks),
            revisions: self.revisions.scoped(tasks),
            jobs: self.jobs.scoped(tasks),
            cron_jobs: self.cron_jobs.scoped(tasks),
            services: self.services.scoped(tasks),
            endpoints: self.endpoints.scoped(tasks),
            slices: self.slices.scoped(tasks),
            namespaces: self.namespaces.scoped(tasks),
            service_accounts: self.service_accounts.scoped(tasks),
            root_cas: self.root_cas.scoped(tasks),
            service_cas: self.service_cas.scoped(tasks),
            resource_quotas: self.resource_quotas.scoped(tasks),
            claims: self.claims.scoped(tasks),
            budgets: self.budgets.scoped(tasks),
            autoscalers: self.autoscalers.scoped(tasks),
            volumes: self.volumes.scoped(tasks),
            classes: self.classes.scoped(tasks),
            certificate_requests: self.certificate_requests.scoped(tasks),
            token_secrets: self.token_secrets.scoped(tasks),
        }
    }

    fn follow(&self, client: &kube::Client, tasks: &Tasks) {
        let all = watcher::Config::default;
        let named = |name: &str| all().fields(&format!("metadata.name={name}"));
        self.pods.start(Api::all(client.clone()), all(), tasks);
        self.nodes.start(Api::all(client.clone()), all(), tasks);
        self.node_leases.start(Api::namespaced(client.clone(), "kube-node-lease"), all(), tasks);
        self.replica_sets.start(Api::all(client.clone()), all(), tasks);
        self.deployments.start(Api::all(client.clone()), all(), tasks);
        self.replication_controllers.start(Api::all(client.clone()), all(), tasks);
        self.daemon_sets.start(Api::all(client.clone()), all(), tasks);
        self.stateful_sets.start(Api::all(client.clone()), all(), tasks);
        self.revisions.start(Api::all(client.clone()), all(), tasks);
        self.jobs.start(Api::all(client.clone()), all(), tasks);
        self.cron_jobs.start(Api::all(client.clone()), all(), tasks);
        self.services.start(Api::all(client.clone()), all(), tasks);
        self.endpoints.start(Api::all(client.clone()), all(), tasks);
        self.slices.start(Api::all(client.clone()), all(), tasks);
        self.namespaces.start(Api::all(client.clone()), all(), tasks);
        self.service_accounts.start(Api::all(client.clone()), all(), tasks);
        self.resource_quotas.start(Api::all(client.clone()), all(), tasks);
        self.claims.start(Api::all(client.clone()), all(), tasks);
        self.budgets.start(Api::all(client.clone()), all(), tasks);
        self.autoscalers.start(Api::all(client.clone()), all(), tasks);
        self.volumes.start(Api::all(client.clone()), all(), tasks);
        self.classes.start(Api::all(client.clone()), all(), tasks);
        self.certificate_requests.start(Api::all(client.clone()), all(), tasks);
        let tokens = all().fields("type=kubernetes.io/service-account-token");
        self.token_secrets.start(Api::all(client.clone()), tokens, tasks);
        self.root_cas.start(Api::all(client.clone()), named(ROOT_CA), tasks);
        self.service_cas.start(Api::all(client.clone()), named(SERVICE_CA), tasks);
    }
}

fn owner_index<K: Resource>(object: &K) -> Vec<String> {
    let meta = object.meta();
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    vec![controller_of(meta).map_or_else(|| orphans_of(namespace), |owner| owner.uid.clone())]
}

/// Where the [`OWNER`] index keeps the objects of a namespace that nobody manages.
pub(super) fn orphans_of(namespace: &str) -> String {
    format!("orphans/{namespace}")
}

fn by_node(pod: &Pod) -> Vec<String> {
    node_name(pod).map(Into::into).into_iter().collect()
}

fn by_service(slice: &EndpointSlice) -> Vec<String> {
    let meta = &slice.metadata;
    let service = meta.labels.as_ref().and_then(|labels| labels.get("kubernetes.io/service-name"));
    service.map(|name| format!("{}/{name}", meta.namespace.as_deref().unwrap_or_default())).into_iter().collect()
}

/// What an owner may manage: what it already does, and what nobody does.
pub(super) fn candidates<C: Resource, O: Resource>(children: &Informer<C>, owner: &O) -> Vec<std::sync::Arc<C>> {
    let namespace = owner.meta().namespace.as_deref().unwrap_or_default();
    let mut all = children.by_index(OWNER, uid_of(owner.meta()));
    all.extend(children.by_index(OWNER, &orphans_of(namespace)));
    all
}
