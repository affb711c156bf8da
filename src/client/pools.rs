//! What the parts of one cluster in this process hold together. Must only say what is left out of the copies.

use k8s_openapi::api::core::v1::{Node, Pod, Service};

use super::api_access;
use super::pool::Pool;

/// A copy for all of each pod, node and service: with ten thousand pods on a thousand workers, what is shared is most of a
/// process's memory. Clones share them.
#[derive(Clone)]
pub struct Pools {
    /// Without the volume that all have; [`api_access::volumes`] gives it back.
    pub pods: Pool<Pod>,
    /// Without who manages which field.
    pub nodes: Pool<Node>,
    /// As they are: each kubelet hears of all.
    pub services: Pool<Service>,
}

impl Default for Pools {
    fn default() -> Self {
        Self { pods: Pool::trimmed(pod), nodes: Pool::trimmed(node), services: Pool::trimmed(|_| {}) }
    }
}

/// Leaves out what all have, and gives back what lists of a parsed pod keep for more items.
fn pod(pod: &mut Pod) {
    api_access::leave_out(pod);
    fit(&mut pod.metadata.owner_references);
    if let Some(spec) = &mut pod.spec {
        spec.containers.shrink_to_fit();
        for container in &mut spec.containers {
            fit(&mut container.env);
            fit(&mut container.ports);
            fit(&mut container.volume_mounts);
        }
        for projected in spec.volumes.iter_mut().flatten().filter_map(|volume| volume.projected.as_mut()) {
            fit(&mut projected.sources);
        }
        fit(&mut spec.tolerations);
        fit(&mut spec.volumes);
    }
    if let Some(status) = &mut pod.status {
        fit(&mut status.conditions);
        fit(&mut status.container_statuses);
        fit(&mut status.init_container_statuses);
        fit(&mut status.pod_ips);
        fit(&mut status.host_ips);
    }
}

fn node(node: &mut Node) {
    node.metadata.managed_fields = None;
    if let Some(status) = &mut node.status {
        fit(&mut status.addresses);
        fit(&mut status.conditions);
        fit(&mut status.images);
    }
}

fn fit<T>(list: &mut Option<Vec<T>>) {
    list.iter_mut().for_each(Vec::shrink_to_fit);
}
