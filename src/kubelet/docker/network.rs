//! The one bridge network of a cluster, where every pod has its fixed address. Must not touch any other network.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use bollard::Docker;
use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};

use super::error::{Class, DockerError, classify, found, words};
use super::labels;

/// Linux allows 15 characters for an interface's name.
const BRIDGE_OPTION: &str = "com.docker.network.bridge.name";

/// The name of a cluster's network.
pub(super) fn name(cluster: &str) -> String {
    format!("timonel-{cluster}")
}

/// The engine's own address in a subnet: the last one, far from `ClusterIPs` (which grow from the first) and from pods.
///
/// `None` unless the subnet is IPv4 with a prefix of /24 or shorter.
pub(super) fn gateway(subnet: &str) -> Option<Ipv4Addr> {
    let (address, prefix) = subnet.split_once('/')?;
    let (address, prefix) = (address.parse::<Ipv4Addr>().ok()?, prefix.parse::<u32>().ok()?);
    if !(1..=24).contains(&prefix) {
        return None;
    }
    Some(Ipv4Addr::from(address.to_bits() | ((u32::MAX >> prefix) - 1)))
}

/// The address before the first worker's own: workers have the last 256 addresses of a subnet but for the engine's and
/// the proxy's, as far as they go.
pub(super) fn workers(subnet: &str) -> Option<Ipv4Addr> {
    gateway(subnet).map(|gateway| Ipv4Addr::from(gateway.to_bits() & !0xff))
}

/// Makes the cluster's network unless it is already there.
pub(super) async fn ensure(docker: &Docker, cluster: &str, subnet: &str) -> Result<(), DockerError> {
    let gateway = gateway(subnet).ok_or_else(|| DockerError::InvalidSubnet(subnet.into()))?;
    let name = name(cluster);
    if let Some(existing) = found(docker.inspect_network(&name, None).await)? {
        let configured = existing.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
        if configured.iter().any(|config| config.subnet.as_deref() == Some(subnet)) {
            return Ok(());
        }
        // The cluster was started before with another subnet; the engine refuses this while containers use it.
        docker.remove_network(&name).await?;
    }
    match docker.create_network(request(cluster, subnet, gateway)).await {
        Ok(_) => Ok(()),
        Err(error) if matches!(classify(&error), Class::Refused(_)) && overlaps(&words(&error)) => {
            Err(DockerError::SubnetTaken { subnet: subnet.into(), source: error })
        }
        Err(error) => Err(error.into()),
    }
}

/// The engine's words when a subnet is taken by another network of its own or by a route of the machine.
fn overlaps(words: &str) -> bool {
    ["overlaps", "conflicts with network", "address already in use"].iter().any(|sign| words.contains(sign))
}

fn request(cluster: &str, subnet: &str, gateway: Ipv4Addr) -> NetworkCreateRequest {
    let config =
        IpamConfig { subnet: Some(subnet.into()), gateway: Some(gateway.to_string()), ..IpamConfig::default() };
    let bridge: String = format!("tim-{cluster}").chars().take(15).collect();
    NetworkCreateRequest {
        name: name(cluster),
        driver: Some("bridge".into()),
        ipam: Some(Ipam { config: Some(vec![config]), ..Ipam::default() }),
        options: Some(HashMap::from([(BRIDGE_OPTION.into(), bridge)])),
        labels: Some(HashMap::from([(labels::CLUSTER.into(), cluster.into())])),
        ..NetworkCreateRequest::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_is_the_last_address() {
        assert_eq!(gateway("10.96.0.0/11"), Some(Ipv4Addr::new(10, 127, 255, 254)));
        assert_eq!(gateway("172.30.0.0/16"), Some(Ipv4Addr::new(172, 30, 255, 254)));
        for wrong in ["", "10.96.0.0", "10.96.0.0/25", "10.96.0.0/0", "fd00::/8", "10.96.0.0/x"] {
            assert_eq!(gateway(wrong), None, "{wrong}");
        }
        assert_eq!(workers("10.96.0.0/11"), Some(Ipv4Addr::new(10, 127, 255, 0)));
    }
}
