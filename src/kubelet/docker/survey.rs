//! What an engine has that matters before a cluster starts, for `timonel doctor`. Must not change anything.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use bollard::query_parameters::ListNetworksOptions;

use super::error::DockerError;
use super::{engine, labels, state};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The engine's version.
    pub version: String,
    /// Its networks: name, subnet, and the cluster whose it is, if it is one of ours.
    pub networks: Vec<(String, String, Option<String>)>,
    /// How many containers each cluster has.
    pub clusters: BTreeMap<String, usize>,
}

impl Survey {
    /// The networks that a subnet overlaps with, but for a cluster's own.
    #[must_use]
    pub fn conflicts(&self, subnet: &str, own: Option<&str>) -> Vec<String> {
        let foreign = self.networks.iter().filter(|(_, _, cluster)| own.is_none() || cluster.as_deref() != own);
        let taken = foreign.filter(|(_, other, _)| overlap(subnet, other));
        taken.map(|(name, other, _)| format!("{name} ({other})")).collect()
    }
}

/// Looks at the engine.
///
/// # Errors
/// Why there is none to look at.
pub async fn survey() -> Result<Survey, DockerError> {
    let engine::Engine { docker, version, .. } = engine::connect_to(&engine::host()).await?;
    let listed = docker.list_networks(None::<ListNetworksOptions>).await?;
    let networks = listed.into_iter().flat_map(|network| {
        let cluster = network.labels.unwrap_or_default().get(labels::CLUSTER).cloned();
        let name = network.name.unwrap_or_default();
        let subnets =
            network.ipam.and_then(|ipam| ipam.config).into_iter().flatten().filter_map(|config| config.subnet);
        subnets.map(|subnet| (name.clone(), subnet, cluster.clone())).collect::<Vec<_>>()
    });
    let networks = networks.collect();
    let mut clusters = BTreeMap::new();
    for container in state::any_containers(&docker).await? {
        let cluster = labels::text(&container.labels.unwrap_or_default(), labels::CLUSTER);
        *clusters.entry(cluster).or_default() += 1;
    }
    Ok(Survey { version, networks, clusters })
}

/// Whether an IPv4 network lies wholly in another.
#[must_use]
pub fn contains(whole: &str, part: &str) -> bool {
    let bits = |text: &str| text.split_once('/').and_then(|(_, bits)| bits.parse::<u8>().ok());
    overlap(whole, part) && bits(whole) <= bits(part)
}

/// Whether two IPv4 networks share an address; what is no IPv4 network shares none.
#[must_use]
pub fn overlap(one: &str, other: &str) -> bool {
    let range = |text: &str| -> Option<(u32, u32)> {
        let (first, bits) = text.split_once('/')?;
        let (first, bits) = (first.parse::<Ipv4Addr>().ok()?.to_bits(), bits.parse::<u32>().ok()?);
        let size = u32::MAX.checked_shr(bits).unwrap_or(0);
        Some((first & !size, first | size))
    };
    let (Some((first, last)), Some((begin, end))) = (range(one), range(other)) else { return false };
    first <= end && begin <= last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_overlap_when_they_share_an_address() {
        assert!(overlap("10.96.0.0/11", "10.100.3.0/24") && overlap("10.100.3.0/24", "10.96.0.0/11"));
        assert!(contains("10.96.0.0/11", "10.112.0.0/16") && !contains("10.112.0.0/16", "10.96.0.0/11"));
        assert!(!overlap("10.96.0.0/11", "10.128.0.0/16") && !overlap("10.96.0.0/11", "fd00::/8"));
    }

    #[test]
    fn a_clusters_own_network_is_no_conflict() {
        let networks = vec![
            ("timonel-a".into(), "10.96.0.0/11".into(), Some("a".into())),
            ("bridge".into(), "172.17.0.0/16".into(), None),
        ];
        let survey = Survey { networks, ..Survey::default() };
        assert!(survey.conflicts("10.96.0.0/11", Some("a")).is_empty());
        assert_eq!(survey.conflicts("10.96.0.0/11", Some("b")), ["timonel-a (10.96.0.0/11)"]);
        assert_eq!(survey.conflicts("172.16.0.0/12", None), ["bridge (172.17.0.0/16)"]);
    }
}
