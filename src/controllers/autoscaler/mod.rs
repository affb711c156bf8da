//! Asks for more replicas under load and for fewer without (`HorizontalPodAutoscaler`). Must not touch pods: it writes
//! the `scale` of what its target names.

mod calc;
mod conditions;
mod metrics;
mod pace;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v1::Scale;
use k8s_openapi::api::autoscaling::v2::{
    HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition, HorizontalPodAutoscalerSpec,
    HorizontalPodAutoscalerStatus, MetricStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::PostParams;
use kube::{Api, ResourceExt};
use parking_lot::Mutex;

use super::scales::{self, Target};
use super::{Manager, Outcome, unless_gone};
use crate::base::selector::Selector;
use crate::client::object::Key;
use crate::client::pod::Pod;
use crate::client::queue::Next;
use crate::client::recorder::Recorder;
use conditions::{ABLE, ACTIVE, LIMITED};
use metrics::Scene;
use pace::{Memory, Moment, Wish};

/// Reconciles at once (`--concurrent-horizontal-pod-autoscaler-syncs`).
const WORKERS: usize = 5;
/// How often each is looked at (`--horizontal-pod-autoscaler-sync-period`).
const PERIOD: Duration = Duration::from_secs(15);

struct Controller {
    manager: Arc<Manager>,
    recorder: Recorder,
    memories: Mutex<HashMap<Key, Memory>>,
    /// What each selected when it was last looked at: two must not pull at the same pods.
    selectors: Mutex<HashMap<Key, Selector>>,
}

/// One look at one autoscaler.
struct Round<'a> {
    autoscaler: &'a HorizontalPodAutoscaler,
    spec: HorizontalPodAutoscalerSpec,
    key: Key,
    status: HorizontalPodAutoscalerStatus,
    now: Timestamp,
}

impl Round<'_> {
    fn say(&mut self, kind: &str, holds: bool, reason: &str, message: &str) {
        let all: &mut Vec<HorizontalPodAutoscalerCondition> = self.status.conditions.get_or_insert_default();
        conditions::set(all, kind, holds, (reason, message), self.now);
    }

    fn counts(&mut self, current: i32, desired: i32, metrics: Vec<MetricStatus>) {
        self.status.current_replicas = Some(current);
        self.status.desired_replicas = desired;
        self.status.current_metrics = (!metrics.is_empty()).then_some(metrics);
    }
}

/// What the metrics propose together.
struct Computed {
    replicas: i32,
    /// The metric that asked for it.
    name: String,
    statuses: Vec<MetricStatus>,
}

pub(super) async fn run(manager: Arc<Manager>) {
    let recorder = manager.recorder("horizontal-pod-autoscaler");
    let controller =
        Controller { manager: manager.clone(), recorder, memories: Mutex::default(), selectors: Mutex::default() };
    manager.informers.autoscalers.wait_synced().await;
    manager.informers.pods.wait_synced().await;
    let queue = manager.queue();
    let (keys, period) = (queue.clone(), manager.clock.timing.scale(PERIOD));
    manager.informers.autoscalers.on_change(move |change| {
        let key = Key::of(&**change.object());
        // As Kubernetes: a new one is looked at after a period, and a change waits for the next look.
        if change.after().is_none() { keys.add(key) } else { keys.add_after(key, period) }
    });
    queue.run(WORKERS, |key| controller.reconcile(key)).await;
}

impl Controller {
    async fn reconcile(&self, key: Key) -> Outcome {
        let Some(autoscaler) = self.manager.informers.autoscalers.get(&key) else {
            self.memories.lock().remove(&key);
            self.selectors.lock().remove(&key);
            return Ok(Next::Done);
        };
        let mut round = Round {
            autoscaler: &autoscaler,
            spec: autoscaler.spec.clone(),
            status: autoscaler.status.clone().unwrap_or_default(),
            now: self.manager.clock.now(),
            key,
        };
        self.look(&mut round).await;
        self.write(round).await?;
        Ok(Next::After(self.manager.clock.timing.scale(PERIOD)))
    }

    async fn write(&self, round: Round<'_>) -> kube::Result<()> {
        if round.autoscaler.status.as_ref() == Some(&round.status) {
            return Ok(());
        }
        let api: Api<HorizontalPodAutoscaler> = Api::namespaced(self.manager.client.clone(), &round.key.namespace);
        let updated = HorizontalPodAutoscaler { status: Some(round.status), ..round.autoscaler.clone() };
        unless_gone(api.replace_status(&round.key.name, &PostParams::default(), &updated).await).map(drop)
    }

    async fn look(&self, round: &mut Round<'_>) {
        let (target, scale) = match self.target(round).await {
            Ok(found) => found,
            Err(why) => {
                self.recorder.warning(round.autoscaler, "FailedGetScale", why.clone());
                let message = format!("the HPA controller was unable to get the target's current scale: {why}");
                return round.say(ABLE, false, "FailedGetScale", &message);
            }
        };
        let message = "the HPA controller was able to get the target's current scale";
        round.say(ABLE, true, "SucceededGetScale", message);
        let current = scales::wanted(&scale);
        self.remember(&round.key, |memory| memory.begin(current, round.now));
        let least = round.spec.min_replicas.unwrap_or(1);
        if current == 0 && least != 0 {
            let message = "scaling is disabled since the replica count of the target is zero";
            round.say(ACTIVE, false, "ScalingDisabled", message);
            return round.counts(current, 0, Vec::new());
        }
        let Some((desired, reason, statuses)) = self.decide(round, &scale, current, least).await else { return };
        let rescaled = desired != current && self.rescale(round, &target, &scale, desired, &reason).await;
        if desired != current && !rescaled {
            return round.counts(current, round.status.desired_replicas, statuses);
        }
        if rescaled {
            round.status.last_scale_time = Some(Time(round.now));
        }
        round.counts(current, desired, statuses);
    }

    async fn target(&self, round: &Round<'_>) -> Result<(Target, Scale), String> {
        let reference = &round.spec.scale_target_ref;
        let kind = (reference.api_version.as_deref().unwrap_or("v1"), reference.kind.as_str());
        let target = Target::find(&self.manager.client, kind, &round.key.namespace, &reference.name).await?;
        let scale = target.get().await?;
        Ok((target, scale))
    }

    /// The number to ask for, why, and what was measured; `None` when it cannot be said.
    async fn decide(
        &self,
        round: &mut Round<'_>,
        scale: &Scale,
        current: i32,
        least: i32,
    ) -> Option<(i32, String, Vec<MetricStatus>)> {
        let most = round.spec.max_replicas;
        if current > most {
            return Some((most, "Current number of replicas above Spec.MaxReplicas".into(), Vec::new()));
        }
        if current < least {
            return Some((least, "Current number of replicas below Spec.MinReplicas".into(), Vec::new()));
        }
        let computed = match self.compute(round, scale, current).await {
            Ok(computed) => computed,
            Err((why, statuses)) => {
                let told = round.status.desired_replicas;
                round.counts(scales::current(scale), told, statuses);
                self.recorder.warning(round.autoscaler, "FailedComputeMetricsReplicas", why);
                return None;
            }
        };
        let wish = Wish { current, proposed: computed.replicas, least, most };
        let at = Moment { now: round.now, timing: self.manager.clock.timing };
        let paced = self.remember(&round.key, |memory| memory.pace(wish, round.spec.behavior.as_ref(), at));
        round.say(ABLE, true, paced.able.0, paced.able.1);
        round.say(LIMITED, paced.limited, paced.limit.0, paced.limit.1);
        let reason = match computed.replicas.cmp(&current) {
            std::cmp::Ordering::Greater => format!("{} above target", computed.name),
            _ => "All metrics below target".into(),
        };
        Some((paced.replicas, reason, computed.statuses))
    }

    /// The highest of what the metrics propose (`computeReplicasForMetrics`).
    async fn compute(
        &self,
        round: &mut Round<'_>,
        scale: &Scale,
        wanted: i32,
    ) -> Result<Computed, (String, Vec<MetricStatus>)> {
        let selector = scale.status.as_ref().and_then(|status| status.selector.clone()).unwrap_or_default();
        let pods = self.pods(round, &selector).map_err(|why| (why, Vec::new()))?;
        let namespace = round.key.namespace.clone();
        let scene = Scene {
            manager: &self.manager,
            autoscaler: round.autoscaler,
            namespace: &namespace,
            selector: &selector,
            pods: &pods,
            wanted,
        };
        let metrics = round.spec.metrics.clone().unwrap_or_default();
        let mut computed = Computed { replicas: 0, name: String::new(), statuses: Vec::new() };
        let (mut unknown, mut first) = (0, None);
        for metric in &metrics {
            match scene.propose(metric).await {
                Ok(proposed) => {
                    if computed.name.is_empty() || proposed.replicas > computed.replicas {
                        (computed.replicas, computed.name) = (proposed.replicas, proposed.name);
                    }
                    computed.statuses.push(proposed.status);
                }
                Err(why) => {
                    self.recorder.warning(round.autoscaler, why.reason, why.message.clone());
                    unknown += 1;
                    first = first.or(Some(why));
                }
            }
        }
        match first {
            // Without all of them it may be more, but never less.
            Some(why) if computed.name.is_empty() || computed.replicas < wanted => {
                let message = format!("the HPA was unable to compute the replica count: {}", why.message);
                round.say(ACTIVE, false, why.reason, &message);
                let text = "invalid metrics";
                let total = metrics.len();
                Err((
                    format!("{text} ({unknown} invalid out of {total}), first error is: {}", why.error),
                    computed.statuses,
                ))
            }
            _ => {
                let name = &computed.name;
                let message = format!("the HPA was able to successfully calculate a replica count from {name}");
                round.say(ACTIVE, true, "ValidMetricFound", &message);
                Ok(computed)
            }
        }
    }

    /// The pods of the target, unless they cannot be known or another autoscaler has them too.
    fn pods(&self, round: &mut Round<'_>, text: &str) -> Result<Vec<Arc<Pod>>, String> {
        if text.is_empty() {
            self.recorder.warning(round.autoscaler, "SelectorRequired", "selector is required");
            round.say(ACTIVE, false, "InvalidSelector", "the HPA target's scale is missing a selector");
            return Err("selector is required".into());
        }
        let selector = Selector::parse(text).map_err(|error| {
            let why = format!("couldn't convert selector into a corresponding internal selector object: {error}");
            self.recorder.warning(round.autoscaler, "InvalidSelector", why.clone());
            round.say(ACTIVE, false, "InvalidSelector", &why);
            why
        })?;
        let mut pods = self.manager.informers.pods.in_namespace(&round.key.namespace);
        pods.retain(|pod| selector.matches(pod.labels()));
        let rivals = self.rivals(&round.key, selector, &pods);
        if rivals.len() > 1 {
            let list: Vec<String> = rivals.iter().map(|key| format!("{{{} {}}}", key.name, key.namespace)).collect();
            let list = list.join(" ");
            let why = format!("pods by selector {text} are controlled by multiple HPAs: [{list}]");
            self.recorder.warning(round.autoscaler, "AmbiguousSelector", why.clone());
            round.say(ACTIVE, false, "AmbiguousSelector", &why);
            return Err(why);
        }
        Ok(pods)
    }

    /// Every autoscaler of the namespace that selects one of these pods, this one included.
    fn rivals(&self, key: &Key, selector: Selector, pods: &[Arc<Pod>]) -> Vec<Key> {
        let mut selectors = self.selectors.lock();
        selectors.insert(key.clone(), selector);
        let selects = |it: &Selector| pods.iter().any(|pod| it.matches(pod.labels()));
        let mut rivals: Vec<Key> = selectors
            .iter()
            .filter(|(other, selector)| other.namespace == key.namespace && selects(selector))
            .map(|(other, _)| other.clone())
            .collect();
        rivals.sort();
        rivals
    }

    async fn rescale(&self, round: &mut Round<'_>, target: &Target, scale: &Scale, to: i32, reason: &str) -> bool {
        if let Err(error) = target.set(scale, to).await {
            let message = format!("New size: {to}; reason: {reason}; error: {error}");
            self.recorder.warning(round.autoscaler, "FailedRescale", message);
            let message = format!("the HPA controller was unable to update the target scale: {error}");
            round.say(ABLE, false, "FailedUpdateScale", &message);
            return false;
        }
        let message = format!("the HPA controller was able to update the target scale to {to}");
        round.say(ABLE, true, "SucceededRescale", &message);
        self.recorder.normal(round.autoscaler, "SuccessfulRescale", format!("New size: {to}; reason: {reason}"));
        let at = Moment { now: round.now, timing: self.manager.clock.timing };
        let from = scales::wanted(scale);
        self.remember(&round.key, |memory| memory.changed(from, to, round.spec.behavior.as_ref(), at));
        true
    }

    fn remember<T>(&self, key: &Key, with: impl FnOnce(&mut Memory) -> T) -> T {
        with(self.memories.lock().entry(key.clone()).or_default())
    }
}
