//! From what pods use to how many there should be (`replica_calculator.go`). Must not do IO.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Container;
use kube::ResourceExt;

use crate::base::clock::Timing;
use crate::base::quantity::Quantity;
use crate::client::object::is_deleting;
use crate::client::pod::Pod;
use crate::client::pods::{condition, phase};

/// How long after its start a pod's processor use may not mean anything
/// (`--horizontal-pod-autoscaler-cpu-initialization-period`).
const INITIALIZATION: Duration = Duration::from_secs(300);
/// How long after its start a first readiness may take (`--horizontal-pod-autoscaler-initial-readiness-delay`).
const INITIAL_READINESS: Duration = Duration::from_secs(30);

/// What a pod used, in thousandths of the resource's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measure {
    pub milli: i64,
    pub at: Timestamp,
    pub window: SignedDuration,
}

/// What is wanted of the pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// A percentage of their requests.
    Utilization(i32),
    /// Thousandths of the unit, on average.
    Average(i64),
}

/// How far the use may be from the goal without a change: below and above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tolerances {
    pub down: f64,
    pub up: f64,
}

impl Tolerances {
    fn cover(self, ratio: f64) -> bool {
        1.0 - self.down <= ratio && ratio <= 1.0 + self.up
    }
}

/// The pods of a target and what they use of one resource.
pub(super) struct Look<'a> {
    pub pods: &'a [Arc<Pod>],
    /// By the pod's name.
    pub measures: BTreeMap<String, Measure>,
    pub resource: &'a str,
    /// Only this container of each pod counts.
    pub container: Option<&'a str>,
    pub now: Timestamp,
    pub timing: Timing,
}

/// How many there should be, and what they use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    pub replicas: i32,
    pub utilization: Option<i32>,
    /// Thousandths of the unit.
    pub average: i64,
}

/// The pods by what their measures are good for.
#[derive(Default)]
struct Groups {
    ready: usize,
    unready: BTreeSet<String>,
    missing: BTreeSet<String>,
    ignored: BTreeSet<String>,
}

/// How the use compares to the goal.
#[derive(Clone, Copy)]
struct Usage {
    ratio: f64,
    utilization: Option<i32>,
    average: i64,
}

type Amounts = BTreeMap<String, i64>;

impl Look<'_> {
    /// How many pods there should be (`GetResourceReplicas`, `GetRawResourceReplicas`); why it cannot be said, in words.
    pub(super) fn propose(&self, current: i32, goal: Goal, tolerances: Tolerances) -> Result<Proposal, String> {
        if self.pods.is_empty() {
            return Err("no pods returned by selector while calculating replica count".into());
        }
        let groups = self.groups();
        let kept = |name: &String| !groups.ignored.contains(name) && !groups.unready.contains(name);
        let mut amounts: Amounts = self
            .measures
            .iter()
            .filter(|(name, _)| kept(name))
            .map(|(name, measure)| (name.clone(), measure.milli))
            .collect();
        if amounts.is_empty() {
            return Err("did not receive metrics for targeted pods (pods might be unready)".into());
        }
        let requests = match goal {
            Goal::Utilization(_) => self.requests()?,
            Goal::Average(_) => Amounts::new(),
        };
        let usage = compare(&amounts, &requests, goal)?;
        let proposal = |replicas| Proposal { replicas, utilization: usage.utilization, average: usage.average };
        let unready_matter = !groups.unready.is_empty() && usage.ratio > 1.0;
        if !unready_matter && groups.missing.is_empty() {
            let replicas = if tolerances.cover(usage.ratio) { current } else { times(usage.ratio, groups.ready) };
            return Ok(proposal(replicas));
        }
        assume(&mut amounts, &groups, unready_matter, usage.ratio, (goal, &requests));
        let careful = compare(&amounts, &requests, goal)?.ratio;
        let turned = (usage.ratio < 1.0 && careful > 1.0) || (usage.ratio > 1.0 && careful < 1.0);
        if tolerances.cover(careful) || turned {
            return Ok(proposal(current));
        }
        let replicas = times(careful, amounts.len());
        let backwards = (careful < 1.0 && replicas > current) || (careful > 1.0 && replicas < current);
        Ok(proposal(if backwards { current } else { replicas }))
    }

    fn groups(&self) -> Groups {
        let mut groups = Groups::default();
        for pod in self.pods {
            let name = pod.name_any();
            if is_deleting(&pod.metadata) || phase(pod) == "Failed" {
                groups.ignored.insert(name);
            } else if phase(pod) == "Pending" {
                groups.unready.insert(name);
            } else if let Some(measure) = self.measures.get(&name) {
                if self.resource == "cpu" && self.is_unready(pod, measure) {
                    groups.unready.insert(name);
                } else {
                    groups.ready += 1;
                }
            } else {
                groups.missing.insert(name);
            }
        }
        groups
    }

    /// Whether a pod's processor use is that of its start.
    fn is_unready(&self, pod: &Pod, measure: &Measure) -> bool {
        let started = pod.status.as_ref().and_then(|status| status.start_time.as_ref()).map(|time| time.0);
        let (Some(ready), Some(started)) = (condition(pod, "Ready"), started) else { return true };
        let since = ready.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
        let scaled = |wait| SignedDuration::try_from(self.timing.scale(wait)).unwrap_or_default();
        if started + scaled(INITIALIZATION) > self.now {
            return ready.status == "False" || measure.at < since + measure.window;
        }
        ready.status == "False" && started + scaled(INITIAL_READINESS) > since
    }

    /// What each pod asks for.
    fn requests(&self) -> Result<Amounts, String> {
        self.pods.iter().map(|pod| Ok((pod.name_any(), self.request(pod)?))).collect()
    }

    fn request(&self, pod: &Pod) -> Result<i64, String> {
        let spec = pod.spec.as_ref();
        let sidecar = |container: &&Container| container.restart_policy.as_deref() == Some("Always");
        let own = spec.iter().flat_map(|spec| &spec.containers);
        let sidecars = spec.iter().flat_map(|spec| spec.init_containers.iter().flatten()).filter(sidecar);
        let mut total = 0;
        for container in own.chain(sidecars) {
            if self.container.is_some_and(|only| only != container.name) {
                continue;
            }
            let asked = container.resources.as_ref().and_then(|it| it.requests.as_ref()?.get(self.resource));
            let Some(asked) = asked.and_then(|amount| Quantity::parse(&amount.0).ok()) else {
                let (resource, container) = (self.resource, &container.name);
                return Err(format!(
                    "missing request for {resource} in container {container} of Pod {}",
                    pod.name_any()
                ));
            };
            total += asked.milli();
        }
        Ok(total)
    }
}

fn compare(amounts: &Amounts, requests: &Amounts, goal: Goal) -> Result<Usage, String> {
    #[expect(clippy::cast_precision_loss, reason = "as Kubernetes computes it")]
    match goal {
        Goal::Average(target) => {
            let average = amounts.values().sum::<i64>() / i64::try_from(amounts.len().max(1)).unwrap_or(1);
            Ok(Usage { ratio: average as f64 / target.max(1) as f64, utilization: None, average })
        }
        Goal::Utilization(target) => {
            let known = amounts.iter().filter_map(|(name, used)| Some((*used, *requests.get(name)?)));
            let (count, used, asked) =
                known.fold((0, 0, 0), |(count, used, asked), (more, of)| (count + 1, used + more, asked + of));
            if asked == 0 {
                return Err("no metrics returned matched known pods".into());
            }
            let utilization = i32::try_from(used * 100 / asked).unwrap_or(i32::MAX);
            let ratio = f64::from(utilization) / f64::from(target.max(1));
            Ok(Usage { ratio, utilization: Some(utilization), average: used / count })
        }
    }
}

/// Pods that say nothing are taken for what changes least.
fn assume(amounts: &mut Amounts, groups: &Groups, unready_matter: bool, ratio: f64, of: (Goal, &Amounts)) {
    for name in &groups.missing {
        let full = match of.0 {
            Goal::Average(target) => target,
            Goal::Utilization(target) => of.1.get(name).map_or(0, |asked| asked * i64::from(target.max(100)) / 100),
        };
        if ratio < 1.0 {
            amounts.insert(name.clone(), full);
        } else if ratio > 1.0 {
            amounts.insert(name.clone(), 0);
        }
    }
    if unready_matter {
        amounts.extend(groups.unready.iter().map(|name| (name.clone(), 0)));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "as Kubernetes computes it")]
fn times(ratio: f64, pods: usize) -> i32 {
    (ratio * pods as f64).ceil() as i32
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T01:00:00Z".parse().unwrap()
    }

    fn pod(name: &str, phase: &str, ready: bool) -> Arc<Pod> {
        let ready = json!({"type": "Ready", "status": if ready { "True" } else { "False" },
            "lastTransitionTime": "2026-01-01T00:00:10Z"});
        let container = json!({"name": "c", "resources": {"requests": {"cpu": "1"}}});
        let pod = json!({"metadata": {"name": name}, "spec": {"containers": [container]},
            "status": {"phase": phase, "startTime": "2026-01-01T00:00:00Z", "conditions": [ready]}});
        Arc::new(serde_json::from_value(pod).unwrap())
    }

    /// What is proposed for pods that use these thousandths of a core each; none is not measured.
    fn propose(pods: &[Arc<Pod>], used: &[Option<i64>], current: i32, goal: Goal) -> Result<Proposal, String> {
        let measure = |milli| Measure { milli, at: now(), window: SignedDuration::from_secs(15) };
        let measures =
            pods.iter().zip(used).filter_map(|(pod, used)| Some((pod.name_any(), measure((*used)?)))).collect();
        let look = Look { pods, measures, resource: "cpu", container: None, now: now(), timing: Timing::Real };
        look.propose(current, goal, Tolerances { down: 0.1, up: 0.1 })
    }

    fn running(count: usize) -> Vec<Arc<Pod>> {
        (0..count).map(|number| pod(&format!("p{number}"), "Running", true)).collect()
    }

    #[test]
    fn the_number_follows_the_ratio_beyond_the_tolerance() {
        let of = |used: [i64; 3], goal| propose(&running(3), &used.map(Some), 3, goal).map(|it| it.replicas);
        assert_eq!(of([300, 500, 700], Goal::Utilization(30)), Ok(5));
        assert_eq!(of([300, 300, 320], Goal::Utilization(30)), Ok(3), "within a tenth");
        assert_eq!(of([100, 100, 100], Goal::Utilization(50)), Ok(1));
        assert_eq!(of([600, 600, 600], Goal::Average(300)), Ok(6));
    }

    #[test]
    fn who_is_not_measured_is_taken_for_what_changes_least() {
        let pods = running(4);
        let of = |used: [Option<i64>; 4], goal| propose(&pods, &used, 4, goal).map(|it| it.replicas);
        // Up: as if the silent one used nothing. 3 × 90 % of 4 is 67 %.
        assert_eq!(of([Some(900), Some(900), Some(900), None], Goal::Utilization(50)), Ok(6));
        // Down: as if it used all that it asked for, so only as far as that allows.
        assert_eq!(of([Some(100), Some(100), Some(100), None], Goal::Utilization(50)), Ok(3));
        // What would turn the direction changes nothing.
        assert_eq!(of([Some(600), None, None, None], Goal::Utilization(50)), Ok(4));
    }

    #[test]
    fn who_is_not_ready_yet_does_not_count_as_load() {
        let pods = [running(2), vec![pod("new", "Pending", false)]].concat();
        let of = |used: [Option<i64>; 3], goal| propose(&pods, &used, 3, goal).map(|it| it.replicas);
        assert_eq!(of([Some(900), Some(900), None], Goal::Utilization(30)), Ok(6), "1800 of 3000 is twice 30 %");
        assert_eq!(of([Some(300), Some(300), None], Goal::Utilization(30)), Ok(3));
    }

    #[test]
    fn what_cannot_be_computed_is_said() {
        let says = |pods: &[Arc<Pod>], used: &[Option<i64>]| propose(pods, used, 1, Goal::Utilization(50)).unwrap_err();
        assert_eq!(says(&[], &[]), "no pods returned by selector while calculating replica count");
        let silent = "did not receive metrics for targeted pods (pods might be unready)";
        assert_eq!(says(&running(1), &[None]), silent);
        let mut bare = (*running(1)[0]).clone();
        bare.spec.as_mut().unwrap().containers[0].resources = None;
        assert_eq!(says(&[Arc::new(bare)], &[Some(1)]), "missing request for cpu in container c of Pod p0");
    }
}
