//! Which runtime runs the containers, and the network that goes with it. Must not talk to either.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use super::options::{Options, RuntimeChoice};
use super::troubles;
use crate::base::clock::Clock;
use crate::base::hints::Hint;
use crate::base::names::Names;
use crate::base::net::PodNet;
use crate::base::tasks::Tasks;
use crate::kubelet::docker::{self, DockerRuntime};
use crate::kubelet::embedded::Embedded;
use crate::kubelet::runtime::Runtime;
use crate::network::embedded::PodNetwork;
use crate::network::host::HostNetwork;
use crate::network::links::Links;
use crate::network::policy::Policies;
use crate::network::table::ServiceTable;

/// A runtime with its network.
pub struct Engine {
    pub runtime: Arc<dyn Runtime>,
    pub pods: Arc<dyn PodNet>,
    pub services: ServiceTable,
    /// The tunnels between workers.
    pub links: Links,
    /// The address of DNS, where there is one.
    pub dns: Option<IpAddr>,
    /// Where the server of DNS is, when it is not in the network in memory.
    pub dns_server: Option<IpAddr>,
    /// The `NetworkPolicies`, where the network heeds them.
    pub policies: Option<Policies>,
    /// Where pods get their addresses from.
    pub pod_cidr: (Ipv4Addr, u8),
    /// The own address of each worker, by number.
    pub workers: Arc<dyn Fn(u32) -> IpAddr + Send + Sync>,
}

const EMBEDDED_PODS: &str = "10.244.0.0/16";
const DOCKER_PODS: &str = "10.112.0.0/16";

/// Which runtime it will be: the asked one, the one that the stored cluster began with, or the best one here.
///
/// # Errors
/// When another one is asked for than the stored Nodes have their addresses from.
pub async fn settle(wanted: RuntimeChoice, stored: Option<RuntimeChoice>) -> Result<RuntimeChoice, Hint> {
    match (wanted, stored) {
        (RuntimeChoice::Auto, Some(stored)) => Ok(stored),
        (RuntimeChoice::Auto, None) if docker::available().await.is_ok() => Ok(RuntimeChoice::Docker),
        (RuntimeChoice::Auto, None) => Ok(RuntimeChoice::Embedded),
        (wanted, Some(stored)) if wanted != stored => Err(troubles::other_runtime(wanted.word(), stored.word())),
        (wanted, _) => Ok(wanted),
    }
}

impl Engine {
    /// The runtime that the options ask for, once [`settle`]d.
    pub async fn open(
        options: &Options,
        cluster_id: &str,
        clock: Clock,
        names: &Arc<Names>,
        tasks: &Tasks,
    ) -> Result<Self, Hint> {
        match options.runtime {
            RuntimeChoice::Docker => Self::docker(options, cluster_id, clock, tasks).await,
            RuntimeChoice::Embedded | RuntimeChoice::Auto => Self::embedded(options, clock, names, tasks),
        }
    }

    fn embedded(options: &Options, clock: Clock, names: &Arc<Names>, tasks: &Tasks) -> Result<Self, Hint> {
        let services = ServiceTable::default();
        let policies = Policies::default();
        let network = PodNetwork::new(services.clone()).under(policies.clone());
        let links = network.links();
        let pods: Arc<dyn PodNet> = Arc::new(network);
        let runtime = Arc::new(Embedded::new(Arc::clone(&pods), clock, Arc::clone(names), tasks));
        let dns = dns_address(&options.service_cidr);
        let pod_cidr = pod_cidr(options, EMBEDDED_PODS)?;
        let (workers, policies) = (Arc::new(virtual_address), Some(policies));
        Ok(Self { runtime, pods, services, links, dns, dns_server: None, policies, pod_cidr, workers })
    }

    async fn docker(options: &Options, cluster_id: &str, clock: Clock, tasks: &Tasks) -> Result<Self, Hint> {
        for (flag, range) in [
            ("--service-cidr", &*options.service_cidr),
            ("--pod-cidr", options.pod_cidr.as_deref().unwrap_or(DOCKER_PODS)),
        ] {
            if !docker::contains(&options.docker_subnet, range) {
                return Err(troubles::outside(flag, range, &options.docker_subnet));
            }
        }
        let services = ServiceTable::default();
        let mut config = docker::Config::new(cluster_id, volumes(&options.data_dir));
        config.subnet.clone_from(&options.docker_subnet);
        config.executable = options.executable.clone().unwrap_or(config.executable);
        let runtime = DockerRuntime::connect(config, clock, tasks).await.map_err(|error| error.hint())?;
        let runtime = Arc::new(runtime);
        let workers: Vec<String> = (1..=options.workers).map(|number| format!("worker-{number}")).collect();
        if let Err(error) = runtime.remove_other_nodes(&workers).await {
            tracing::warn!(%error, "the pods of workers that are no more could not be removed");
        }
        let (links, lines) = (Links::default(), services.clone());
        let feed: docker::Feed = Arc::new(move || lines.lines());
        tasks.spawn(Arc::clone(&runtime).keep_proxy(options.service_cidr.clone(), feed));
        tasks.spawn(keep_tunnels(Arc::clone(&runtime), services.clone(), links.clone()));
        Ok(Self {
            dns: dns_address(&options.service_cidr),
            dns_server: runtime.proxy_address(),
            policies: None,
            pods: Arc::new(HostNetwork::new(services.clone())),
            workers: in_engine(&runtime),
            runtime,
            services,
            links,
            pod_cidr: pod_cidr(options, DOCKER_PODS)?,
        })
    }
}

/// In memory workers have addresses of a private range where nobody listens.
fn virtual_address(number: u32) -> IpAddr {
    Ipv4Addr::from(Ipv4Addr::new(192, 168, 0, 0).to_bits() + number).into()
}

/// In an engine they are in the pods' network, as far as there is room.
fn in_engine(runtime: &Arc<DockerRuntime>) -> Arc<dyn Fn(u32) -> IpAddr + Send + Sync> {
    let runtime = Arc::clone(runtime);
    Arc::new(move |number| runtime.worker_address(number).unwrap_or_else(|| virtual_address(number)))
}

/// Carries out in the engine what is done to the tunnels between workers.
async fn keep_tunnels(runtime: Arc<DockerRuntime>, services: ServiceTable, links: Links) {
    let mut changes = links.follow();
    while let Some((one, other, condition)) = changes.recv().await {
        services.tunnel(&one, &other, condition.cut);
        for (from, to) in [(&one, &other), (&other, &one)] {
            let Some(range) = services.pods_of(to) else { continue };
            if let Err(error) = runtime.cut(from, &range, condition.cut).await {
                tracing::warn!(%error, "the tunnel from {from} to {to} could not be changed");
            }
        }
    }
}

/// Where the files of pods in a container engine are kept.
#[must_use]
pub fn volumes(data_dir: &Path) -> std::path::PathBuf {
    data_dir.join("docker")
}

/// The tenth address of the services' range, as kubeadm gives it to DNS.
fn dns_address(services: &str) -> Option<IpAddr> {
    parse_range(services).map(|(first, _)| Ipv4Addr::from(u32::from(first) + 10).into())
}

fn pod_cidr(options: &Options, default: &str) -> Result<(Ipv4Addr, u8), Hint> {
    let text = options.pod_cidr.as_deref().unwrap_or(default);
    parse_range(text).filter(|(_, prefix)| *prefix <= 24).ok_or_else(|| troubles::range("--pod-cidr", text))
}

/// `10.244.0.0/16` → address and prefix length.
pub fn parse_range(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, prefix) = text.split_once('/')?;
    Some((address.parse().ok()?, prefix.parse().ok().filter(|prefix| *prefix <= 32)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stored_cluster_stays_in_its_runtime() {
        use RuntimeChoice::{Auto, Docker, Embedded};
        for stored in [Embedded, Docker] {
            assert_eq!(settle(Auto, Some(stored)).await.unwrap(), stored);
            assert_eq!(settle(stored, Some(stored)).await.unwrap(), stored);
        }
        let refused = settle(Docker, Some(Embedded)).await.unwrap_err().to_string();
        assert!(refused.contains("--runtime embedded") && refused.contains("--data-dir"), "{refused}");
        assert_eq!(settle(Embedded, None).await.unwrap(), Embedded);
    }
}
