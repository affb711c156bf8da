//! The cause of a row in one line, from what the watches have told already: nothing is asked for. Pure.

use crate::tui::model::bridge::{unready, why_unscheduled};
use crate::tui::model::cluster::Cluster;
use crate::tui::model::facts::{Key, Pod};
use crate::tui::model::light::Light;

/// Why an object of a kind fails, if it does and that is known.
pub fn of_row(cluster: &Cluster, kind: &str, key: &Key) -> Option<String> {
    match kind {
        "Pod" => {
            let it = cluster.pods.get(key)?;
            pod(it).or_else(|| unready::why(it, &unready::probes(cluster)))
        }
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" => owner(cluster, kind, key),
        "Service" => {
            let service = cluster.services.get(key)?;
            crate::tui::model::bridge::service_trouble(cluster, service)
        }
        "Node" => {
            let node = cluster.nodes.get(key).filter(|node| node.ready != "True")?;
            let silent = node.ready == "Unknown";
            Some(if silent { "su kubelet dejó de dar noticias".into() } else { format!("NotReady: {}", node.reason) })
        }
        _ => None,
    }
}

/// Why a pod fails.
pub fn pod(pod: &Pod) -> Option<String> {
    match pod.light {
        Light::Waiting if pod.unscheduled.is_empty() => None,
        Light::Waiting => Some(why_unscheduled(&pod.unscheduled, None)),
        _ => Some(String::from(&pod.trouble)).filter(|trouble| !trouble.is_empty()),
    }
}

/// The first trouble among the pods of an owner: those whose controller it is, or a ReplicaSet of its.
fn owner(cluster: &Cluster, kind: &str, key: &Key) -> Option<String> {
    let mut mine = cluster.within(&key.namespace).filter(|it| it.belongs_to(kind, &key.name));
    let found = mine.find_map(|it| pod(it).map(|why| (it, why)));
    found.map(|(it, why)| format!("{}: {why}", it.key.name))
}
