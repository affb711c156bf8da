//! Plays on a cluster that is there already and is reached by its kubeconfig. Must not be asked for what only a cluster
//! of one's own has.

use std::path::PathBuf;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::desk::{furnished, typed};
use crate::base::clock::Clock;
use crate::client;
use crate::kubectl::{Configured, Memory};
use crate::lessons::check::{Cluster, Clusters, Terminal, Wish};

/// The cluster of a kubeconfig, the same for each play.
#[derive(Clone, Debug)]
pub struct Visit {
    kubeconfig: PathBuf,
}

impl Visit {
    /// To the cluster in use of a kubeconfig.
    #[must_use]
    pub fn to(kubeconfig: PathBuf) -> Self {
        Self { kubeconfig }
    }
}

#[async_trait]
impl Clusters for Visit {
    async fn fresh(&self, wish: &Wish) -> Result<Box<dyn Cluster>, String> {
        let client = client::remote(Some(&self.kubeconfig), None).await.map_err(|error| error.to_string())?;
        let read = tokio::fs::read_to_string(&self.kubeconfig).await;
        let text = read.map_err(|error| format!("{}: {error}", self.kubeconfig.display()))?;
        let clock = Clock::new(wish.timing);
        Ok(Box::new(Guest { client, clock, world: Mutex::new(furnished(clock, text, wish)) }))
    }
}

/// Who plays there, with a terminal of their own.
struct Guest {
    client: kube::Client,
    clock: Clock,
    world: Mutex<Memory>,
}

#[async_trait]
impl Cluster for Guest {
    fn client(&self) -> kube::Client {
        self.client.clone()
    }

    fn clock(&self) -> Clock {
        self.clock
    }

    fn terminal(&self) -> Option<&dyn Terminal> {
        Some(self)
    }

    async fn stop(self: Box<Self>) {}
}

#[async_trait]
impl Terminal for Guest {
    async fn type_line(&self, line: &str) -> Result<String, String> {
        typed(line, &self.world, &Configured { missing: "no hay kubeconfig".into() }).await
    }
}
