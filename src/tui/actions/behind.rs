//! The pods behind what has pods: `kubectl logs deploy/web` and `kubectl exec deploy/web` mean one of them too.

use super::Subject;
use crate::tui::model::catalog::{Resource, Target, find};
use crate::tui::model::cluster::Cluster;
use crate::tui::model::facts::{Key, Pod};
use crate::tui::state::State;

/// Kinds that have pods behind them.
const WITH_PODS: &[&str] =
    &["Pod", "Service", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"];

/// Whether a kind has pods behind it.
pub fn has_pods(resource: &Resource) -> bool {
    WITH_PODS.contains(&resource.kind.as_str())
}

/// The pod itself, or one of those behind the object: one that is ready, if any is.
pub fn pod(subject: &Subject) -> Option<Target> {
    let target = subject.one();
    if subject.kind() == "Pod" {
        return Some(target.clone());
    }
    let found = found(subject)?;
    let resource = find(&subject.state.catalog, "pods")?;
    Some(Target { resource, namespace: target.namespace.clone(), name: String::from(&found.key.name) })
}

/// The pod itself, or all those behind the object.
pub fn pods(target: &Target, state: &State) -> Vec<Target> {
    if target.resource.kind == "Pod" {
        return vec![target.clone()];
    }
    let Some(resource) = find(&state.catalog, "pods") else { return Vec::new() };
    let each = |pod: &Pod| Target {
        resource: resource.clone(),
        namespace: target.namespace.clone(),
        name: String::from(&pod.key.name),
    };
    behind(target, &state.cluster).into_iter().map(each).collect()
}

fn found<'a>(subject: &Subject<'a>) -> Option<&'a Pod> {
    let pods = behind(subject.one(), &subject.state.cluster);
    pods.iter().find(|pod| pod.serving).or(pods.first()).copied()
}

fn behind<'a>(target: &'a Target, cluster: &'a Cluster) -> Vec<&'a Pod> {
    let Some(namespace) = target.namespace.as_deref() else { return Vec::new() };
    match target.resource.kind.as_str() {
        "Service" => {
            let service = cluster.services.get(&Key::new(namespace, &target.name));
            service.into_iter().flat_map(|it| cluster.selected(&it.key.namespace, &it.selector)).collect()
        }
        kind => cluster.within(namespace).filter(|pod| pod.belongs_to(kind, &target.name)).collect(),
    }
}

/// Why there is no pod to go to.
pub fn missing(subject: &Subject, what: &str) -> Option<String> {
    match has_pods(&subject.one().resource) {
        false => Some(format!("{what}, y esto no tiene pods detrás")),
        true if pod(subject).is_none() => Some(format!("{what}, y ahora no hay ninguno detrás")),
        true => None,
    }
}
