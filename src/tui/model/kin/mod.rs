//! What belongs to what: the owners of an object and what it owns, and everything else that is tied to it. Pure.

mod relations;
#[cfg(test)]
mod tests;
mod tree;

use serde_json::Value;

use super::catalog::Target;
use super::light::Light;
use super::world::{Want, namespace, pairs, text};
use crate::tui::state::State;
pub use relations::{backends, relations};
pub use tree::tree;

/// One line: an object that can be entered, or a heading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// Levels inwards, drawn as branches.
    pub branch: String,
    /// What it is: `deployment/web`; or the heading.
    pub label: String,
    /// How it is tied, or how it is doing.
    pub note: String,
    /// How it is doing, where that can be said.
    pub light: Option<Light>,
    /// Where Enter goes; nowhere from a heading or from what does not exist.
    pub target: Option<Target>,
    /// Whether it is the object itself.
    pub own: bool,
    /// Whether it opens a section.
    pub heading: bool,
}

/// Kinds whose objects can own or be owned, and so are listed for the tree of any object.
const OWNING: &[&str] = &[
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "replicationcontrollers",
    "cronjobs",
    "jobs",
    "pods",
    "persistentvolumeclaims",
];

/// What has to be listed besides for the relations of a kind.
const TIED: &[(&str, &[&str])] = &[
    ("Pod", &["services", "networkpolicies", "poddisruptionbudgets", "configmaps", "serviceaccounts", "nodes"]),
    ("Deployment", &["services", "horizontalpodautoscalers", "poddisruptionbudgets", "ingresses"]),
    ("StatefulSet", &["services", "horizontalpodautoscalers", "poddisruptionbudgets"]),
    ("ReplicaSet", &["services", "horizontalpodautoscalers"]),
    ("DaemonSet", &["services"]),
    ("Service", &["ingresses", "endpointslices"]),
    ("Ingress", &["services", "ingressclasses"]),
    ("PersistentVolumeClaim", &["persistentvolumes", "storageclasses"]),
    ("PersistentVolume", &["persistentvolumeclaims", "storageclasses"]),
    ("StorageClass", &["persistentvolumes", "persistentvolumeclaims"]),
    ("ServiceAccount", &["rolebindings", "clusterrolebindings"]),
    ("Secret", &["ingresses", "serviceaccounts"]),
    ("Role", &["rolebindings"]),
    ("ClusterRole", &["clusterrolebindings", "rolebindings"]),
];

/// What to list around an object.
pub fn wants(object: &Value, state: &State) -> Vec<Want> {
    let kind = text(object, "/kind");
    let space = Some(namespace(object)).filter(|space| !space.is_empty());
    let tied = TIED.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, words)| *words);
    let owning = if space.is_some() { OWNING } else { &[] };
    let mut wants: Vec<Want> =
        owning.iter().chain(tied).filter_map(|word| Want::all(&state.catalog, word, space)).collect();
    if kind == "Node" {
        let fields = format!("spec.nodeName={}", text(object, "/metadata/name"));
        wants.extend(Want::all(&state.catalog, "pods", None).map(|want| Want { fields, ..want }));
    }
    wants.dedup_by(|a, b| a.resource == b.resource);
    narrow(&mut wants, object);
    wants
}

/// Of what owns by a selector only the pods that it selects are asked for: a namespace may have thousands.
pub(super) fn narrow(wants: &mut [Want], object: &Value) {
    let labels = pairs(&object["spec"]["selector"]["matchLabels"]);
    let plain = object["spec"]["selector"]["matchExpressions"].is_null();
    if labels.is_empty() || !plain {
        return;
    }
    wants.iter_mut().filter(|want| want.resource.plural == "pods").for_each(|want| want.labels.clone_from(&labels));
}

/// The line of an object that one has.
fn link(object: &Value, note: &str, state: &State) -> Link {
    let (light, word) = super::health::health(object);
    let target = super::world::target(object, state);
    let label = target.as_ref().map_or_else(
        || format!("{}/{}", text(object, "/kind").to_lowercase(), text(object, "/metadata/name")),
        Target::short,
    );
    let note = [note, word.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    Link { label, note, light: Some(light), target, ..Link::default() }
}

fn heading(text: &str) -> Link {
    Link { label: text.into(), heading: true, ..Link::default() }
}
