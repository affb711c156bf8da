//! The kinds of `timonel.dev/v1alpha1` as types, for those who read and write them. Must hold no rules: `kinds` does.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::Resource;
use serde::{Deserialize, Serialize};

/// The group of these kinds.
pub const GROUP: &str = "timonel.dev";
/// Their version.
pub const VERSION: &str = "v1alpha1";
const API_VERSION: &str = "timonel.dev/v1alpha1";

/// Label of a [`Component`] that names the worker it belongs to.
pub const NODE: &str = "timonel.dev/node";
/// Label of a [`Component`] that names the one it is a part of (`kube-controller-manager`).
pub const PART_OF: &str = "timonel.dev/part-of";
/// Label of a [`Component`] that says where it belongs: `control`, `worker`, `network` or `provider`.
pub const PLANE: &str = "timonel.dev/plane";

/// Declares a kind's object around its spec and status, and what kube asks of it.
macro_rules! kind {
    ($(#[$doc:meta])* $name:ident, $spec:ty, $status:ty, $plural:literal, $scope:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            #[serde(default)]
            api_version: String,
            #[serde(default)]
            kind: String,
            /// Name, labels and the rest.
            pub metadata: ObjectMeta,
            /// What is asked.
            #[serde(default)]
            pub spec: $spec,
            /// What is; absent before the first report.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub status: Option<$status>,
        }

        impl $name {
            /// A new object.
            #[must_use]
            pub fn new(name: &str, labels: BTreeMap<String, String>, spec: $spec) -> Self {
                let metadata = ObjectMeta { name: Some(name.into()), labels: Some(labels), ..ObjectMeta::default() };
                Self { api_version: API_VERSION.into(), kind: stringify!($name).into(), metadata, spec, status: None }
            }
        }

        impl Resource for $name {
            type DynamicType = ();
            type Scope = $scope;

            fn kind((): &()) -> Cow<'_, str> {
                stringify!($name).into()
            }

            fn group((): &()) -> Cow<'_, str> {
                GROUP.into()
            }

            fn version((): &()) -> Cow<'_, str> {
                VERSION.into()
            }

            fn plural((): &()) -> Cow<'_, str> {
                $plural.into()
            }

            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }
        }
    };
}

kind!(
    /// A part of the cluster and its switch.
    Component, ComponentSpec, ComponentStatus, "components", ClusterResourceScope
);
kind!(
    /// A stream of test requests.
    TrafficProbe, TrafficProbeSpec, TrafficProbeStatus, "trafficprobes", NamespaceResourceScope
);
kind!(
    /// A photo of etcd.
    Snapshot, SnapshotSpec, SnapshotStatus, "snapshots", ClusterResourceScope
);

/// What is asked of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentSpec {
    /// Whether it is to run.
    #[serde(default = "yes")]
    pub enabled: bool,
}

impl Default for ComponentSpec {
    fn default() -> Self {
        Self { enabled: true }
    }
}

fn yes() -> bool {
    true
}

/// How a part is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ComponentStatus {
    /// In which state.
    pub state: State,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// How often it came back by itself after a failure.
    pub restarts: i32,
    /// Requests that it sends (the API server: that it gets) a second, over the last ten; `None` where it sends none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<i32>,
    /// What waits in its work queue; `None` where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_length: Option<i32>,
    /// Why it is so, in Spanish; empty when there is nothing to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What the part is for, in Spanish.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// The state of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// On.
    Running,
    /// Off.
    Stopped,
    /// On its way.
    #[default]
    Starting,
    /// It ended by itself, and is tried again after a while.
    Failed,
}

/// Whom to ask, how much, from where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrafficProbeSpec {
    /// Whom to ask.
    pub target: ProbeTarget,
    /// Requests a second; 0 pauses, `None` is the server's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// The path of the request; empty is `/`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// How long an answer may take; `None` is the server's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_milliseconds: Option<u32>,
    /// Where the requests come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<ProbeSource>,
}

/// Whom to ask: one of the three.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeTarget {
    /// A Service of the probe's namespace, or `service.namespace`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// A host of an Ingress.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// A fixed address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// Its port; `None` is the Service's first, or 80.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<IntOrString>,
}

/// Where requests come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeSource {
    /// The worker; empty is the first one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// From outside of the cluster.
    #[serde(skip_serializing_if = "is_false")]
    pub outside: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What became of the requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrafficProbeStatus {
    /// Sent and settled: answered and failed.
    pub sent: u64,
    /// Answered well.
    pub answered: u64,
    /// Not answered, or with an error.
    pub failed: u64,
    /// The generation of the spec in use.
    pub observed_generation: i64,
    /// Since when requests are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// By pod, for those that say who they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub per_pod: Vec<ProbePod>,
    /// How long the answers of the window took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<ProbeLatency>,
    /// The last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<ProbeError>,
    /// The last seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<ProbeWindow>,
}

/// What a pod answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbePod {
    /// The pod's name.
    pub pod: String,
    /// The version that it says it has.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// How many it answered.
    pub answered: u64,
}

/// Times of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProbeLatency {
    /// Half of them take less.
    pub p50_microseconds: u64,
    /// Ninety-nine of a hundred take less.
    pub p99_microseconds: u64,
}

/// A failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeError {
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// What.
    pub message: String,
}

/// The last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeWindow {
    /// How many seconds.
    pub seconds: u32,
    /// Sent and settled in them.
    pub sent: u64,
    /// Answered.
    pub answered: u64,
    /// Answered of a hundred, rounded down.
    pub percent: u32,
}

/// What is asked of a photo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SnapshotSpec {
    /// Each new value restores the photo once.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub restore_request: String,
}

/// What a photo holds, and when it was restored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SnapshotStatus {
    /// The store's revision when it was taken.
    pub revision: u64,
    /// How many objects it holds.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Time>,
    /// When it was last restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restored_at: Option<Time>,
    /// The request that was carried out.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub restored_request: String,
    /// The store's revision after it was restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restored_revision: Option<u64>,
}
