//! The pod as our parts hold it: its spec is shared with the pods that have the same one, but for what each pod has of
//! its own. Must not be read past [`Spec::node_name`]: the shared spec names no node.
//!
//! Ten thousand pods of one Deployment differ in their node and in the name of one volume; their specs would be most of
//! what they take in memory.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{self as core, PodSpec, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{ListableResource, Metadata, NamespaceResourceScope, Resource};
use kube::api::{Attach, Evict, Execute, Log, Portforward};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::api_access;

/// As Kubernetes' pod in everything but what its copies cost. It is written whole, also when parts were left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pod {
    /// Name, owners, labels.
    pub metadata: ObjectMeta,
    /// What should run.
    pub spec: Option<Spec>,
    /// What runs.
    pub status: Option<PodStatus>,
}

/// A pod's spec: read as a `PodSpec`; who changes it gets a copy of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// The node that it was given.
    pub node_name: Option<String>,
    /// The name of the volume that [`api_access::leave_out`] took.
    pub(super) access: Option<Box<str>>,
    /// Without a node.
    pub(super) shared: Arc<PodSpec>,
}

impl Spec {
    /// As Kubernetes has it, with all that was left out.
    #[must_use]
    pub fn whole(&self) -> PodSpec {
        let mut spec = PodSpec { node_name: self.node_name.clone(), ..PodSpec::clone(&self.shared) };
        if let Some(name) = &self.access {
            api_access::put_back(name, &mut spec);
        }
        spec
    }
}

impl From<PodSpec> for Spec {
    fn from(mut spec: PodSpec) -> Self {
        Self { node_name: spec.node_name.take(), access: None, shared: Arc::new(spec) }
    }
}

impl Deref for Spec {
    type Target = PodSpec;

    fn deref(&self) -> &PodSpec {
        &self.shared
    }
}

impl DerefMut for Spec {
    fn deref_mut(&mut self) -> &mut PodSpec {
        Arc::make_mut(&mut self.shared)
    }
}

impl From<core::Pod> for Pod {
    fn from(pod: core::Pod) -> Self {
        Self { metadata: pod.metadata, spec: pod.spec.map(Into::into), status: pod.status }
    }
}

impl<'de> Deserialize<'de> for Pod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        core::Pod::deserialize(deserializer).map(Into::into)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    api_version: &'a str,
    kind: &'a str,
    metadata: &'a ObjectMeta,
    #[serde(skip_serializing_if = "Option::is_none")]
    spec: Option<PodSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a PodStatus>,
}

impl Serialize for Pod {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (spec, status) = (self.spec.as_ref().map(Spec::whole), self.status.as_ref());
        let written =
            Written { api_version: Self::API_VERSION, kind: Self::KIND, metadata: &self.metadata, spec, status };
        written.serialize(serializer)
    }
}

impl Resource for Pod {
    const API_VERSION: &'static str = core::Pod::API_VERSION;
    const GROUP: &'static str = core::Pod::GROUP;
    const KIND: &'static str = core::Pod::KIND;
    const VERSION: &'static str = core::Pod::VERSION;
    const URL_PATH_SEGMENT: &'static str = core::Pod::URL_PATH_SEGMENT;
    type Scope = NamespaceResourceScope;
}

impl ListableResource for Pod {
    const LIST_KIND: &'static str = core::Pod::LIST_KIND;
}

impl Metadata for Pod {
    type Ty = ObjectMeta;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl Attach for Pod {}
impl Evict for Pod {}
impl Execute for Pod {}
impl Log for Pod {}
impl Portforward for Pod {}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn written() -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "name": "p" },
            "spec": { "nodeName": "worker-1", "containers": [{ "name": "c", "image": "i" }] },
            "status": { "phase": "Running" },
        })
    }

    fn pod() -> Pod {
        serde_json::from_value(written()).unwrap()
    }

    #[test]
    fn it_is_written_as_it_was_read() {
        let pod = pod();
        let spec = pod.spec.as_ref().unwrap();
        assert_eq!(spec.node_name.as_deref(), Some("worker-1"));
        assert_eq!(spec.shared.node_name, None, "nobody may read a node that the pod may have lost");
        assert_eq!(serde_json::to_value(&pod).unwrap(), written());
        let same: core::Pod = serde_json::from_value(written()).unwrap();
        assert_eq!(serde_json::to_string(&pod).unwrap(), serde_json::to_string(&same).unwrap());
    }

    #[test]
    fn another_kind_is_refused() {
        let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": {} });
        assert!(serde_json::from_value::<Pod>(service).is_err());
        let bare = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": {} });
        assert_eq!(serde_json::to_value(Pod::default()).unwrap(), bare);
    }

    #[test]
    fn a_change_is_of_one_pod() {
        let first = pod();
        let mut second = first.clone();
        second.spec.as_mut().unwrap().node_name = Some("worker-2".into());
        let shared = |pod: &Pod| Arc::clone(&pod.spec.as_ref().unwrap().shared);
        assert!(Arc::ptr_eq(&shared(&first), &shared(&second)));
        second.spec.as_mut().unwrap().priority = Some(1);
        assert_eq!(first, pod());
        assert_eq!(shared(&second).priority, Some(1));
    }
}
