//! What a Job's policies say about a failed pod and about the indexes that succeeded. Must not do IO.

use k8s_openapi::api::batch::v1::{
    PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule, SuccessPolicy, SuccessPolicyRule,
};
use k8s_openapi::api::core::v1::ContainerStatus;
use kube::ResourceExt;

use super::indexes::Indexes;
use crate::client::pod::Pod;

/// What the first matching rule of a failure policy means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Why the whole Job fails.
    pub fails_job: Option<String>,
    /// Whether the pod's index fails.
    pub fails_index: bool,
    /// Whether it counts towards the limit.
    pub counts: bool,
}

/// The meaning of a failed pod: without a policy, or a rule that matches, it counts.
pub(super) fn match_failure(policy: Option<&PodFailurePolicy>, pod: &Pod) -> Failure {
    let counted = Failure { fails_job: None, fails_index: false, counts: true };
    let rules = policy.into_iter().flat_map(|policy| &policy.rules).enumerate();
    let matching = rules.filter_map(|(at, rule)| Some((rule, cause(rule, pod)?, at)));
    let Some((rule, cause, at)) = matching.into_iter().next() else { return counted };
    match rule.action.as_str() {
        "Ignore" => Failure { counts: false, ..counted },
        "FailIndex" => Failure { fails_index: true, ..counted },
        "FailJob" => Failure { fails_job: Some(format!("{cause} matching FailJob rule at index {at}")), ..counted },
        _ => counted,
    }
}

/// What of the pod a rule matches, in words.
fn cause(rule: &PodFailurePolicyRule, pod: &Pod) -> Option<String> {
    let namespace = pod.namespace().unwrap_or_default();
    let shown = format!("{namespace}/{}", pod.name_any());
    if let Some(codes) = &rule.on_exit_codes {
        let (container, code) = failed_container(codes, pod)?;
        return Some(format!("Container {container} for pod {shown} failed with exit code {code}"));
    }
    let condition = held_condition(rule.on_pod_conditions.as_ref()?, pod)?;
    Some(format!("Pod {shown} has condition {condition}"))
}

/// The first container that ended with one of the codes: app containers first, then init containers.
fn failed_container<'a>(codes: &PodFailurePolicyOnExitCodesRequirement, pod: &'a Pod) -> Option<(&'a str, i32)> {
    let status = pod.status.as_ref()?;
    let all = status.container_statuses.iter().flatten().chain(status.init_container_statuses.iter().flatten());
    let ended = |status: &'a ContainerStatus| {
        let code = status.state.as_ref()?.terminated.as_ref()?.exit_code;
        Some((status.name.as_str(), code))
    };
    let named = |name: &str| codes.container_name.as_deref().is_none_or(|wanted| wanted == name);
    let listed = |code: i32| match codes.operator.as_str() {
        "In" => codes.values.contains(&code),
        "NotIn" => !codes.values.contains(&code),
        _ => false,
    };
    all.filter_map(ended).find(|(name, code)| *code != 0 && named(name) && listed(*code))
}

fn held_condition<'a>(patterns: &[PodFailurePolicyOnPodConditionsPattern], pod: &'a Pod) -> Option<&'a str> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let held = conditions.iter().find(|condition| {
        let is_it = |pattern: &PodFailurePolicyOnPodConditionsPattern| {
            let status = pattern.status.as_deref().unwrap_or("True");
            pattern.type_ == condition.type_ && status == condition.status
        };
        patterns.iter().any(is_it)
    })?;
    Some(&held.type_)
}

/// Why enough has succeeded, when it has.
pub(super) fn match_success(policy: Option<&SuccessPolicy>, completions: i32, succeeded: &Indexes) -> Option<String> {
    if succeeded.is_empty() {
        return None;
    }
    let met = policy?.rules.iter().position(|rule| is_met(rule, completions, succeeded))?;
    Some(format!("Matched rules at index {met}"))
}

fn is_met(rule: &SuccessPolicyRule, completions: i32, succeeded: &Indexes) -> bool {
    let enough = |have: i32| rule.succeeded_count.is_some_and(|count| have >= count);
    let Some(text) = &rule.succeeded_indexes else { return enough(succeeded.total()) };
    let required = Indexes::parse(text, completions);
    let have = required.common(succeeded);
    !required.is_empty() && (have == required.total() || enough(have))
}
