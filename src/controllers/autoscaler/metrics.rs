//! What pods use, from `metrics.k8s.io`, and what each metric of an autoscaler proposes. Must not scale anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricStatus, HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus,
    ResourceMetricStatus,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Wire;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use serde_json::Value;

use super::super::Manager;
use super::super::pod_control::said;
use super::calc::{Goal, Look, Measure, Proposal, Tolerances};
use crate::base::quantity::Quantity;
use crate::client::pod::Pod;

/// How far the use may be from the goal without a change (`--horizontal-pod-autoscaler-tolerance`).
const TOLERANCE: f64 = 0.1;

/// What a metric proposes.
pub(super) struct Proposed {
    pub replicas: i32,
    /// As events name the metric.
    pub name: String,
    pub status: MetricStatus,
}

/// Why a metric proposes nothing.
pub(super) struct Unknown {
    pub reason: &'static str,
    /// As the condition and the event say it.
    pub message: String,
    /// As the whole look says it.
    pub error: String,
}

/// The target of an autoscaler at one look.
pub(super) struct Scene<'a> {
    pub manager: &'a Manager,
    pub autoscaler: &'a HorizontalPodAutoscaler,
    pub namespace: &'a str,
    pub selector: &'a str,
    pub pods: &'a [Arc<Pod>],
    /// How many there should be by now.
    pub wanted: i32,
}

impl Scene<'_> {
    /// What one metric proposes (`computeReplicasForMetric`).
    pub(super) async fn propose(&self, metric: &MetricSpec) -> Result<Proposed, Unknown> {
        if let Some(source) = &metric.resource {
            let found = self.resource(&source.name, None, &source.target).await;
            let proposal = found.map_err(|message| Unknown {
                reason: "FailedGetResourceMetric",
                error: format!("failed to get {} resource metric value: {message}", source.name),
                message,
            })?;
            let current = value_of(&proposal);
            let status = ResourceMetricStatus { name: source.name.clone(), current };
            return Ok(Proposed {
                replicas: proposal.replicas,
                name: name_of(&proposal, &format!("{} resource", source.name)),
                status: MetricStatus { type_: metric.type_.clone(), resource: Some(status), ..MetricStatus::default() },
            });
        }
        if let Some(source) = &metric.container_resource {
            let found = self.resource(&source.name, Some(&source.container), &source.target).await;
            let proposal = found.map_err(|message| Unknown {
                reason: "FailedGetContainerResourceMetric",
                error: format!("failed to get {} container metric value: {message}", source.name),
                message,
            })?;
            let (name, container) = (source.name.clone(), source.container.clone());
            let status = ContainerResourceMetricStatus { name, container, current: value_of(&proposal) };
            return Ok(Proposed {
                replicas: proposal.replicas,
                name: name_of(&proposal, &format!("{} container resource", source.name)),
                status: MetricStatus {
                    type_: metric.type_.clone(),
                    container_resource: Some(status),
                    ..MetricStatus::default()
                },
            });
        }
        Err(unserved(metric, self.namespace))
    }

    async fn resource(&self, name: &str, container: Option<&str>, target: &MetricTarget) -> Result<Proposal, String> {
        let average = target.average_value.as_ref().and_then(|amount| Quantity::parse(&amount.0).ok());
        let (goal, what) = match (average, target.average_utilization) {
            (Some(average), _) => (Goal::Average(average.milli()), "usage"),
            (None, Some(percent)) => (Goal::Utilization(percent), "utilization"),
            (None, None) => {
                return Err("invalid resource metric source: neither an average utilization target nor an average \
                            value (usage) target was set"
                    .into());
            }
        };
        let failed = |why: String| format!("failed to get {name} {what}: {why}");
        let measures = self.measure(name, container).await;
        let measures = measures.map_err(|why| failed(format!("unable to get metrics for resource {name}: {why}")))?;
        let clock = self.manager.clock;
        let look =
            Look { pods: self.pods, measures, resource: name, container, now: clock.now(), timing: clock.timing };
        look.propose(self.wanted, goal, self.tolerances()).map_err(failed)
    }

    fn tolerances(&self) -> Tolerances {
        let behavior = self.autoscaler.spec.behavior.clone().unwrap_or_default();
        let of = |amount: Option<Wire>| {
            let milli = amount.and_then(|amount| Quantity::parse(&amount.0).ok()).map(|amount| amount.milli());
            milli.and_then(|milli| i32::try_from(milli).ok()).map_or(TOLERANCE, |milli| f64::from(milli) / 1000.0)
        };
        let up = behavior.scale_up.and_then(|rules| rules.tolerance);
        let down = behavior.scale_down.and_then(|rules| rules.tolerance);
        Tolerances { down: of(down), up: of(up) }
    }

    async fn measure(&self, name: &str, container: Option<&str>) -> Result<BTreeMap<String, Measure>, String> {
        let kind = GroupVersionKind::gvk("metrics.k8s.io", "v1beta1", "PodMetrics");
        let resource = ApiResource::from_gvk_with_plural(&kind, "pods");
        let api: Api<DynamicObject> = Api::namespaced_with(self.manager.client.clone(), self.namespace, &resource);
        let listed = api.list(&ListParams::default().labels(self.selector)).await;
        let listed =
            listed.map_err(|error| format!("unable to fetch metrics from resource metrics API: {}", said(&error)))?;
        if listed.items.is_empty() {
            return Err("no metrics returned from resource metrics API".into());
        }
        let measured = |pod: &DynamicObject| Some((pod.metadata.name.clone()?, read(&pod.data, name, container)?));
        Ok(listed.items.iter().filter_map(measured).collect())
    }
}

/// What a pod uses of a resource; `None` when one of the containers that count says nothing.
fn read(metrics: &Value, resource: &str, container: Option<&str>) -> Option<Measure> {
    let all = metrics["containers"].as_array()?.iter();
    let mut counted = all.filter(|one| container.is_none_or(|only| one["name"] == only)).peekable();
    counted.peek()?;
    let used = counted.map(|one| Some(Quantity::parse(one["usage"][resource].as_str()?).ok()?.milli()));
    Some(Measure {
        milli: used.sum::<Option<i64>>()?,
        at: metrics["timestamp"].as_str()?.parse().ok()?,
        window: window(metrics["window"].as_str().unwrap_or_default()),
    })
}

/// A duration as metrics write it: `15.023s`, `1m0s`.
fn window(text: &str) -> SignedDuration {
    text.parse::<SignedDuration>().unwrap_or_default()
}

fn value_of(proposal: &Proposal) -> MetricValueStatus {
    MetricValueStatus {
        average_utilization: proposal.utilization,
        average_value: Some(Wire(Quantity::from_milli(proposal.average).to_string())),
        value: None,
    }
}

fn name_of(proposal: &Proposal, what: &str) -> String {
    match proposal.utilization {
        Some(_) => format!("{what} utilization (percentage of request)"),
        None => what.to_owned(),
    }
}

/// Metrics that an adapter would serve, which this cluster has not.
fn unserved(metric: &MetricSpec, namespace: &str) -> Unknown {
    let none = "no custom metrics API (custom.metrics.k8s.io) registered";
    let custom =
        |name: &str| format!("unable to get metric {name}: unable to fetch metrics from custom metrics API: {none}");
    let (reason, what, message) = if let Some(source) = &metric.pods {
        ("FailedGetPodsMetric", "pods", custom(&source.metric.name))
    } else if let Some(source) = &metric.object {
        let (name, object) = (&source.metric.name, &source.described_object);
        let about = format!("{name}: {} on {namespace} {}", object.kind, object.name);
        ("FailedGetObjectMetric", "object", custom(&about))
    } else if let Some(source) = &metric.external {
        let (name, text) = (&source.metric.name, "the server could not find the requested resource");
        let message = format!(
            "unable to get external metric {namespace}/{name}/nil: unable to fetch metrics from external metrics API: {text}"
        );
        ("FailedGetExternalMetric", "external", message)
    } else {
        let message = format!("unknown metric source type {:?}", metric.type_);
        return Unknown { reason: "InvalidMetricSourceType", error: message.clone(), message };
    };
    Unknown { reason, error: format!("failed to get {what} metric value: {message}"), message }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_is_measured_by_all_its_containers_or_by_one() {
        let metrics = json!({"timestamp": "2026-01-01T00:00:00Z", "window": "15.5s", "containers": [
            {"name": "a", "usage": {"cpu": "250000000n", "memory": "1Mi"}}, {"name": "b", "usage": {"cpu": "5m"}}]});
        let milli = |resource, container| read(&metrics, resource, container).map(|it| it.milli);
        assert_eq!((milli("cpu", None), milli("cpu", Some("b"))), (Some(255), Some(5)));
        assert_eq!((milli("memory", None), milli("memory", Some("a"))), (None, Some(1024 * 1024 * 1000)));
        assert_eq!(read(&metrics, "cpu", None).unwrap().window, SignedDuration::from_millis(15_500));
        assert_eq!(milli("cpu", Some("c")), None);
    }
}
