//! One `APIService` for each group and version that this server serves, as the aggregation layer makes them.
//! Must hold data only.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kinds;

/// The priorities of groups (`apiVersionPriorities` of the control plane's API server).
const GROUPS: [(&str, i64); 17] = [
    ("", 18_000),
    ("apps", 17_800),
    ("events.k8s.io", 17_750),
    ("authentication.k8s.io", 17_700),
    ("authorization.k8s.io", 17_600),
    ("autoscaling", 17_500),
    ("batch", 17_400),
    ("certificates.k8s.io", 17_300),
    ("networking.k8s.io", 17_200),
    ("policy", 17_100),
    ("rbac.authorization.k8s.io", 17_000),
    ("storage.k8s.io", 16_800),
    ("apiextensions.k8s.io", 16_700),
    ("scheduling.k8s.io", 16_600),
    ("coordination.k8s.io", 16_500),
    ("discovery.k8s.io", 16_200),
    ("metrics.k8s.io", 100),
];
/// Of a version that Kubernetes prefers to others of its group.
const PREFERRED: i64 = 30;
/// Of any other version.
const VERSION: i64 = 15;

/// Every group and version but the one of `APIService` itself.
pub(super) fn objects() -> Vec<Value> {
    let served: BTreeSet<(&str, &str)> = kinds::ALL.iter().map(|kind| (kind.group, kind.version)).collect();
    served.into_iter().filter_map(|(group, version)| service(group, version)).collect()
}

fn service(group: &str, version: &str) -> Option<Value> {
    let (_, minimum) = GROUPS.into_iter().find(|(name, _)| *name == group)?;
    let priority = match (group, version) {
        ("", _) => 1,
        (_, "v2") => PREFERRED,
        _ => VERSION,
    };
    let mut spec = json!({ "version": version, "groupPriorityMinimum": minimum, "versionPriority": priority });
    if !group.is_empty() {
        spec["group"] = group.into();
    }
    Some(json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {
            "name": format!("{version}.{group}"),
            "labels": { "kube-aggregator.kubernetes.io/automanaged": "onstart" },
        },
        "spec": spec,
    }))
}
