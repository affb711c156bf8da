//! The server itself: what it is made of and how connections reach it. Must not answer requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use http::{Extensions, HeaderMap, StatusCode, Version};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore};
use tower_http::compression::CompressionLayer;

use super::access::Access;
use super::audit::Audit;
use super::authz::Graph;
use super::gate::Gate;
use super::nodes::Nodes;
use super::pki::{Pki, PkiError};
use super::respond::Compressible;
use super::tokens::Tokens;
use super::usage::Samples;
use super::{Meta, bootstrap, dispatch, listen};
use crate::base::clock::Clock;
use crate::base::names::Names;
use crate::base::net::PodNet;
use crate::base::pipe::Listener;
use crate::base::tasks::Tasks;
use crate::store::{Limits, Store};

/// Writes that are worked on at once; more of them wait in order, as bytes. An object that is being written is there
/// several times over, parsed, and thousands of kubelets may write in the same second. Fewer than kube-apiserver's
/// `--max-mutating-requests-inflight` (200): nothing here waits for a network.
const MAX_WRITES: usize = 64;

/// What an API server is made of.
pub struct Config {
    /// Where objects live.
    pub store: Store<Meta>,
    /// The time of timestamps and time-outs.
    pub clock: Clock,
    /// Uids and generated names.
    pub names: Arc<Names>,
    /// The way to pods, for proxies.
    pub pods: Arc<dyn PodNet>,
    /// What the server signs tokens with; without it there are none.
    pub pki: Option<Arc<Pki>>,
    /// Addresses of Services, such as `10.96.0.0/12`.
    pub service_cidr: String,
}

/// The API server. Clones are the same server.
#[derive(Clone)]
pub struct ApiServer(Arc<Parts>);

/// What the handlers use.
pub struct Parts {
    pub(super) store: Store<Meta>,
    /// Where the switchboard's own objects live: no part of the cluster.
    pub(super) board: Store<Meta>,
    pub(super) gate: Gate,
    pub(super) clock: Clock,
    pub(super) names: Arc<Names>,
    pub(super) pods: Arc<dyn PodNet>,
    pub(super) service_cidr: String,
    pub(super) tokens: Tokens,
    pub(super) access: Access,
    pub(super) nodes: Nodes,
    /// Where other components of the control plane are reached.
    pub(super) peers: Nodes,
    /// Connections to kubelets and pods.
    pub(super) tasks: Tasks,
    pub(super) audit: Audit,
    /// The last measures of containers.
    pub(super) usage: Samples,
    /// What the pods of each node use.
    pub(super) graph: Graph,
    ready: AtomicBool,
    /// Held while an address or a quota is taken, so that two writes never take the same.
    pub(super) allocation: Mutex<()>,
    /// Held by each write from its body to its answer.
    pub(super) writing: Semaphore,
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.tasks.cancel();
    }
}

impl std::ops::Deref for ApiServer {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiServer")
    }
}

impl ApiServer {
    /// A server over a store, where the roles decide.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::with_access(config, Access::default())
    }

    /// As [`ApiServer::new`], with other ways to know people and to decide for them.
    #[must_use]
    pub fn with_access(config: Config, access: Access) -> Self {
        let tasks = Tasks::new();
        Self(Arc::new(Parts {
            store: config.store,
            board: Store::in_memory(Limits { history_events: 2000, ..Limits::default() }, &tasks),
            gate: Gate::default(),
            clock: config.clock,
            names: config.names,
            pods: config.pods,
            service_cidr: config.service_cidr,
            tokens: Tokens::new(config.pki.map(|pki| Arc::clone(&pki.tokens))),
            access,
            nodes: Nodes::default(),
            peers: Nodes::default(),
            tasks,
            audit: Audit::default(),
            usage: Samples::default(),
            graph: Graph::default(),
            ready: AtomicBool::new(false),
            allocation: Mutex::new(()),
            writing: Semaphore::new(MAX_WRITES),
        }))
    }

    /// Creates the objects that every cluster starts with, where they are missing.
    ///
    /// # Errors
    /// When the store refuses a write.
    pub async fn bootstrap(&self) -> Result<(), super::ApiError> {
        bootstrap::run(self).await?;
        self.ready.store(true, Ordering::Release);
        Ok(())
    }

    /// The whole API; connections put the caller's [`crate::base::pipe::Identity`] into the request's extensions.
    pub fn router(&self) -> Router {
        Router::new().fallback(dispatch::serve).with_state(self.clone())
    }

    /// Serves our own components over the in-memory pipe until the tasks stop.
    pub fn serve_pipe(&self, listener: Listener, tasks: &Tasks) {
        listen::serve_pipe(listener, self.router(), tasks);
    }

    /// Serves everybody else over TLS until the tasks stop; large answers are compressed for those who accept it.
    ///
    /// # Errors
    /// When the certificates make no TLS configuration.
    pub fn serve_tls(&self, listener: TcpListener, pki: &Pki, tasks: &Tasks) -> Result<(), PkiError> {
        let large =
            |_: StatusCode, _: Version, _: &HeaderMap, marks: &Extensions| marks.get::<Compressible>().is_some();
        let router = self.router().layer(CompressionLayer::new().compress_when(large));
        let (server, address) = (self.clone(), listener.local_addr().ok());
        listen::serve_tls(listener, pki.server_config()?, router, tasks);
        tasks.spawn(async move {
            let Some(address) = address else { return };
            if let Err(error) = bootstrap::advertise(&server, address).await {
                tracing::warn!(%error, "cannot write the endpoints of the kubernetes service");
            }
        });
        Ok(())
    }

    /// Whether the objects that every cluster starts with are there.
    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Where kubelets say how they are reached.
    #[must_use]
    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// Where other components of the control plane say how they are reached.
    #[must_use]
    pub fn peers(&self) -> &Nodes {
        &self.peers
    }

    /// Where objects live, for whoever puts the cluster together (snapshots, time travel).
    #[must_use]
    pub fn store(&self) -> &Store<Meta> {
        &self.store
    }

    /// The switches of the store and of the server itself.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// What was asked of the server.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.audit
    }
}
