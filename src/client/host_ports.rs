//! The ports of its node that a pod asks for. Must not do IO.

use k8s_openapi::api::core::v1::{Container, PodSpec};

/// A port of a node, as a container names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    ip: String,
    protocol: String,
    number: i32,
}

impl HostPort {
    /// Those of a pod's containers and sidecars (scheduler `util.GetHostPorts`).
    pub fn of(spec: &PodSpec) -> impl Iterator<Item = Self> {
        let stays = |container: &&Container| container.restart_policy.as_deref() == Some("Always");
        let sidecars = spec.init_containers.iter().flatten().filter(stays);
        let ports = spec.containers.iter().chain(sidecars).flat_map(|container| container.ports.iter().flatten());
        ports.filter_map(|port| {
            Some(Self {
                number: port.host_port.filter(|number| *number > 0)?,
                ip: port.host_ip.clone().filter(|ip| !ip.is_empty()).unwrap_or_else(|| EVERYWHERE.into()),
                protocol: port.protocol.clone().unwrap_or_else(|| "TCP".into()),
            })
        })
    }

    /// Whether only one of two pods may have it: every address takes a port from each single one (`HostPortInfo`).
    #[must_use]
    pub fn clashes(&self, other: &Self) -> bool {
        let addresses = self.ip == other.ip || self.ip == EVERYWHERE || other.ip == EVERYWHERE;
        self.number == other.number && self.protocol == other.protocol && addresses
    }
}

const EVERYWHERE: &str = "0.0.0.0";
