//! The container that is kube-proxy and DNS for the pods of the engine: made from our executable, kept running, told of
//! the services on its standard input. Must not know what is in the lines that it carries.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bollard::container::AttachContainerResults;
use bollard::errors::Error as EngineError;
use bollard::query_parameters::AttachContainerOptions;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::io::AsyncWriteExt;

use super::error::{found, refused};
use super::guest_image::PROXY;
use super::{DockerRuntime, bodies, labels, network, state};
use crate::kubelet::runtime::RuntimeError;

/// Wait before the proxy is looked after again.
const RETRY: Duration = Duration::from_secs(1);

/// The workers that have an address in the pods' network: beyond are the proxy's own and the engine's.
const WORKERS: u32 = 250;

/// The lines that a proxy is told, from the first, each time that somebody speaks to it.
pub type Feed = Arc<dyn Fn() -> BoxStream<'static, Bytes> + Send + Sync>;

/// The name of a cluster's proxy.
fn name(cluster: &str) -> String {
    format!("timonel-proxy-{cluster}")
}

/// The proxy's own address in a subnet: the one before the engine's.
pub(super) fn address(subnet: &str) -> Option<Ipv4Addr> {
    network::gateway(subnet).map(|gateway| Ipv4Addr::from(gateway.to_bits() - 1))
}

impl DockerRuntime {
    /// Where the proxy, and DNS with it, is in the pods' network.
    #[must_use]
    pub fn proxy_address(&self) -> Option<IpAddr> {
        address(&self.config.subnet).map(IpAddr::from)
    }

    /// Where a worker itself is in the pods' network, as the proxy takes it for its own; `None` for one beyond those
    /// that have a place there.
    #[must_use]
    pub fn worker_address(&self, number: u32) -> Option<IpAddr> {
        let before = network::workers(&self.config.subnet)?;
        (1..=WORKERS).contains(&number).then(|| Ipv4Addr::from(before.to_bits() + number).into())
    }

    /// Keeps the proxy of a range of ClusterIPs running and told, until the task is stopped. The proxy itself goes on.
    pub async fn keep_proxy(self: Arc<Self>, services: String, feed: Feed) {
        loop {
            if let Err(error) = self.tell_proxy(&services, &feed).await {
                tracing::debug!(%error, "the service proxy does not run yet");
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Tells the proxy everything until it, or the engine, ends.
    async fn tell_proxy(&self, services: &str, feed: &Feed) -> Result<(), RuntimeError> {
        let refused = refused(RuntimeError::Other);
        let id = self.ensure_proxy(services).await?;
        let options = AttachContainerOptions { stream: true, stdin: true, stderr: true, ..Default::default() };
        let AttachContainerResults { mut output, mut input } =
            self.docker.attach_container(&id, Some(options)).await.map_err(refused)?;
        let mut lines = feed();
        loop {
            tokio::select! {
                line = lines.next() => {
                    let Some(line) = line else { return Ok(()) };
                    let written = async { input.write_all(&line).await.and(input.flush().await) }.await;
                    written.map_err(|error| RuntimeError::Unavailable(error.to_string()))?;
                }
                said = output.next() => match said {
                    Some(Ok(said)) => tracing::debug!("{}", said.to_string().trim_end()),
                    _ => return Ok(()),
                },
            }
        }
    }

    /// The proxy's id; one that was made otherwise, or ended, is made anew.
    async fn ensure_proxy(&self, services: &str) -> Result<String, RuntimeError> {
        let _turn = self.turn().await;
        let other = refused(RuntimeError::Other);
        let invalid = || RuntimeError::Other(format!("invalid subnet {}", self.config.subnet));
        let own = address(&self.config.subnet).ok_or_else(invalid)?;
        let (name, image) = (name(&self.config.cluster), self.guests.tag(PROXY).await?);
        let hash = format!("{image} {services} {own}");
        if let Some(existing) = found(self.docker.inspect_container(&name, None).await).map_err(&other)? {
            let same = labels::text(&state::own_labels(&existing), labels::HASH) == hash;
            if let Some(id) = existing.id.clone().filter(|_| same && state::is_running(&existing)) {
                return Ok(id);
            }
            self.force_remove(&name).await.map_err(&other)?;
        }
        let net = network::name(&self.config.cluster);
        let body = bodies::proxy(&self.config.cluster, &net, &image, &hash, [services, &own.to_string()]);
        let made: Result<String, EngineError> = self.run(Some(&name), body).await;
        made.map_err(other)
    }
}
