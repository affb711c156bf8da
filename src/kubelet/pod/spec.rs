//! Small questions about a pod's spec. Must not look at anything else.

use std::fmt::Write;
use std::time::Duration;

use k8s_openapi::api::core::v1::Container;
use kube::ResourceExt;
use sha2::{Digest, Sha256};

use crate::client::pod::{Pod, Spec};
use crate::kubelet::runtime::PodId;

/// How a pod or a sidecar is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restart {
    Always,
    OnFailure,
    Never,
}

impl Restart {
    /// Whether a container that ended with this code is started again.
    pub(crate) fn wanted(self, code: i32) -> bool {
        match self {
            Self::Always => true,
            Self::OnFailure => code != 0,
            Self::Never => false,
        }
    }
}

/// The pod's identity for the runtime.
pub(crate) fn id(pod: &Pod) -> PodId {
    PodId {
        uid: pod.uid().unwrap_or_default(),
        namespace: pod.namespace().unwrap_or_default(),
        name: pod.name_any(),
        node: spec(pod).node_name.clone().unwrap_or_default(),
    }
}

/// `name_namespace(uid)`, as the kubelet names pods in its messages.
pub(crate) fn full_name(pod: &Pod) -> String {
    let id = id(pod);
    format!("{}_{}({})", id.name, id.namespace, id.uid)
}

/// The pod's spec; an absent one is an empty one.
pub(crate) fn spec(pod: &Pod) -> &Spec {
    static EMPTY: std::sync::LazyLock<Spec> = std::sync::LazyLock::new(Spec::default);
    pod.spec.as_ref().unwrap_or(&EMPTY)
}

/// Init containers, sidecars among them, in order.
pub(crate) fn init_containers(pod: &Pod) -> &[Container] {
    spec(pod).init_containers.as_deref().unwrap_or_default()
}

/// Every container, init containers first.
pub(crate) fn all_containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    init_containers(pod).iter().chain(&spec(pod).containers)
}

/// A container by name.
pub(crate) fn container<'a>(pod: &'a Pod, name: &str) -> Option<&'a Container> {
    all_containers(pod).find(|container| container.name == name)
}

/// An init container that goes on running beside the others.
pub(crate) fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

/// The pod's restart policy.
pub(crate) fn restart(pod: &Pod) -> Restart {
    match spec(pod).restart_policy.as_deref() {
        Some("Never") => Restart::Never,
        Some("OnFailure") => Restart::OnFailure,
        _ => Restart::Always,
    }
}

/// The policy for one container: its own (sidecars), for an init container never after success, else the pod's.
pub(crate) fn restart_of(pod: &Pod, container: &Container, init: bool) -> Restart {
    match (is_sidecar(container), init, restart(pod)) {
        (true, ..) => Restart::Always,
        (false, true, Restart::Always) => Restart::OnFailure,
        (_, _, policy) => policy,
    }
}

/// How long its containers may take to end: the deletion's own grace, else the spec's.
pub(crate) fn grace(pod: &Pod) -> Duration {
    let seconds = pod.metadata.deletion_grace_period_seconds.or(spec(pod).termination_grace_period_seconds);
    Duration::from_secs(u64::try_from(seconds.unwrap_or(30)).unwrap_or(0))
}

/// Hash of what a running container cannot change: as in the kubelet, its name and its image.
pub(crate) fn hash(container: &Container) -> String {
    let mut digest = Sha256::new();
    digest.update(&container.name);
    digest.update([0]);
    digest.update(container.image.as_deref().unwrap_or_default());
    digest.finalize().iter().take(4).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether the image is pulled even if it is here: `imagePullPolicy`, already defaulted by the API server.
pub(crate) fn pull_policy(container: &Container) -> &str {
    container.image_pull_policy.as_deref().unwrap_or("IfNotPresent")
}
