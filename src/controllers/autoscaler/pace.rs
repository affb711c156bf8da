//! How fast the number may follow what is proposed: stabilization and rates (`normalizeDesiredReplicas`). Must not do IO.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::autoscaling::v2::{HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscalerBehavior};

use crate::base::clock::Timing;

/// Without a behaviour: for how long an earlier, higher proposal stands
/// (`--horizontal-pod-autoscaler-downscale-stabilization`).
const STABILIZATION: i32 = 300;

/// A reason and its message.
pub(super) type Why = (&'static str, &'static str);

const READY: Why = ("ReadyForNewScale", "recommended size matches current size");
const WITHIN: Why = ("DesiredWithinRange", "the desired count is within the acceptable range");
const LOWEST: Why = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
);
const HIGHEST: Why = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
);
const FAST_UP: Why = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
const FAST_DOWN: Why = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");
const TOO_MANY: Why = ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
const TOO_FEW: Why = ("TooFewReplicas", "the desired replica count is less than the minimum replica count");

/// What was proposed and done lately for one autoscaler.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    proposals: Vec<(Timestamp, i32)>,
    /// Replicas added or removed, by when.
    added: Vec<(Timestamp, i32)>,
    removed: Vec<(Timestamp, i32)>,
}

/// What there is, what is proposed, and between which numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub current: i32,
    pub proposed: i32,
    pub least: i32,
    pub most: i32,
}

/// The number to ask for, and what is to be told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paced {
    pub replicas: i32,
    pub able: Why,
    /// Whether the number is not what it would be without limits.
    pub limited: bool,
    pub limit: Why,
}

/// Now, and how fast slow waits pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub now: Timestamp,
    pub timing: Timing,
}

impl Moment {
    fn ago(self, seconds: i32) -> Timestamp {
        let wait = self.timing.scale(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
        self.now - SignedDuration::try_from(wait).unwrap_or_default()
    }
}

impl Memory {
    /// The number that is there counts as the first proposal.
    pub(super) fn begin(&mut self, current: i32, now: Timestamp) {
        if self.proposals.is_empty() {
            self.proposals.push((now, current));
        }
    }

    /// Notes that the number was changed.
    pub(super) fn changed(
        &mut self,
        from: i32,
        to: i32,
        behavior: Option<&HorizontalPodAutoscalerBehavior>,
        at: Moment,
    ) {
        let Some(behavior) = behavior else { return };
        let (events, rules) =
            if to > from { (&mut self.added, up_rules(behavior)) } else { (&mut self.removed, down_rules(behavior)) };
        let longest = policies(&rules).iter().map(|policy| policy.period_seconds).max().unwrap_or(0);
        events.retain(|(when, _)| *when > at.ago(longest));
        events.push((at.now, (to - from).abs()));
    }

    /// The number to ask for now.
    pub(super) fn pace(&mut self, wish: Wish, behavior: Option<&HorizontalPodAutoscalerBehavior>, at: Moment) -> Paced {
        let (stable, stabilized) = match behavior {
            None => (self.highest(wish.proposed, STABILIZATION, at), HIGHEST),
            Some(behavior) => self.stabilize(wish, behavior, at),
        };
        let longest = behavior.map_or(STABILIZATION, longest_window);
        self.proposals.retain(|(when, _)| *when > at.ago(longest));
        self.proposals.push((at.now, wish.proposed));
        let able = if stable == wish.proposed { READY } else { stabilized };
        let wish = Wish { proposed: stable, ..wish };
        let (replicas, limit) = match behavior {
            None => simple(wish),
            Some(behavior) => self.rated(wish, behavior, at),
        };
        Paced { replicas, able, limited: replicas != stable, limit }
    }

    fn highest(&self, proposed: i32, seconds: i32, at: Moment) -> i32 {
        let recent = self.proposals.iter().filter(|(when, _)| *when > at.ago(seconds));
        recent.map(|(_, replicas)| *replicas).fold(proposed, i32::max)
    }

    fn lowest(&self, proposed: i32, seconds: i32, at: Moment) -> i32 {
        let recent = self.proposals.iter().filter(|(when, _)| *when > at.ago(seconds));
        recent.map(|(_, replicas)| *replicas).fold(proposed, i32::min)
    }

    /// Up only as far as the lowest of the recent proposals, down only as far as the highest.
    fn stabilize(&self, wish: Wish, behavior: &HorizontalPodAutoscalerBehavior, at: Moment) -> (i32, Why) {
        let (up, down) = windows(behavior);
        let lowest = self.lowest(wish.proposed, up, at);
        let highest = self.highest(wish.proposed, down, at);
        let stable = wish.current.max(lowest).min(highest);
        (stable, if wish.proposed >= wish.current { LOWEST } else { HIGHEST })
    }

    /// As far as the policies allow (`convertDesiredReplicasWithBehaviorRate`).
    fn rated(&self, wish: Wish, behavior: &HorizontalPodAutoscalerBehavior, at: Moment) -> (i32, Why) {
        if wish.proposed > wish.current {
            let limit = self.most(wish.current, &up_rules(behavior), at).max(wish.current);
            let (most, why) = if wish.most > limit { (limit, FAST_UP) } else { (wish.most, TOO_MANY) };
            if wish.proposed > most {
                return (most, why);
            }
        } else if wish.proposed < wish.current {
            let limit = self.fewest(wish.current, &down_rules(behavior), at).min(wish.current);
            let (least, why) = if wish.least < limit { (limit, FAST_DOWN) } else { (wish.least, TOO_FEW) };
            if wish.proposed < least {
                return (least, why);
            }
        }
        (wish.proposed, WITHIN)
    }

    /// How many there were when a policy's period began.
    fn before(&self, current: i32, seconds: i32, at: Moment) -> i32 {
        let sum = |events: &[(Timestamp, i32)]| {
            events.iter().filter(|(when, _)| *when > at.ago(seconds)).map(|(_, change)| change).sum::<i32>()
        };
        current - sum(&self.added) + sum(&self.removed)
    }

    fn most(&self, current: i32, rules: &HPAScalingRules, at: Moment) -> i32 {
        let allowed = policies(rules).iter().map(|policy| {
            let before = self.before(current, policy.period_seconds, at);
            match policy.type_.as_str() {
                "Pods" => before + policy.value,
                _ => percent(before, 100 + policy.value, true),
            }
        });
        match selection(rules) {
            "Disabled" => current,
            "Min" => allowed.min().unwrap_or(i32::MAX),
            _ => allowed.max().unwrap_or(i32::MIN),
        }
    }

    fn fewest(&self, current: i32, rules: &HPAScalingRules, at: Moment) -> i32 {
        let allowed = policies(rules).iter().map(|policy| {
            let before = self.before(current, policy.period_seconds, at);
            match policy.type_.as_str() {
                "Pods" => before - policy.value,
                _ => percent(before, 100 - policy.value, false),
            }
        });
        match selection(rules) {
            "Disabled" => current,
            "Min" => allowed.max().unwrap_or(i32::MIN),
            _ => allowed.min().unwrap_or(i32::MAX),
        }
    }
}

/// Without a behaviour: at most twice as many at once, and four always (`convertDesiredReplicasWithRules`).
fn simple(wish: Wish) -> (i32, Why) {
    let limit = wish.current.saturating_mul(2).max(4);
    let (most, why) = if wish.most > limit { (limit, FAST_UP) } else { (wish.most, TOO_MANY) };
    match wish.proposed {
        few if few < wish.least => (wish.least, TOO_FEW),
        many if many > most => (most, why),
        between => (between, WITHIN),
    }
}

fn percent(of: i32, percent: i32, up: bool) -> i32 {
    let product = i64::from(of) * i64::from(percent);
    let whole = product.div_euclid(100) + i64::from(up && product.rem_euclid(100) > 0);
    i32::try_from(whole).unwrap_or(i32::MAX)
}

fn windows(behavior: &HorizontalPodAutoscalerBehavior) -> (i32, i32) {
    let window = |rules: Option<&HPAScalingRules>| rules.and_then(|rules| rules.stabilization_window_seconds);
    (window(behavior.scale_up.as_ref()).unwrap_or(0), window(behavior.scale_down.as_ref()).unwrap_or(STABILIZATION))
}

fn longest_window(behavior: &HorizontalPodAutoscalerBehavior) -> i32 {
    let (up, down) = windows(behavior);
    up.max(down)
}

fn policy(kind: &str, value: i32) -> HPAScalingPolicy {
    HPAScalingPolicy { type_: kind.into(), value, period_seconds: 15 }
}

fn up_rules(behavior: &HorizontalPodAutoscalerBehavior) -> HPAScalingRules {
    let defaults = vec![policy("Pods", 4), policy("Percent", 100)];
    let rules = behavior.scale_up.clone().unwrap_or_default();
    HPAScalingRules { policies: rules.policies.or(Some(defaults)), ..rules }
}

fn down_rules(behavior: &HorizontalPodAutoscalerBehavior) -> HPAScalingRules {
    let rules = behavior.scale_down.clone().unwrap_or_default();
    HPAScalingRules { policies: rules.policies.or(Some(vec![policy("Percent", 100)])), ..rules }
}

fn policies(rules: &HPAScalingRules) -> &[HPAScalingPolicy] {
    rules.policies.as_deref().unwrap_or_default()
}

fn selection(rules: &HPAScalingRules) -> &str {
    rules.select_policy.as_deref().unwrap_or("Max")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(seconds: i64) -> Moment {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        Moment { now: start + SignedDuration::from_secs(seconds), timing: Timing::Real }
    }

    fn wish(current: i32, proposed: i32) -> Wish {
        Wish { current, proposed, least: 1, most: 20 }
    }

    fn behavior(value: Value) -> HorizontalPodAutoscalerBehavior {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn up_at_once_and_down_only_after_five_minutes() {
        let mut memory = Memory::default();
        memory.begin(2, at(0).now);
        let up = memory.pace(wish(2, 10), None, at(15));
        assert_eq!((up.replicas, up.able.0, up.limited, up.limit.0), (4, "ReadyForNewScale", true, "ScaleUpLimit"));
        let held = memory.pace(wish(10, 3), None, at(300));
        assert_eq!((held.replicas, held.able.0, held.limited), (10, "ScaleDownStabilized", false));
        let down = memory.pace(wish(10, 3), None, at(316));
        assert_eq!((down.replicas, down.able.0, down.limit.0), (3, "ReadyForNewScale", "DesiredWithinRange"));
    }

    #[test]
    fn the_bounds_are_said() {
        let pace = |proposed| Memory::default().pace(Wish { least: 2, ..wish(15, proposed) }, None, at(0));
        assert_eq!((pace(30).replicas, pace(30).limit.0), (20, "TooManyReplicas"));
        assert_eq!((pace(0).replicas, pace(0).limit.0), (2, "TooFewReplicas"));
    }

    #[test]
    fn policies_bound_the_rate_of_each_period() {
        let rules = json!({"stabilizationWindowSeconds": 0,
            "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]});
        let both = behavior(json!({"scaleUp": rules, "scaleDown": rules}));
        let mut memory = Memory::default();
        let first = memory.pace(wish(4, 10), Some(&both), at(0));
        assert_eq!((first.replicas, first.limit.0), (6, "ScaleUpLimit"));
        memory.changed(4, 6, Some(&both), at(0));
        assert_eq!(memory.pace(wish(6, 10), Some(&both), at(30)).replicas, 6, "the two of this minute are spent");
        assert_eq!(memory.pace(wish(6, 10), Some(&both), at(61)).replicas, 8);
        let down = memory.pace(wish(6, 1), Some(&both), at(200));
        assert_eq!((down.replicas, down.limit.0), (4, "ScaleDownLimit"));
    }

    #[test]
    fn a_direction_can_be_switched_off_and_the_choice_of_policy_counts() {
        let off = behavior(json!({"scaleDown": {"selectPolicy": "Disabled", "stabilizationWindowSeconds": 0}}));
        assert_eq!(Memory::default().pace(wish(9, 1), Some(&off), at(0)).replicas, 9);
        let policies = json!([{"type": "Pods", "value": 1, "periodSeconds": 15},
            {"type": "Percent", "value": 50, "periodSeconds": 15}]);
        let of = |select: &str| {
            let up = behavior(json!({"scaleUp": {"selectPolicy": select, "policies": policies}}));
            Memory::default().pace(wish(9, 20), Some(&up), at(0)).replicas
        };
        assert_eq!((of("Min"), of("Max")), (10, 14));
    }
}
