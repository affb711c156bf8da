//! What the parts of one cluster in this process hold together. Must only say what is left out of the copies.

use k8s_openapi::api::core::v1::{Node, PodSpec, Service};

use super::api_access;
use super::pod::Pod;
use super::pool::Pool;
use super::specs::Specs;

/// A copy for all of each pod, node and service: with ten thousand pods on a thousand workers, what is shared is most of a
/// process's memory. Clones share them.
#[derive(Clone)]
pub struct Pools {
    /// Without the volume that all have, which [`api_access::volumes`] gives back, nor who manages which field; those of
    /// one owner share their spec.
    pub pods: Pool<Pod>,
    /// Without who manages which field.
    pub nodes: Pool<Node>,
    /// As they are: each kubelet hears of all.
    pub services: Pool<Service>,
}

impl Default for Pools {
    fn default() -> Self {
        let specs = Specs::default();
        Self {
            pods: Pool::trimmed(move |it| pod(it, &specs)),
            nodes: Pool::trimmed(node),
            services: Pool::trimmed(|_| {}),
        }
    }
}

/// Leaves out what all have, and gives back what lists of a parsed pod keep for more items.
fn pod(pod: &mut Pod, specs: &Specs) {
    pod.metadata.managed_fields = None;
    pod.spec.iter_mut().for_each(api_access::leave_out);
    specs.share(pod, spec);
    fit(&mut pod.metadata.owner_references);
    if let Some(status) = &mut pod.status {
        fit(&mut status.conditions);
        fit(&mut status.container_statuses);
        fit(&mut status.init_container_statuses);
        fit(&mut status.ephemeral_container_statuses);
        fit(&mut status.pod_ips);
        fit(&mut status.host_ips);
    }
}

fn spec(spec: &mut PodSpec) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;

    fn written(name: &str, node: &str, access: &str) -> Value {
        let owner = json!({ "apiVersion": "v1", "kind": "K", "name": "o", "uid": "o", "controller": true });
        let mounts = json!([{ "name": access, "mountPath": "/x" }]);
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "name": name, "uid": name, "resourceVersion": "1", "ownerReferences": [owner] },
            "spec": {
                "nodeName": node,
                "containers": [{ "name": "c", "volumeMounts": mounts }],
                "volumes": [{ "name": "data", "emptyDir": {} }, api_access::volume(access)],
            },
        })
    }

    #[test]
    fn pods_made_alike_share_their_spec_and_are_written_whole() {
        let (pods, texts) =
            (Pools::default().pods, [("a", "n1", "kube-api-access-a"), ("b", "n2", "kube-api-access-b")]);
        let texts = texts.map(|(name, node, access)| written(name, node, access));
        let held = texts.clone().map(|text| pods.share(serde_json::from_value(text).unwrap()));
        let [first, second] = held.each_ref().map(|pod| pod.spec.as_ref().unwrap());
        assert!(Arc::ptr_eq(&first.shared, &second.shared));
        assert_eq!(held.map(|pod| serde_json::to_value(&*pod).unwrap()), texts);
    }
}
