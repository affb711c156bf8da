//! Which volumes a pod needs and where it can have them: those of bound claims, and those that claims which wait for
//! their first consumer could get on a node. Must not do IO.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim, TopologySelectorTerm};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::ResourceExt;

use super::catalog::Catalog;
use super::facts::PodFacts;
use crate::client::object::{Key, is_deleting};
use crate::client::volumes::{NO_PROVISIONER, SELECTED_NODE, best, bound_to, class_of, modes, reaches, volume_of};

/// A claim as a pod names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClaimName {
    pub key: Key,
    /// Of an ephemeral volume: a controller makes it for the pod.
    pub ephemeral: bool,
}

/// The volumes that a pod needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    /// The volumes of its bound claims; none where one is not there.
    bound: Vec<Option<Arc<PersistentVolume>>>,
    /// Its claims that wait for a node.
    waiting: Vec<Arc<PersistentVolumeClaim>>,
    /// Its claims that only one pod may use at a time.
    pub exclusive: BTreeSet<Key>,
}

/// What a decision means for claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bindings {
    /// Volumes that are there, and who gets them.
    pub given: Vec<(String, Key)>,
    /// Claims for which a volume is to be made on the node.
    pub made: Vec<Key>,
}

impl Bindings {
    pub(super) fn is_empty(&self) -> bool {
        self.given.is_empty() && self.made.is_empty()
    }
}

/// Why a node cannot have the volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacking {
    /// A bound volume is elsewhere.
    Elsewhere,
    /// A bound volume does not exist.
    Gone,
    /// Nothing fits a waiting claim, and nothing can be made.
    Unavailable,
}

/// Reads what a pod needs, or says why it must wait whatever the node: the filter that says so, and its words.
pub(super) fn needs(pod: &PodFacts, catalog: &Catalog) -> Result<Needs, (&'static str, String)> {
    let mut needs = Needs::default();
    for name in &pod.claims {
        let claim = find(name, pod, catalog)?;
        if modes(claim).any(|mode| mode == "ReadWriteOncePod") {
            needs.exclusive.insert(name.key.clone());
        }
        match bound_to(claim) {
            Some(volume) => needs.bound.push(catalog.volume(volume).cloned()),
            None if waits(claim, catalog) => needs.waiting.push(claim.clone()),
            None => return Err(("VolumeBinding", "pod has unbound immediate PersistentVolumeClaims".into())),
        }
    }
    Ok(needs)
}

fn find<'a>(
    name: &ClaimName,
    pod: &PodFacts,
    catalog: &'a Catalog,
) -> Result<&'a Arc<PersistentVolumeClaim>, (&'static str, String)> {
    let shown = &name.key.name;
    let Some(claim) = catalog.claim(&name.key) else {
        return Err(match name.ephemeral {
            true => {
                let text = "waiting for ephemeral volume controller to create the persistentvolumeclaim";
                ("VolumeBinding", format!("{text} {shown:?}"))
            }
            false => ("VolumeRestrictions", format!("persistentvolumeclaim {shown:?} not found")),
        });
    };
    let wrong = |text: String| Err(("VolumeBinding", text));
    if claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Lost") {
        let volume = claim.spec.as_ref().and_then(|spec| spec.volume_name.clone()).unwrap_or_default();
        return wrong(format!("persistentvolumeclaim {shown:?} bound to non-existent persistentvolume {volume:?}"));
    }
    if is_deleting(&claim.metadata) {
        return wrong(format!("persistentvolumeclaim {shown:?} is being deleted"));
    }
    let owns = |uid: &str| claim.owner_references().iter().any(|owner| owner.uid == uid);
    if name.ephemeral && !owns(&pod.uid) {
        let text = format!("PVC {} was not created for pod {} (pod is not owner)", name.key, pod.key);
        return wrong(text);
    }
    Ok(claim)
}

/// Whether a claim has its volume for good.
pub(super) fn is_bound(claim: &PersistentVolumeClaim) -> bool {
    bound_to(claim).is_some()
}

/// Whether a claim gets its volume only when a pod needs it.
fn waits(claim: &PersistentVolumeClaim, catalog: &Catalog) -> bool {
    let class = catalog.class(class_of(claim));
    volume_of(claim).is_none()
        && class.is_some_and(|class| class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer"))
}

impl Needs {
    /// What the claims would get on a node (`FindPodVolumes`).
    pub(super) fn on(&self, node: &Node, catalog: &Catalog) -> Result<Bindings, Lacking> {
        for volume in &self.bound {
            match volume {
                None => return Err(Lacking::Gone),
                Some(volume) if !reaches(volume, node) => return Err(Lacking::Elsewhere),
                Some(_) => {}
            }
        }
        let mut bindings = Bindings::default();
        for claim in &self.waiting {
            let key = Key::of(&**claim);
            match catalog.selected_node(&key).or_else(|| claim.annotations().get(SELECTED_NODE).map(String::as_str)) {
                Some(selected) if selected != node.name_any() => return Err(Lacking::Unavailable),
                Some(_) => bindings.made.push(key),
                None => match matching(claim, node, catalog, &bindings.given) {
                    Some(volume) => bindings.given.push((volume, key)),
                    None if can_make(claim, node, catalog) => bindings.made.push(key),
                    None => return Err(Lacking::Unavailable),
                },
            }
        }
        Ok(bindings)
    }

    /// Whether the bound volumes are in the node's zone, where they say one (`VolumeZone`).
    pub(super) fn in_zone(&self, node: &Node) -> bool {
        const LABELS: [&str; 4] = [
            "topology.kubernetes.io/zone",
            "topology.kubernetes.io/region",
            "failure-domain.beta.kubernetes.io/zone",
            "failure-domain.beta.kubernetes.io/region",
        ];
        let mut volumes = self.bound.iter().flatten().peekable();
        if volumes.peek().is_none() {
            return true;
        }
        let zoned = LABELS.iter().any(|label| node.labels().contains_key(*label));
        let fits = |volume: &PersistentVolume, label: &str| {
            let Some(wanted) = volume.labels().get(label) else { return true };
            node.labels().get(label).is_some_and(|zone| wanted.split("__").any(|it| it == zone))
        };
        !zoned || volumes.all(|volume| LABELS.iter().all(|label| fits(volume, label)))
    }
}

/// The smallest free volume that a claim can have on a node; one that names the claim first.
fn matching(claim: &PersistentVolumeClaim, node: &Node, catalog: &Catalog, taken: &[(String, Key)]) -> Option<String> {
    let free = catalog.free_volumes().filter(|volume| !taken.iter().any(|(name, _)| *name == volume.name_any()));
    best(claim, free.filter(|volume| reaches(volume, node))).map(|volume| volume.name_any())
}

/// Whether the claim's class makes volumes for a node.
fn can_make(claim: &PersistentVolumeClaim, node: &Node, catalog: &Catalog) -> bool {
    let makes = |class: &Arc<StorageClass>| !class.provisioner.is_empty() && class.provisioner != NO_PROVISIONER;
    let class = catalog.class(class_of(claim)).filter(|class| makes(class));
    class.is_some_and(|class| {
        let terms = class.allowed_topologies.as_deref().unwrap_or_default();
        terms.is_empty() || terms.iter().any(|term| is_in(term, node))
    })
}

fn is_in(term: &TopologySelectorTerm, node: &Node) -> bool {
    let mut rules = term.match_label_expressions.iter().flatten();
    rules.all(|rule| node.labels().get(&rule.key).is_some_and(|value| rule.values.contains(value)))
}
