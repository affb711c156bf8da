//! The labels on everything that we make in the engine. Must not be bypassed: what lacks them is not ours to touch.

use std::collections::HashMap;

use crate::kubelet::runtime::PodId;

/// Which cluster a container, network or volume belongs to.
pub(super) const CLUSTER: &str = "dev.timonel.cluster";
/// Which virtual node it belongs to.
pub(super) const NODE: &str = "dev.timonel.node";
/// [`PAUSE`], [`CONTAINER`], [`PROXY`] or [`ROUTE`].
pub(super) const ROLE: &str = "dev.timonel.role";
/// The restart count.
pub(super) const ATTEMPT: &str = "dev.timonel.attempt";
/// The hash of the container's spec.
pub(super) const HASH: &str = "dev.timonel.hash";
/// The image reference as the spec writes it.
pub(super) const IMAGE: &str = "dev.timonel.image";
/// `true` when the end of a failed container's log is its termination message.
pub(super) const MESSAGE_FROM_LOG: &str = "dev.timonel.message-from-log";
/// On a pause container: what its volumes are called in the engine, as JSON.
pub(super) const VOLUMES: &str = "dev.timonel.volumes";
/// On a pause container: the pod's names of its empty volumes, in the order in which it has them, as JSON.
pub(super) const EMPTY: &str = "dev.timonel.empty";
/// On the only container of a pod without a pause container: what the pod was promised, as JSON.
pub(super) const SANDBOX: &str = "dev.timonel.sandbox";
/// On our images: the digest of the layer that they are made of.
pub(super) const GUEST: &str = "dev.timonel.guest";

/// The role of the container that owns a pod's network.
pub(super) const PAUSE: &str = "pause";
/// The role of the container that is the service proxy.
pub(super) const PROXY: &str = "proxy";
/// The role of a container that changes the routes of a pod without a pause container, and ends.
pub(super) const ROUTE: &str = "route";
/// The role of a pod's own containers.
pub(super) const CONTAINER: &str = "container";

// The kubelet's own labels, which tools know (kubelet `types/labels.go`).
pub(super) const POD_NAME: &str = "io.kubernetes.pod.name";
pub(super) const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";
pub(super) const POD_UID: &str = "io.kubernetes.pod.uid";
pub(super) const CONTAINER_NAME: &str = "io.kubernetes.container.name";

/// Labels as the engine answers them.
pub(super) type Labels = HashMap<String, String>;

/// What every container of a pod carries.
pub(super) fn of_pod(cluster: &str, pod: &PodId, role: &str) -> Labels {
    [
        (CLUSTER, cluster),
        (NODE, &pod.node),
        (ROLE, role),
        (POD_NAME, &pod.name),
        (POD_NAMESPACE, &pod.namespace),
        (POD_UID, &pod.uid),
    ]
    .into_iter()
    .map(|(key, value)| (key.into(), value.into()))
    .collect()
}

/// The pod that labels speak of.
pub(super) fn pod(labels: &Labels) -> PodId {
    PodId {
        uid: text(labels, POD_UID),
        namespace: text(labels, POD_NAMESPACE),
        name: text(labels, POD_NAME),
        node: text(labels, NODE),
    }
}

/// Whether a label is `true`.
pub(super) fn flag(labels: &Labels, key: &str) -> bool {
    labels.get(key).is_some_and(|value| value == "true")
}

/// A label's value; empty when it is absent.
pub(super) fn text(labels: &Labels, key: &str) -> String {
    labels.get(key).cloned().unwrap_or_default()
}

/// An engine filter for things that carry all these labels.
pub(super) fn filter(wanted: &[(&str, &str)]) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".into(), wanted.iter().map(|(key, value)| format!("{key}={value}")).collect())])
}

/// A container's name, as the kubelet always formed it: `k8s_<container>_<pod>_<namespace>_<uid>_<attempt>`.
pub(super) fn container_name(container: &str, pod: &PodId, attempt: u32) -> String {
    format!("k8s_{container}_{}_{}_{}_{attempt}", pod.name, pod.namespace, pod.uid)
}

/// The name of a pod's pause container.
pub(super) fn pause_name(pod: &PodId) -> String {
    container_name("POD", pod, 0)
}
