//! The pods behind what has pods: `kubectl logs deploy/web` and `kubectl exec deploy/web` mean one of them too.

use super::Subject;
use crate::tui::model::catalog::{Resource, Target, find};
use crate::tui::model::facts::{Key, Pod};

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

fn found<'a>(subject: &Subject<'a>) -> Option<&'a Pod> {
    let (cluster, target) = (&subject.state.cluster, subject.one());
    let namespace = target.namespace.as_deref()?;
    let pods: Vec<&Pod> = match subject.kind() {
        "Service" => {
            let service = cluster.services.get(&Key::new(namespace, &target.name))?;
            cluster.selected(&service.key.namespace, &service.selector).collect()
        }
        kind => cluster.within(namespace).filter(|pod| pod.belongs_to(kind, &target.name)).collect(),
    };
    pods.iter().find(|pod| pod.serving).or(pods.first()).copied()
}

/// Why there is no pod to go to.
pub fn missing(subject: &Subject, what: &str) -> Option<String> {
    match has_pods(&subject.one().resource) {
        false => Some(format!("{what}, y esto no tiene pods detrás")),
        true if pod(subject).is_none() => Some(format!("{what}, y ahora no hay ninguno detrás")),
        true => None,
    }
}
