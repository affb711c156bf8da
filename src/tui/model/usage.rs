//! What pods and nodes really use, as the metrics API tells it, over the last minutes. Pure.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::Value;

use super::amount;
use super::catalog::{Resource, Target};
use super::world::{each, pairs, text};

/// Readings kept: ten minutes at one every five seconds.
const KEPT: usize = 120;

/// One reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Thousandths of a CPU.
    pub cpu: i64,
    /// Bytes.
    pub memory: i64,
}

/// The readings, oldest first, and who uses how much now.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// When and how much.
    pub readings: VecDeque<(Timestamp, Usage)>,
    /// Container, pod or node, and its last reading.
    pub parts: Vec<(String, Usage)>,
}

/// Where the metrics of an object are; `None` for kinds that use nothing.
pub fn path(target: &Target, object: &Value) -> Option<String> {
    const ROOT: &str = "/apis/metrics.k8s.io/v1beta1";
    let namespace = target.namespace.as_deref().unwrap_or_default();
    match target.resource.kind.as_str() {
        "Node" => Some(format!("{ROOT}/nodes/{}", target.name)),
        "Pod" => Some(format!("{ROOT}/namespaces/{namespace}/pods/{}", target.name)),
        _ if measured(&target.resource) => {
            let labels = pairs(&object["spec"]["selector"]["matchLabels"]).replace('=', "%3D").replace(',', "%2C");
            (!labels.is_empty()).then(|| format!("{ROOT}/namespaces/{namespace}/pods?labelSelector={labels}"))
        }
        _ => None,
    }
}

/// Whether a kind uses CPU and memory, by itself or through its pods.
pub fn measured(resource: &Resource) -> bool {
    ["Node", "Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"].contains(&resource.kind.as_str())
}

impl Series {
    /// Takes in a reading: of one object, or a list whose readings are added up.
    pub fn take(&mut self, now: Timestamp, metrics: &Value) {
        self.parts = parts(metrics);
        let total = self.parts.iter().fold(Usage::default(), |total, (_, part)| Usage {
            cpu: total.cpu + part.cpu,
            memory: total.memory + part.memory,
        });
        self.readings.push_back((now, total));
        if self.readings.len() > KEPT {
            self.readings.pop_front();
        }
    }
}

fn parts(metrics: &Value) -> Vec<(String, Usage)> {
    let own = |usage: &Value| Usage {
        cpu: amount::milli(text(usage, "/cpu")),
        memory: amount::whole(text(usage, "/memory")),
    };
    let sum = |pod: &Value| {
        each(pod, "/containers")
            .map(|container| own(&container["usage"]))
            .fold(Usage::default(), |a, b| Usage { cpu: a.cpu + b.cpu, memory: a.memory + b.memory })
    };
    if metrics["items"].is_array() {
        return each(metrics, "/items").map(|pod| (text(pod, "/metadata/name").to_string(), sum(pod))).collect();
    }
    if metrics["containers"].is_array() {
        return each(metrics, "/containers").map(|it| (text(it, "/name").to_string(), own(&it["usage"]))).collect();
    }
    vec![(text(metrics, "/metadata/name").to_string(), own(&metrics["usage"]))]
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::{Series, Usage};

    #[test]
    fn the_pods_of_a_workload_are_added_up() {
        let pod = |name: &str| {
            json!({"metadata": {"name": name}, "containers": [
            {"name": "a", "usage": {"cpu": "100m", "memory": "1Mi"}}, {"name": "b", "usage": {"cpu": "50m", "memory": "2Mi"}}]})
        };
        let mut series = Series::default();
        series.take(Timestamp::UNIX_EPOCH, &json!({"items": [pod("x"), pod("y")]}));
        assert_eq!(series.readings[0].1, Usage { cpu: 300, memory: 6 << 20 });
        assert_eq!(series.parts[1], ("y".to_string(), Usage { cpu: 150, memory: 3 << 20 }));
    }
}
