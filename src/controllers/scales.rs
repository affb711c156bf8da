//! The `scale` subresource of any kind: how many replicas something has and should have. Must not decide how many.

use k8s_openapi::api::autoscaling::v1::Scale;
use kube::Api;
use kube::api::{DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::{ApiCapabilities, ApiResource, pinned_kind};

use super::pod_control::said;

/// Something that may be scaled, as a reference names it.
#[derive(Clone, Debug)]
pub(super) struct Target {
    api: Api<DynamicObject>,
    name: String,
}

impl Target {
    /// Finds the kind that a reference names; why not, in words.
    pub(super) async fn find(
        client: &kube::Client,
        (api_version, kind): (&str, &str),
        namespace: &str,
        name: &str,
    ) -> Result<Self, String> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let gvk = GroupVersionKind::gvk(group, version, kind);
        let unknown = || {
            let place = if group.is_empty() { format!("version {version:?}") } else { format!("group {group:?}") };
            format!("no matches for kind {kind:?} in {place}")
        };
        let (resource, can) = pinned_kind(client, &gvk).await.map_err(|_| unknown())?;
        if !scales(&can) {
            let ApiResource { plural, group, .. } = &resource;
            let shown = if group.is_empty() { plural.clone() } else { format!("{plural}.{group}") };
            return Err(format!("{shown} does not implement the scale subresource"));
        }
        Ok(Self { api: Api::namespaced_with(client.clone(), namespace, &resource), name: name.into() })
    }

    /// How many there are and should be.
    pub(super) async fn get(&self) -> Result<Scale, String> {
        self.api.get_scale(&self.name).await.map_err(|error| said(&error))
    }

    /// Asks for another number; `scale` is as it was read.
    pub(super) async fn set(&self, scale: &Scale, replicas: i32) -> Result<(), String> {
        let mut wanted = scale.clone();
        wanted.spec.get_or_insert_default().replicas = Some(replicas);
        let written = self.api.replace_scale(&self.name, &PostParams::default(), &wanted).await;
        written.map(drop).map_err(|error| said(&error))
    }
}

fn scales(can: &ApiCapabilities) -> bool {
    can.subresources.iter().any(|(resource, _)| resource.plural == "scale")
}

/// How many replicas a scale asks for.
pub(super) fn wanted(scale: &Scale) -> i32 {
    scale.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0)
}

/// How many replicas a scale has.
pub(super) fn current(scale: &Scale) -> i32 {
    scale.status.as_ref().map_or(0, |status| status.replicas)
}
