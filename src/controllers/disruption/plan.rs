//! How many pods of a budget may be missing now (`updatePdbStatus`). Must not do IO.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::super::percent::{Round, resolve};
use crate::client::object::is_deleting;
use crate::client::pod::Pod;
use crate::client::pods::is_ready;

/// How long an evicted pod may take to be told to go before it counts again (`DeletionTimeout`).
const DELETION_TIMEOUT: SignedDuration = SignedDuration::from_secs(120);
/// Whether a disruption is allowed.
const ALLOWED: &str = "DisruptionAllowed";

/// How many pods there should be, and how many of them must stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub expected: i32,
    pub desired: i32,
}

/// Whether the budget is a share of what the pods' owners want: then their scale must be known.
pub(super) fn needs_scale(budget: &PodDisruptionBudget) -> bool {
    let Some(spec) = &budget.spec else { return false };
    spec.max_unavailable.is_some() || matches!(spec.min_available, Some(IntOrString::String(_)))
}

/// The numbers of a budget (`getExpectedPodCount`); `scale` is what the owners of its pods want in all.
pub(super) fn count(budget: &PodDisruptionBudget, pods: usize, scale: i32) -> Count {
    let spec = budget.spec.clone().unwrap_or_default();
    match (&spec.max_unavailable, &spec.min_available) {
        (Some(most), _) => Count { expected: scale, desired: (scale - resolve(most, scale, Round::Up)).max(0) },
        (None, Some(IntOrString::Int(least))) => {
            Count { expected: i32::try_from(pods).unwrap_or(i32::MAX), desired: *least }
        }
        (None, Some(least)) => Count { expected: scale, desired: resolve(least, scale, Round::Up) },
        (None, None) => Count { expected: 0, desired: 0 },
    }
}

/// Pods that were evicted and do not show it yet.
#[derive(Debug, Default)]
pub(super) struct Disrupted {
    pub waited_for: BTreeMap<String, Time>,
    /// Those that should be going by now and are not.
    pub overdue: Vec<Arc<Pod>>,
    /// When to look at the others again.
    pub recheck: Option<Timestamp>,
}

/// Which of the pods that evictions noted are still waited for (`buildDisruptedPodMap`).
pub(super) fn disrupted(budget: &PodDisruptionBudget, pods: &[Arc<Pod>], now: Timestamp) -> Disrupted {
    let noted = budget.status.as_ref().and_then(|status| status.disrupted_pods.as_ref());
    let mut disrupted = Disrupted::default();
    for pod in pods.iter().filter(|pod| !is_deleting(&pod.metadata)) {
        let name = pod.name_any();
        let Some(at) = noted.and_then(|noted| noted.get(&name)) else { continue };
        let until = at.0 + DELETION_TIMEOUT;
        if until < now {
            disrupted.overdue.push(pod.clone());
            continue;
        }
        disrupted.recheck = Some(disrupted.recheck.map_or(until, |soonest| soonest.min(until)));
        disrupted.waited_for.insert(name, at.clone());
    }
    disrupted
}

/// Pods that serve: ready, not going, and not evicted a moment ago.
fn healthy(pods: &[Arc<Pod>], disrupted: &Disrupted) -> i32 {
    let counts = |pod: &&Arc<Pod>| {
        !is_deleting(&pod.metadata) && !disrupted.waited_for.contains_key(&pod.name_any()) && is_ready(pod)
    };
    i32::try_from(pods.iter().filter(counts).count()).unwrap_or(i32::MAX)
}

/// The status as it should be; `None` when it is.
pub(super) fn status(
    budget: &PodDisruptionBudget,
    pods: &[Arc<Pod>],
    count: Count,
    disrupted: &Disrupted,
    now: Timestamp,
) -> Option<PodDisruptionBudgetStatus> {
    let healthy = healthy(pods, disrupted);
    let spare = if count.expected <= 0 { 0 } else { (healthy - count.desired).max(0) };
    let (status, reason) = if spare > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let told = budget.status.clone().unwrap_or_default();
    let wanted = PodDisruptionBudgetStatus {
        conditions: Some(with_condition(budget, status, reason, "", now)),
        current_healthy: Some(healthy),
        desired_healthy: Some(count.desired),
        disrupted_pods: (!disrupted.waited_for.is_empty()).then(|| disrupted.waited_for.clone()),
        disruptions_allowed: Some(spare),
        expected_pods: Some(count.expected),
        observed_generation: budget.metadata.generation,
    };
    (wanted != told).then_some(wanted)
}

/// When the numbers cannot be known, nothing may be disrupted (`failSafe`).
pub(super) fn failed(budget: &PodDisruptionBudget, why: &str, now: Timestamp) -> PodDisruptionBudgetStatus {
    PodDisruptionBudgetStatus {
        conditions: Some(with_condition(budget, "False", "SyncFailed", why, now)),
        disruptions_allowed: Some(0),
        ..budget.status.clone().unwrap_or_default()
    }
}

fn with_condition(
    budget: &PodDisruptionBudget,
    status: &str,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> Vec<Condition> {
    let told = budget.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
    let (before, mut others): (Vec<_>, Vec<_>) = told.into_iter().partition(|condition| condition.type_ == ALLOWED);
    let since = before.into_iter().find(|it| it.status == status).map(|it| it.last_transition_time);
    others.push(Condition {
        type_: ALLOWED.into(),
        status: status.into(),
        reason: reason.into(),
        message: message.into(),
        observed_generation: budget.metadata.generation,
        last_transition_time: since.unwrap_or(Time(now)),
    });
    others
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn budget(spec: Value) -> PodDisruptionBudget {
        serde_json::from_value(json!({"metadata": {"name": "b", "generation": 1}, "spec": spec})).unwrap()
    }

    fn pod(name: &str, ready: bool) -> Arc<Pod> {
        let ready = json!({"type": "Ready", "status": if ready { "True" } else { "False" }});
        let pod = json!({"metadata": {"name": name}, "status": {"conditions": [ready]}});
        Arc::new(serde_json::from_value(pod).unwrap())
    }

    fn now() -> Timestamp {
        "2026-01-01T00:10:00Z".parse().unwrap()
    }

    #[test]
    fn the_numbers_are_those_of_kubernetes() {
        let of = |spec: Value, pods, scale| {
            let Count { expected, desired } = count(&budget(spec), pods, scale);
            (expected, desired)
        };
        assert_eq!(of(json!({"minAvailable": 2}), 3, 0), (3, 2));
        assert_eq!(of(json!({"minAvailable": "50%"}), 3, 5), (5, 3));
        assert_eq!(of(json!({"maxUnavailable": 1}), 3, 5), (5, 4));
        assert_eq!(of(json!({"maxUnavailable": "30%"}), 3, 5), (5, 3));
        assert_eq!(of(json!({"maxUnavailable": 9}), 3, 5), (5, 0));
        assert_eq!(of(json!({}), 3, 5), (0, 0));
    }

    #[test]
    fn an_evicted_pod_is_not_healthy_until_its_time_is_over() {
        let mut budget = budget(json!({"minAvailable": 1}));
        let ago = |seconds| Time(now() - SignedDuration::from_secs(seconds));
        let noted = [("a".to_owned(), ago(10)), ("b".to_owned(), ago(121)), ("gone".to_owned(), ago(1))];
        budget.status = Some(PodDisruptionBudgetStatus {
            disrupted_pods: Some(noted.into()),
            ..PodDisruptionBudgetStatus::default()
        });
        let pods = [pod("a", true), pod("b", true), pod("c", false)];
        let disrupted = disrupted(&budget, &pods, now());
        assert_eq!(disrupted.waited_for.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(disrupted.overdue.iter().map(|pod| pod.name_any()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(disrupted.recheck, Some(ago(10).0 + DELETION_TIMEOUT));
        let status = status(&budget, &pods, count(&budget, 3, 0), &disrupted, now()).unwrap();
        assert_eq!(
            (status.current_healthy, status.disruptions_allowed, status.expected_pods),
            (Some(1), Some(0), Some(3))
        );
        assert_eq!(status.conditions.unwrap()[0].reason, "InsufficientPods");
    }

    #[test]
    fn a_status_that_holds_is_not_written_again() {
        let mut budget = budget(json!({"maxUnavailable": 1}));
        let pods = [pod("a", true), pod("b", true)];
        let look = |budget: &PodDisruptionBudget| {
            status(budget, &pods, count(budget, 2, 2), &disrupted(budget, &pods, now()), now())
        };
        budget.status = look(&budget);
        assert_eq!(budget.status.as_ref().unwrap().disruptions_allowed, Some(1));
        assert_eq!(look(&budget), None);
        assert_eq!(failed(&budget, "why", now()).disruptions_allowed, Some(0));
    }
}
